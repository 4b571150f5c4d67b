"""Reports as values, for the writers' tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from preflight.finding import (
    STATIC,
    Basis,
    Bug,
    ColumnFate,
    Depth,
    Digests,
    Failure,
    Fate,
    Finding,
    Grade,
    Measure,
    Report,
    Severity,
    State,
    Subject,
    SubjectKind,
    Verdict,
    Waiver,
    WindowRows,
    Windows,
)
from preflight.location import SourceFile

PROJECT = Subject(SubjectKind.PROJECT)
CONTACTS = Subject(SubjectKind.PIPELINE, "contacts")
ORDERS = Subject(SubjectKind.PIPELINE, "orders")
WAIVER = Waiver("unqualified-table", "data-platform", "search path is fixed", date(2027, 3, 31), "contacts")
COUNTED = Basis(Grade.COUNTED, stand_in=True)
OVER = Measure("records_per_daily_interval", 25_500_000, "records", 24_000_000, COUNTED, "https://limits.example/")
SQL = SourceFile("models/contacts.sql", "SELECT c.id\nFROM contacts AS c\nWHERE c.a\n  > 1\n")


def report(**changes: Any) -> Report:
    """An empty, clean report with the given changes."""
    clean = Report(
        depth=Depth.LIVE,
        project="preflight.yml",
        created=datetime(2026, 11, 24, tzinfo=UTC),
        profile="docs-2025-02",
        subjects=(PROJECT, CONTACTS),
        findings=(),
        verdicts=(verdict("PF101"),),
        failures=(),
        waivers=(),
        sources={SQL.path: SQL},
        digests=Digests("", "", "", "", ""),
        weakest=STATIC,
    )
    return msgspec.structs.replace(clean, **changes)


def finding(start: int, end: int, source: SourceFile = SQL, **changes: Any) -> Finding:
    """An error on a stretch of a file."""
    error = Finding(
        code="PF105",
        name="unqualified-table",
        severity=Severity.ERROR,
        message="The table contacts is named without its database and schema.",
        remedy="Write it as database.schema.table.",
        subject=CONTACTS,
        span=source.span(start, end),
    )
    return msgspec.structs.replace(error, **changes)


def verdict(code: str, state: State = State.PASS, subject: Subject = CONTACTS, **changes: Any) -> Verdict:
    """A gating verdict."""
    plain = Verdict(code, f"rule-{code.lower()}", Severity.ERROR, subject, state, gating=True)
    return msgspec.structs.replace(plain, **changes)


def windows(*rows: int, limit: int = 24_000_000) -> Windows:
    """Daily windows from 2026-11-01T03:05:00Z with these rows."""
    first = 1_793_502_300
    found = tuple(WindowRows(first + i * 86_400, first + (i + 1) * 86_400, count) for i, count in enumerate(rows))
    worst = msgspec.structs.replace(OVER, value=max(rows), limit=limit)
    return Windows("daily", found, len(rows), worst)


def full(**changes: Any) -> Report:
    """A report with something of every kind in it."""
    everything = report(
        depth=Depth.LOCAL,
        subjects=(PROJECT, CONTACTS, ORDERS),
        findings=(
            finding(5, 9, measures=(OVER, Measure("share", float("nan")), Measure("kind", "text", "", None))),
            finding(5, 9, span=None, also=(ORDERS,), waiver=WAIVER, severity=Severity.WARNING),
        ),
        verdicts=(
            verdict("PF105", State.FINDINGS),
            verdict("PF105", State.FINDINGS, ORDERS, waiver=WAIVER),
            verdict("PF401", State.UNPROVEN, reason="it was not asked"),
            verdict("PF402", State.UNPROVEN, reason="it was not asked"),
            verdict("PF601", State.INAPPLICABLE, reason="a stand-in has no grants"),
            verdict("PF201", measures=(OVER,)),
        ),
        failures=(Failure("workspace 1", "read", "network", "Connect."),),
        bugs=(Bug("some-rule", CONTACTS, "Traceback"),),
        left_out=("some-rule",),
        waivers=(WAIVER,),
        weakest=Basis(Grade.COUNTED, stand_in=True),
        fates={"contacts": (ColumnFate("ID", Fate.USER_IDENTITY, "customer_id"), ColumnFate("AT", Fate.ITERATOR))},
        next_runs={"contacts": (1_795_489_500,)},
        windows={"contacts": windows(5, 25_500_000, 0, 12)},
        notes=("Rows were sampled.",),
        exit_code=3,
    )
    return msgspec.structs.replace(everything, **changes)


TRAPS = (
    "\x1b[31m",
    "\x9b\x07\x00",
    "\r\n",
    "\t",
    "\u202e\u200b\u2028",
    "\ud800",
    "]]>",
    "<script>alert(1)</script>",
    "<!-- -->",
    "&amp;",
    "\"'",
    "::error::x",
    "##[error]x",
    "%0A",
    "| x |",
    "`x`",
    "**x**",
    "[x](https://evil.example)",
    "https://evil.example/",
    "www.evil.example",
    "@octocat",
    "owner/repo#1",
    "javascript:alert(1)",
    "</details>",
    "```\n",
    "../../x:y,z",
    "東京 ❤\ufe0f",
    "\\",
)
hostile = st.lists(st.one_of(st.sampled_from(TRAPS), st.text(max_size=6)), max_size=4).map("".join)


@st.composite
def spoilt(draw: st.DrawFn) -> Report:
    """A report whose every text is hostile, and whose span lies anywhere."""
    a, b, c, d, e, f, g, h = (draw(hostile) for _ in range(8))
    start, end = draw(st.tuples(st.integers(0, 60), st.integers(0, 60)))
    source = SourceFile(a, f"{b}\n{c}")
    subject = Subject(SubjectKind.PIPELINE, d)
    waiver = Waiver(e, f, g, date(2027, 1, 1), h)
    measures = (Measure(a, b, c, 3, source=d), Measure(e, 0.5, f))
    found = finding(start, end, source, name=b, message=e, remedy=f, subject=subject, measures=measures)
    return report(
        project=g,
        profile=h,
        subjects=(subject,),
        findings=(found, finding(0, 1, source, waiver=waiver), finding(0, 1, span=None, subject=subject, message=a)),
        verdicts=(
            verdict("PF105", State.FINDINGS, subject, name=b),
            verdict("PF401", State.UNPROVEN, subject, name=a, reason=b),
            verdict("PF402", State.INAPPLICABLE, subject, reason=c),
            verdict("PF403", subject=subject, measures=(OVER, *measures)),
        ),
        failures=(Failure(c, d, e, f),),
        waivers=(waiver,),
        sources={a: source},
        left_out=(g,),
        bugs=(Bug(h, subject, a),),
        fates={d: (ColumnFate(a, Fate.ATTRIBUTE, b),)},
        next_runs={d: (0,)},
        windows={d: windows(1, 2, limit=1)},
        notes=(b,),
        exit_code=1,
    )
