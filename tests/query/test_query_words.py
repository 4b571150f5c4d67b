from __future__ import annotations

import pytest

from tests.query.sql_support import DIALECTS, marked, read

EVERY = pytest.mark.parametrize("dialect", DIALECTS)


def pieces(sql: str, dialect: str) -> list[tuple[str, str]]:
    return [(kind, sql[start:end]) for kind, start, end in read(sql, dialect).pieces]


@EVERY
def test_the_text_falls_into_code_quotes_and_comments(dialect: str) -> None:
    assert pieces("SELECT 'it''s -- x' /* a */ AS b -- c\n", dialect) == [
        ("code", "SELECT "),
        ("quoted", "'it''s -- x'"),
        ("code", " "),
        ("block comment", "/* a */"),
        ("code", " AS b "),
        ("line comment", "-- c"),
        ("code", "\n"),
    ]


@EVERY
@pytest.mark.parametrize(("sql", "kind"), [("'a", "quoted"), ("/* a", "block comment"), ("-- a", "line comment")])
def test_what_is_never_closed_reaches_to_the_end(sql: str, kind: str, dialect: str) -> None:
    assert pieces(f"a {sql}", dialect) == [("code", "a "), (kind, sql)]


@pytest.mark.parametrize(
    ("dialect", "sql", "kind"),
    [
        ("snowflake", "// it's", "line comment"),
        ("snowflake", "$$ -- $$", "quoted"),
        ("bigquery", "# it's", "line comment"),
        ("bigquery", "'''it's'''", "quoted"),
        ("bigquery", '"a\\"b"', "quoted"),
        ("redshift", "/* /* */ */", "block comment"),
        ("databricks", "`a'b`", "quoted"),
    ],
)
def test_each_warehouse_has_its_own_marks(dialect: str, sql: str, kind: str) -> None:
    assert pieces(sql, dialect) == [(kind, sql)]


@EVERY
def test_a_projection_knows_the_whole_item_and_whether_it_was_renamed(dialect: str) -> None:
    query = read("SELECT a, COUNT(*) AS n, b + 1 FROM p.d.t", dialect)
    assert [marked(query, p.whole) for p in query.projections] == ["a", "COUNT(*) AS n", "b + 1"]
    assert [p.renamed for p in query.projections] == [False, True, False]


@EVERY
def test_the_clock_and_chance_are_found_within_a_stretch_alone(dialect: str) -> None:
    query = read("SELECT CURRENT_DATE AS a, RAND() AS b, t.now AS c FROM p.d.t AS t WHERE d < CURRENT_DATE", dialect)
    first, second, third = (p.whole for p in query.projections)
    assert [marked(query, place) for place in query.clock_readings(first)] == ["CURRENT_DATE"]
    assert query.clock_readings(second) == query.clock_readings(third) == query.random_calls(first) == ()
    assert [marked(query, place) for place in query.random_calls(second)] == ["RAND"]


@EVERY
def test_a_keyword_is_no_alias_and_no_quoted_name(dialect: str) -> None:
    query = read("SELECT a AS offset FROM p.d.t UNION ALL SELECT 'UNION' LIMIT 1", dialect)
    assert [marked(query, place) for place in query.keywords("UNION", "LIMIT", "OFFSET")] == ["UNION", "LIMIT"]


@EVERY
def test_a_clause_reaches_from_its_word_to_its_end(dialect: str) -> None:
    query = read("SELECT a FROM (SELECT a FROM p.d.t ORDER BY b) AS q ORDER BY LOWER(a)", dialect)
    (outermost,) = query.outermost
    assert marked(query, query.clause(outermost.args["order"], "ORDER_BY")) == "ORDER BY LOWER(a)"


@EVERY
def test_a_set_operation_is_outermost_with_its_branches(dialect: str) -> None:
    query = read("(SELECT a FROM p.d.t) UNION ALL SELECT b FROM p.d.u", dialect)
    assert [type(node).__name__ for node in query.outermost] == ["Union", "Select", "Select"]


def test_without_a_tree_nothing_is_found() -> None:
    query = read("SELECT (a FROM t LIMIT 1")
    assert query.tokens == query.outermost == query.parameters == query.undeclared_qualifiers == ()
    assert query.stray_columns == query.cartesian_sources == query.filters_on("a") == ()
    assert query.keywords("LIMIT") == []


def test_a_query_over_a_very_long_set_operation_is_judged() -> None:
    inner = " UNION ALL ".join(["SELECT 1 AS a"] * 1_500)
    query = read(f"SELECT x.a FROM ({inner}) AS x WHERE y.b = 1", "bigquery")
    assert [name for name, _, _ in query.undeclared_qualifiers] == ["y"]
