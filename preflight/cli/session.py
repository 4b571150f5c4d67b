"""What the commands that speak to the workspace share: the project, the workspace read once, the report on both."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from preflight import limits as limit_profiles
from preflight.cli.output import end_if_interrupted, write_report
from preflight.cli.progress import watching
from preflight.config import Project, load
from preflight.deploy.turn import alone
from preflight.engine import Options, check
from preflight.errors import UsageError
from preflight.finding import Report
from preflight.limits import Limits
from preflight.model import WorkspaceState
from preflight.workspace import named_plans, open_client
from preflight.workspace.client import Client


class Reading(msgspec.Struct, frozen=True):
    """One reading of the project and of its workspace."""

    project: Project
    client: Client
    state: WorkspaceState
    limits: Limits


class Session(Reading, frozen=True):
    """One reading of everything."""

    report: Report

    @property
    def active_pipelines(self) -> int:
        """The limit of that name, as the project has it."""
        return self.limits.active_pipelines.value


@contextmanager
def open_workspace(path: Path, *, exclusive: bool = False) -> Iterator[Reading]:
    """Load the project and read the workspace; with ``exclusive`` no other apply to it runs meanwhile.

    Raises UsageError where the project's grammar is broken (its report is printed first), and what the client raises.
    """
    project = load(path)
    if project.problems:
        write_report(check(project, Options(offline=True)), [("text", None)], root=project.root)
        raise UsageError("the project has errors in its grammar", remedy="mend what the report above names")
    with (
        open_client(project, os.environ) as client,
        alone(client.target.name, os.environ) if exclusive else nullcontext(),
    ):
        yield Reading(project, client, client.read(named_plans(project)), _limits(project))


@contextmanager
def open_session(path: Path, pipelines: tuple[str, ...], *, exclusive: bool = False) -> Iterator[Session]:
    """As ``open_workspace``, and check both; the client is closed at the end."""
    with open_workspace(path, exclusive=exclusive) as found:
        options = Options(pipelines=pipelines, require_credentials=True)
        with watching(sys.stderr) as watch:
            report = check(found.project, options, environ=os.environ, read_workspace=lambda: found.state, watch=watch)
        end_if_interrupted(report)
        yield Session(found.project, found.client, found.state, found.limits, report)


def _limits(project: Project) -> Limits:
    profile = limit_profiles.load(project.limits.profile)
    return profile.with_overrides(dict(project.limits.overrides), datetime.now(UTC).date())
