"""The page of the project file's keys names every key, and its example is a project."""

from __future__ import annotations

from pathlib import Path

from preflight.config import grammar, load

from .blocks import blocks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"


def test_the_example_is_a_project_without_a_problem(tmp_path: Path) -> None:
    (example,) = [block for block in blocks(PAGE, ROOT) if block.language == "yaml"]
    (tmp_path / "preflight.yml").write_text(example.text, "utf-8")
    project = load(tmp_path)
    assert project.problems == ()
    assert [pipeline.id for pipeline in project.pipelines] == ["contacts-pipeline"]


def test_every_key_has_a_row_with_its_meaning() -> None:
    text = PAGE.read_text("utf-8")
    shapes = (grammar.PROJECT, grammar.WORKSPACE, grammar.LIMITS, grammar.OVERRIDE, grammar.INTROSPECT, grammar.MAPPING)
    shapes += (grammar.SYNC_MODE, grammar.SCHEDULE, grammar.WAIVER, *grammar.LISTS.values())
    for shape in shapes:
        for name, field in shape.fields.items():
            assert f"| `{name}` |" in text
            assert f"| {field.doc} |\n" in text
