"""What plan and apply share: the project, the workspace that was read once, and the report on both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from preflight import limits
from preflight.cli.output import write_report
from preflight.config import Project, load
from preflight.engine import Options, check
from preflight.errors import UsageError
from preflight.finding import Report
from preflight.model import WorkspaceState
from preflight.workspace import open_client
from preflight.workspace.client import Client


class Session(msgspec.Struct, frozen=True):
    """One reading of everything."""

    project: Project
    client: Client
    state: WorkspaceState
    report: Report

    @property
    def active_pipelines(self) -> int:
        """The limit of that name, as the project has it."""
        profile = limits.load(self.project.limits.profile)
        now = self.report.created.date()
        return profile.with_overrides(dict(self.project.limits.overrides), now).active_pipelines.value


@contextmanager
def open_session(path: Path, pipelines: tuple[str, ...]) -> Iterator[Session]:
    """Load the project, read the workspace, check both; the client is closed at the end.

    Raises UsageError where the project's grammar is broken (its report is printed first), and what the client raises.
    """
    project = load(path)
    if project.problems:
        write_report(check(project, Options(offline=True)), [("text", None)])
        raise UsageError("the project has errors in its grammar", remedy="mend what the report above names")
    with open_client(project, os.environ) as client:
        state = client.read()
        report = check(project, Options(pipelines=pipelines), environ=os.environ, read_workspace=lambda: state)
        yield Session(project, client, state, report)
