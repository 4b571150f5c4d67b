"""Logging commands, read back as Azure's agent reads them."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import given, settings

from preflight.finding import Report, Severity
from preflight.report import render
from preflight.report.repository import Repository
from preflight.report.style import Style

from .reports import WAIVER, finding, full, report, spoilt


class Issue(NamedTuple):
    properties: dict[str, str]
    message: str


def unescaped(text: str) -> str:
    for code, char in (("%3B", ";"), ("%5D", "]"), ("%0D", "\r"), ("%0A", "\n"), ("%AZP25", "%")):
        text = text.replace(code, char)
    return text


def issues(checked: Report, style: Style | None = None) -> list[Issue]:
    """The commands of a log: the agent looks for one anywhere in a line, up to the first closing bracket."""
    found = []
    for line in render(checked, "azure", style).splitlines():
        if "##vso[" in line:
            command = re.fullmatch(r"##vso\[task\.logissue ([^\]]*)\](.*)", line)
            assert command is not None, line
            pairs = (pair.split("=", 1) for pair in command[1].split(";") if pair)
            found.append(Issue({name: unescaped(value) for name, value in pairs}, unescaped(command[2])))
    return found


def test_an_issue_has_its_place_and_its_rule() -> None:
    *trouble, issue = issues(full(), Style(repository=Repository("shop")))
    assert issue.properties == {
        "type": "error",
        "sourcepath": "shop/models/contacts.sql",
        "linenumber": "1",
        "columnnumber": "6",
        "code": "PF105",
    }
    assert issue.message == (
        "unqualified-table: The table contacts is named without its database and schema. "
        "Write it as database.schema.table."
    )
    assert [said.message.partition(" ")[0] for said in trouble] == ["preflight", "preflight"]


def test_the_worst_come_first_infos_are_lines_and_what_is_accepted_is_neither() -> None:
    kinds = (Severity.INFO, Severity.WARNING, Severity.ERROR)
    checked = report(findings=(*(finding(0, 1, severity=kind) for kind in kinds), finding(0, 1, waiver=WAIVER)))
    assert [issue.properties["type"] for issue in issues(checked)] == ["error", "warning"]
    log = render(checked, "azure")
    assert "\ninfo[PF105] models/contacts.sql:1:1: The table" in log
    assert log.splitlines()[-1].startswith("preflight: 1 error, 1 warning, 1 info, 1 waived; rules: ")


def test_reserved_characters_arrive_as_they_were() -> None:
    (issue,) = issues(report(findings=(finding(0, 1, message="50 %; a]b %3B %AZP25 ##vso[x]", remedy=""),)))
    assert issue.message == "unqualified-table: 50 %; a]b %3B %AZP25 ##vso[x] "


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_gives_no_command_of_its_own(spoiled: Report) -> None:
    opened = [f for f in spoiled.findings if f.open and f.severity is not Severity.INFO]
    assert len(issues(spoiled)) == len(opened) + len(spoiled.failures) + len(spoiled.bugs)
