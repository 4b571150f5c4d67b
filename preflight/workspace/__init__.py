"""The mParticle workspace: what it is called, how it is reached. Importing this imports no HTTP library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.config import Project, WorkspaceConfig
from preflight.errors import WorkspaceError
from preflight.model import WorkspaceState
from preflight.workspace.target import Credentials, Settings, Target, credentials, settings, target

if TYPE_CHECKING:
    from preflight.workspace.client import Client

__all__ = [
    "Credentials",
    "Settings",
    "Target",
    "connect",
    "credentials",
    "named_plans",
    "open_client",
    "reader",
    "settings",
    "target",
]


def connect(
    config: WorkspaceConfig | None, environ: Mapping[str, str] | None = None, *, root: Path | None = None
) -> Client:
    """The client of the workspace that a project in ``root`` names; it asks for nothing until it is used.

    Raises UsageError where the project names no workspace, WorkspaceError where the credential is not set.
    """
    found = os.environ if environ is None else environ
    where, who = target(config, found), credentials(config, found)
    from preflight.workspace.client import Client

    how = settings(config, found, root)
    return Client(where, who, settings=how, environ=found, routes=config.routes if config else {})


def open_client(project: Project, environ: Mapping[str, str]) -> Client:
    """The client of the project's workspace, told of every secret of the project so that no message holds one.

    Raises as ``connect`` does.
    """
    from preflight.workspace import wire

    client = connect(project.workspace, environ, root=project.root)
    resources: tuple[wire.Resource, ...] = (
        *project.connections,
        *project.data_models,
        *project.field_transformations,
        *project.pipelines,
    )
    for resource in resources:
        client.hide(wire.body(resource))
    return client


def named_plans(project: Project) -> Iterator[tuple[str, int | None]]:
    """The data plans that the project's pipelines name, as ``Client.read`` takes them."""
    return ((p.plan_id, p.plan_version) for p in project.pipelines if p.plan_id)


def reader(project: Project, environ: Mapping[str, str] | None) -> Callable[[], WorkspaceState] | None:
    """A function that reads the workspace; None where the project names none or its credential is not set."""
    if project.workspace is None or environ is None:
        return None
    try:
        credentials(project.workspace, environ)
    except WorkspaceError:
        return None

    def read() -> WorkspaceState:
        with open_client(project, environ) as client:
            return client.read(named_plans(project))

    return read
