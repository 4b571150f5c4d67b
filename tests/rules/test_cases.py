"""Every rule does what its case file and its docstring say, on a real project on disk and a real DuckDB file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from preflight_rules import RULES
from tests.rules.cases import Case, examine, from_docstring, from_files, judge

CASES = [*from_files(), *(case for rule in RULES for case in from_docstring(rule))]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    examine(case, judge(case, tmp_path))


def test_every_rule_has_every_kind_of_case() -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for case in from_files():
        kinds[case.rule].add(case.keys["expect"])
    for rule in RULES:
        wanted = {"findings", "pass"} | ({"unproven"} if rule.needs or rule.uses else set())
        if rule.code == "PF111":
            wanted = {"unproven", "pass"}
        assert wanted <= kinds[rule.name], f"{rule.name} lacks cases: {wanted - kinds[rule.name]}"
    assert kinds.keys() <= {rule.name for rule in RULES}, "a case file names no rule"
