"""The rules, in the order in which they are run and listed."""

from __future__ import annotations

from preflight.rule import Rule

RULES: tuple[Rule, ...] = ()
