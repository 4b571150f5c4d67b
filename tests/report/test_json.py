"""The JSON report: it keeps to its published schema, and says all that the values say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import preflight.report
from preflight.errors import UsageError
from preflight.finding import Depth, Report
from preflight.location import SourceFile
from preflight.report import json_v1, render, require_format
from preflight.report.json_text import dumps
from preflight.report.style import Style

from .reports import SQL, finding, full, report, spoilt, windows

SCHEMA = json.loads(Path(preflight.report.__file__).with_name("json_v1.schema.json").read_text("utf-8"))


def valid(document: Any) -> Any:
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    return document


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("depth", list(Depth))
def test_every_report_keeps_to_the_schema(depth: Depth) -> None:
    valid(json.loads(render(report(depth=depth), "json")))
    assert valid(json.loads(render(full(), "json")))["depth"] == "local"


def test_the_schema_asks_for_every_member_that_is_written() -> None:
    document = json_v1.document(full())
    assert set(SCHEMA["required"]) == set(document) == set(SCHEMA["properties"])
    parts = {
        "finding": document["findings"][0],
        "verdicts": document["verdicts"][1],
        "waiver": document["waivers"][0],
        "subject": document["findings"][0]["subject"],
        "window": document["windows"][0]["worst"],
    }
    assert set(document["windows"][0]) == set(SCHEMA["properties"]["windows"]["items"]["required"])
    for name, value in parts.items():
        assert set(SCHEMA["$defs"][name]["required"]) == set(value) == set(SCHEMA["$defs"][name]["properties"]), name
    assert set(SCHEMA["properties"]["summary"]["required"]) == set(document["summary"])


@pytest.mark.parametrize("broken", [{"depth": "deep"}, {"schema_version": 2}, {"findings": [{}]}, {"passed": "yes"}])
def test_the_schema_refuses_what_is_wrong(broken: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        valid(json_v1.document(full()) | broken)


def test_a_finding_says_where_and_what_it_weighed() -> None:
    first, second = json.loads(render(full(), "json"))["findings"]
    assert (first["file"], first["line"], first["column"], first["end_line"], first["end_column"]) == (
        SQL.path,
        1,
        6,
        1,
        10,
    )
    assert first["measures"][0] == {
        "name": "records_per_daily_interval",
        "value": 25_500_000,
        "limit": 24_000_000,
        "unit": "records",
        "basis": "counted",
        "stand_in": True,
        "source": "https://limits.example/",
    }
    assert first["measures"][1]["value"] == "nan"
    assert second["file"] is None
    assert second["also"] == [{"kind": "pipeline", "id": "orders"}]
    assert second["waiver"]["expires"] == "2027-03-31"


def test_verdicts_stand_by_subject_outcome_and_reason() -> None:
    contacts = json.loads(render(full(), "json"))["verdicts"][1]
    assert contacts["pass"] == ["PF201"]
    assert contacts["findings"] == ["PF105"]
    assert contacts["unproven"] == [{"reason": "it was not asked", "rules": ["PF401", "PF402"]}]
    assert contacts["inapplicable"] == [{"reason": "a stand-in has no grants", "rules": ["PF601"]}]


def test_windows_say_the_worst_and_of_very_many_the_latest() -> None:
    many = windows(9, *range(1, 3), *[3] * 1_500)
    (found,) = valid(json.loads(render(report(windows={"contacts": many}), "json")))["windows"]
    assert (found["pipeline"], found["total"], found["with_rows"], len(found["latest"])) == (
        "contacts",
        1503,
        1503,
        1000,
    )
    assert found["worst"] == {"start": "2026-11-01T03:05:00Z", "end": "2026-11-02T03:05:00Z", "rows": 9}
    assert found["latest"][-1]["rows"] == 3
    assert found["limit"]["limit"] == 24_000_000


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_comes_back_as_it_was(spoiled: Report) -> None:
    text = render(spoiled, "json")
    assert text.isascii()
    document = valid(json.loads(text))
    assert document["project"] == spoiled.project
    assert [finding["message"] for finding in document["findings"]] == [f.message for f in spoiled.findings]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_text_is_the_standard_librarys(value: Any) -> None:
    for indent in (None, 2):
        assert json.loads(dumps(value, indent)) == value
        assert dumps(value, indent).isascii()


def test_any_text_reaches_any_stream() -> None:
    odd = SourceFile("m.sql", "x")
    text = render(report(findings=(finding(0, 1, odd, message="\ud800 東 \x1b"),)), "json", Style(encoding="ascii"))
    text.encode("ascii")
    assert json.loads(text)["findings"][0]["message"] == "\ud800 東 \x1b"


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as refused:
        require_format("jsn")
    assert refused.value.remedy == "write json"
