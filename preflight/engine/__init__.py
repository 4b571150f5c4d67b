"""Select, gather, run, report; and issue the clearance."""

from __future__ import annotations

from preflight.engine.clearance import clear, exit_code
from preflight.engine.run import check
from preflight.engine.selection import Options

__all__ = ["Options", "check", "clear", "exit_code"]
