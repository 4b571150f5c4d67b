"""The pytest plugin: hooks and fixtures only. Loading it imports nothing of ours; what it needs is imported when asked.

``pytest --preflight`` collects ``preflight.yml``: under the file its subjects, under each the rules that judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from preflight.config import Project
    from preflight.finding import Report
    from preflight.sandbox.server import Sandbox
    from preflight.testing import Asked, StandIn

_NAMES = ("preflight.yml", "preflight.yaml")
_MARKERS = (
    "preflight: a rule judging a subject of preflight.yml",
    "preflight_offline: its rule needs no warehouse and no workspace",
    "preflight_live: its rule reads a warehouse, a stand-in, the lock or the workspace",
    "preflight_project(path): the project that preflight_project gives to the test; relative to the test's file",
    "preflight_sandbox(strict=True): whether a fault that was planned and never met fails the test",
)
_PROJECTS = pytest.StashKey[list[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group ``preflight``."""
    group = parser.getgroup("preflight", "mParticle Warehouse Sync pipelines")
    group.addoption(
        "--preflight", action="store_true", help="collect preflight.yml: one item for each subject and rule"
    )
    group.addoption(
        "--preflight-project",
        action="append",
        default=[],
        metavar="PATH",
        help="a project file, or the folder of one, to collect wherever it is; implies --preflight",
    )
    group.addoption("--preflight-offline", action="store_true", help="ask no warehouse and no workspace")
    group.addoption(
        "--preflight-allow-unproven",
        action="store_true",
        help="report what an error rule could not prove as an expected failure, not as a failure",
    )
    parser.addini(
        "preflight_project",
        "project files, or folders of one, that --preflight collects wherever they are",
        type="paths",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers of collected items and tests, and add the named projects to what is collected.

    Raises pytest.UsageError for a project that is not there.
    """
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    named = [config.invocation_params.dir / path for path in config.getoption("--preflight-project")]
    wanted = named or (config.getini("preflight_project") if config.getoption("--preflight") else [])
    projects = [_project_file(path) for path in wanted]
    config.stash[_PROJECTS] = projects
    config.args += [str(project) for project in projects if str(project) not in config.args]


def _project_file(path: Path) -> Path:
    file = next((path / name for name in _NAMES if (path / name).is_file()), path)
    if not file.is_file():
        raise pytest.UsageError(f"preflight: there is no project file {path}")
    return file.resolve()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """Collect project files, where the options ask for it."""
    config = parent.config
    found = config.getoption("--preflight") and file_path.name in _NAMES
    if not found and file_path not in config.stash[_PROJECTS]:
        return None
    from preflight.pytest_items import ProjectFile

    return ProjectFile.from_parent(parent, path=file_path)


@pytest.fixture
def preflight() -> Callable[..., Report]:
    """A function from a project's path to its ``Report``; its keyword arguments are ``preflight.engine.Options``."""

    def check(path: str | Path, **options: Any) -> Report:
        import os

        from preflight import engine
        from preflight.config import load

        return engine.check(load(Path(path)), engine.Options(**options), environ=os.environ)

    return check


@pytest.fixture
def preflight_project(request: pytest.FixtureRequest) -> Project:
    """The test's ``Project``: its marker's, else the first that the options name, else the nearest upward."""
    from preflight.config import load
    from preflight.errors import PreflightError
    from preflight.testing import find_project

    marker = request.node.get_closest_marker("preflight_project")
    named = request.config.stash[_PROJECTS] or request.config.getini("preflight_project")
    try:
        if marker:
            return load(request.path.parent / marker.args[0])
        return load(named[0]) if named else load(find_project(request.path.parent))
    except PreflightError as error:
        pytest.fail(f"{error.message}\nhelp: {error.remedy}", pytrace=False)


@pytest.fixture
def preflight_warehouse(tmp_path: Path) -> Iterator[StandIn]:
    """A DuckDB file, empty, that ``preflight_report`` reads in place of every warehouse of the project."""
    from preflight.testing import StandIn

    warehouse = StandIn(tmp_path / "warehouse.duckdb")
    yield warehouse
    warehouse.close()


@pytest.fixture
def preflight_sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A running local stand-in of the mParticle API, which the environment's ``MP_`` variables lead to.

    ``fail`` plans a fault; one that no request met fails the test at its end, unless its marker says otherwise.
    """
    from preflight.sandbox.server import Sandbox

    with Sandbox() as sandbox:
        for name, value in (sandbox.environment() | sandbox.addresses()).items():
            monkeypatch.setenv(name, value)
        yield sandbox
        marker = request.node.get_closest_marker("preflight_sandbox")
        if sandbox.unmet and (marker is None or marker.kwargs.get("strict", True)):
            pytest.fail(f"faults were planned and never met: {', '.join(sandbox.unmet)}", pytrace=False)


@pytest.fixture
def preflight_report(request: pytest.FixtureRequest, preflight_project: Project) -> Asked:
    """The report on the test's project, made when it is first asked; ``preflight_report(offline=True)`` is another.

    It reads ``preflight_warehouse`` and ``preflight_sandbox`` where the test uses them.
    """
    from preflight.engine import Options
    from preflight.testing import Asked, environment

    def project() -> Project:
        if "preflight_warehouse" not in request.fixturenames:
            return preflight_project
        warehouse: StandIn = request.getfixturevalue("preflight_warehouse")
        return warehouse.under(preflight_project)

    if "preflight_sandbox" in request.fixturenames:
        request.getfixturevalue("preflight_sandbox")
    return Asked(project, Options(offline=request.config.getoption("--preflight-offline")), environment())


@pytest.fixture
def mparticle_sandbox() -> Iterator[Sandbox]:
    """A running local stand-in of the mParticle API, on a free port of the loopback interface."""
    from preflight.sandbox.server import Sandbox

    with Sandbox() as sandbox:
        yield sandbox
