"""Workflow commands, read back as the runner reads them, and the step's summary."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings

from preflight.finding import Finding, Report, Severity
from preflight.report import render
from preflight.report.repository import Repository, repository
from preflight.report.style import Style
from tests.cli.command import BROKEN, environment, project, run

from .reports import finding, full, report, spoilt


class Command(NamedTuple):
    kind: str
    properties: dict[str, str]
    message: str


def runner(line: str) -> Command | None:
    """What GitHub's runner takes a line for: ``::kind properties::message`` at its start, or ``##[kind]`` anywhere."""
    if (found := re.match(r"\s*::([a-z-]+)(?: (.*?))?::(.*)$", line)) is not None:
        pairs = [pair.split("=", 1) for pair in (found[2] or "").split(",") if pair]
        return Command(found[1], {name: unescaped(value) for name, value in pairs}, unescaped(found[3]))
    return Command("legacy", {}, line) if "##[" in line else None


def unescaped(text: str) -> str:
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, char)
    return text


def commands(checked: Report, style: Style | None = None) -> list[Command]:
    lines = render(checked, "github", style).splitlines()
    return [command for command in map(runner, lines) if command is not None]


def many(count: int, severity: Severity) -> tuple[Finding, ...]:
    return tuple(finding(0, 1, severity=severity, message=f"Fault {i}.") for i in range(count))


def test_an_annotation_stands_on_its_line_with_the_rule_as_title() -> None:
    (failed, crashed, error) = commands(full(), Style(repository=Repository("shop")))
    assert error == Command(
        "error",
        {
            "file": "shop/models/contacts.sql",
            "line": "1",
            "endLine": "1",
            "col": "6",
            "endColumn": "9",
            "title": "PF105 unqualified-table",
        },
        "The table contacts is named without its database and schema. Write it as database.schema.table.",
    )
    assert "network" in failed.message
    assert "crashed" in crashed.message


def test_a_waived_finding_is_no_annotation() -> None:
    assert [command.kind for command in commands(full(failures=(), bugs=()))] == ["error"]


def test_the_worst_come_first_and_the_rest_is_counted_and_stands_in_the_log() -> None:
    findings = (*many(12, Severity.INFO), *many(3, Severity.WARNING), *many(25, Severity.ERROR))
    found = commands(report(findings=findings))
    kinds = [command.kind for command in found]
    assert kinds == ["error"] * 10 + ["warning"] * 3 + ["notice"] * 10
    assert found[9].message.startswith("16 more errors: ")
    assert found[-1].message.startswith("3 more notices: ")
    log = render(report(findings=findings), "github")
    assert all(f"Fault {i}." in log for i in range(25))


def test_many_failures_leave_no_kind_over_its_number() -> None:
    failures = full().failures * 30
    kinds = [command.kind for command in commands(full(failures=failures, findings=many(30, Severity.ERROR)))]
    assert kinds.count("error") == 10


def test_ten_are_shown_without_a_remainder() -> None:
    assert all(c.message.startswith("Fault") for c in commands(report(findings=many(10, Severity.ERROR))))


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_gives_no_command_of_its_own(spoiled: Report) -> None:
    found = commands(spoiled)
    assert [c.kind for c in found] == ["error"] * 4
    assert {name for c in found for name in c.properties} <= {"file", "line", "endLine", "col", "endColumn", "title"}
    clean = Style().clean
    assert found[2].message == clean(f"{spoiled.findings[0].message} {spoiled.findings[0].remedy}")
    assert found[2].properties["file"] == clean(spoiled.findings[0].span.path)  # type: ignore[union-attr]


def test_the_steps_summary_is_appended_to_its_file(tmp_path: Path) -> None:
    folder = project(tmp_path / "repository" / "sync", BROKEN)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", "utf-8")
    env = environment(GITHUB_STEP_SUMMARY=str(summary), GITHUB_WORKSPACE=str(tmp_path / "repository"))
    done = run("check", "--offline", "-o", "github", folder, env=env)
    assert done.returncode == 1
    assert "::error file=sync/models/model.sql,line=1," in done.stdout
    text = summary.read_text("utf-8")
    assert text.startswith("before\n<!-- preflight report: sync/preflight.yml -->\n")
    assert "trailing-semicolon" in text
    run("check", "--offline", "-o", "json", folder, env=env)
    assert summary.read_text("utf-8") == text


def test_paths_are_those_of_the_repository_and_links_lead_to_the_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    span = finding(0, 20).span
    assert span is not None
    assert repository(inner, {}).path("m.sql") == "a/b/m.sql"
    assert repository(tmp_path, {}).path("m.sql") == "m.sql"
    assert repository(inner, {}).link(span) == ""
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "abc"}
    assert repository(inner, github).link(span) == "https://github.com/o/r/blob/abc/a/b/models/contacts.sql#L1-L2"
    gitlab = {"CI_PROJECT_URL": "https://gitlab.example/g/p", "CI_COMMIT_SHA": "abc", "CI_PROJECT_DIR": str(tmp_path)}
    assert repository(inner, gitlab).link(span).startswith("https://gitlab.example/g/p/-/blob/abc/a/b/models/")
    assert repository(inner, {"CI_PROJECT_URL": "javascript:x", "CI_COMMIT_SHA": "abc"}).files == ""
