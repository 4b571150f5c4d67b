"""JUnit XML, held to the schema of Jenkins' xUnit plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from preflight.finding import Report, State
from preflight.report import render

from .reports import CONTACTS, finding, full, report, spoilt, verdict

SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).parent / "schemas" / "junit-10.xsd")))


def suites(checked: Report) -> Any:
    document = etree.fromstring(render(checked, "junit").encode())
    SCHEMA.assertValid(document)
    return document


def outcomes(checked: Report, suite: str) -> dict[str, list[tuple[str, str]]]:
    cases = suites(checked).findall(f"testsuite[@name='{suite}']/testcase")
    return {case.get("name"): [(part.tag, part.get("message")) for part in case] for case in cases}


def test_a_suite_a_subject_and_a_case_a_rule() -> None:
    found = outcomes(full(bugs=()), "pipeline contacts")
    message = "The table contacts is named without its database and schema."
    assert found["rule-pf201"] == []
    assert found["rule-pf105"] == [
        ("failure", message),
        ("skipped", f"waived until 2027-03-31 by data-platform: search path is fixed: {message}"),
    ]
    assert found["rule-pf401"] == [("skipped", "it was not asked")]
    assert found["rule-pf601"] == [("skipped", "a stand-in has no grants")]
    assert [tag for tag, _ in outcomes(full(), "pipeline orders")["rule-pf105"]] == ["skipped"]


def test_what_could_not_be_asked_is_an_error_and_so_is_a_crash() -> None:
    assert outcomes(full(), "environment")["workspace 1, read"] == [("error", "workspace 1, read: network")]
    crashed = verdict("PF401", State.UNPROVEN, name="some-rule", reason="the rule crashed")
    assert outcomes(full(verdicts=(crashed,)), "pipeline contacts")["some-rule"][0] == ("error", "the rule crashed")


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_keeps_to_the_schema_and_the_counts_are_the_elements(spoiled: Report) -> None:
    document = suites(spoiled)
    for suite in (document, *document.findall("testsuite")):
        for count, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            assert int(suite.get(count)) == len(list(suite.iter(tag))), (suite.get("name"), count)


def test_skipped_counts_the_cases_that_neither_failed_nor_passed() -> None:
    suite = suites(full(bugs=())).find("testsuite[@name='pipeline contacts']")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "1", "3")


def test_a_report_without_verdicts_is_a_document_all_the_same() -> None:
    assert len(suites(report(verdicts=()))) == 0


@pytest.mark.parametrize("broken", ["<testsuites><testcase/></testsuites>", "<testsuite/>"])
def test_the_schema_refuses_what_is_wrong(broken: str) -> None:
    assert not SCHEMA.validate(etree.fromstring(broken))


def test_details_stand_in_the_failure() -> None:
    case = suites(report(findings=(finding(12, 15),), verdicts=(verdict("PF105", State.FINDINGS),)))
    text = case.find(f".//testsuite[@name='{CONTACTS}']/testcase/failure").text
    assert text.splitlines() == ["models/contacts.sql:2:1", "help: Write it as database.schema.table."]
