from __future__ import annotations

import pytest

from tests.query.sql_support import DIALECTS, marked, read

EVERY = pytest.mark.parametrize("dialect", DIALECTS)


def tables(sql: str, dialect: str) -> list[tuple[str, str]]:
    query = read(sql, dialect)
    assert query.problems == ()
    return [(str(use.ref), marked(query, use.place)) for use in query.tables]


@pytest.mark.parametrize(
    ("sql", "dialect", "expected"),
    [
        ('SELECT a FROM crm.Public."contacts" c', "snowflake", ("CRM.PUBLIC.contacts", 'crm.Public."contacts"')),
        ('SELECT a FROM CRM.Public."Contacts" c', "redshift", ("crm.public.contacts", 'CRM.Public."Contacts"')),
        ("SELECT a FROM CRM.`Public`.Contacts c", "databricks", ("crm.public.contacts", "CRM.`Public`.Contacts")),
        ("SELECT a FROM my-project.d.Contacts", "bigquery", ("my-project.d.Contacts", "my-project.d.Contacts")),
        ("SELECT a FROM `my-project.d.Contacts` c", "bigquery", ("my-project.d.Contacts", "`my-project.d.Contacts`")),
        ("SELECT a FROM p.d.events_*", "bigquery", ("p.d.events_*", "p.d.events_*")),
        ("SELECT a FROM `p.d.events_*` WHERE _TABLE_SUFFIX > '2'", "bigquery", ("p.d.events_*", "`p.d.events_*`")),
        ("SELECT a FROM IDENTIFIER('a.b.c')", "snowflake", ("A.B.C", "IDENTIFIER('a.b.c')")),
        ("SELECT a FROM hive_metastore.s.t", "databricks", ("hive_metastore.s.t", "hive_metastore.s.t")),
        ("SELECT a FROM s.t SAMPLE (10)", "snowflake", ("S.T", "s.t")),
    ],
)
def test_a_name_is_folded_as_the_warehouse_looks_it_up(sql: str, dialect: str, expected: tuple[str, str]) -> None:
    assert tables(sql, dialect) == [expected]


@EVERY
def test_a_table_counts_once_at_its_first_place(dialect: str) -> None:
    sql = "SELECT x.a FROM p.d.u AS x JOIN p.d.t AS y ON x.a = y.a JOIN p.d.u AS z ON z.a = x.a"
    query = read(sql, dialect)
    assert [use.place.start for use in query.tables] == [sql.index("p.d.u"), sql.index("p.d.t")]


@EVERY
def test_tables_are_found_at_any_depth_and_common_table_expressions_are_none(dialect: str) -> None:
    sql = (
        "WITH x AS (SELECT a FROM p.d.one), y AS (SELECT a FROM x) "
        "SELECT a FROM y WHERE a IN (SELECT a FROM p.d.two) AND EXISTS (SELECT 1 FROM x) "
        "UNION ALL SELECT a FROM (SELECT a FROM p.d.three) AS q"
    )
    assert [text for _, text in tables(sql, dialect)] == ["p.d.one", "p.d.two", "p.d.three"]


@EVERY
def test_a_common_table_expression_hides_a_table_only_where_it_is_in_sight(dialect: str) -> None:
    sql = "SELECT a FROM (WITH t AS (SELECT a FROM t) SELECT a FROM t) AS q JOIN s.t ON TRUE JOIN t ON TRUE"
    starts = [use.place.start for use in read(sql, dialect).tables]
    assert starts == [sql.index("FROM t)") + 5, sql.index("s.t")]


def test_a_recursive_one_sees_itself() -> None:
    sql = "WITH RECURSIVE r AS (SELECT a FROM p.d.t UNION ALL SELECT a FROM r) SELECT a FROM r"
    assert [ref for ref, _ in tables(sql, "snowflake")] == ["P.D.T"]


def test_quotes_tell_a_table_from_a_common_table_expression_on_snowflake() -> None:
    assert [ref for ref, _ in tables('WITH x AS (SELECT 1 AS a) SELECT a FROM "x"', "snowflake")] == ["x"]
    assert tables("WITH x AS (SELECT 1 AS a) SELECT a FROM `X`", "databricks") == []


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT f.value FROM TABLE(g(1)) t, LATERAL FLATTEN(input => t.x) f", "snowflake"),
        ("SELECT $1 FROM @stage/path", "snowflake"),
        ("SELECT 1 AS a FROM DUAL", "snowflake"),
        ("SELECT v.x FROM (VALUES (1)) v(x)", "snowflake"),
        ("SELECT x FROM UNNEST([1, 2]) AS x", "bigquery"),
        ("SELECT a FROM read_files('/p')", "databricks"),
        ("SELECT a FROM json.`/p/x`", "databricks"),
        ("SELECT a FROM delta.`s3://bucket/x`", "databricks"),
        ("SELECT id FROM range(10)", "databricks"),
    ],
)
def test_what_is_no_table_is_left_out(sql: str, dialect: str) -> None:
    assert tables(sql, dialect) == []


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT o.a FROM p.d.t AS t, t.items AS o", "bigquery"),
        ("SELECT o.a FROM p.d.t AS t, t.sup AS o", "redshift"),
        ("SELECT o.a FROM p.d.t, t.sup AS o", "redshift"),
    ],
)
def test_walking_into_an_array_is_no_table(sql: str, dialect: str) -> None:
    assert [ref for ref, _ in tables(sql, dialect)] == ["p.d.t"]


def test_a_schema_that_no_source_is_named_after_stays_a_table() -> None:
    assert [ref for ref, _ in tables("SELECT a FROM s.t, s.u", "redshift")] == ["s.t", "s.u"]
