"""GitLab's Code Quality list: the members that its page requires, and fingerprints that are one a finding."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from preflight.finding import Report
from preflight.report import render
from preflight.report.repository import Repository
from preflight.report.style import Style

from .reports import finding, full, report, spoilt


def items(checked: Report, style: Style | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render(checked, "gitlab", style))
    for item in found:
        assert set(item) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert all(isinstance(item[name], str) for name in ("description", "check_name", "fingerprint"))
        assert item["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert isinstance(item["location"]["path"], str)
        assert item["location"]["lines"]["begin"] >= 1
    assert len({item["fingerprint"] for item in found}) == len(found)
    return found


def test_an_item_names_the_file_in_the_repository() -> None:
    open_, waived = items(full(), Style(repository=Repository("shop")))
    assert open_["location"] == {"path": "shop/models/contacts.sql", "lines": {"begin": 1}}
    assert open_["severity"] == "critical"
    assert open_["description"].startswith("PF105 unqualified-table: The table contacts is named")
    assert waived["severity"] == "info"
    assert "(waived until 2027-03-31 by data-platform: search path is fixed)" in waived["description"]
    assert waived["location"] == {"path": "shop/preflight.yml", "lines": {"begin": 1}}


def test_alike_findings_have_fingerprints_of_their_own() -> None:
    assert len(items(report(findings=(finding(0, 1),) * 3))) == 3


def test_a_clean_report_is_an_empty_list() -> None:
    assert items(report()) == []


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_keeps_to_the_format(spoiled: Report) -> None:
    assert all(item["description"].isprintable() for item in items(spoiled))
