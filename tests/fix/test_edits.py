from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.config.embedded import says, sql_in
from preflight.fix import Edit, applied
from preflight.fix.edits import in_file

TEXTS = st.text(st.sampled_from("ab\t '\"é\r\n-/*"), max_size=40)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(TEXTS)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return text, [Edit(start, end, draw(TEXTS)) for start, end in pairs]


@given(edited())
def test_text_outside_of_the_edits_stays(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    result = applied(text, edits)
    at = shift = 0
    for edit in edits:
        assert result[at + shift : edit.start + shift] == text[at : edit.start]
        assert result[edit.start + shift :].startswith(edit.text)
        at, shift = edit.end, shift + len(edit.text) - (edit.end - edit.start)
    assert result[at + shift :] == text[at:]


@pytest.mark.parametrize(
    "edits", [[Edit(0, 2, ""), Edit(1, 3, "")], [Edit(2, 9, "")], [Edit(2, 1, "")], [Edit(-1, 1, "")]]
)
def test_edits_that_cannot_be_made_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match="edit"):
        applied("abc", edits)


WORDS = st.lists(st.sampled_from(["SELECT", "a,", "-- c", "'x'", "  b", ""]), min_size=1, max_size=5)


@given(WORDS.filter(lambda lines: lines[0].strip()), st.integers(1, 5), st.sampled_from(["\n", "\r\n"]), st.data())
def test_an_edit_of_a_block_is_the_same_edit_of_the_query(
    lines: list[str], indent: int, newline: str, data: st.DataObject
) -> None:
    lines = [lines[0].strip(), *lines[1:]]
    block = newline.join(f"{' ' * (4 + indent)}{line}" if line else "" for line in lines)
    text = newline.join(["# é\tx", "data_models:", "  - id: m", "    sql_query: |", block, "rest: 1", ""])
    excerpt = sql_in("p.yml", text, "m")
    assert excerpt is not None
    assert excerpt.exact
    start = data.draw(st.integers(0, len(excerpt.text) - 1))
    end = data.draw(st.integers(start, len(excerpt.text) - 1))
    edit = Edit(start, end, data.draw(st.sampled_from(["", "x", "x\ny", "(-- c\nSELECT 1)", "x\n"])))
    wanted = applied(excerpt.text, [edit])
    [moved] = in_file(excerpt, [edit])
    after = applied(text, [moved])
    assert after.startswith(text[: moved.start])
    assert after.endswith(text[moved.end :])
    found = sql_in("p.yml", after, "m")
    if found is not None and found.text == wanted:  # else the repair refuses it
        assert says(after, "m") == says(text, "m")
        assert newline == "\n" or "\n" not in after.replace("\r\n", "")
