"""The pytest plugin: hooks and fixtures only. Loading it imports nothing of ours; what it needs is imported when asked.

``pytest --preflight`` collects ``preflight.yml``: one item for each subject and rule.
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group ``preflight``."""
    group = parser.getgroup("preflight", "mParticle Warehouse Sync pipelines")
    group.addoption(
        "--preflight", action="store_true", help="collect preflight.yml: one item for each subject and rule"
    )
    group.addoption("--preflight-offline", action="store_true", help="ask no warehouse and no workspace")
    group.addoption(
        "--preflight-allow-unproven",
        action="store_true",
        help="report what an error rule could not prove as an expected failure, not as a failure",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that every collected item carries."""
    config.addinivalue_line("markers", "preflight: a rule judging a subject of preflight.yml")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """Collect project files, where ``--preflight`` asks for it."""
    if file_path.name not in _NAMES or not parent.config.getoption("--preflight"):
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
