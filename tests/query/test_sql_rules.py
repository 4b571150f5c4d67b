"""The SQL rules through ``parse``: the right line and column, in each dialect where they apply."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from preflight import limits
from preflight.config import DataModel
from preflight.finding import Fault, Outcome, Subject, SubjectKind, Unproven
from preflight.query import Query
from preflight.rule import Context
from preflight_rules.sql import RULES
from tests.query.sql_support import DIALECTS, marked, read

EVERY = pytest.mark.parametrize("dialect", DIALECTS)
BY_CODE = {rule.code: rule for rule in RULES}
OF_THE_TEXT = tuple(f"PF{number}" for number in range(101, 112))
TREE_RULES = ("PF101", "PF103", "PF104", "PF105", "PF108", "PF109")


def judge(code: str, query: Query) -> list[Outcome]:
    context = Context(
        project=None,  # type: ignore[arg-type]
        subject=Subject(SubjectKind.DATA_MODEL, "model"),
        limits=limits.load(),
        now=datetime(2026, 11, 24, tzinfo=UTC),
        query=query,
        data_model=DataModel("model", "Model", "sql", query.sql),
        declared=BY_CODE[code].needs | BY_CODE[code].uses,
    )
    return list(BY_CODE[code].check(context))


def faults(code: str, sql: str, dialect: str) -> list[tuple[int, int, str]]:
    query = read(sql, dialect)
    outcomes = judge(code, query)
    assert all(isinstance(outcome, Fault) for outcome in outcomes), outcomes
    spans = [query.sql.span(o.place.start, o.place.end) for o in outcomes]  # type: ignore[union-attr]
    return [(span.line, span.column, marked(query, span)) for span in spans]


@EVERY
@pytest.mark.parametrize(
    ("code", "sql", "line", "column", "mark"),
    [
        ("PF101", "SELECT a\nFROM (p.d.t\nWHERE", 3, 1, "WHERE"),
        ("PF101", "SELECT a\nFROM p.d.t WHERE b = 'x", 2, 22, "'"),
        ("PF102", "SELECT a FROM p.d.t;\n  SELECT b FROM p.d.t", 2, 3, "SELECT b FROM p.d.t"),
        ("PF103", "-- tidy up\n  DELETE FROM t", 2, 3, "DELETE"),
        ("PF104", "\nWITH x AS (SELECT 1 AS a) SELECT a FROM x", 2, 6, "x"),
        ("PF104", "SELECT a FROM (\n WITH x AS (SELECT 1 AS a) SELECT a FROM x) AS q", 2, 7, "x"),
        ("PF105", "SELECT a\nFROM t", 2, 6, "t"),
        ("PF106", "SELECT a\nFROM {{ ref('t') }} AS t", 2, 6, "{{ ref('t') }}"),
        ("PF107", "SELECT a\nFROM p.d.t\n;", 3, 1, ";"),
        ("PF108", "SELECT\n  x.*\nFROM p.d.t AS x", 2, 3, "x.*"),
        ("PF110", "-- nothing", 1, 1, "-- nothing"),
    ],
)
def test_a_rule_fires_at_its_place(code: str, sql: str, line: int, column: int, mark: str, dialect: str) -> None:
    assert faults(code, sql, dialect) == [(line, column, mark)]


@EVERY
def test_two_parts_are_a_warning_but_on_redshift(dialect: str) -> None:
    expected = [] if dialect == "redshift" else [(1, 15, "d.t")]
    assert faults("PF109", "SELECT a FROM d.t", dialect) == expected
    assert faults("PF105", "SELECT a FROM d.t", dialect) == []


@EVERY
def test_a_clean_query_passes_every_rule(dialect: str) -> None:
    query = read("SELECT c.a, COUNT(*) AS n FROM p.d.t AS c WHERE c.b = ';' GROUP BY c.a", dialect)
    assert [outcome for code in OF_THE_TEXT for outcome in judge(code, query)] == []


@EVERY
@pytest.mark.parametrize("code", TREE_RULES)
def test_without_a_tree_the_rules_that_look_at_it_prove_nothing(code: str, dialect: str) -> None:
    deep = read("SELECT " + "(" * 401 + "1" + ")" * 401 + " AS a", dialect)
    (outcome,) = judge(code, deep)
    assert isinstance(outcome, Unproven)
    assert "401 levels deep" in outcome.reason
    if code != "PF101":
        assert any(isinstance(o, Unproven) for o in judge(code, read("SELECT (a FROM t", dialect)))


def test_a_text_too_long_proves_nothing() -> None:
    long = read("SELECT 1 AS a --" + "x" * 1_000_000)
    for code in OF_THE_TEXT:
        assert [type(outcome) for outcome in judge(code, long)] == [Unproven]


@EVERY
def test_a_problem_of_another_kind_does_not_keep_a_rule_from_the_tree(dialect: str) -> None:
    sql = "WITH x AS (SELECT * FROM t) SELECT * FROM x;"
    assert [mark for *_, mark in faults("PF104", sql, dialect)] == ["x"]
    assert [mark for *_, mark in faults("PF105", sql, dialect)] == ["t"]
    assert [mark for *_, mark in faults("PF108", sql, dialect)] == ["*"]


@EVERY
def test_a_star_over_listed_columns_is_none_and_one_in_a_later_branch_is(dialect: str) -> None:
    assert faults("PF108", "SELECT q.* FROM (SELECT a, b FROM p.d.t) AS q", dialect) == []
    assert faults("PF108", "SELECT a FROM p.d.t UNION ALL SELECT * FROM p.d.u", dialect) == [(1, 38, "*")]


def test_what_sql_not_analysed_says_is_never_a_fault() -> None:
    assert judge("PF111", read("SELECT (a FROM t")) == []
    assert [type(o) for o in judge("PF111", read("SELECT " + "NOT " * 20_000 + "a"))] == [Unproven]
