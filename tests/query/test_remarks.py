from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.query import remarks

DIALECTS = ("snowflake", "bigquery", "redshift", "databricks")


def covered(text: str, dialect: str = "snowflake") -> list[str]:
    return [text[remark.first : remark.last] for remark in remarks(text, dialect)]


def test_at_a_lines_end_it_speaks_of_the_line() -> None:
    assert covered("SELECT a, -- preflight: x\n b\nFROM t") == ["SELECT a, -- preflight: x"]


@pytest.mark.parametrize(
    ("behind", "item"),
    [
        ("f(a, b) AS c, d FROM t", "f(a, b) AS c"),
        ("\n\nd FROM t", "d"),
        ("FROM a\nLEFT OUTER JOIN b ON true", "FROM a"),
        ("LEFT JOIN b ON LEFT(x, 2) = y WHERE true", "LEFT JOIN b ON LEFT(x, 2) = y"),
        ("(SELECT a, b FROM t) AS q, r", "(SELECT a, b FROM t) AS q"),
        ("'it, is' AS x, y", "'it, is' AS x"),
        ("x.from AS y, z", "x.from AS y"),
        ("a) AS q", "a"),
        ("-- another\n a, b", "a"),
    ],
)
def test_on_a_line_of_its_own_it_speaks_of_the_next_item(behind: str, item: str) -> None:
    [stretch] = covered(f"SELECT z,\n -- preflight: x\n{behind}")
    assert stretch.startswith(" -- preflight: x")
    assert stretch.endswith(item)


def test_two_below_each_other_speak_of_the_same() -> None:
    first, second = covered("-- preflight: x\n-- preflight: y\nSELECT a, b")
    assert first == second


@pytest.mark.parametrize(("dialect", "sign"), [("bigquery", "#"), ("snowflake", "//"), ("redshift", "--")])
def test_each_warehouses_own_signs(dialect: str, sign: str) -> None:
    assert len(remarks(f"SELECT 1 {sign} preflight: x", dialect)) == 1


@pytest.mark.parametrize("text", ["'-- preflight: x'", '"-- preflight: x"', "'it''s -- preflight: x'"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_stands_in_quotes_is_no_comment(text: str, dialect: str) -> None:
    assert remarks(f"SELECT {text}", dialect) == ()


PARTS = st.sampled_from(
    ["-- preflight: x\n", "/* preflight: ", "*/", "'", "$$", "(", ")", ",", " a", "\n", "FROM t", "\r\n"]
)


@given(st.lists(PARTS, max_size=14).map("".join), st.sampled_from(DIALECTS))
def test_no_text_breaks_it(text: str, dialect: str) -> None:
    for remark in remarks(text, dialect):
        assert 0 <= remark.first <= remark.start < remark.end <= remark.last <= len(text)
