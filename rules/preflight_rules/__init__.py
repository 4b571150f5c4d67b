"""The rules, in the order in which they are run and listed."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules import access, columns, mapping, meta, platform, project, schedule, sql, volume

RULES: tuple[Rule, ...] = (
    *project.RULES,
    *sql.RULES,
    *columns.RULES,
    *schedule.RULES,
    *volume.RULES,
    *mapping.RULES,
    *access.RULES,
    *platform.RULES,
    *meta.RULES,
)
