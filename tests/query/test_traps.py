"""sqlglot's traps: what the parser lets through, gets wrong or cannot do must not become a wrong word of ours."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from preflight.location import Excerpt, SourceFile
from preflight.model import Column, Kind, Schema, TableInfo, TableRef, Type
from preflight.query import MAX_DEPTH, MAX_LENGTH, Query, parse

DIALECTS = ("snowflake", "bigquery", "redshift", "databricks")


def query(sql: str, dialect: str = "snowflake") -> Query:
    return parse(Excerpt.whole(SourceFile("m.sql", sql)), dialect, "m")


def problem(sql: str, dialect: str = "snowflake") -> tuple[str, str]:
    """The single problem's kind and the text that it marks."""
    found = query(sql, dialect).problems
    assert len(found) == 1, found
    return found[0].kind, sql[found[0].start : found[0].end]


def names(sql: str, dialect: str = "snowflake") -> list[str | None]:
    return [projection.name for projection in query(sql, dialect).projections]


def marked(sql: str, dialect: str = "snowflake") -> list[str]:
    return [sql[p.place.start : p.place.end] for p in query(sql, dialect).projections]


def tables(sql: str, dialect: str = "snowflake") -> list[str]:
    return [str(use.ref) for use in query(sql, dialect).tables]


# -- statements --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("sql", "kind", "mark"),
    [
        ("DELETE FROM t", "not-a-query", "DELETE"),
        ("UPDATE t SET a = 1", "not-a-query", "UPDATE"),
        ("INSERT INTO t SELECT 1 AS a", "not-a-query", "INSERT"),
        ("DROP TABLE t", "not-a-query", "DROP"),
        ("CREATE TABLE t AS SELECT 1 AS a", "not-a-query", "CREATE"),
        ("ALTER TABLE t ADD COLUMN a INT", "not-a-query", "ALTER"),
        ("TRUNCATE TABLE t", "not-a-query", "TRUNCATE"),
        ("GRANT SELECT ON t TO r", "not-a-query", "GRANT"),
        ("CALL p()", "not-a-query", "CALL"),
        ("SHOW TABLES", "not-a-query", "SHOW"),
        ("WITH a AS (SELECT 1 AS x) INSERT INTO t SELECT x FROM a", "not-a-query", "INSERT"),
        ("SELECT a b c FROM t", "sql-syntax-error", "c"),
        ("SELECT a FROM t WHERE", "sql-syntax-error", None),
        ("SELECT 'abc", "sql-syntax-error", "'"),
        ("SELECT a /* never", "sql-syntax-error", "/*"),
        ("SELECT a,, b FROM t", "sql-syntax-error", ","),
        ("SELECT {{ ref('x') }} AS a FROM t", "templated-sql", "{{ ref('x') }}"),
        ("SELECT a FROM t {% if x %} WHERE b {% endif %}", "templated-sql", "{% if x %}"),
        ("", "empty-sql", ""),
        ("   \n ", "empty-sql", None),
        ("-- nothing yet", "empty-sql", None),
        (";", "empty-sql", None),
    ],
)
def test_what_is_no_single_query(dialect: str, sql: str, kind: str, mark: str | None) -> None:
    found, text = problem(sql, dialect)
    assert found == kind
    if mark is not None:
        assert text == mark
    assert query(sql, dialect).unanalysed


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("snowflake", "VALUES (1)"),
        ("databricks", "TABLE foo"),
        ("databricks", "DESCRIBE QUERY SELECT 1"),
        ("snowflake", "EXECUTE IMMEDIATE 'drop table x'"),
        ("snowflake", "COPY INTO @s FROM t"),
        ("bigquery", "EXPORT DATA OPTIONS(uri='gs://x') AS SELECT 1 AS a"),
        ("bigquery", "DECLARE x INT64; SELECT x"),
        ("redshift", "UNLOAD ('select 1') TO 's3://x'"),
        ("snowflake", "USE DATABASE x"),
        ("snowflake", "SET x = 1"),
        ("snowflake", "BEGIN; SELECT 1; END"),
    ],
)
def test_what_sqlglot_takes_for_something_else(dialect: str, sql: str) -> None:
    found = query(sql, dialect).problems
    assert found
    assert found[0].kind in ("not-a-query", "multiple-statements", "sql-syntax-error")


def test_select_into_is_no_query() -> None:
    assert problem("SELECT a INTO b FROM c", "redshift") == ("not-a-query", "INTO")


def test_dml_inside_a_cte_is_no_query() -> None:
    sql = "WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM x"
    assert problem(sql, "redshift") == ("not-a-query", "INSERT")


def test_a_trailing_semicolon_is_a_problem_of_its_own_and_the_query_is_analysed() -> None:
    sql = "SELECT a FROM d.s.t; -- done"
    assert problem(sql) == ("trailing-semicolon", ";")
    assert names(sql) == ["A"]


def test_braces_in_strings_and_comments_are_no_template() -> None:
    assert query("SELECT '{{ a }}' AS x -- {{ b }}\nFROM t /* {% c %} */").problems == ()


def test_nothing_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        query("CALL p()")
        query("EXECUTE IMMEDIATE 'x'")
    assert caplog.records == []
    assert "\x1b" not in query("SELECT a b c FROM t").problems[0].message


# -- depth and size ----------------------------------------------------------------------------------------------------

NESTED = {
    "60 CASE": ("CASE WHEN a = 1 THEN " * 60 + "1" + " ELSE 2 END" * 60, 60, "Case"),
    "300 parentheses": ("(" * 300 + "1" + ")" * 300, 300, "Paren"),
    "120 calls": ("COALESCE(a, " * 120 + "1" + ")" * 120, 120, "Coalesce"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", NESTED)
def test_deep_but_legal_nesting_is_analysed(dialect: str, name: str) -> None:
    expression, count, kind = NESTED[name]
    found = query(f"SELECT {expression} AS x, b FROM c.d.t", dialect)
    assert found.unanalysed == ""
    assert len(found.nodes(kind)) == count
    assert [p.name and p.name.lower() for p in found.projections] == ["x", "b"]
    assert len(found.tables) == 1


def test_deep_subqueries_are_analysed() -> None:
    sql = "SELECT a FROM (" * 200 + "SELECT a FROM c.d.t" + ") AS x" * 200
    assert tables(sql) == ["C.D.T"]
    assert names(sql) == ["A"]


def test_beyond_the_depth_it_is_unanalysed_not_wrong() -> None:
    deep = MAX_DEPTH + 1
    found = query(f"SELECT {'(' * deep}1{')' * deep} AS x")
    assert found.problems == ()
    assert str(deep) in found.unanalysed
    assert found.outputs().complete is False


@pytest.mark.parametrize("sql", ["SELECT " + "NOT " * 20_000 + "a AS x FROM t", "SELECT " + "- " * 20_000 + "1 AS x"])
def test_recursion_without_parentheses_does_not_crash(sql: str) -> None:
    found = query(sql)
    assert found.unanalysed or found.projections


def test_beyond_the_length_it_is_unanalysed() -> None:
    assert "1,000,013 characters" in query("SELECT 1 AS a" + " " * MAX_LENGTH).unanalysed


# -- names, places, stars ----------------------------------------------------------------------------------------------


def test_names_are_folded_as_the_warehouse_folds() -> None:
    assert names('SELECT First_Name, Last AS "Last", x AS Mixed FROM t') == ["FIRST_NAME", "Last", "MIXED"]
    assert names('SELECT First_Name, x AS "Mixed" FROM t', "redshift") == ["first_name", "mixed"]
    assert names("SELECT First_Name, x AS `Mixed` FROM t", "bigquery") == ["First_Name", "Mixed"]
    assert names("SELECT First_Name, x AS `Mixed` FROM t", "databricks") == ["First_Name", "Mixed"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_expression_without_an_alias_has_no_name(dialect: str) -> None:
    assert names("SELECT COUNT(*), a + 1, 7, CASE WHEN a THEN 1 END FROM t", dialect) == [None] * 4


def test_a_struct_field_and_a_redshift_cast_keep_their_name() -> None:
    assert names("SELECT s.a.b FROM t AS s", "bigquery") == ["b"]
    assert names("SELECT x::int FROM t", "redshift") == ["x"]
    assert names("SELECT x::int FROM t", "snowflake") == [None]


def test_databricks_names_casts_and_paths() -> None:
    sql = "SELECT CAST(t.a AS STRING), b::int, j:o, t.j:s.`Zip Code`::int, j:['k'], j:a:c, j:f[0], lower(j:x) FROM t"
    expected = ["a", "b", "o", "Zip Code", "k", "c", "f", None]
    assert names(sql, "databricks") == expected
    assert marked(sql, "databricks")[2:5] == ["j:o", "t.j:s.`Zip Code`::int", "j:['k']"]
    assert [column.name for column in query(f"SELECT * FROM ({sql})", "databricks").outputs().columns] == expected
    assert names("SELECT j:owner FROM t", "snowflake") == [None]


def test_places_are_exact() -> None:
    sql = 'SELECT\n  a.b AS "Quoted",\n  COUNT(*) OVER (PARTITION BY (a.c)),\n  a.*\nFROM t AS a'
    assert marked(sql) == ['"Quoted"', "COUNT(*) OVER (PARTITION BY (a.c))", "a.*"]


def test_places_hold_behind_wide_characters_and_comments() -> None:
    assert marked("SELECT '😀é' AS x, /* y */ y AS z -- w\nFROM t") == ["x", "z"]


def test_the_first_branch_names_a_set_operation() -> None:
    assert names("(SELECT a FROM t) UNION ALL (SELECT b FROM u)") == ["A"]
    assert names("WITH x AS (SELECT 1 AS q) SELECT a FROM x UNION SELECT b FROM u") == ["A"]


@pytest.mark.parametrize(
    ("dialect", "star"),
    [
        ("snowflake", "* EXCLUDE (a)"),
        ("snowflake", "t.* RENAME (a AS b)"),
        ("snowflake", "* ILIKE '%x%'"),
        ("bigquery", "* EXCEPT (a)"),
        ("bigquery", "t.* REPLACE (1 AS a)"),
        ("databricks", "* EXCEPT (a)"),
        ("redshift", "*"),
    ],
)
def test_a_star_is_never_one_column(dialect: str, star: str) -> None:
    found = query(f"SELECT {star} FROM t", dialect)
    assert found.projections[0].is_star
    outputs = found.outputs()
    assert not outputs.complete
    assert "star" in outputs.reason


def _table(ref: TableRef, *columns: str) -> dict[TableRef, TableInfo]:
    return {ref: TableInfo(ref, columns=tuple(Column(name, Type(Kind.TEXT)) for name in columns))}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM d.s.t", ["A", "B", "C"]),
        ("SELECT * EXCLUDE (b) FROM d.s.t", ["A", "C"]),
        ("SELECT x.*, 1 AS one FROM (SELECT * FROM d.s.t) AS x", ["A", "B", "C", "ONE"]),
        ("WITH x AS (SELECT * FROM d.s.t) SELECT * FROM x", ["A", "B", "C"]),
        ("SELECT t.* FROM d.s.t", ["A", "B", "C"]),
        ("SELECT l.*, r.a AS ra FROM d.s.t AS l JOIN d.s.t AS r ON l.a = r.a", ["A", "B", "C", "RA"]),
    ],
)
def test_a_star_is_expanded_where_the_table_is_known(sql: str, expected: Sequence[str]) -> None:
    outputs = query(sql).outputs(None, _table(TableRef("T", "S", "D"), "A", "B", "C"))
    assert outputs.complete
    assert [column.name for column in outputs.columns] == expected


def test_a_star_over_an_unknown_table_stays_unknown() -> None:
    outputs = query("SELECT * FROM d.s.t, d.s.u").outputs(None, _table(TableRef("T", "S", "D"), "A"))
    assert not outputs.complete


def test_a_described_schema_places_each_column() -> None:
    sql = "SELECT a, t.*, z FROM d.s.t"
    schema = Schema(tuple(Column(name) for name in ("A", "P", "Q", "Z")))
    outputs = query(sql).outputs(schema)
    assert [sql[c.place.start : c.place.end] for c in outputs.columns] == ["a", "t.*", "t.*", "z"]
    assert outputs.described


# -- tables ------------------------------------------------------------------------------------------------------------


def test_tables_are_folded_and_named_once() -> None:
    assert tables('SELECT 1 AS a FROM db.s.t JOIN "Db".s."T" ON 1 = 1 JOIN DB.S.T ON 1 = 1') == ["DB.S.T", "Db.S.T"]
    assert tables("SELECT 1 AS a FROM DB.S.T", "redshift") == ["db.s.t"]
    assert tables("SELECT 1 AS a FROM Cat.S.T", "databricks") == ["cat.s.t"]
    assert tables("SELECT 1 AS a FROM Proj.Data.T", "bigquery") == ["Proj.Data.T"]


def test_bigquery_writes_paths_in_many_ways() -> None:
    sql = "SELECT 1 AS a FROM `p-x.d.t` JOIN p-y.d.t2 ON 1 = 1 JOIN `p-z`.d.t3 ON 1 = 1"
    assert tables(sql, "bigquery") == ["p-x.d.t", "p-y.d.t2", "p-z.d.t3"]
    places = [sql[use.place.start : use.place.end] for use in query(sql, "bigquery").tables]
    assert places == ["`p-x.d.t`", "p-y.d.t2", "`p-z`.d.t3"]


@pytest.mark.parametrize(
    "path",
    [
        "`p-x.d.INFORMATION_SCHEMA.TABLES`",
        "p-x.`d`.INFORMATION_SCHEMA.TABLES",
        "`p-x.region-eu`.INFORMATION_SCHEMA.JOBS",
    ],
)
def test_bigquerys_information_schema_is_read_in_any_quotes(path: str) -> None:
    sql = f"SELECT t.a FROM {path} AS t"
    read = query(sql, "bigquery")
    assert (read.problems, read.unanalysed) == ((), "")
    assert sql[read.tables[0].place.start : read.tables[0].place.end] in path
    assert str(read.tables[0].ref) == path.replace("`", "")


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("snowflake", "SELECT f.value AS v FROM d.s.t, LATERAL FLATTEN(input => t.arr) AS f"),
        ("snowflake", "SELECT $1 AS v FROM @stage/x JOIN d.s.t ON 1 = 1"),
        ("bigquery", "SELECT u AS v FROM d.s.t, UNNEST(t.arr) AS u"),
        ("databricks", "SELECT v FROM d.s.t LATERAL VIEW explode(t.arr) x AS v"),
        ("databricks", "SELECT 1 AS v FROM d.s.t JOIN delta.`/p` ON 1 = 1"),
    ],
)
def test_what_is_no_table_is_not_listed(dialect: str, sql: str) -> None:
    assert [name.lower() for name in tables(sql, dialect)] == ["d.s.t"]


def test_a_cte_shadows_a_table_only_in_its_reach() -> None:
    assert tables("WITH t AS (SELECT 1 AS a FROM d.s.base) SELECT a FROM t") == ["D.S.BASE"]
    sql = "SELECT a FROM (WITH t AS (SELECT 1 AS a) SELECT a FROM t) AS x JOIN t ON 1 = 1"
    assert tables(sql) == ["T"]


# -- types -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "expression", "kind"),
    [
        ("snowflake", "CAST(a AS NUMBER(10, 0))", Kind.INTEGER),
        ("snowflake", "CAST(a AS NUMBER(10, 2))", Kind.DECIMAL),
        ("snowflake", "CAST(a AS TIMESTAMP_NTZ)", Kind.TIMESTAMP),
        ("snowflake", "CAST(a AS TIMESTAMP_LTZ)", Kind.INSTANT),
        ("snowflake", "CAST(a AS TIMESTAMP_TZ)", Kind.INSTANT),
        ("snowflake", "CAST(a AS VARIANT)", Kind.JSON),
        ("snowflake", "CAST(a AS OBJECT)", Kind.STRUCT),
        ("snowflake", "CAST(a AS BINARY)", Kind.BINARY),
        ("snowflake", "CAST(a AS GEOGRAPHY)", Kind.GEO),
        ("snowflake", "CAST(a AS TIMESTAMP)", Kind.UNKNOWN),
        ("bigquery", "CAST(a AS INT64)", Kind.INTEGER),
        ("bigquery", "CAST(a AS FLOAT64)", Kind.FLOAT),
        ("bigquery", "CAST(a AS STRING)", Kind.TEXT),
        ("bigquery", "CAST(a AS DATETIME)", Kind.TIMESTAMP),
        ("bigquery", "CAST(a AS TIMESTAMP)", Kind.INSTANT),
        ("bigquery", "CAST(a AS BYTES)", Kind.BINARY),
        ("bigquery", "CAST(a AS ARRAY<STRING>)", Kind.ARRAY),
        ("redshift", "CAST(a AS TIMESTAMP)", Kind.TIMESTAMP),
        ("redshift", "CAST(a AS TIMESTAMPTZ)", Kind.INSTANT),
        ("redshift", "CAST(a AS SUPER)", Kind.JSON),
        ("redshift", "CAST(a AS BOOLEAN)", Kind.BOOLEAN),
        ("databricks", "CAST(a AS TIMESTAMP)", Kind.INSTANT),
        ("databricks", "CAST(a AS TIMESTAMP_NTZ)", Kind.TIMESTAMP),
        ("databricks", "CAST(a AS MAP<STRING, INT>)", Kind.MAP),
        ("databricks", "CAST(a AS STRUCT<x: INT>)", Kind.STRUCT),
        ("databricks", "CAST(a AS DATE)", Kind.DATE),
        ("snowflake", "my_udf(a)", Kind.UNKNOWN),
        ("snowflake", "a", Kind.UNKNOWN),
    ],
)
def test_a_type_is_inferred_or_unknown_never_guessed(dialect: str, expression: str, kind: Kind) -> None:
    assert query(f"SELECT {expression} AS x FROM t", dialect).types[0].kind is kind
