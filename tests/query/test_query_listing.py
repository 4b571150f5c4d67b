"""What the text lists is read off the tree as sqlglot's own expansion would have it, and never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.model import Kind, Type
from preflight.query import expand, listing
from tests.query.sql_support import DIALECTS, marked, read

COLUMNS = ("a", "B", '"c d"', "x", "level", "COUNT(*)")
ALIASES = ("", " AS k", ' AS "kK"', " AS B", " AS x")
NAMES = ("p", "Q", "r")


@st.composite
def queries(draw: st.DrawFn, depth: int = 3, outer: tuple[str, ...] = ()) -> str:
    """SELECTs, each over tables, subqueries and common table expressions in sight, with stars among their items."""
    common: list[str] = []
    seen = outer
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=2)) if depth else ():
        common.append(f"{name} AS ({draw(queries(depth=depth - 1, outer=seen))})")
        seen = (*seen, name)
    sources = [draw(_sources(depth, seen, alias)) for alias in draw(st.sampled_from((("s",), ("s", "T"))))]
    stars = ["*", *(f"{alias}.*" for alias in ("s", "t")[: len(sources)])]
    plain = st.tuples(st.sampled_from(COLUMNS), st.sampled_from(ALIASES)).map("".join)
    items = draw(st.lists(st.one_of(plain, st.sampled_from(stars)), min_size=1, max_size=3))
    join = draw(st.sampled_from((", ", " CROSS JOIN ", " LEFT JOIN ")))
    on = " ON TRUE" if "LEFT" in join and len(sources) > 1 else ""
    head = f"WITH {', '.join(common)} " if common else ""
    select = f"SELECT {', '.join(items)} FROM {join.join(sources)}{on}"
    again = draw(st.sampled_from(("", "", " UNION ALL SELECT 1 AS z", " UNION ALL SELECT * FROM r")))
    return head + select + again


@st.composite
def _sources(draw: st.DrawFn, depth: int, seen: tuple[str, ...], alias: str) -> str:
    name = st.sampled_from((*seen, *(name.upper() for name in seen), "d.t", "t"))
    if depth and draw(st.booleans()):
        return f"({draw(queries(depth=depth - 1, outer=seen))}) AS {alias}"
    return f"{draw(name)} AS {alias}"


@settings(max_examples=150, deadline=None)
@given(queries(), st.sampled_from(DIALECTS))
def test_what_is_listed_is_what_sqlglot_expands(sql: str, dialect: str) -> None:
    query = read(sql.replace('"', "`") if dialect in ("bigquery", "databricks") else sql, dialect)
    found = listing.listed(query) if query.tree is not None else None
    stars = listing.open_stars(query) if query.tree is not None else None
    if query.qualified[0] is None:  # sqlglot gives up; see below
        return
    if found is not None:
        expanded = expand.expand(query, {})
        assert [(c.name, c.projection.place) for c in found[0]] == [(c.name, c.place) for c in expanded.columns]
        assert found[1] == (not expanded.reason)
    if stars is not None:
        assert tuple(query.place(star) for star in stars) == expand.open_stars(query)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("WITH f AS (SELECT a, t.b AS c FROM d.t) SELECT * FROM f", ["a", "c"]),
        ("WITH f AS (SELECT a FROM d.t), g AS (SELECT f.*, 1 AS b FROM f) SELECT * FROM g", ["a", "b"]),
        ("SELECT q.*, 1 AS z FROM (SELECT COUNT(*), 1 AS a FROM d.t) AS q", [None, "a", "z"]),
        ("WITH f AS (SELECT a FROM d.t) SELECT * FROM f JOIN (SELECT b FROM d.u) AS g ON TRUE", ["a", "b"]),
        ("WITH f AS (SELECT a FROM d.t UNION ALL SELECT * FROM d.u) SELECT * FROM f", ["a"]),
        ("WITH f AS (SELECT * FROM d.f), g AS (SELECT 1 AS a) SELECT * FROM g AS f", ["a"]),
    ],
)
def test_a_star_over_what_the_text_lists_is_expanded(sql: str, expected: list[str | None], dialect: str) -> None:
    query = read(sql, dialect)
    found = listing.listed(query)
    assert found is not None
    names, whole = found
    assert ([c.name and c.name.lower() for c in names], whole) == (expected, True)
    assert query.open_stars() == ()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_star_is_expanded_though_sqlglot_cannot_place_a_column_below_it(dialect: str) -> None:
    query = read("SELECT * FROM (SELECT t.a + 1 AS i, i + 1 AS j FROM d.t) AS q", dialect)
    assert query.qualified == (None, None)
    outputs = query.outputs()
    assert ([c.name and c.name.lower() for c in outputs.columns], outputs.complete) == (["i", "j"], True)
    assert {c.type.kind for c in outputs.columns} == {Kind.UNKNOWN}
    assert query.open_stars() == ()


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT * EXCLUDE (a) FROM (SELECT 1 AS a, 2 AS b) AS q", "snowflake"),
        ("SELECT * FROM (SELECT 1 AS a) AS q JOIN (SELECT 1 AS a) AS r USING (a)", "redshift"),
        ("SELECT * FROM (SELECT 1 AS a) AS q NATURAL JOIN (SELECT 1 AS a) AS r", "redshift"),
        ("SELECT * FROM (SELECT 1 AS a) AS q (b)", "snowflake"),
        ("WITH q (b) AS (SELECT 1 AS a) SELECT * FROM q", "snowflake"),
        ("WITH RECURSIVE q AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM q) SELECT * FROM q", "redshift"),
        ("WITH q AS (SELECT 1 AS a), q AS (SELECT 1 AS b) SELECT * FROM q", "snowflake"),
        ("SELECT * FROM (SELECT 1 AS a, 2 AS a) AS q", "snowflake"),
        ("SELECT * FROM (SELECT 1 AS level) AS q", "snowflake"),
        ("SELECT * FROM (SELECT 1 AS é) AS q", "bigquery"),
        ("SELECT *, q.* FROM (SELECT 1 AS a) AS q", "snowflake"),
        ("SELECT * FROM (SELECT 1 AS a) AS q PIVOT (MAX(a) FOR a IN (1, 2)) AS p", "snowflake"),
        ("SELECT * FROM (SELECT 1 AS a) AS q, LATERAL FLATTEN(input => q.a)", "snowflake"),
        ("SELECT * FROM d.t LATERAL VIEW explode(a) e AS b", "databricks"),
        ("SELECT * FROM UNNEST([1, 2]) AS v", "bigquery"),
        ("SELECT * FROM (SELECT AS STRUCT 1 AS a) AS q", "bigquery"),
        ("SELECT q.s.* FROM (SELECT STRUCT(1 AS a) AS s) AS q", "bigquery"),
        ("SELECT z.* FROM (SELECT 1 AS a) AS q", "snowflake"),
    ],
)
def test_what_hangs_on_more_is_left_to_sqlglot(sql: str, dialect: str) -> None:
    query = read(sql, dialect)
    assert query.tree is not None
    assert listing.listed(query) is None


def test_types_are_inferred_once_somebody_asks() -> None:
    query = read("WITH f AS (SELECT CAST(a AS VARCHAR) AS k FROM d.t) SELECT f.*, 1 AS n FROM f")
    columns = query.outputs().columns
    assert [c.name for c in columns] == ["K", "N"]
    assert "qualified" not in query.__dict__
    assert [c.type.kind for c in columns] == [Kind.TEXT, Kind.INTEGER]
    assert columns[0].type == Type(Kind.TEXT, "VARCHAR")
    assert marked(query, columns[0].place) == "f.*"


def test_a_very_long_chain_of_common_tables_is_no_crash() -> None:
    chain = ", ".join(f"c{n} AS (SELECT * FROM c{n - 1})" for n in range(1, 600))
    query = read(f"WITH c0 AS (SELECT 1 AS a), {chain} SELECT * FROM c599")
    assert [c.name for c in query.outputs().columns] in (["A"], [])
