"""A path to a ``Project``."""

from __future__ import annotations

from pathlib import Path

from preflight.config.project import Project


def load(path: Path) -> Project:
    """Read the project at ``path`` (a folder that holds ``preflight.yml``, or the file itself)."""
    raise NotImplementedError
