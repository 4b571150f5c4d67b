"""Where a user's machine keeps what preflight may keep between runs, by the platform's own rules."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str]) -> Path:
    """For what must outlive a run and is no cache: locks."""
    return _folder(environ, "XDG_STATE_HOME", (".local", "state"))


def cache_folder(environ: Mapping[str, str]) -> Path:
    """For what can be made anew at any time."""
    return _folder(environ, "XDG_CACHE_HOME", (".cache",))


def _folder(environ: Mapping[str, str], variable: str, default: tuple[str, ...]) -> Path:
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = environ.get(variable) or str(Path.home().joinpath(*default))
    return Path(base) / "preflight"
