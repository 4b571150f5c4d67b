"""Every rule does what its case file and its docstring say, on a real project on disk and a real DuckDB file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from preflight.finding import Finding, Report, State
from preflight_rules import RULES
from tests.rules.cases import Case, from_docstring, from_files, judge, states

CASES = [*from_files(), *(case for rule in RULES for case in from_docstring(rule))]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path) -> None:
    report = judge(case, tmp_path)
    assert not report.bugs, report.bugs[0].traceback
    expect = case.keys["expect"]
    if expect == "findings":
        _check_findings(case, report)
        return
    assert not report.select(case.rule), report.select(case.rule)
    found = states(report, case.rule)
    assert State(expect) in found, (found, _reasons(case, report))
    if expect == "pass":
        assert State.UNPROVEN not in found, _reasons(case, report)
    if says := case.keys.get("says"):
        assert any(says in reason for reason in _reasons(case, report))


def _reasons(case: Case, report: Report) -> list[str]:
    return [verdict.reason for verdict in report.verdicts if verdict.name == case.rule]


def _check_findings(case: Case, report: Report) -> None:
    findings = report.select(case.rule)
    assert findings, (_reasons(case, report), [f.message for f in report.findings])
    if "count" in case.keys:
        assert len(findings) == case.keys["count"], [finding.message for finding in findings]
    finding = findings[0]
    assert finding.message.endswith("."), finding.message
    assert finding.remedy.endswith("."), finding.remedy
    if says := case.keys.get("says"):
        assert says in finding.message
    if marks := case.keys.get("marks"):
        assert _marked(finding, report) == marks
    for key, value in (("line", finding.span and finding.span.line), ("column", finding.span and finding.span.column)):
        if key in case.keys:
            assert value == case.keys[key]


def _marked(finding: Finding, report: Report) -> str:
    assert finding.span is not None
    return report.sources[finding.span.path].text[finding.span.start : finding.span.end]


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
