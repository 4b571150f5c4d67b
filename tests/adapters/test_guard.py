"""Nothing but one reading statement passes the gate, on any engine."""

from __future__ import annotations

import pytest

from preflight.errors import Cause, WarehouseError
from preflight_adapters import _guard

DIALECTS = ("snowflake", "bigquery", "redshift", "databricks", "duckdb")

READS = [
    "SELECT 1 AS a",
    "select a from s.t where b > 1;",
    "SELECT 1 AS a -- a comment; with a semicolon",
    "SELECT ';' AS a",
    "/* DROP TABLE t; */ SELECT a FROM t",
    "WITH x AS (SELECT a FROM t) SELECT a FROM x",
    "SELECT a FROM t UNION ALL SELECT b FROM u",
    "(SELECT a FROM t)",
    "SELECT 'DELETE FROM t' AS a, t.update_time FROM t",
    "SELECT a FROM (SELECT b AS a FROM t) AS m",
    "DESCRIBE SELECT 1 AS a",
    "DESCRIBE QUERY SELECT 1 AS a",
    "DESCRIBE TABLE s.t",
    "DESC TABLE s.t",
    "SHOW TABLES",
    "SHOW GRANTS TO ROLE r",
]

HOSTILE = [
    "",
    ";",
    "-- nothing",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE t",
    "SELECT 1;; DELETE FROM t",
    "SELECT 1 /* */ ; /* */ TRUNCATE TABLE t",
    "INSERT INTO t VALUES (1)",
    "INSERT INTO t SELECT * FROM u",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    "CREATE TABLE x AS SELECT 1 AS a",
    "CREATE VIEW v AS SELECT 1 AS a",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN b INT",
    "TRUNCATE TABLE t",
    "GRANT SELECT ON t TO r",
    "WITH r AS (DELETE FROM t RETURNING *) SELECT * FROM r",
    "WITH r AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM r",
    "WITH r AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM r",
    "WITH r AS (SELECT 1 AS a) DELETE FROM t",
    "SELECT a INTO x FROM t",
    "SELECT a FROM t FOR UPDATE",
    "COPY t FROM 'x.csv'",
    "COPY INTO t FROM @stage",
    "COPY (SELECT 1) TO 'x.csv'",
    "UNLOAD ('SELECT 1') TO 's3://b/x'",
    "PUT file:///etc/passwd @stage",
    "CALL p()",
    "EXECUTE IMMEDIATE 'DROP TABLE t'",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN SELECT 1",
    "BEGIN",
    "BEGIN; DROP TABLE t; END",
    "COMMIT",
    "SET x = 1",
    "USE db",
    "ATTACH 'x.db'",
    "DETACH x",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE 'x'",
    "IMPORT DATABASE 'x'",
    "CHECKPOINT",
    "VACUUM",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DECLARE x INT64",
    "DESCRIBE",
    "DESCRIBE DELETE FROM t",
    "DESCRIBE QUERY DELETE FROM t",
    "DESCRIBE QUERY",
    "DESCRIBE SELECT 1; DROP TABLE t",
    "SHOW TABLES; DROP TABLE t",
    "DESCRIBE WITH r AS (DELETE FROM t RETURNING *) SELECT * FROM r",
    "SELECT s.nextval FROM t",
    "SELECT nextval('s')",
    "SELECT SYSTEM$CANCEL_ALL_QUERIES(1)",
    "SELECT pg_terminate_backend(1)",
    "SELECT * FROM EXTERNAL_QUERY('c', 'DELETE FROM t')",
    "SELECT ai_query('m', 'x')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM READ_PARQUET('x')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM parquet_metadata('x')",
    "SELECT * FROM sniff_csv('x')",
    "SELECT * FROM query('DROP TABLE t')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('home_directory')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM sqlite_scan('x', 't')",
    "SELECT * FROM read_files('s3://b/x')",
    "SELECT (SELECT read_text('/etc/passwd')) AS a",
    "SELECT 'open string",
    "SELECT /* open comment",
    "SELECT FROM WHERE",
    "not sql at all",
    "\x00",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
]


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
