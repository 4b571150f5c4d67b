"""Waiting in tests for what is bound to come: looked for often, given up late, since the machine may be busy."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0
"""How long anything may take on a loaded machine before it counts as never."""


def until(true: Callable[[], object], what: str = "it") -> None:
    """Return once ``true``; an AssertionError where it never comes."""
    last = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < last, f"{what} did not come"
        time.sleep(0.01)
