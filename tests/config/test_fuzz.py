from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.config import Project, load, nodes
from tests.config.projects import GOOD

FUZZ = settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def check(project: Project) -> None:
    """What holds for every project, whatever is wrong with it."""
    for problem in project.problems:
        assert problem.message.endswith((".", "?")), problem.message
        assert problem.remedy
        assert problem.kind
        if problem.span is not None and problem.span.path in project.sources:
            length = len(project.sources[problem.span.path].text)
            assert 0 <= problem.span.start <= problem.span.end <= length + 1
    for model in project.data_models:
        for offset in {0, len(model.sql.text) // 2, len(model.sql.text)}:
            span = model.sql.span(offset, len(model.sql.text))
            assert 0 <= span.start <= span.end <= len(model.sql.file.text)


@FUZZ
@given(st.data())
def test_any_mutation_of_the_text_is_answered(tmp_path: Path, data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + data.draw(st.text("ab:{}[]-#'\"\n ,&*|>0!?%@~<", max_size=12)) + text[end:]
    (tmp_path / "preflight.yml").write_bytes(text.encode())
    check(load(tmp_path))


VALUES = [
    *(
        "~",
        "''",
        "[]",
        "{}",
        "0",
        "-1",
        "1.5",
        "true",
        "x",
        "[~]",
        "[[x]]",
        "{a: b}",
        "{env: A}",
        "{? [a] : b}",
        "1e999",
    ),
    *("*a", "&a x", "!!str x", "9" * 30, "|\n", '"\\0"', "'../../x'", "2026-01-01T00:00:00Z", "{<<: {}}"),
]


@FUZZ
@given(st.data())
def test_any_value_in_any_place_is_answered(tmp_path: Path, data: st.DataObject) -> None:
    places = [found.span(1) for found in re.finditer(r": (\{[^{}]*\}|[^\s,{}\[\]|]+)", GOOD)]
    text = GOOD
    for start, end in sorted(data.draw(st.sets(st.sampled_from(places), min_size=1, max_size=3)), reverse=True):
        text = text[:start] + data.draw(st.sampled_from(VALUES)) + text[end:]
    (tmp_path / "preflight.yml").write_bytes(text.encode())
    check(load(tmp_path))


@FUZZ
@given(st.binary(max_size=120))
def test_any_bytes_are_answered(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "preflight.yml").write_bytes(content)
    check(load(tmp_path))


@FUZZ
@given(st.binary(max_size=60), st.text("*?[].!/ab\\~", min_size=1, max_size=8))
def test_any_bytes_and_any_pattern_are_answered(tmp_path: Path, content: bytes, pattern: str) -> None:
    (tmp_path / "a.yml").write_bytes(content)
    (tmp_path / "preflight.yml").write_text(f"version: 1\ninclude: [a.yml, '{pattern}']\n")
    check(load(tmp_path))


@FUZZ
@given(st.recursive(st.text("ab{}[]:,-#|>'\"@` \n\u00e9\u2028", max_size=8), lambda s: st.lists(s).map("".join)))
def test_the_parser_in_python_reads_what_the_one_in_c_reads(text: str) -> None:
    with_c = nodes.parse(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader")
        in_python = nodes.parse(text)
    if not with_c[1] and not in_python[1]:
        assert _meant(with_c[0]) == _meant(in_python[0])


def _meant(node: nodes.Node | None) -> object:
    if node is None or isinstance(node, nodes.Scalar):
        return node and (node.value, node.start)
    if isinstance(node, nodes.Sequence):
        return [_meant(item) for item in node.items]
    return {key: (place.start, _meant(value)) for key, (place, value) in node.entries.items()}


def test_the_parser_in_python_reads_a_project(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "contacts.sql").write_text("SELECT 1 AS a")
    (tmp_path / "preflight.yml").write_text(GOOD)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader")
        assert load(tmp_path).problems == ()
