from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.config.excerpts import excerpt
from preflight.config.nodes import Mapping, Scalar, parse
from preflight.location import Excerpt, SourceFile

LINES = st.lists(st.text("aé😀: #'|-,\t", max_size=10) | st.text(" ", max_size=6), min_size=1, max_size=6)


def read(text: str) -> tuple[Excerpt, str] | None:
    node, mistakes = parse(text)
    if mistakes or not isinstance(node, Mapping) or "sql" not in node.entries:
        return None
    scalar = node.entries["sql"][1]
    if not isinstance(scalar, Scalar):
        return None
    return excerpt(scalar.text, scalar, SourceFile("preflight.yml", text)), scalar.text


@given(
    LINES,
    st.integers(1, 4),
    st.sampled_from(["|", "|-", "|+", "| # why", "|2", "|1+"]),
    st.sampled_from(["", "rest: 1\n", "# a note\n", "\n\nrest: 1\n"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_character_of_a_literal_block_maps_to_itself(
    lines: list[str], indent: int, header: str, rest: str, end: str
) -> None:
    text = f"sql: {header}{end}" + "".join(f"{' ' * indent}{line}{end}" for line in lines) + rest.replace("\n", end)
    found = read(text)
    if found is None or not found[1].strip():
        return
    query, value = found
    for offset, char in enumerate(value):
        span = query.span(offset, offset + 1)
        assert text[span.start : span.end] in ((char, "\r") if char == "\n" else (char,))
    assert query.span(len(value), len(value)).end <= len(text)


def test_a_literal_block_at_the_end_of_a_file_without_a_line_break() -> None:
    text = "sql: |\n  SELECT 1\n\n    AS a"
    found = read(text)
    assert found is not None
    span = found[0].span(0, len(found[1]))
    assert text[span.start : span.end] == "SELECT 1\n\n    AS a"


@pytest.mark.parametrize("written", ["SELECT 1 AS a", "'SELECT 1 AS a'", '"SELECT 1 AS a"'])
def test_text_that_stands_there_as_it_is_maps_exactly(written: str) -> None:
    found = read(f"sql: {written}\n")
    assert found is not None
    span = found[0].span(12, 13)
    assert f"sql: {written}\n"[span.start : span.end] == "a"


@pytest.mark.parametrize(
    "written",
    [
        ">\n  SELECT 1\n  AS a",
        "SELECT 1\n  AS a",
        "'SELECT ''1'' AS a'",
        '"SELECT \\u0031 AS a"',
        "|\n  SELECT 1\u2028  AS a",
        "|\n  SELECT 1\r  AS a",
        "|\r  SELECT 1 AS a",
    ],
)
def test_text_that_does_not_stand_in_the_file_as_it_is_has_one_place(written: str) -> None:
    text = f"sql: {written}\n"
    found = read(text)
    assert found is not None
    line = text.find("\n")
    assert {found[0].span(offset, offset + 1) for offset in range(len(found[1]))} == {
        found[0].file.span(5, min(line, 5 + len(written)))
    }
