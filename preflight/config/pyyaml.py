"""PyYAML without its patterns: its parser in Python needs them, libyaml's does not, and they take 7 ms to compile."""

from __future__ import annotations

from preflight.patterns import deferred

with deferred():
    import yaml

__all__ = ["yaml"]
