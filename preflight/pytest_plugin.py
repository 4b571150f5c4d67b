"""The pytest plugin: hooks and fixtures only. Loading it imports nothing of ours; what it needs is imported when asked.

``pytest --preflight`` collects ``preflight.yml``: under the file its subjects, under each the rules that judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from preflight.finding import Report
    from preflight.sandbox.server import Sandbox

_NAMES = ("preflight.yml", "preflight.yaml")
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
    """Register the marker that every collected item carries, and add the named projects to what is collected.

    Raises pytest.UsageError for a project that is not there.
    """
    config.addinivalue_line("markers", "preflight: a rule judging a subject of preflight.yml")
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
def mparticle_sandbox() -> Iterator[Sandbox]:
    """A running local stand-in of the mParticle API, on a free port of the loopback interface."""
    from preflight.sandbox.server import Sandbox

    with Sandbox() as sandbox:
        yield sandbox
