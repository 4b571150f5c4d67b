"""What may mean something else in DuckDB is refused, by its text or by its data; the rest is carried over."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.errors import Cause, WarehouseError
from preflight.model import HistogramAsk, IteratorKind
from preflight.query.transpile import transpile
from tests.adapters.stand_ins import Open

DIALECTS = ("snowflake", "bigquery", "redshift", "databricks")

REFUSED = [
    ("snowflake", "SELECT f.value AS a FROM t, LATERAL FLATTEN(input => t.items) AS f"),
    ("snowflake", "SELECT a FROM t LEFT JOIN LATERAL (SELECT 1 AS b) AS x"),
    ("snowflake", "SELECT a FROM t SAMPLE (10)"),
    ("snowflake", "SELECT a FROM t AT (OFFSET => -60)"),
    ("snowflake", "SELECT a FROM t CHANGES (INFORMATION => DEFAULT) AT (OFFSET => -60)"),
    ("snowflake", "SELECT a FROM t ASOF JOIN u MATCH_CONDITION (t.a >= u.a)"),
    ("snowflake", "SELECT a FROM t CONNECT BY PRIOR a = b"),
    ("snowflake", "SELECT * ILIKE '%x%' FROM t"),
    ("snowflake", "SELECT $1 AS a FROM t"),
    ("snowflake", "SELECT t.$1 AS a FROM t"),
    ("snowflake", "SELECT a FROM @stage"),
    ("snowflake", "SELECT a FROM IDENTIFIER('s.t')"),
    ("snowflake", "SELECT a FROM TABLE(f(1))"),
    ("snowflake", "SELECT METADATA$FILENAME AS a FROM t"),
    ("snowflake", "SELECT a FROM t WHERE TO_CHAR(b, 'YYYY') = '2026'"),
    ("snowflake", "SELECT TO_VARCHAR(a, 'YYYY-MM-DD') AS a FROM t"),
    ("snowflake", "SELECT a FROM t WHERE TO_DATE(b, 'DD/MM/YYYY') > '2026-01-01'"),
    ("snowflake", "SELECT a FROM t WHERE b:c.d = 1"),
    ("snowflake", "SELECT a FROM t WHERE b['c'] = 1"),
    ("snowflake", "SELECT a FROM t WHERE REGEXP_LIKE(b, 'x')"),
    ("snowflake", "SELECT a FROM t WHERE b LIKE ANY ('x', 'y\\\\_')"),
    ("snowflake", "SELECT a FROM t WHERE CONVERT_TIMEZONE('UTC', b) > c"),
    ("snowflake", "SELECT a FROM t WHERE HASH(b) = 1"),
    ("snowflake", "SELECT a FROM t WHERE AVG(b) OVER () > 1"),
    ("snowflake", 'SELECT "a" AS x, A AS y FROM t'),
    ("snowflake", 'SELECT "email" FROM t'),
    ("snowflake", 'SELECT a FROM "contacts"'),
    ("snowflake", "SELECT COLLATE(a, 'en-ci') AS a FROM t"),
    ("snowflake", "SELECT DATE_TRUNC('day', ts) AS ts FROM t GROUP BY ts"),
    ("bigquery", "SELECT a FROM t TABLESAMPLE SYSTEM (10 PERCENT)"),
    ("bigquery", "SELECT a FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'"),
    ("bigquery", "SELECT a FROM t WHERE _PARTITIONTIME > TIMESTAMP '2026-01-01'"),
    ("bigquery", "SELECT a FROM `p.d.events_*`"),
    ("bigquery", "SELECT a FROM `p.d.events_*` WHERE _TABLE_SUFFIX = '1'"),
    ("bigquery", "SELECT a FROM `p.d.t` JOIN `p.d.T` USING (a)"),
    ("bigquery", "SELECT i FROM t, UNNEST(t.items) AS i"),
    ("bigquery", "SELECT i FROM t, t.items AS i"),
    ("bigquery", "SELECT ARRAY_AGG(a IGNORE NULLS ORDER BY b LIMIT 1)[OFFSET(0)] AS a FROM t GROUP BY c"),
    ("bigquery", "SELECT AS STRUCT a FROM t"),
    ("bigquery", "SELECT a FROM t WHERE EXTRACT(DAYOFWEEK FROM b) = 1"),
    ("bigquery", "SELECT a FROM t WHERE EXTRACT(WEEK FROM b) = 1"),
    ("bigquery", "SELECT a FROM t WHERE TIMESTAMP_DIFF(b, c, DAY) > 1"),
    ("bigquery", "SELECT a FROM t WHERE TRIM(b) = 'x'"),
    ("bigquery", "SELECT a FROM t WHERE SUBSTR(b, 0, 2) = 'x'"),
    ("bigquery", "SELECT a FROM t WHERE SAFE.SUBSTR(b, 1) = 'x'"),
    ("bigquery", "SELECT a FROM t WHERE b = @p"),
    ("bigquery", "SELECT a FROM t WHERE CAST(b AS STRING FORMAT 'YYYY') = '2026'"),
    ("bigquery", "SELECT a FROM p.d.INFORMATION_SCHEMA.TABLES"),
    ("redshift", "SELECT i FROM t AS o, o.items AS i"),
    ("redshift", "SELECT a FROM t AS o WHERE o.sup[0].b = 1"),
    ("redshift", "SELECT a FROM t WHERE JSON_EXTRACT_PATH_TEXT(b, 'c') = 'x'"),
    ("redshift", "SELECT a FROM t WHERE CONCAT(b, c) = 'x'"),
    ("redshift", "SELECT a FROM t WHERE DATEDIFF(week, b, c) > 1"),
    ("redshift", "SELECT a FROM t WHERE EXTRACT(epoch FROM b) > 1"),
    ("redshift", "SELECT a FROM t WHERE b SIMILAR TO 'x'"),
    ("redshift", "SELECT a FROM t WHERE b ~ 'x'"),
    ("redshift", "SELECT a FROM t WHERE ISNULL(b, 1) = 1"),
    ("redshift", "SELECT a FROM t WHERE b::VARCHAR(3) = 'abc'"),
    ("redshift", "SELECT a FROM pg_class"),
    ("redshift", "SELECT a INTO x FROM t"),
    ("redshift", "SELECT DISTINCT ON (a) a, b FROM t"),
    ("databricks", "SELECT y FROM t LATERAL VIEW EXPLODE(a) x AS y"),
    ("databricks", "SELECT EXPLODE(a) AS b FROM t"),
    ("databricks", "SELECT a FROM t TABLESAMPLE (10 PERCENT)"),
    ("databricks", "SELECT a FROM t VERSION AS OF 1"),
    ("databricks", "SELECT a FROM t TIMESTAMP AS OF '2026-01-01'"),
    ("databricks", "SELECT a FROM delta.`/path/x`"),
    ("databricks", "SELECT a FROM read_files('x')"),
    ("databricks", "SELECT a FROM STREAM(t)"),
    ("databricks", "SELECT a FROM t WHERE EXISTS(b, x -> x = 1)"),
    ("databricks", "SELECT a FROM t WHERE DAYOFWEEK(b) = 1"),
    ("databricks", "SELECT a FROM t WHERE TRUNC(b, 'MM') = c"),
    ("databricks", "SELECT a FROM t WHERE DATEDIFF(HOUR, b, c) > 1"),
    ("databricks", "SELECT a FROM t WHERE FROM_UTC_TIMESTAMP(b, 'Europe/Berlin') > c"),
    ("databricks", "SELECT a FROM t WHERE b RLIKE 'x'"),
    ("databricks", "SELECT a FROM t SORT BY a LIMIT 1"),
    ("databricks", "SELECT TRANSFORM(a) USING 'cat' AS (b) FROM t"),
    *((dialect, "SELECT a FROM t PIVOT (SUM(x) FOR y IN ('a', 'b'))") for dialect in DIALECTS),
    *((dialect, "SELECT a FROM t WHERE my_udf(b) = 1") for dialect in DIALECTS),
    *((dialect, "SELECT my_udf(b) AS a FROM t") for dialect in DIALECTS),
    *((dialect, "SELECT rowid AS a FROM t") for dialect in DIALECTS),
    *((dialect, "SELECT a FROM information_schema.tables") for dialect in DIALECTS),
    *((dialect, "SELECT 1; SELECT 2") for dialect in DIALECTS),
    *((dialect, "DELETE FROM t") for dialect in DIALECTS),
    *((dialect, "SELECT 'open") for dialect in DIALECTS),
    *((dialect, "") for dialect in DIALECTS),
    *((dialect, "SELECT " + "(" * 3000 + "1" + ")" * 3000 + " AS a") for dialect in DIALECTS),
]


@pytest.mark.parametrize(("dialect", "sql"), REFUSED, ids=lambda text: text[:60])
def test_what_may_differ_is_refused(dialect: str, sql: str) -> None:
    with pytest.raises(WarehouseError) as refused:
        transpile(sql, dialect)
    assert refused.value.cause is Cause.UNSUPPORTED
    assert "\n" not in refused.value.message
    assert "\x1b" not in refused.value.message


LOOSE = [
    "SELECT a, amount / 3 AS third, AVG(amount) AS mean FROM t GROUP BY a",
    "SELECT a, REGEXP_REPLACE(b, 'x', 'y') AS b FROM t",
    "SELECT a, ROUND(c / d, 2) AS e, INITCAP(b) AS b FROM t WHERE a > 1",
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", LOOSE)
def test_an_expression_that_is_only_put_out_may_be_rounded(dialect: str, sql: str) -> None:
    assert "preflight" not in transpile(sql, dialect, iterator="a")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT AVG(a) AS x FROM t",
        "SELECT DISTINCT b, AVG(a) AS m FROM t GROUP BY b",
        "SELECT b, AVG(a) AS m FROM t GROUP BY b LIMIT 3",
        "SELECT b, AVG(a) AS m FROM t GROUP BY b HAVING m > 1",
        "SELECT b, AVG(a) OVER () AS m FROM t QUALIFY m > 1",
        "SELECT q.m FROM (SELECT AVG(a) AS m FROM t) AS q",
        "SELECT AVG(a) AS m FROM t UNION ALL SELECT AVG(b) AS m FROM t",
        "SELECT MEDIAN(a) AS m, COUNT(*) AS n FROM t GROUP BY MEDIAN(a)",
        "SELECT (SELECT AVG(a) FROM t) AS m FROM t",
    ],
)
def test_but_not_where_a_row_or_the_iterator_depends_on_it(sql: str) -> None:
    with pytest.raises(WarehouseError):
        transpile(sql, "snowflake", iterator="X")


@pytest.mark.parametrize(
    ("before", "after"), [("CAST(", " AS INT)"), ("1.5 / (", ")"), ("(", " / 2)"), ("TO_DATE(", ")")]
)
def test_nested_guards_do_not_grow_without_bound(before: str, after: str) -> None:
    began = time.process_time()
    assert transpile(f"SELECT a FROM t WHERE {before * 4}a{after * 4} = b", "snowflake")
    with pytest.raises(WarehouseError):
        transpile(f"SELECT a FROM t WHERE {before * 20}a{after * 20} = b", "snowflake")
    assert time.process_time() - began < 5


def test_a_hint_is_no_part_of_the_meaning() -> None:
    assert transpile("SELECT /*+ BROADCAST(u) */ t.a FROM t JOIN u ON t.a = u.a", "databricks")


def test_a_catalog_is_dropped_or_mapped() -> None:
    sql = "SELECT CRM.public.t.a FROM CRM.public.t JOIN x.public.u ON CRM.public.t.a = u.a"
    assert transpile(sql, "snowflake") == "SELECT public.t.a FROM public.t JOIN public.u ON public.t.a = u.a"
    mapped = transpile(sql, "snowflake", catalogs={"crm": "one", "X": "two"})
    assert mapped == 'SELECT "one".public.t.a FROM "one".public.t JOIN "two".public.u ON "one".public.t.a = u.a'


@pytest.mark.parametrize("sql", ["SELECT a FROM other.public.t", "SELECT a FROM public.t"])
def test_a_catalog_without_a_file_is_refused(sql: str) -> None:
    with pytest.raises(WarehouseError) as refused:
        transpile(sql, "snowflake", catalogs={"crm": "one"})
    assert refused.value.remedy


def test_a_common_table_is_no_table() -> None:
    sql = "WITH t AS (SELECT a FROM crm.public.u) SELECT a FROM t"
    assert transpile(sql, "snowflake", catalogs={"CRM": "one"}).endswith("SELECT a FROM t")


def test_the_recursion_limit_is_as_before() -> None:
    before = sys.getrecursionlimit()
    nested = "SELECT " + "(" * 100 + "1" + ")" * 100 + " AS a"
    threads = [threading.Thread(target=transpile, args=(nested, "snowflake")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.getrecursionlimit() == before


WORDS = [
    "SELECT ",
    " FROM ",
    " AS ",
    " WHERE ",
    "WITH ",
    " JOIN ",
    "CASE ",
    " END",
    *"()'\"`;,.*/-#$@:[]{}=<>ab01 \n\\\x00é",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join), st.sampled_from(DIALECTS))
def test_any_text_is_transpiled_or_refused(sql: str, dialect: str) -> None:
    with suppress(WarehouseError):
        assert transpile(sql, dialect)


# Equality that hangs on the data: DuckDB stops rather than differ.

ROWS = """CREATE TABLE t AS SELECT * FROM (VALUES
  (1, 2.0::DOUBLE, 1.50::DECIMAL(10, 2), '2', '2026-01-01 10:00:00', TIMESTAMP '2026-01-01 00:00:00.75', 0),
  (2, 3.0::DOUBLE, 2.50::DECIMAL(10, 2), '3', '2026-01-01 10:00:00', TIMESTAMP '2026-01-01 01:00:00', 5)
) AS r (n, f, d, s, w, ts, zero);
CREATE TABLE odd AS SELECT 1.5::DOUBLE AS f, '1.5' AS s, '2026-01-01 10:00:00+02' AS w, TRUE AS b, 'x' AS x;"""


def rows(adapter: object, sql: str) -> int:
    return adapter.histogram(HistogramAsk(sql, None, None, 0, 0)).rows  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("dialect", "sql", "count"),
    [
        ("snowflake", "SELECT n FROM t WHERE f::INT = 2", 1),
        ("databricks", "SELECT n FROM t WHERE CAST(s AS INT) = 2", 1),
        ("bigquery", "SELECT n FROM t WHERE CAST(n AS STRING) = '1'", 1),
        ("redshift", "SELECT n FROM t WHERE 7 / n = 3", 1),
        ("databricks", "SELECT n FROM t WHERE n / 2 = 0.5", 1),
        ("bigquery", "SELECT n FROM t WHERE f / n = 2", 1),
        ("snowflake", "SELECT n FROM t WHERE w::TIMESTAMP_NTZ = '2026-01-01 10:00:00'", 2),
        ("bigquery", "SELECT n FROM t WHERE UNIX_SECONDS(TIMESTAMP(ts)) = 1767225600", 1),
        ("snowflake", "SELECT n FROM t WHERE DATE_PART(epoch_second, ts) = 1767225600", 1),
        ("snowflake", "SELECT n FROM t WHERE MOD(n, 2) = 0", 1),
    ],
)
def test_data_that_both_read_alike_is_counted(stand_in: Open, dialect: str, sql: str, count: int) -> None:
    assert rows(stand_in(ROWS, dialect), sql) == count


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("snowflake", "SELECT f FROM odd WHERE f::INT = 2"),
        ("databricks", "SELECT f FROM odd WHERE CAST(f AS INT) = 1"),
        ("redshift", "SELECT f FROM odd WHERE s::INT = 2"),
        ("snowflake", "SELECT f FROM odd WHERE f::VARCHAR = '1.5'"),
        ("snowflake", "SELECT f FROM odd WHERE f::NUMBER(10, 0) = 2"),
        ("snowflake", "SELECT f FROM odd WHERE w::TIMESTAMP_NTZ = '2026-01-01 10:00:00'"),
        ("redshift", "SELECT f FROM odd WHERE w::DATE = '2026-01-01'"),
        ("redshift", "SELECT f FROM odd WHERE x::BOOLEAN"),
        ("snowflake", "SELECT n FROM t WHERE n / 2 = 0.5"),
        ("redshift", "SELECT n FROM t WHERE d / 2 = 0.75"),
        ("databricks", "SELECT n FROM t WHERE d / 2 = 0.75"),
        ("bigquery", "SELECT n FROM t WHERE n / zero > 1"),
        ("redshift", "SELECT n FROM t WHERE n / zero > 1"),
        ("snowflake", "SELECT n FROM t WHERE MOD(n, zero) = 1"),
        ("databricks", "SELECT n FROM t WHERE n DIV zero = 1"),
        ("snowflake", "SELECT n FROM t WHERE 'a' || ts = 'a'"),
        ("snowflake", "SELECT n FROM t WHERE LENGTH(ts) = 19"),
    ],
)
def test_data_that_may_be_read_otherwise_stops_the_query(stand_in: Open, dialect: str, sql: str) -> None:
    with pytest.raises(WarehouseError) as refused:
        rows(stand_in(ROWS, dialect), sql)
    assert refused.value.cause is Cause.UNSUPPORTED


def test_a_rounded_iterator_is_refused_though_it_may_be_put_out(stand_in: Open) -> None:
    adapter = stand_in(ROWS)
    sql = "SELECT n, n / 2 AS half FROM t"
    assert len(adapter.describe(sql).columns) == 2
    assert adapter.histogram(HistogramAsk(sql, "N", IteratorKind.EPOCH_S, 0, 10)).rows == 2
    with pytest.raises(WarehouseError):
        adapter.histogram(HistogramAsk(sql, "HALF", IteratorKind.EPOCH_S, 0, 10))
