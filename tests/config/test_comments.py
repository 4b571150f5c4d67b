from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preflight.config.comments import comments
from preflight.config.nodes import parse


def covered(text: str) -> list[str]:
    root, mistakes = parse(text)
    assert root is not None
    assert not mistakes
    return [text[comment.first : comment.last] for comment in comments(text, root)]


def test_at_a_lines_end_it_speaks_of_the_line() -> None:
    assert covered("a: 1\nb: {c: 2, # preflight: ignore[x] y\n  d: 3}\n") == ["b: {c: 2, # preflight: ignore[x] y"]


def test_on_a_line_of_its_own_it_speaks_of_the_next_item_with_all_below_it() -> None:
    text = "l:\n  # preflight: ignore[x] y\n  # another word\n\n  - a: 1\n    b: 2\n  - c: 3\n"
    [stretch] = covered(text)
    assert stretch.startswith("  # preflight")
    assert "b: 2" in stretch
    assert "c: 3" not in stretch
    [stretch] = covered("# preflight: ignore[x] y\nl:\n  - a: 1\n  - b: 2\nm: 3\n")
    assert "b: 2" in stretch
    assert "m: 3" not in stretch


def test_two_below_each_other_speak_of_the_same() -> None:
    first, second = covered("# preflight: ignore[x] y\n# preflight: ignore[z] y\na: 1\nb: 2\n")
    assert first == second


def test_what_looks_like_a_comment_in_a_text_is_none() -> None:
    quoted = "'# preflight: ignore[x] y'"
    block = "|\n  -- # preflight: ignore[x] y\n  # preflight: ignore[x] y\n"
    assert covered(f"a: {quoted}\nb: {block}c: word#preflight:y\n") == []
    assert covered(f"a: {quoted} # preflight: ignore[x] y\n") == [f"a: {quoted} # preflight: ignore[x] y"]
    assert len(covered("a: | # preflight: ignore[x] y\n  text\n")) == 1


def test_behind_everything_it_speaks_of_nothing_more() -> None:
    assert covered("a: 1\n# preflight: ignore[x] y\n") == ["# preflight: ignore[x] y"]


PARTS = st.sampled_from(
    [
        "a: 1\n",
        "- b\n",
        "  - c: 2\n",
        "# preflight: ignore[x] y\n",
        " # preflight:",
        "|\n",
        "'",
        '"',
        "{",
        "}",
        "\t",
        "\r\n",
    ]
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_no_text_breaks_it(text: str) -> None:
    root, _ = parse(text)
    if root is not None:
        for comment in comments(text, root):
            assert text[comment.start : comment.end].startswith("#")
            assert 0 <= comment.first <= comment.start <= comment.end <= comment.last <= len(text)
