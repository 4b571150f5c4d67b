from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.config import nodes
from preflight.config.nodes import Mapping
from tests.config.projects import plain


def read(text: str) -> Any:
    node, mistakes = nodes.parse(text)
    assert not mistakes
    return plain(node)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("12:30:00", "12:30:00"),
        ("2026-12-01", "2026-12-01"),
        ("1_000", "1_000"),
        ("12", 12),
        ("-7", -7),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("99999999999999999999999999", "99999999999999999999999999"),
    ],
)
def test_scalars_mean_what_they_look_like(written: str, meant: object) -> None:
    value = read(f"key: {written}")["key"]
    assert value == meant
    assert type(value) is type(meant)


def test_a_duplicate_key_keeps_the_first_and_says_so() -> None:
    node, mistakes = nodes.parse("a: 1\nb: 2\na: 3\n")
    assert plain(node) == {"a": 1, "b": 2}
    assert [(m.kind, m.start) for m in mistakes] == [("duplicate-key", 10)]


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("a: &x 1\nb: *x\n", 3, "anchors"),
        ("a: *x\n", None, "alias"),
        ("a: !!python/object:os.system x\n", 3, "tags"),
        ("a: 1\n---\nb: 2\n", 5, "second document"),
        ("<<: {a: 1}\n", 0, "merges"),
        ("? [a]\n: b\n", 2, "key must be text"),
        ("a: [1, 2\n", None, "no YAML"),
        ("a:\n\t- b\n", None, "no YAML"),
        ("a: 'b\n", None, "no YAML"),
        ("a: b\x00c\n", 4, "U+0000"),
        ("a: \x07\n", 3, "U+0007"),
    ],
)
def test_what_is_refused(text: str, at: int | None, says: str) -> None:
    _, mistakes = nodes.parse(text)
    assert mistakes
    assert any(says in m.message for m in mistakes), mistakes
    if at is not None:
        assert mistakes[0].start == at


def test_bombs_are_defused_quickly() -> None:
    laughs = "a: &a [x]\n" + "".join(f"{c}: &{c} [*{p},*{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    deep = "a: " + "[" * 5000 + "]" * 5000
    block = "".join(" " * i + "- \n" for i in range(3000))
    wide = "[" + "1," * 300_000 + "]"
    long = "a: " + "x" * 2_000_000
    begin = time.process_time()
    for text in (laughs, deep, block, wide, long):
        _, mistakes = nodes.parse(text)
        assert mistakes
        assert mistakes[0].kind == "broken-yaml"
    assert time.process_time() - begin < 20


def test_offsets_are_code_points() -> None:
    text = "a: '😀é'\nb: x\n"
    node, _ = nodes.parse(text)
    assert isinstance(node, Mapping)
    value = node.entries["b"][1]
    assert text[value.start : value.end] == "x"


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    node, mistakes = nodes.parse(text)
    for mistake in mistakes:
        assert 0 <= mistake.start <= len(text)
    if node is not None:
        plain(node)


@given(st.recursive(st.text("ab{}[]:,-#&*!|>'\"%@` \n", max_size=8), lambda s: st.lists(s, max_size=4).map("".join)))
def test_any_punctuation_is_answered(text: str) -> None:
    nodes.parse(text)
