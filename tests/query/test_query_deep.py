from __future__ import annotations

import sys
import threading
import time

import pytest

from preflight.query import MAX_DEPTH, MAX_LENGTH, MAX_TOKENS
from tests.query.sql_support import DIALECTS, marked, read, table

SHAPES = {
    "case": (60, lambda n: "SELECT " + "CASE WHEN a > 1 THEN " * n + "1" + " ELSE 2 END" * n + " AS x FROM p.d.t"),
    "brackets": (300, lambda n: "SELECT " + "(" * n + "a" + ")" * n + " AS x FROM p.d.t"),
    "subqueries": (200, lambda n: "SELECT x FROM (" * n + "SELECT a AS x FROM p.d.t" + ") AS q" * n),
    "calls": (60, lambda n: "SELECT " + "COALESCE(a, " * n + "1" + ")" * n + " AS x FROM p.d.t"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_deep_nesting_is_analysed_fully(shape: str, dialect: str) -> None:
    count, build = SHAPES[shape]
    query = read(build(count), dialect)
    assert (query.unanalysed, query.problems) == ("", ())
    assert [marked(query, use.place) for use in query.tables] == ["p.d.t"]
    assert query.nodes("Column")
    outputs = query.outputs(tables=dict([table("p.d.t", "a")]))
    assert outputs.complete
    assert [(c.name or "").lower() for c in outputs.columns] == ["x"]


def test_stars_are_expanded_through_deep_subqueries() -> None:
    query = read("SELECT * FROM (" * 100 + "SELECT * FROM u" + ") AS q" * 100)
    assert [c.name for c in query.outputs(tables=dict([table("U", "A", "B")])).columns] == ["A", "B"]


def test_depth_at_the_limit_is_analysed_and_just_past_it_is_not() -> None:
    at = read("SELECT " + "(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH + " AS a")
    past = read("SELECT " + "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1) + " AS a")
    assert at.unanalysed == ""
    assert "401 levels deep" in past.unanalysed
    assert (past.projections, past.tables, past.nodes("Column"), past.problems) == ((), (), (), ())


def test_length_past_the_limit_is_not_analysed() -> None:
    filler = "/*" + "x" * MAX_LENGTH + "*/"
    assert "1,000,0" in read(f"SELECT 1 AS a {filler}").unanalysed


def test_wide_lists_are_analysed_and_wider_ones_are_not() -> None:
    wide = read(f"SELECT a FROM p.d.t WHERE a IN ({', '.join(['1'] * 20_000)})")
    assert wide.unanalysed == ""
    wider = read(f"SELECT a FROM p.d.t WHERE a IN ({','.join(['1'] * (MAX_TOKENS // 2 + 1))})")
    assert "words" in wider.unanalysed


@pytest.mark.parametrize("link", ["NOT ", "- ", "EXISTS SELECT "])
def test_recursion_without_brackets_is_a_reason_and_no_crash(link: str) -> None:
    query = read("SELECT " + link * 20_000 + "a")
    assert query.unanalysed or query.projections


def test_a_long_chain_is_no_depth() -> None:
    query = read("SELECT * FROM u WHERE " + " OR ".join(["a = 1"] * 4_000))
    assert query.unanalysed == ""
    assert query.outputs(tables=dict([table("U", "A")])).complete


def test_brackets_in_strings_are_no_depth() -> None:
    assert read("SELECT '" + "(" * 1_000 + "' AS a, '(' AS b").unanalysed == ""


@pytest.mark.parametrize("opener", ["(", "[", "CASE WHEN ", "((SELECT "])
def test_brackets_that_never_close_are_a_problem_in_bounded_time(opener: str) -> None:
    begin = time.process_time()
    query = read("SELECT " + opener * 150)
    assert query.unanalysed
    assert time.process_time() - begin < 10


def test_limits_of_the_process_are_restored_whatever_runs_at_once() -> None:
    limit, size = sys.getrecursionlimit(), threading.stack_size()
    count, build = SHAPES["brackets"]
    failures: list[str] = []

    def work() -> None:
        failures.extend(read(build(count)).unanalysed for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [""] * 12
    assert (sys.getrecursionlimit(), threading.stack_size()) == (limit, size)


def test_a_caller_that_is_deep_itself_is_served() -> None:
    def descend(frames: int) -> str:
        return descend(frames - 1) if frames else read("SELECT " + "f(" * 15 + "1" + ")" * 15 + " AS a").unanalysed

    assert descend(600) == ""
