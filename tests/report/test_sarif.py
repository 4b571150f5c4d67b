"""SARIF, held to the official schema, and what code scanning asks of it beyond that."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.finding import Report, Severity
from preflight.location import SourceFile
from preflight.registry import rules
from preflight.report import render, sarif
from preflight.report.repository import Repository
from preflight.report.style import Style

from .reports import SQL, finding, full, report, spoilt

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def run(checked: Report, style: Style | None = None) -> Any:
    document = json.loads(render(checked, "sarif", style))
    VALIDATOR.validate(document)
    (only,) = document["runs"]
    return only


def test_a_result_names_its_rule_its_place_and_what_to_do() -> None:
    only = run(full(), Style(repository=Repository("shop/crm sync")))
    first = only["results"][0]
    assert only["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "PF105"
    assert (first["level"], first["message"]["text"]) == (
        "error",
        "The table contacts is named without its database and schema. Write it as database.schema.table.",
    )
    physical = first["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "shop/crm%20sync/models/contacts.sql"
    assert physical["region"] == {"startLine": 1, "startColumn": 6, "endLine": 1, "endColumn": 10}
    assert only["columnKind"] == "unicodeCodePoints"


def test_a_finding_without_a_place_stands_in_the_projects_file() -> None:
    (result,) = run(report(findings=(finding(0, 1, span=None),)), Style(repository=Repository("sync")))["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "sync/preflight.yml"
    assert physical["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}


def test_two_projects_of_a_repository_are_told_apart() -> None:
    runs = [run(full(), Style(repository=Repository(folder))) for folder in ("", "a", "b")]
    assert [r.get("automationDetails", {}).get("id") for r in runs] == [None, "preflight/a/", "preflight/b/"]
    marks = {r["results"][0]["partialFingerprints"]["preflightFinding/v1"] for r in runs}
    assert len(marks) == 3


def test_no_more_results_than_code_scanning_takes_and_the_worst_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST", 2)
    kinds = (Severity.INFO, Severity.ERROR, Severity.WARNING)
    only = run(report(findings=tuple(finding(0, 1, severity=kind) for kind in kinds)))
    assert [result["level"] for result in only["results"]] == ["error", "warning"]
    (said,) = only["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"] == "1 finding left out, because code scanning takes 2"


def test_every_rule_is_declared_with_its_help_and_its_level_so_that_mended_alerts_close() -> None:
    declared = {rule["id"]: rule for rule in run(report())["tool"]["driver"]["rules"]}
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    assert set(declared) == {rule.code for rule in rules()}
    for rule in rules():
        said = declared[rule.code]
        assert (said["name"], said["defaultConfiguration"]["level"]) == (rule.name, levels[rule.severity])
        assert said["shortDescription"]["text"] in rule.doc
        assert "## Remedy" in said["help"]["markdown"]


def test_a_plugins_rule_is_declared_too() -> None:
    only = run(report(findings=(finding(0, 1, code="ACME1", name="acme-rule"),)))
    assert only["tool"]["driver"]["rules"][only["results"][0]["ruleIndex"]]["id"] == "ACME1"


def test_a_waived_finding_is_suppressed_with_its_reason_and_an_open_one_is_not() -> None:
    open_, waived = run(full())["results"]
    assert "suppressions" not in open_
    assert waived["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "waived until 2027-03-31 by data-platform: search path is fixed",
        }
    ]


def test_the_invocation_says_how_the_run_ended_and_what_it_could_not_prove() -> None:
    (invocation,) = run(full())["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (3, False)
    texts = [notification["message"]["text"] for notification in invocation["toolExecutionNotifications"]]
    assert "could not ask workspace 1, read: network" in texts
    assert "unproven for pipeline contacts: rule-pf401: it was not asked" in texts
    assert run(report(exit_code=0))["invocations"][0]["executionSuccessful"]
    assert "exitCode" not in run(report())["invocations"][0]


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_keeps_to_the_schema(spoiled: Report) -> None:
    only = run(spoiled)
    for result in only["results"]:
        assert result["message"]["text"].isprintable()
        for location in result["locations"]:
            if "physicalLocation" in location:
                assert re.fullmatch(r"[\w.~/%-]*", location["physicalLocation"]["artifactLocation"]["uri"], re.ASCII)


def marks(text: str, *needles: str, message: str = "It is wrong.") -> list[str]:
    source = SourceFile(SQL.path, text)
    places = sorted(m.start() for needle in needles for m in re.finditer(needle, text))
    found = tuple(finding(at, at + 3, source, message=message) for at in places)
    results = run(report(findings=found, sources={SQL.path: source}))["results"]
    return [result["partialFingerprints"]["preflightFinding/v1"] for result in results]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["", "-- note", "SELECT 1"]), max_size=5), st.sampled_from(["", "  ", "\t"]))
def test_fingerprints_outlive_moved_and_indented_lines(above: list[str], indent: str) -> None:
    text = "SELECT aaa,\nbbb,\nbbb\nFROM t"
    moved = "\n".join([*above, *(indent + line for line in text.split("\n"))])
    before = marks(text, "aaa", "bbb")
    assert marks(moved, "aaa", "bbb") == before
    assert len(set(before)) == 3


def test_fingerprints_outlive_new_counts_but_not_another_place_or_fault() -> None:
    first = marks("SELECT aaa", "aaa", message="It holds 25,500,000 records from 2026-11-24T00:00:00Z.")
    assert marks("SELECT aaa", "aaa", message="It holds 3 records from 2026-12-01T00:00:00Z.") == first
    assert marks("SELECT aaa AS b", "aaa", message="It holds 3 records from 2026-12-01T00:00:00Z.") != first
    assert marks("SELECT aaa", "aaa", message="It holds 3 rows from 2026-12-01T00:00:00Z.") != first


@pytest.mark.parametrize("broken", [{"version": "3"}, {"runs": [{}]}, {"runs": [{"tool": {"driver": {}}}]}])
def test_the_schema_refuses_what_is_wrong(broken: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(json.loads(render(full(), "sarif")) | broken)
