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


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT * FROM TABLE(GETNEXTVAL(s))", "snowflake"),
        ("SELECT SNOWFLAKE.CORTEX.COMPLETE('m', 'x')", "snowflake"),
        ("SELECT * FROM TABLE(SNOWFLAKE.CORTEX.SEARCH_PREVIEW('x'))", "snowflake"),
        ("SELECT * FROM TABLE('@stage/file')", "snowflake"),
        ("SELECT * FROM DIRECTORY(@stage)", "snowflake"),
        ("SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@stage'))", "snowflake"),
        ("SHOW TABLES ->> SELECT SYSTEM$WAIT(5)", "snowflake"),
        ("DESCRIBE TABLE t ->> DROP TABLE t", "snowflake"),
        ("SELECT AI.GENERATE('x')", "bigquery"),
        ("SELECT * FROM AI.FORECAST(TABLE t)", "bigquery"),
        ("SELECT * FROM ML.GENERATE_TEXT(MODEL m, TABLE t)", "bigquery"),
        ("SELECT TRANSFORM(a) USING 'sh' AS (b) FROM t", "databricks"),
        ("SELECT `system`.`builtin`.`java_method`('a')", "databricks"),
        ("SELECT * FROM csv.`s3://bucket/file`", "databricks"),
        ("SELECT * FROM TEXT.`/etc/passwd`", "databricks"),
    ],
)
def test_what_one_engine_alone_knows_is_refused(sql: str, dialect: str) -> None:
    with pytest.raises(WarehouseError, match="does not send"):
        _guard.allow(sql, dialect)


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SHOW TABLES LIKE 'a->>b'", "snowflake"),
        ("SELECT a FROM text.notes", "databricks"),
        ("SELECT a FROM delta.`/mnt/t`", "databricks"),
        ("SELECT ai.score, cortex.a FROM ai, cortex", "snowflake"),
        ("SELECT s.clean(a) AS a FROM s.t", "bigquery"),
        ("SELECT * FROM TABLE(FLATTEN(INPUT => PARSE_JSON('[1]')))", "snowflake"),
    ],
)
def test_what_only_looks_like_it_passes(sql: str, dialect: str) -> None:
    _guard.allow(sql, dialect)
