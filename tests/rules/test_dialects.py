"""Each rule that looks at the SQL, its columns or its iterator is shown at its place in each dialect that it judges."""

from __future__ import annotations

from collections import defaultdict

from preflight_rules import RULES
from tests.rules.cases import CONFIGS, from_files

FAMILIES = ("PF1", "PF2", "PF3")
ELSEWHERE = {
    ("partly-qualified-table", "redshift"): "two parts are a whole name",
    **{("sql-not-analysed", dialect): "it has no findings, it is unproven" for dialect in CONFIGS},
}
"""Where there is no finding to place, and why."""


def unplaced() -> list[tuple[str, str]]:
    """The rules, each with a dialect in which no case says where its finding stands, nor that it does not apply."""
    shown: dict[str, set[str]] = defaultdict(set)
    for case in from_files():
        placed = case.keys["expect"] == "findings" and ("marks" in case.keys or {"line", "column"} <= case.keys.keys())
        if placed or case.keys["expect"] == "inapplicable":
            shown[case.rule].add(case.keys.get("dialect", "snowflake"))
    rules = [rule.name for rule in RULES if rule.family in FAMILIES]
    return [(name, dialect) for name in rules for dialect in CONFIGS if dialect not in shown[name]]


def test_every_rule_is_placed_in_every_dialect_that_it_judges() -> None:
    assert set(unplaced()) == set(ELSEWHERE)
