from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.location import Excerpt, SourceFile
from preflight.query import parse

GOOD = (
    'SELECT c.customer_id AS "customer_id", COUNT(*) OVER (PARTITION BY c.a) AS n, c.* FROM crm.public.contacts AS c'
    " LEFT JOIN (SELECT id, CASE WHEN x > 1 THEN 'a' ELSE 'b' END AS y FROM crm.public.t) AS t ON t.id = c.id"
    " WHERE c.x IN (1, 2) -- end"
)
DIALECTS = st.sampled_from(["snowflake", "bigquery", "redshift", "databricks"])


def check(text: str, dialect: str) -> None:
    query = parse(Excerpt.whole(SourceFile("m.sql", text)), dialect, "m")
    for problem in query.problems:
        assert 0 <= problem.start <= problem.end <= len(text)
        assert problem.message.endswith(".")
    for projection in query.projections:
        assert 0 <= projection.place.start <= projection.place.end <= len(text)
    for use in query.tables:
        assert 0 <= use.place.start < use.place.end <= len(text)
    assert query.outputs().complete or query.outputs().reason


@given(st.text(max_size=80), DIALECTS)
def test_any_text_is_answered(text: str, dialect: str) -> None:
    check(text, dialect)


@given(st.data(), DIALECTS)
def test_any_mutation_is_answered(data: st.DataObject, dialect: str) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 15)))
    put = data.draw(st.text("()'\"`;,.*-/{}[]$@:<>=ab1 \n", max_size=8))
    check(GOOD[:start] + put + GOOD[end:], dialect)


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery", "redshift", "databricks"])
def test_the_unchanged_text_is_a_query(dialect: str) -> None:
    quoted = GOOD.replace('"', "`") if dialect in ("bigquery", "databricks") else GOOD
    assert parse(Excerpt.whole(SourceFile("m.sql", quoted)), dialect, "m").problems == ()
