"""The engines' test servers, one at a time, filled once; the known gaps; the table of what passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from servers.stand import Server, running
from tests.warehouses.gaps import gap_for
from tests.warehouses.live import NOT_LIVE, LiveServer
from tests.warehouses.opened import Opened
from tests.warehouses.seed import fill

ENGINES = ("snowflake", "bigquery", "redshift", "databricks")


def chosen(config: pytest.Config) -> list[str]:
    """The engines that ``--warehouse`` names, the stand-in always among them; with ``--live`` that engine alone."""
    if live := config.getoption("--live"):
        return [live]
    named = config.getoption("--warehouse")
    return ["local", *(engine for engine in ENGINES if engine in named or "all" in named)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", chosen(metafunc.config), indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One engine's server, filled with the suite's tables."""
    engine: str = request.param
    folder: Path = tmp_path_factory.mktemp(engine)
    if request.config.getoption("--live"):
        yield LiveServer(engine, folder)
        return
    module = "tests.warehouses.local_server" if engine == "local" else f"servers.{engine}"
    with running(import_module(module).start(folder)) as started:
        fill(started)
        yield started


@pytest.fixture
def opened(server: Server, tmp_path: Path) -> Iterator[Opened]:
    """An adapter on the server, and what it recorded."""
    folder = getattr(server, "folder", tmp_path)
    with Opened(server, folder) as found:
        yield found


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--live"):
        left_out = [item for item in items if item.name.partition("[")[0] in NOT_LIVE]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        return
    foreign = [item for item in items if _is_foreign(item)]
    items[:] = [item for item in items if item not in foreign]
    config.hook.pytest_deselected(items=foreign)
    for item in items:
        if engine := _engine(item):
            gap = gap_for(engine, item.originalname, _case(item, engine))  # type: ignore[attr-defined]
            if gap is not None:
                item.add_marker(pytest.mark.xfail(strict=True, reason=f"{gap.owner}: {gap.reason}"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    engine = dict(report.user_properties).get("engine")
    if engine is None:
        return
    if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
        outcome = "gap" if hasattr(report, "wasxfail") else report.outcome
        _SEEN[str(engine), outcome] += 1


@pytest.fixture(autouse=True)
def _named(request: pytest.FixtureRequest, record_property: pytest.RecordProperty) -> None:
    if engine := _engine(request.node):
        record_property("engine", engine)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    engines = sorted({engine for engine, _ in _SEEN}, key=("local", *ENGINES).index)
    if engines:
        terminalreporter.section("conformance")
    for engine in engines:
        counted = {outcome: count for (name, outcome), count in _SEEN.items() if name == engine}
        passed, gaps = counted.pop("passed", 0), counted.pop("gap", 0)
        rest = "".join(f", {count} {outcome}" for outcome, count in sorted(counted.items()))
        terminalreporter.write_line(f"{engine:<11} {passed} passed, {gaps} known gaps{rest}")


_SEEN: Counter[tuple[str, str]] = Counter()


def _engine(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("server") if callspec else None


def _is_foreign(item: pytest.Item) -> bool:
    """Whether an engine's own test would run over another engine's server; the stand-in may be held beside it."""
    own = next((engine for engine in ENGINES if engine in item.path.parts), None)
    return own is not None and _engine(item) not in (None, own, "local")


def _case(item: pytest.Item, engine: str) -> str:
    ids = [part for part in item.callspec._idlist if part != engine]  # type: ignore[attr-defined]
    return "-".join(ids)
