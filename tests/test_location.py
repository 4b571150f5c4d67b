from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preflight.location import Excerpt, SourceFile, Span


def test_a_span_counts_lines_and_columns_from_one() -> None:
    file = SourceFile("models/a.sql", "SELECT 1\nFROM t\n")
    assert file.span(9, 13) == Span("models/a.sql", 9, 13, 2, 1, 2, 5)


def test_the_end_of_a_file_without_a_line_break() -> None:
    file = SourceFile("a.sql", "SELECT")
    assert file.span(6, 6) == Span("a.sql", 6, 6, 1, 7, 1, 7)


def test_columns_are_code_points() -> None:
    assert SourceFile("a.sql", "'😀' x").span(4, 5).column == 5


def test_a_line_comes_without_its_break() -> None:
    file = SourceFile("a.sql", "one\r\ntwo\n")
    assert [file.line(n) for n in (0, 1, 2, 3, 4)] == ["", "one", "two", "", ""]


@given(st.text(alphabet="ab\n", max_size=60), st.data())
def test_a_position_is_where_counting_by_hand_puts_it(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    before = text[:offset]
    assert SourceFile("x", text).position(offset) == (before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def test_an_excerpt_maps_into_its_file() -> None:
    file = SourceFile("preflight.yml", "sql: |\n  SELECT\n    1\n")
    excerpt = Excerpt("SELECT\n  1\n", file, ((0, 9), (7, 18)))
    assert excerpt.span(0, 6) == file.span(9, 15)
    one = excerpt.text.index("1")
    span = excerpt.span(one, one + 1)
    assert file.text[span.start : span.end] == "1"
