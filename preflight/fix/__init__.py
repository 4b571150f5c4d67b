"""Fixes that are safe by proof: edits of a data model's text that the re-read query is held to."""

from __future__ import annotations

from preflight.fix.edits import Edit, applied
from preflight.fix.repair import Fixed, Refused, Repair, repair
from preflight.fix.write import difference, write

__all__ = ["Edit", "Fixed", "Refused", "Repair", "applied", "difference", "repair", "write"]
