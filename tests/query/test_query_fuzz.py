from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.query import Query, fold
from tests.query.sql_support import DIALECTS, read

GOOD = (
    'SELECT c.id, c.updated_at AS "At", COUNT(*) AS n FROM crm.public.contacts AS c WHERE c.a IN (1, 2) LIMIT 5',
    "WITH x AS (SELECT 1 AS a) SELECT x.*, CASE WHEN a THEN 'b' END FROM x JOIN p.d.t USING (a)",
    "SELECT * EXCEPT (a), t.b:c.d, ARRAY_AGG(e ORDER BY f) OVER (PARTITION BY g) FROM `p.d.t` AS t, UNNEST(t.i) AS j",
    "(SELECT CAST(a AS DECIMAL(10, 2)) FROM t) UNION ALL SELECT DATE '2020-01-01' FROM u -- end\n;",
)
VOCABULARY = """SELECT FROM WHERE WITH AS ( ) , ; * . ' " ` a b t {{ }} {% -- /* */ $$ CASE WHEN THEN END NULL 1 1.5 =
:: [ ] { } UNION ALL JOIN ON INTO VALUES INSERT @x $1 |> => -> QUALIFY PIVOT LATERAL UNNEST FLATTEN IDENTIFIER TABLE
EXCLUDE LIMIT ORDER BY OVER \\ # //"""
WORDS = [*VOCABULARY.split(), "\x00", "\u2028", "\ufeff", "😀", "ß"]


def check(sql: str, dialect: str) -> Query:
    """Whatever the text, everything that a query says lies within it."""
    query = read(sql, dialect)
    for problem in query.problems:
        assert 0 <= problem.start <= problem.end <= len(sql)
        assert problem.message.endswith(".")
        assert "\n" not in problem.message
        assert "\x1b" not in problem.message
    places = [p.place for p in query.projections] + [t.place for t in query.tables] + list(query.stars)
    places += [c.place for c in query.outputs().columns]
    places += [query.place(n) for n in query.nodes("Column", "Identifier", "Limit", "With", "Table")]
    places += [query.clause(node, "LIMIT", "ORDER_BY") for node in query.nodes("Limit", "Order")]
    places += [*query.open_stars(), *query.parameters, *(place for _, place, _ in query.undeclared_qualifiers)]
    places += [query.place(node) for node in (*query.stray_columns, *query.cartesian_sources, *query.filters_on("a"))]
    whole = query.range(0, len(sql))
    places += [*query.clock_readings(whole), *query.random_calls(whole), *query.keywords("UNION", "LIMIT")]
    assert "".join(sql[start:end] for _, start, end in query.pieces) == sql
    for place in places:
        assert 0 <= place.start <= place.end <= len(sql)
    if query.unanalysed:
        assert query.projections == query.tables == query.nodes("Select") == ()
    else:
        assert query.projections
    return query


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=60, deadline=None)
@given(sql=st.text(max_size=60))
def test_arbitrary_text_never_raises(dialect: str, sql: str) -> None:
    check(sql, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=120, deadline=None)
@given(words=st.lists(st.sampled_from(WORDS), max_size=25))
def test_words_in_any_order_never_raise(dialect: str, words: list[str]) -> None:
    check(" ".join(words), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=120, deadline=None)
@given(
    sql=st.sampled_from(GOOD),
    cut=st.tuples(st.integers(0, 120), st.integers(0, 8)),
    put=st.one_of(st.sampled_from(WORDS), st.text(max_size=3)),
)
def test_good_sql_with_a_wound_never_raises(dialect: str, sql: str, cut: tuple[int, int], put: str) -> None:
    at, length = cut
    check(sql[:at] + put + sql[at + length :], dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(name=st.text(max_size=10), quoted=st.booleans())
def test_folding_twice_is_folding_once(dialect: str, name: str, quoted: bool) -> None:
    once = fold(name, dialect, quoted=quoted)
    assert fold(once, dialect, quoted=quoted) == once
