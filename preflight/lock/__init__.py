"""``preflight.lock``: what a warehouse said on an earlier day, for runs without credentials.

It holds schemas, table facts and hourly counts; no secret and no row's value is ever among them.
"""

from __future__ import annotations

from preflight.lock.adapter import LockedAdapter, opened
from preflight.lock.file import NAME, AnyLock, Lock, read, skim

__all__ = ["NAME", "AnyLock", "Lock", "LockedAdapter", "opened", "read", "skim"]
