from __future__ import annotations

from pathlib import Path

import pytest

from preflight.config import files, load
from preflight.errors import UsageError
from preflight.location import Route
from tests.config.projects import GOOD, Write, kinds

MODEL = "data_models: [{id: more, name: More, type: sql, sql_query: SELECT 1 AS a}]\n"


@pytest.mark.parametrize(
    "pattern", [".", "./", "..", "*.", "[", "**x", "./.", "/", "//x", "~", "a\\b", "x" * 5000, "**/**/*"]
)
def test_a_pattern_that_brings_nothing_is_a_problem(project: Write, pattern: str) -> None:
    read = project(GOOD + f"include: ['{pattern}']\n")
    assert kinds(read) == ["unreadable-file"]
    assert read.problems[0].span == read.locate(Route("", "", ("include", 0)))


def test_a_pattern_that_matches_too_much_is_a_problem(
    project: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 2)
    parts = {f"parts/{name}.yml": "" for name in "abc"}
    assert kinds(project(GOOD + "include: [parts/*.yml]\n", **parts)) == ["unreadable-file"]
    (tmp_path / "parts" / "c.yml").unlink()
    assert kinds(load(tmp_path)) == []


def test_included_files_are_read_in_order(project: Write) -> None:
    def part(name: str) -> str:
        return MODEL.replace("more", name)

    read = project(
        "version: 1\ninclude: [z.yml, 'p/**/*.yml']\n",
        **{"p/b.yml": part("b"), "p/a/c.yml": part("c"), "z.yml": part("z"), "p/a.yml": part("a")},
    )
    assert [model.id for model in read.data_models] == ["z", "a", "c", "b"]


def test_a_file_is_read_once_under_whatever_name(project: Write, tmp_path: Path) -> None:
    (tmp_path / "link.yml").symlink_to("part.yml")
    read = project(GOOD + "include: [part.yml, link.yml, './part.yml', '*.yml']\n", **{"part.yml": MODEL})
    assert kinds(read) == []
    assert read.data_model("more") is not None


def test_a_link_to_a_file_outside_is_not_included(project: Write, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.yml"
    outside.write_text(MODEL)
    (tmp_path / "link.yml").symlink_to(outside)
    read = project(GOOD + "include: [link.yml]\n")
    assert kinds(read) == ["unreadable-file"]
    assert "outside" in read.problems[0].message


def test_links_that_lead_in_a_circle(project: Write, tmp_path: Path) -> None:
    (tmp_path / "loop.sql").symlink_to("loop.sql")
    assert kinds(project(GOOD.replace("models/contacts.sql", "loop.sql"))) == ["unreadable-file"]
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="no regular file"):
        load(tmp_path / "loop")


def test_a_project_file_in_another_encoding(project: Write, tmp_path: Path) -> None:
    project()
    (tmp_path / "preflight.yml").write_bytes(GOOD.encode("utf-16"))
    read = load(tmp_path)
    assert kinds(read) == ["unreadable-file"]
    assert "is UTF-16" in read.problems[0].message


def test_a_file_that_cannot_be_read_hides_no_other_problem_and_makes_none(project: Write) -> None:
    text = GOOD.replace("connection_id: crm", "connection_id: elsewhere").replace("name: Contacts model", "name: 1")
    read = project(text + "include: [part.yml]\n", **{"part.yml": "connections: [\n"})
    assert sorted(kinds(read)) == ["broken-yaml", "wrong-value"]


@pytest.mark.parametrize(
    "part", ["- a\n", "connections: {}\n", "connections: *a\n", "connections: []\nconnections: []\n"]
)
def test_a_file_that_was_not_read_whole_may_hold_what_is_missing(project: Write, part: str) -> None:
    read = project(
        GOOD.replace("connection_id: crm", "connection_id: elsewhere") + "include: [p.yml]\n", **{"p.yml": part}
    )
    assert len(read.problems) == 1
    assert kinds(read) != ["unresolved-reference"]


@pytest.mark.parametrize("name", ["../w.duckdb", "/w.duckdb", "a/../../w.duckdb", "out/w.duckdb"])
def test_a_stand_in_outside_the_folder(project: Write, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").symlink_to(tmp_path.parent)
    read = project(GOOD.replace("w.duckdb", name))
    assert kinds(read) == ["unreadable-file"]
    assert read.problems[0].span == read.locate(Route("connections", "crm", ("introspect", "local")))
    assert ("connections", "crm") in read.broken
    assert kinds(project(GOOD.replace("w.duckdb", f"{{CRM: ok.duckdb, REF: {name}}}"))) == ["unreadable-file"]


def test_a_stand_in_is_relative_to_the_file_that_names_it(project: Write) -> None:
    connection = "connections: [{id: b, name: B, service_provider: bigquery, config: {}, introspect: {local: ../w.db}}]"
    read = project(GOOD + "include: [parts/b.yml]\n", **{"parts/b.yml": connection})
    assert kinds(read) == []
    found = read.connection("b")
    assert found is not None
    assert (found.introspect.folder, found.introspect.local) == ("parts", "../w.db")


def test_both_names_of_the_project_file(tmp_path: Path) -> None:
    (tmp_path / "preflight.yaml").write_text("version: 1\n")
    assert load(tmp_path).file == "preflight.yaml"
    (tmp_path / "preflight.yml").write_text("version: 1\n")
    assert load(tmp_path).file == "preflight.yml"
    (tmp_path / "other.yml").write_text("version: 1\n")
    assert load(tmp_path / "other.yml").file == "other.yml"


@pytest.mark.parametrize("name", ["absent", "a\0b", "x" * 5000])
def test_no_project_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no project file"):
        load(tmp_path / name)


def test_the_projects_in_the_folders_below_are_named(project: Write, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "preflight.yml").write_text("version: 1\n")
    with pytest.raises(UsageError) as error:
        load(tmp_path)
    assert error.value.remedy == "name one of: a, b"


def test_a_folder_by_the_project_files_name(tmp_path: Path) -> None:
    (tmp_path / "preflight.yml").mkdir()
    with pytest.raises(UsageError, match="no regular file"):
        load(tmp_path)
