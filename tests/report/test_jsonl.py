"""JSON lines: the JSON report's members, one value a line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given, settings

import preflight.report
from preflight.finding import Report
from preflight.report import json_v1, render

from .reports import full, spoilt

SCHEMA = json.loads(Path(preflight.report.__file__).with_name("json_v1.schema.json").read_text("utf-8"))


def lines(report: Report) -> list[dict[str, Any]]:
    return [json.loads(line) for line in render(report, "jsonl").split("\n")[:-1]]


def test_the_lines_hold_what_the_json_report_holds() -> None:
    found = lines(full())
    document = json_v1.document(full())
    assert found[0]["type"] == "report"
    assert {name: found[0][name] for name in ("depth", "summary", "exit_code")} == {
        name: document[name] for name in ("depth", "summary", "exit_code")
    }
    assert [line for line in found if line["type"] == "finding"] == [
        {"type": "finding", **finding} for finding in json.loads(render(full(), "json"))["findings"]
    ]
    kinds = Counter(line["type"] for line in found)
    expected = {"report": 1, "finding": 2, "verdict": 6, "failure": 1, "bug": 1, "waiver": 1, "columns": 1}
    assert kinds == expected | {"next_runs": 1, "windows": 1}


def test_a_verdict_says_its_outcome_and_why() -> None:
    outcomes = {line["code"]: (line["outcome"], line["reason"]) for line in lines(full()) if line["type"] == "verdict"}
    assert outcomes["PF401"] == ("unproven", "it was not asked")
    assert outcomes["PF601"] == ("inapplicable", "a stand-in has no grants")
    assert outcomes["PF201"] == ("pass", "")


@settings(deadline=None)
@given(spoilt())
def test_each_finding_is_one_line_that_keeps_to_the_json_schema(report: Report) -> None:
    validator = jsonschema.Draft202012Validator({"$ref": "#/$defs/finding", "$defs": SCHEMA["$defs"]})
    found = [line for line in lines(report) if line["type"] == "finding"]
    for line in found:
        validator.validate(line)
    assert [line["message"] for line in found] == [finding.message for finding in report.findings]
