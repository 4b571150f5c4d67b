from __future__ import annotations

import subprocess
import sys

import pytest

from tests.query.sql_support import DIALECTS, marked, read

EVERY = pytest.mark.parametrize("dialect", DIALECTS)


def problems(sql: str, dialect: str = "snowflake") -> list[tuple[str, str]]:
    query = read(sql, dialect)
    return [(p.kind, marked(query, p)) for p in query.problems]


@EVERY
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM p.d.t",
        "(SELECT a FROM p.d.t)",
        "((SELECT a FROM p.d.t))",
        "SELECT a FROM p.d.t UNION ALL SELECT b FROM p.d.u",
        "(SELECT a FROM p.d.t) UNION ALL SELECT b FROM p.d.u",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT a FROM p.d.t -- the last word",
        "SELECT a FROM p.d.t /* ; */",
        "SELECT ';' AS a FROM p.d.t",
        "SELECT CASE WHEN a = 1 THEN 'x' END AS b FROM p.d.t",
    ],
)
def test_a_query_is_read_without_a_problem(sql: str, dialect: str) -> None:
    query = read(sql, dialect)
    assert query.problems == ()
    assert query.unanalysed == ""
    assert len(query.projections) == 1


@EVERY
@pytest.mark.parametrize("sql", ["", "  \n ", "-- nothing yet", "/* nothing */", ";", "-- nothing\n;;"])
def test_text_without_sql_is_empty(sql: str, dialect: str) -> None:
    assert [kind for kind, _ in problems(sql, dialect)] == ["empty-sql"]


@EVERY
def test_a_second_statement_is_placed_at_its_first_and_last_word(dialect: str) -> None:
    assert problems("SELECT 1 AS a; SELECT 2 AS b ;", dialect) == [("multiple-statements", "SELECT 2 AS b")]


@EVERY
def test_a_statement_that_sqlglot_would_put_into_a_block_is_seen(dialect: str) -> None:
    assert problems("SELECT 1; DROP TABLE x", dialect) == [
        ("multiple-statements", "DROP TABLE x"),
        ("not-a-query", "DROP"),
    ]


@EVERY
@pytest.mark.parametrize("tail", ["", " ", " -- done", "\n/* done */\n", ";", " ; "])
def test_a_trailing_semicolon_is_a_problem_of_its_own(tail: str, dialect: str) -> None:
    assert problems("SELECT a FROM p.d.t;" + tail, dialect) == [("trailing-semicolon", ";")]


@EVERY
def test_the_first_statement_is_still_read_where_several_are(dialect: str) -> None:
    query = read("SELECT a AS x FROM p.d.t; SELECT 2 AS b", dialect)
    assert [p.place.start for p in query.projections] == [12]


@EVERY
def test_a_leading_semicolon_makes_an_empty_first_statement(dialect: str) -> None:
    assert problems("; SELECT 1 AS a", dialect) == [("multiple-statements", ";")]


@EVERY
@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("DELETE FROM t", "DELETE"),
        ("update t SET a = 1", "update"),
        ("DROP TABLE t", "DROP"),
        ("CREATE TABLE t (a INT)", "CREATE"),
        ("ALTER TABLE t ADD COLUMN a INT", "ALTER"),
        ("INSERT INTO t SELECT 1", "INSERT"),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "MERGE"),
        ("TRUNCATE TABLE t", "TRUNCATE"),
        ("GRANT SELECT ON t TO ROLE r", "GRANT"),
        ("CALL f(1)", "CALL"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE"),
        ("COPY INTO t FROM u", "COPY"),
        ("USE ROLE r", "USE"),
        ("SET a = 1", "SET"),
        ("BEGIN", "BEGIN"),
        ("DECLARE x INT64", "DECLARE"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("SHOW TABLES", "SHOW"),
        ("DESCRIBE QUERY SELECT 1", "DESCRIBE"),
        ("VALUES (1)", "VALUES"),
        ("(VALUES (1))", "VALUES"),
        ("TABLE foo", "TABLE"),
        ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "INSERT"),
        ("WITH a AS (SELECT 1) DELETE FROM t", "DELETE"),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "DELETE"),
        ("SELECT 1 AS a INTO x", "INTO"),
        ("SELECT a FROM (SELECT 1 AS a INTO x) q", "INTO"),
    ],
)
def test_what_is_not_a_query_is_named(sql: str, word: str, dialect: str) -> None:
    query = read(sql, dialect)
    kinds = {p.kind for p in query.problems}
    assert kinds == {"not-a-query"}
    assert marked(query, query.problems[0]) == word
    assert query.problems[0].message.startswith("SELECT INTO" if word == "INTO" else word.upper())
    assert query.unanalysed


@EVERY
@pytest.mark.parametrize(
    ("sql", "token"),
    [
        ("SELECT (a FROM t", "FROM"),
        ("SELECT a\nFROM t\nWHERE x = = 2", "="),
        ("SELECT a FROM", "FROM"),
        ("SELEC 1", "SELEC"),
        ("foo", "foo"),
        ("SELECT a,, b FROM t", ","),
        ("SELECT , a FROM t", ","),
        ("SELECT", "SELECT"),
        ("SELECT FROM t", "SELECT"),
    ],
)
def test_a_syntax_error_stands_at_the_offending_token(sql: str, token: str, dialect: str) -> None:
    query = read(sql, dialect)
    assert [(p.kind, marked(query, p)) for p in query.problems] == [("sql-syntax-error", token)]
    assert "\x1b" not in query.problems[0].message
    assert "Token" not in query.problems[0].message
    assert query.unanalysed


def test_the_second_of_two_equal_tokens_is_marked() -> None:
    query = read("SELECT a\nFROM t\nWHERE x = = 2")
    span = query.sql.span(query.problems[0].start, query.problems[0].end)
    assert (span.line, span.column, span.end_column) == (3, 11, 12)


@EVERY
@pytest.mark.parametrize(
    ("sql", "opener"),
    [("SELECT 'abc", "'"), ("SELECT 'a' || 'b\nFROM t", "'"), ("SELECT a /* b", "/*"), ('SELECT "a FROM t', '"')],
)
def test_what_is_never_closed_is_found_by_hand(sql: str, opener: str, dialect: str) -> None:
    query = read(sql, dialect)
    (problem,) = query.problems
    assert problem.kind == "sql-syntax-error"
    assert (problem.start, marked(query, problem)) == (sql.rindex(opener), opener)


@EVERY
@pytest.mark.parametrize("mark", ["{{ ref('t') }}", "{% if a %}", "{# note #}", "{{ open"])
def test_a_template_is_found_before_parsing(mark: str, dialect: str) -> None:
    assert problems(f"SELECT a FROM {mark}", dialect)[0][0] == "templated-sql"
    assert marked(query := read(f"SELECT a FROM {mark}", dialect), query.problems[0])[:2] == mark[:2]


@EVERY
@pytest.mark.parametrize("sql", ["SELECT '{{ x }}' AS a", "SELECT 1 AS a -- {{ x }}", "SELECT /* {% x %} */ 1 AS a"])
def test_braces_in_strings_and_comments_are_no_template(sql: str, dialect: str) -> None:
    assert problems(sql, dialect) == []


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT $$it's {{ }} ; $$ AS a", "snowflake"),
        ("SELECT 1 AS a // it's", "snowflake"),
        ("SELECT 1 AS a # it's", "bigquery"),
        ("SELECT '''it's {{ ''' AS a", "bigquery"),
        ("SELECT 'it\\'s {{' AS a", "bigquery"),
        ("SELECT 'it''s {{' AS a", "redshift"),
        ("SELECT `a'b` FROM p.d.t", "databricks"),
        ("SELECT 1 AS a /* /* {{ */ */", "databricks"),
    ],
)
def test_each_warehouse_has_its_own_quotes_and_comments(sql: str, dialect: str) -> None:
    assert problems(sql, dialect) == []


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [("SELECT a FROM db@catalog.s.t", "redshift"), ("SHOW TABLES ->> SELECT * FROM $1", "snowflake")],
)
def test_what_the_parser_does_not_know_is_reported_as_its_own_limit(sql: str, dialect: str) -> None:
    query = read(sql, dialect)
    assert query.problems
    assert query.unanalysed
    if dialect == "redshift":
        assert "the warehouse decides" in query.problems[0].message


@EVERY
def test_in_an_empty_list_is_left_to_the_warehouse(dialect: str) -> None:
    assert problems("SELECT a FROM p.d.t WHERE a IN ()", dialect) == []


@pytest.mark.parametrize("dialect", ["bigquery", "databricks"])
def test_a_pipe_is_a_query_and_its_own_common_table_expressions_are_not_the_texts(dialect: str) -> None:
    query = read("FROM p.d.t |> SELECT a |> WHERE a > 1", dialect)
    assert query.problems == ()
    assert query.nodes("With") == query.nodes("CTE") == ()


@pytest.mark.parametrize("dialect", ["snowflake", "redshift"])
def test_from_alone_begins_no_query_there(dialect: str) -> None:
    assert problems("FROM t", dialect) == [("sql-syntax-error", "FROM")]


def test_importing_the_package_does_not_import_sqlglot_and_nothing_is_logged() -> None:
    code = (
        "import sys, preflight.query as q; assert 'sqlglot' not in sys.modules\n"
        "from preflight.location import Excerpt, SourceFile\n"
        "for sql in ('SELECT 1; CALL f()', 'SHOW x', 'SELECT a[0] FROM t', 'SELECT x:y FROM t SAMPLE (1)'):\n"
        "    for d in ('snowflake', 'bigquery', 'redshift', 'databricks'):\n"
        "        q.parse(Excerpt.whole(SourceFile('m', sql)), d).outputs()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert done.stdout == done.stderr == ""
