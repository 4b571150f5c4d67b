"""Reports as values, for the writers' tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec

from preflight.finding import (
    STATIC,
    Basis,
    Depth,
    Digests,
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
