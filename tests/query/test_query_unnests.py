"""Arrays in FROM are found as sqlglot itself finds them, and its parsers are left as they were."""

from __future__ import annotations

import threading

import pytest
from sqlglot import ErrorLevel
from sqlglot.dialects.dialect import Dialect

from preflight.query import unnests
from tests.query.sql_support import read

TEXTS = [
    "SELECT o.a FROM p.d.t AS t, t.items AS o",
    "SELECT * FROM d.t, t.items",
    "SELECT * FROM d.t AS x CROSS JOIN x.a.b AS y, y.c AS z",
    "SELECT * FROM (SELECT q.* FROM (SELECT t.s FROM d.t) AS q, q.s AS u) AS r, r.v",
    "SELECT * FROM d.t, d.u",
    "SELECT * FROM d.t AS t JOIN t.items AS i ON TRUE",
    "WITH c AS (SELECT i FROM d.t AS t, t.items AS i) SELECT * FROM c, c.i UNION ALL SELECT * FROM d.e AS e, E.f",
    "SELECT (SELECT MAX(i) FROM t.items AS i, i.more) FROM d.t AS t",
]


@pytest.mark.parametrize("dialect", ["bigquery", "redshift", "snowflake", "databricks"])
@pytest.mark.parametrize("text", TEXTS)
def test_trees_are_those_of_sqlglot(text: str, dialect: str) -> None:
    sqlglot = Dialect.get_or_raise(dialect)
    one, other = (sqlglot.parser(error_level=ErrorLevel.IMMEDIATE) for _ in range(2))
    found = unnests.parse(other, dialect, sqlglot.tokenize(text), text, look=True)
    assert repr(found) == repr(one.parse(sqlglot.tokenize(text), text))


def test_without_a_look_they_stay_tables() -> None:
    sqlglot = Dialect.get_or_raise("bigquery")
    (tree,) = unnests.parse(sqlglot.parser(), "bigquery", sqlglot.tokenize(TEXTS[0]), TEXTS[0], look=False)
    assert "Unnest" not in repr(tree)


def test_the_parser_is_left_as_it_was_also_by_threads_at_once() -> None:
    parser = Dialect.get_or_raise("bigquery").parser_class
    work = [threading.Thread(target=lambda: [read(text, "bigquery") for text in TEXTS]) for _ in range(4)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert read("SELECT * FROM d.t, t.", "bigquery").unanalysed
    assert parser.SUPPORTS_IMPLICIT_UNNEST is True
