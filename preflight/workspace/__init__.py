"""The mParticle workspace: what it is called, how it is reached. Importing this imports no HTTP library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from preflight.config import WorkspaceConfig
from preflight.workspace.target import Credentials, Target, credentials, target

if TYPE_CHECKING:
    from preflight.workspace.client import Client

__all__ = ["Credentials", "Target", "connect", "credentials", "target"]


def connect(config: WorkspaceConfig | None, environ: Mapping[str, str] | None = None) -> Client:
    """The client of the workspace that a project names; it asks for nothing until it is used.

    Raises UsageError where the project names no workspace, WorkspaceError where the credential is not set.
    """
    found = os.environ if environ is None else environ
    where, who = target(config), credentials(config, found)
    from preflight.workspace.client import Client

    return Client(where, who, environ=found, routes=config.routes if config else {})
