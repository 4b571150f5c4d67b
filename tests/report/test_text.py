"""The text report as a person reads it: golden outputs, and what holds for any report."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.finding import Bug, Depth, Failure, Measure, Severity, State, Subject, SubjectKind, Waiver, Windows
from preflight.location import SourceFile
from preflight.report import render
from preflight.report.style import Style
from preflight.report.text import finding_block

from .reports import CONTACTS, ORDERS, OVER, PROJECT, SQL, WAIVER, finding, report, verdict, windows

SGR = re.compile(r"\x1b\[[0-9;]*m")
TABLE = SQL.text.index("contacts"), SQL.text.index("contacts") + len("contacts")


def test_a_finding_reads_like_a_compilers() -> None:
    text = finding_block(finding(*TABLE, measures=(OVER,), also=(ORDERS,), waiver=WAIVER), {SQL.path: SQL})
    assert text.splitlines() == [
        "error[PF105] unqualified-table: The table contacts is named without its database and schema.",
        " --> models/contacts.sql:2:6",
        "  |",
        "2 | FROM contacts AS c",
        "  |      ^^^^^^^^",
        "  = records_per_daily_interval: 25,500,000 records, limit 24,000,000 (counted on a stand-in)",
        "  = help: Write it as database.schema.table.",
        "  = in: pipeline contacts, pipeline orders",
        "  = source: https://limits.example/",
        "  = waived until 2027-03-31 by data-platform: search path is fixed",
    ]


def test_a_clean_report_says_what_was_proven_and_how_deep() -> None:
    assert render(report(), "text").splitlines() == [
        "preflight live: the warehouse was asked",
        "project preflight.yml, limits docs-2025-02",
        "",
        "pipeline contacts: proven (1 passed)",
        "",
        "0 errors, 0 warnings, 0 infos; rules: 1 passed, 0 unproven, 0 inapplicable",
    ]


def test_unproven_is_never_called_proven_and_stands_under_its_reason_once() -> None:
    reason = "the run is offline"
    verdicts = [verdict(f"PF40{i}", State.UNPROVEN, who, reason=reason) for who in (CONTACTS, ORDERS) for i in range(6)]
    lines = render(report(subjects=(CONTACTS, ORDERS), verdicts=tuple(verdicts)), "text").splitlines()
    assert lines[3:8] == [
        "pipeline contacts: not proven (0 passed, 6 unproven)",
        "pipeline orders: not proven (0 passed, 6 unproven)",
        "",
        "unproven: the run is offline",
        "  pipeline contacts, pipeline orders: rule-pf400, rule-pf401, rule-pf402, rule-pf403 and 2 more",
    ]
    assert lines[-1].endswith("0 passed, 12 unproven, 0 inapplicable")


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"depth": Depth.LOCAL}, "proven on a stand-in"),
        ({"depth": Depth.LOCKED}, "proven against the lock"),
        ({"findings": (finding(*TABLE),)}, "errors"),
        ({"findings": (finding(*TABLE, waiver=WAIVER),)}, "proven"),
        ({"findings": (finding(*TABLE, severity=Severity.WARNING),)}, "proven, with remarks"),
        ({"findings": (finding(*TABLE, subject=ORDERS, also=(CONTACTS,)),)}, "errors"),
        ({"left_out": ("window-over-record-limit",)}, "not proven"),
        ({"verdicts": (verdict("PF401", State.UNPROVEN, reason="no"),)}, "not proven"),
        ({"verdicts": (verdict("PF401", State.UNPROVEN, reason="no", gating=False),)}, "proven"),
        ({"verdicts": (verdict("PF401", State.UNPROVEN, reason="no", waiver=WAIVER),)}, "proven"),
    ],
)
def test_a_subject_is_called_proven_only_where_nothing_speaks_against_it(changes: dict, standing: str) -> None:
    assert f"\npipeline contacts: {standing} (" in render(report(**changes), "text")


def test_numbers_that_passed_stay_in_the_report() -> None:
    text = render(report(verdicts=(verdict("PF401", measures=(OVER,)),)), "text")
    assert "\n  records_per_daily_interval: 25,500,000 records, limit 24,000,000 (counted on a stand-in)\n" in text


def test_failures_bugs_waivers_and_notes_are_said() -> None:
    failure = Failure("connection crm", "connect", "authentication failed", "Correct the password.")
    text = render(
        report(
            failures=(failure,),
            bugs=(Bug("some-rule", CONTACTS, "Traceback"),),
            waivers=(WAIVER,),
            left_out=("a", "b", "c", "d", "e", "f"),
            notes=("Rows were sampled.",),
        ),
        "text",
    )
    assert "could not ask connection crm, connect: authentication failed\n  = help: Correct the password.\n" in text
    assert "bug: the rule some-rule crashed on pipeline contacts\n" in text
    assert "waived: unqualified-table for contacts until 2027-03-31 by data-platform: search path is fixed\n" in text
    assert "did not run: a, b, c, d and 2 more\n" in text
    assert "note: Rows were sampled.\n" in text
    assert "0 errors, 0 warnings, 0 infos, 1 not reached; " in text
    assert "Traceback" not in text


def test_the_summary_counts_and_the_worst_finding_is_explained() -> None:
    findings = (
        finding(*TABLE, severity=Severity.INFO, code="PF319"),
        finding(*TABLE),
        finding(*TABLE, waiver=WAIVER),
    )
    lines = render(report(findings=findings), "text").splitlines()
    assert lines[-1].startswith("1 error, 0 warnings, 1 info, 1 waived; ")
    assert "note: `preflight explain PF105` says more about a rule" in lines


# -- the snippet -------------------------------------------------------------------------------------------------------


def marked(line: str, text: str, style: Style | None = None) -> tuple[str, str]:
    """The source line and the underline of the span of ``text`` in ``line``."""
    source = SourceFile("m.sql", line)
    start = line.index(text)
    found = report(findings=(finding(start, start + len(text), source),), sources={"m.sql": source})
    lines = render(found, "text", style).splitlines()
    at = next(i for i, shown in enumerate(lines) if shown.startswith("1 |"))
    return lines[at].removeprefix("1 | "), lines[at + 1].removeprefix("  | ")


def columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.category(char) == "Mn" for char in text)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("SELECT ", "a"),
        ("\tSELECT\t", "a\tb"),
        ("SELECT '東京' AS ", "名前"),
        ("SELECT 'e\u0301\u0301' AS ", "e\u0301a"),
        ("SELECT '\x1b[31m' AS ", "a\x1b]0;x\x07b"),
        ("SELECT '\u202e' AS ", "\u200bx"),
        ("SELECT '❤\ufe0f' AS ", "x"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "shift_jis"])
def test_the_underline_stands_under_its_text(before: str, text: str, encoding: str) -> None:
    style = Style(encoding=encoding)
    shown, under = marked(f"{before}{text}, z FROM t", text, style)
    rest = ", z FROM t"
    assert shown.endswith(rest)
    head, tail = columns(shown) - columns(rest), len(under)
    assert tail == head
    assert under.strip(" ") == "^" * (head - columns(style.clean(before.replace("\t", "    "))))


def test_a_span_over_several_lines_shows_its_first_and_goes_on() -> None:
    start = SQL.text.index("c.a")
    text = finding_block(finding(start, len(SQL.text) - 1), {SQL.path: SQL})
    assert "3 | WHERE c.a\n  |       ^^^ ...\n" in text


def test_an_empty_span_at_the_end_of_a_line_is_marked() -> None:
    end = SQL.text.index("\n")
    assert "1 | SELECT c.id\n  |            ^\n" in finding_block(finding(end, end), {SQL.path: SQL})


@pytest.mark.parametrize("at", [0, 5_000, 99_990])
def test_a_very_long_line_is_cut_around_the_span(at: int) -> None:
    line = "x" * at + "needle" + "y" * (99_990 - at)
    shown, under = marked(line, "needle")
    assert len(shown) <= 116
    assert shown[under.index("^") :][:6] == "needle"
    assert under.strip() == "^^^^^^"
    assert shown.startswith("...") == (at > 0)
    assert shown.endswith("...") == (at < 99_990)


def test_a_span_longer_than_the_window_goes_on() -> None:
    shown, under = marked("SELECT " + "z" * 5_000, "z" * 5_000)
    assert shown.endswith("z...")
    assert under.endswith("^ ...")


def test_a_line_of_wide_characters_is_cut_by_columns() -> None:
    shown, _ = marked("字" * 300 + "needle", "needle")
    assert columns(shown) <= 116


def test_a_finding_without_file_or_text_is_shown_all_the_same() -> None:
    nowhere = finding_block(finding(0, 1, span=None), {})
    assert nowhere.splitlines()[1] == "  = help: Write it as database.schema.table."
    unread = finding_block(finding(0, 1), {})
    assert unread.splitlines()[1:3] == [" --> models/contacts.sql:1:1", "  = help: Write it as database.schema.table."]


@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_a_narrow_terminal_gets_a_narrower_snippet(width: int) -> None:
    line = "x" * 300 + "needle" + "y" * 300
    shown, under = marked(line, "needle", Style(width=width))
    assert len(shown) + len("1 | ") <= width
    assert len(shown) > min(width, 116) - 15
    assert shown[under.index("^") :][:6] == "needle"


# -- the windows -------------------------------------------------------------------------------------------------------


def drawn(counted: Windows, style: Style | None = None) -> list[str]:
    lines = render(report(windows={"contacts": counted}), "text", style).splitlines()
    return [line for line in lines if "windows" in line or line.strip().startswith("^") or line.endswith("^")]


def test_windows_near_their_limit_are_drawn_with_the_worst_marked() -> None:
    assert drawn(windows(3, 0, 16, 8, 15, limit=16)) == [
        "  daily windows ▂ █▅█",
        "                  ^ 2026-11-03T03:05:00Z: 16 of 16",
    ]


def test_windows_far_below_their_limit_are_not_drawn() -> None:
    assert drawn(windows(7, 3, limit=16)) == []


def test_a_window_over_the_limit_is_red() -> None:
    counted = windows(17, 3, limit=16)
    assert "daily windows \x1b[1;31m█\x1b[0m▂" in drawn(counted, Style(color=True))[0]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1"])
def test_windows_are_drawn_in_ascii_where_there_are_no_blocks(encoding: str) -> None:
    assert drawn(windows(1, 16, 8, limit=16), Style(encoding=encoding))[0] == "  daily windows .@+"


@pytest.mark.parametrize("width", [0, 40, 60, 80])
@pytest.mark.parametrize("worst", [0, 150, 299])
def test_very_many_windows_fit_the_terminal(width: int, worst: int) -> None:
    rows = [1] * 300
    rows[worst] = 20
    bars, mark = drawn(windows(*rows, limit=24), Style(width=width))[:2]
    assert len(bars) <= (width or 80)
    assert len(mark) <= (width or 120)
    assert bars.count("▇") == 1
    assert bars.index("▇") == mark.index("^")


# -- what holds for any report -----------------------------------------------------------------------------------------

hostile = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x07\r\n\t\u202e\ud800a→")), max_size=12)


@settings(deadline=None)
@given(texts=st.lists(hostile, min_size=8, max_size=8), span=st.tuples(st.integers(0, 60), st.integers(0, 60)))
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252", "no-such-encoding"])
def test_no_text_steers_the_terminal_or_breaks_the_stream(
    encoding: str, texts: list[str], span: tuple[int, int]
) -> None:
    a, b, c, d, e, f, g, h = texts
    source = SourceFile(a, b + "\n" + c)
    subject = Subject(SubjectKind.PIPELINE, d)
    waiver = Waiver(e, f, g, date(2027, 1, 1), h)
    measures = (Measure(a, b, c, 3, source=d), Measure(e, 0.5, f))
    found = finding(*span, source, code=a, name=b, message=e, remedy=f, subject=subject, measures=measures)
    hostile_report = report(
        project=g,
        profile=h,
        subjects=(subject,),
        findings=(found, finding(0, 1, source, waiver=waiver)),
        verdicts=(
            verdict("PF1", State.UNPROVEN, subject, name=a, reason=b),
            verdict("PF2", subject=subject, measures=(OVER,)),
        ),
        failures=(Failure(c, d, e, f),),
        waivers=(waiver,),
        sources={a: source},
        left_out=(g,),
        bugs=(Bug(h, subject, a),),
        notes=(b,),
    )
    plain = render(hostile_report, "text", Style(encoding=encoding))
    plain.encode("ascii" if encoding == "no-such-encoding" else encoding)
    assert all(char == "\n" or char.isprintable() for char in plain)
    painted = render(hostile_report, "text", Style(color=True, encoding=encoding))
    assert SGR.sub("", painted) == plain


def test_the_project_is_a_subject_like_any_other() -> None:
    text = render(report(verdicts=(verdict("PF701", State.UNPROVEN, PROJECT, reason="it was not asked"),)), "text")
    assert "\nproject: not proven (0 passed, 1 unproven)\n" in text
