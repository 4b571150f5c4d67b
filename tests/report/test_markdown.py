"""The pull request's comment, read by a Markdown parser that is not ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from preflight.finding import Finding, Report, Severity, State, Subject, SubjectKind
from preflight.report import render
from preflight.report.markdown import LONGEST
from preflight.report.repository import Repository
from preflight.report.style import Style

from .reports import finding, full, report, spoilt, verdict

LINKED = Style(repository=Repository("", "https://github.com/o/r/blob/abc/"))


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text):
        yield token
        yield from token.children or ()


def shown(text: str) -> str:
    """What a reader sees, as far as text goes."""
    return " ".join(token.content for token in tokens(text) if token.type in ("text", "text_special"))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag if not attrs else f"{tag} {attrs}")


def many(count: int) -> tuple[Finding, ...]:
    kinds = (Severity.INFO, Severity.WARNING, Severity.ERROR)
    return tuple(finding(0, 1, severity=kinds[i % 3], message=f"Fault {i}. " + "x" * 100) for i in range(count))


def test_the_comment_begins_with_a_mark_that_names_the_project_and_hides_it() -> None:
    text = render(report(project="a/preflight.yml"), "markdown")
    assert text.startswith("<!-- preflight report: a/preflight.yml -->\n### preflight: 0 errors")
    assert render(report(project="--> <b>"), "markdown").splitlines()[0] == "<!-- preflight report: - -b- -->"


def test_two_projects_of_a_repository_have_marks_and_titles_of_their_own() -> None:
    text = render(report(), "markdown", Style(repository=Repository("sync/eu")))
    assert text.startswith("<!-- preflight report: sync/eu/preflight.yml -->\n### preflight of sync/eu: 0 errors")


def test_of_many_subjects_the_table_shows_those_that_stand_worst() -> None:
    subjects = [Subject(SubjectKind.PIPELINE, f"p{at}") for at in range(100)]
    verdicts = tuple(verdict("PF105", State.PASS, subject) for subject in subjects)
    broken = finding(0, 1, subject=subjects[-1])
    text = render(report(subjects=tuple(subjects), verdicts=verdicts, findings=(broken,)), "markdown")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert rows[0].startswith("| ❌ | pipeline p99 | errors |")
    assert rows[1].startswith("| ✅ | pipeline p0 |")
    assert rows[-1] == "| | and 40 more | | | | | |"


def test_names_of_any_length_leave_room_for_the_findings() -> None:
    subjects = tuple(Subject(SubjectKind.PIPELINE, f"{at}" + "*" * 5_000) for at in range(100))
    verdicts = tuple(verdict("PF105", State.PASS, subject) for subject in subjects)
    text = render(report(subjects=subjects, verdicts=verdicts, findings=many(3)), "markdown")
    assert len(text) <= LONGEST
    assert "Fault 2" in text


def test_a_table_says_how_each_pipeline_stands_and_on_what_it_rests() -> None:
    text = render(full(), "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[2] == "| ❌ | pipeline contacts | errors | counted on a stand-in | 1 | 1 | 2 |"
    assert rows[3] == "| ❔ | pipeline orders | not proven | static | 0 | 1 | 0 |"
    assert any(token.type == "table_open" for token in tokens(text))


def test_a_finding_links_to_its_lines_and_folds_its_details() -> None:
    text = render(full(), "markdown", LINKED)
    (link,) = [token for token in tokens(text) if token.type == "link_open"]
    assert link.attrs["href"] == "https://github.com/o/r/blob/abc/models/contacts.sql#L1"
    assert "records_per_daily_interval: 25,500,000 records, limit 24,000,000 (counted on a stand-in)" in shown(text)
    assert "waived until 2027-03-31 by data-platform: search path is fixed" in shown(text)
    assert "the worst of 4 daily windows, 2026-11-02T03:05:00Z to 2026-11-03T03:05:00Z" in shown(text)


@pytest.mark.parametrize("count", [0, 50, 3_000])
def test_the_comment_fits_the_worst_come_first_and_what_is_cut_is_counted(count: int) -> None:
    text = render(full(findings=many(count)), "markdown")
    assert len(text) <= LONGEST
    faults = [int(n) for n in re.findall(r"Fault (\d+)", text)]
    kinds = [n % 3 for n in faults]
    assert kinds == sorted(kinds, reverse=True)
    cut = re.search(r"Not shown, because a comment holds no more: ([\d,]+) findings", text)
    assert len(faults) + (int(cut[1].replace(",", "")) if cut else 0) == count
    assert (cut is None) == (count < 3_000)


def test_very_many_subjects_and_very_long_texts_fit_too() -> None:
    subjects = [msg.subject for msg in many(1)] * 500
    long = finding(0, 1, message="*" * 100_000)
    assert len(render(full(subjects=tuple(subjects), findings=(long,) * 40), "markdown")) <= LONGEST


@pytest.mark.parametrize("blanks", ["\r\n\r\n", "     ", " \t"])
def test_a_text_that_begins_with_blanks_is_no_code(blanks: str) -> None:
    text = render(
        full(findings=(finding(0, 1, remedy="", message=""),), left_out=(), notes=(f"{blanks}x",)), "markdown"
    )
    assert "code_block" not in {token.type for token in tokens(text)}


@settings(deadline=None)
@given(spoilt())
def test_hostile_text_neither_marks_up_nor_links_nor_mentions(spoiled: Report) -> None:
    text = render(spoiled, "markdown", LINKED)
    found = list(tokens(text))
    raw = "".join(token.content for token in found if token.type in ("html_block", "html_inline"))
    parser = Tags()
    parser.feed(raw)
    assert set(parser.tags) <= {"details", "summary"}
    assert raw.count("<!--") == 1
    assert raw.count("<details>") == raw.count("</details>")
    assert not {token.type for token in found} & {"code_inline", "em_open", "s_open", "fence", "code_block", "image"}
    links = [str(token.attrs["href"]) for token in found if token.type == "link_open"]
    assert all(link.startswith("https://github.com/o/r/blob/abc/") for link in links)
    written = re.sub(r"\]\(https://github\.com/o/r/blob/abc/[^ )]*\)", "]", text.split("\n", 1)[1])
    assert not re.search(r"@\w|#\d|\bwww\.|://|^/\w", written, re.MULTILINE)
    assert sum(token.type == "table_open" for token in found) == 1
    columns = [token.type for token in found if token.type in ("th_open", "td_open")]
    assert len(columns) % 7 == 0
