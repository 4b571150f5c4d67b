from __future__ import annotations

import json
from pathlib import Path

import pytest

from .command import PROJECT, project, run

DIRTY = "SELECT c.CUSTOMER_ID, c.UPDATED_AT, UPPER(c.X)\nFROM CONTACTS AS c\n"


def codes(folder: Path, *arguments: str) -> tuple[int, dict[str, bool]]:
    done = run("check", "--offline", "-o", "json", *arguments, cwd=folder)
    return done.returncode, {f["code"]: f["baselined"] for f in json.loads(done.stdout)["findings"]}


def test_what_a_baseline_holds_fails_no_check(tmp_path: Path) -> None:
    folder = project(tmp_path, DIRTY)
    written = run("check", "--offline", "--write-baseline", "baseline.json", cwd=folder)
    assert written.returncode == 0
    assert "note: baseline.json holds " in written.stderr
    assert "in the baseline" in written.stdout
    code, found = codes(folder, "--baseline", "baseline.json")
    assert code == 0
    assert found["PF105"]
    assert found["PF202"]
    assert codes(folder)[0] == 1


def test_text_that_moves_does_not_leave_it(tmp_path: Path) -> None:
    folder = project(tmp_path, DIRTY)
    run("check", "--offline", "--write-baseline", "b.json", cwd=folder)
    project(folder, "-- moved\n\n\n" + DIRTY.replace("UPPER(c.X)", "\n  UPPER(c.X)"), "# moved\n\n" + PROJECT)
    code, found = codes(folder, "--baseline", "b.json")
    assert code == 0
    assert "PF914" not in found


def test_one_more_of_the_same_counts(tmp_path: Path) -> None:
    folder = project(tmp_path, DIRTY)
    run("check", "--offline", "--write-baseline", "b.json", cwd=folder)
    project(folder, DIRTY.replace("UPPER(c.X)", "UPPER(c.X), UPPER(c.X)"))
    assert codes(folder, "--baseline", "b.json")[0] == 1


def test_what_is_mended_is_said(tmp_path: Path) -> None:
    folder = project(tmp_path, DIRTY)
    run("check", "--offline", "--write-baseline", "b.json", cwd=folder)
    project(folder, DIRTY.replace("UPPER(c.X)", "UPPER(c.X) AS X"))
    done = run("check", "--offline", "--baseline", "b.json", cwd=folder)
    assert "info[PF914] stale-baseline-entry: The baseline's unnamed-output-column for pipeline contacts" in done.stdout
    assert done.returncode == 0


def test_a_part_of_the_project_says_nothing_of_the_rest(tmp_path: Path) -> None:
    folder = project(tmp_path, DIRTY)
    run("check", "--offline", "--write-baseline", "b.json", cwd=folder)
    assert "PF914" not in codes(folder, "--baseline", "b.json", "--select", "PF9")[1]


def test_the_file_is_sorted_and_the_same_twice(tmp_path: Path) -> None:
    folder = project(tmp_path, DIRTY)
    for name in ("a.json", "b.json"):
        run("check", "--offline", "--write-baseline", name, cwd=folder)
    text = (folder / "a.json").read_text("utf-8")
    assert text == (folder / "b.json").read_text("utf-8")
    document = json.loads(text)
    assert document["version"] == 1
    keys = [(e["code"], e["name"], e["subject"], e["object"]) for e in document["findings"]]
    assert keys == sorted(keys)
    assert set(document["findings"][0]) == {"code", "name", "subject", "object", "count"}


def test_a_broken_grammar_is_in_no_baseline(tmp_path: Path) -> None:
    folder = project(tmp_path, DIRTY, PROJECT + "colour: red\n")
    written = run("check", "--offline", "--write-baseline", "b.json", cwd=folder)
    assert written.returncode == 2
    held = json.loads((folder / "b.json").read_text("utf-8"))["findings"]
    assert "unknown-key" not in {entry["name"] for entry in held}
    assert codes(folder, "--baseline", "b.json")[0] == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 2}',
        '{"version": 1, "findings": [{}]}',
        "[" * 100_000,
        "\x00",
        '{"version": 1, "x": 1}',
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    (project(tmp_path) / "b.json").write_text(text, "utf-8")
    done = run("check", "--offline", "--baseline", "b.json", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "b.json" in done.stderr


@pytest.mark.parametrize("arguments", [("--baseline", "none.json"), ("--write-baseline", "no/where.json")])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, arguments: tuple[str, str]) -> None:
    done = run("check", "--offline", *arguments, cwd=project(tmp_path))
    assert done.returncode == 2
    assert arguments[1] in done.stderr


def test_a_part_of_the_project_is_no_baseline(tmp_path: Path) -> None:
    done = run("check", "--write-baseline", "b.json", "--select", "PF1", cwd=project(tmp_path))
    assert done.returncode == 2
    assert not (tmp_path / "b.json").exists()
