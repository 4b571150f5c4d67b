from __future__ import annotations

import pytest
from sqlglot import exp

from tests.query.sql_support import DIALECTS, marked, read

EVERY = pytest.mark.parametrize("dialect", DIALECTS)


@EVERY
def test_projections_are_named_and_placed(dialect: str) -> None:
    sql = "SELECT a, t.b, 1, 1 + 2 * 3 AS c, COUNT(*), t.*, CASE WHEN x THEN 'y' END, (a) FROM p.d.t AS t"
    query = read(sql, dialect)
    upper = dialect == "snowflake"
    assert [p.name for p in query.projections] == [
        name and (name.upper() if upper else name) for name in ("a", "b", None, "c", None, None, None, None)
    ]
    assert [marked(query, p.place) for p in query.projections] == [
        "a", "b", "1", "c", "COUNT(*)", "t.*", "CASE WHEN x THEN 'y' END", "(a)",
    ]  # fmt: skip
    assert [p.index for p in query.projections if p.is_star] == [5]


@pytest.mark.parametrize(
    ("dialect", "written", "name", "quoted"),
    [
        ("snowflake", "Mixed", "MIXED", False),
        ("snowflake", '"Mixed"', "Mixed", True),
        ("redshift", "Mixed", "mixed", False),
        ("redshift", '"Mixed"', "mixed", True),
        ("bigquery", "Mixed", "Mixed", False),
        ("bigquery", "`Mixed`", "Mixed", True),
        ("databricks", "Mixed", "Mixed", False),
        ("databricks", "`Mixed`", "Mixed", True),
    ],
)
def test_names_are_folded_as_the_warehouse_returns_them(dialect: str, written: str, name: str, quoted: bool) -> None:
    for sql in (f"SELECT 1 AS {written}", f"SELECT {written} FROM p.d.t"):
        query = read(sql, dialect)
        (projection,) = query.projections
        assert (projection.name, projection.quoted, marked(query, projection.place)) == (name, quoted, written)


@EVERY
@pytest.mark.parametrize("place", ["WHERE a IS NOT DISTINCT FROM b", "ORDER BY a", "LIMIT 3", "UNION ALL SELECT 2"])
def test_the_select_list_ends_where_the_next_clause_begins(place: str, dialect: str) -> None:
    query = read(f"SELECT DISTINCT 7, a IS DISTINCT FROM b FROM p.d.t {place}", dialect)
    assert [marked(query, p.place) for p in query.projections] == ["7", "a IS DISTINCT FROM b"]


def test_a_struct_field_has_the_fields_name() -> None:
    assert [p.name for p in read("SELECT s.f.g.h.i FROM p.d.t", "bigquery").projections] == ["i"]


@pytest.mark.parametrize(
    ("sql", "dialect", "star"),
    [
        ("SELECT * EXCLUDE (a), b FROM p.d.t", "snowflake", "* EXCLUDE (a)"),
        ("SELECT * RENAME (a AS b) FROM p.d.t", "snowflake", "* RENAME (a AS b)"),
        ("SELECT x.* EXCEPT (a, b), c FROM p.d.t AS x", "bigquery", "x.* EXCEPT (a, b)"),
        ("SELECT * EXCEPT (a) FROM p.d.t", "databricks", "* EXCEPT (a)"),
        ("SELECT * REPLACE (1 AS a) FROM p.d.t", "bigquery", "* REPLACE (1 AS a)"),
        ("SELECT s.* FROM p.d.t", "bigquery", "s.*"),
    ],
)
def test_a_star_with_its_words_is_one_item(sql: str, dialect: str, star: str) -> None:
    query = read(sql, dialect)
    assert [marked(query, place) for place in query.stars] == [star]
    assert query.projections[0].is_star
    assert query.projections[0].name is None


def test_count_star_is_no_star_of_the_list() -> None:
    query = read("SELECT COUNT(*) AS n FROM (SELECT * FROM p.d.t) AS q")
    assert query.stars == ()


def test_several_aliases_are_several_columns() -> None:
    query = read("SELECT explode(m) AS (k, v), a FROM p.d.t", "databricks")
    assert [(p.index, p.name, marked(query, p.place)) for p in query.projections] == [
        (0, "k", "k"), (1, "v", "v"), (2, "a", "a"),
    ]  # fmt: skip


@EVERY
def test_a_set_operation_takes_its_first_branchs_names(dialect: str) -> None:
    query = read("(SELECT a AS x FROM p.d.t) UNION ALL SELECT b AS y FROM p.d.u", dialect)
    assert query.set_operation
    assert [marked(query, p.place) for p in query.projections] == ["x"]
    assert not read("SELECT a FROM (SELECT 1 AS a UNION ALL SELECT 2) AS q", dialect).set_operation


@EVERY
def test_nodes_come_in_the_texts_order_with_their_places(dialect: str) -> None:
    sql = "WITH x AS (SELECT a FROM p.d.t ORDER BY b LIMIT 1) SELECT a FROM x ORDER BY a LIMIT 2"
    query = read(sql, dialect)
    assert [marked(query, query.place(n)) for n in query.nodes("Limit")] == ["LIMIT 1", "LIMIT 2"]
    assert [marked(query, query.place(n)) for n in query.nodes("Order")] == ["ORDER BY b", "ORDER BY a"]
    assert [marked(query, query.place(n)) for n in query.nodes("With")] == ["WITH"]
    starts = [query.place(n).start for n in query.nodes("Column", "Table")]
    assert starts == sorted(starts)
    assert query.nodes("Qualify") == ()


@EVERY
def test_every_with_is_placed_at_its_word(dialect: str) -> None:
    sql = "WITH RECURSIVE r AS (SELECT 1 AS a), s AS (WITH u AS (SELECT 2 AS b) SELECT b FROM u) SELECT a FROM r, s"
    query = read(sql, dialect)
    assert [query.place(n).start for n in query.nodes("With")] == [0, sql.index("WITH u")]


@EVERY
def test_offsets_count_code_points(dialect: str) -> None:
    query = read("SELECT '😀é' AS a, 'ä' || b AS naïve FROM p.d.t", dialect)
    assert [marked(query, p.place) for p in query.projections] == ["a", "naïve"]


@EVERY
def test_a_node_of_no_known_place_stands_for_the_whole_query(dialect: str) -> None:
    query = read("SELECT a FROM p.d.t WHERE a = 1", dialect)
    assert marked(query, query.place(exp.true())) == query.sql.text
