"""Nothing but one reading statement passes the gate, on any engine."""

from __future__ import annotations

import pytest

from preflight.errors import Cause, WarehouseError
from preflight_adapters import _guard
from tests.adapters.statements import DIALECTS, HOSTILE, READS


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", READS)
def test_a_reading_statement_passes(sql: str, dialect: str) -> None:
    _guard.allow(sql, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", HOSTILE, ids=lambda sql: sql[:40] or "empty")
def test_anything_else_is_refused(sql: str, dialect: str) -> None:
    with pytest.raises(WarehouseError) as refused:
        _guard.allow(sql, dialect)
    assert refused.value.cause is Cause.UNSUPPORTED
    assert "\x1b" not in refused.value.message


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT $$ ; DROP TABLE t; $$ AS a", "snowflake"),
        ("SELECT a FROM t // ; DROP TABLE t", "snowflake"),
        ("SELECT a FROM t # ; DROP TABLE t", "bigquery"),
        ('SELECT """;""" AS a', "bigquery"),
        ("SELECT `;` FROM t", "databricks"),
    ],
)
def test_a_semicolon_in_the_dialects_own_quotes_ends_nothing(sql: str, dialect: str) -> None:
    _guard.allow(sql, dialect)
