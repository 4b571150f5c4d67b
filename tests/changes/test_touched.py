"""``check --changed-since`` in real repositories: what a change touches, and nothing else, is judged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.changes.git import CommittedFiles, base
from preflight.config.files import Files
from tests.changes.repository import commit, edit, git, repository
from tests.cli.command import run
from tests.dbt.test_dbt import DBT_MODEL, shop


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path)


def judged(folder: Path, ref: str = "main", *more: str) -> set[str]:
    """The pipelines and data models that were judged."""
    done = run("check", "--offline", "--changed-since", ref, "-o", "json", *more, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    subjects = [verdict["subject"] for verdict in json.loads(done.stdout)["verdicts"]]
    return {s["id"] for s in subjects if s["kind"] in ("pipeline", "data model")}


def test_nothing_changed_is_said_and_is_no_failure(root: Path) -> None:
    done = run("check", "--offline", "--changed-since", "HEAD", root)
    assert done.returncode == 0
    assert "note: no pipeline and no data model has changed since HEAD, so none was judged" in done.stdout
    assert "nothing to check" not in done.stdout


Change = Callable[[Path], None]


@pytest.mark.parametrize(
    ("change", "expect"),
    [
        (lambda r: edit(r / "models/model.sql", "c.CUSTOMER_ID", "c.CUSTOMER_ID, c.TIER"), {"contacts"}),
        (lambda r: edit(r / "models/unused.sql", "t.CUSTOMER_ID", "t.CUSTOMER_ID, t.A"), {"unused"}),
        (lambda r: edit(r / "pipelines/others.yml", "daily", "weekly"), {"others"}),
        (lambda r: edit(r / "pipelines/others.yml", "    partner", "    # a remark\n    partner"), set()),
        (lambda r: edit(r / "preflight.yml", "role: R", "role: S"), {"contacts", "others"}),
        (lambda r: edit(r / "preflight.yml", "version: 1", "version: 1\nrules: {select-star: error}"), None),
        (lambda r: (r / "pipelines/others.yml").rename(r / "pipelines/moved.yml"), set()),
        (lambda r: (r / "README.md").write_text("A text"), set()),
        (lambda r: (r.parent / "elsewhere.sql").write_text("SELECT 1"), set()),
        (lambda r: edit(r / "preflight.yml", "version: 1", 'version: 1\nlimits: {profile: "docs-2025-02"}'), set()),
        (lambda r: (r / "preflight.lock").write_text('{"version": 1}'), None),
    ],
    ids=[
        "its SQL",
        "a model without a pipeline",
        "its schedule",
        "a comment",
        "its connection",
        "a rule",
        "a file that moved",
        "a text",
        "another folder",
        "a default",
        "the lock",
    ],
)
def test_only_what_the_change_touches_is_judged(root: Path, change: Change, expect: set[str] | None) -> None:
    change(root)
    wanted = {"contacts", "others", "unused"} if expect is None else expect
    assert judged(root) == wanted
    commit(root)
    assert judged(root, "HEAD~1") == wanted
    assert judged(root, "HEAD") == set()


def test_what_main_changed_meanwhile_is_not_ours(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "feature")
    edit(root / "pipelines/others.yml", "daily", "weekly")
    commit(root)
    git(root, "checkout", "-q", "main")
    edit(root / "models/model.sql", "c.CUSTOMER_ID", "c.CUSTOMER_ID, c.TIER")
    commit(root)
    git(root, "checkout", "-q", "feature")
    assert judged(root, "main") == {"others"}


def test_a_new_pipeline_and_a_removed_one(root: Path) -> None:
    text = (root / "pipelines/others.yml").read_text("utf-8")
    (root / "pipelines/new.yml").write_text(text.replace("id: others", "id: new"), "utf-8")
    (root / "pipelines/contacts.yml").unlink()
    assert judged(root) == {"new"}


@pytest.mark.parametrize(
    "pattern", ["pipelines/*.yml", "**/*.yml", "pipelines/**", "*/o[r-t]hers.yml", "*/[z-a].yml", "[", "a/**/b/**/c"]
)
def test_a_commits_files_are_matched_as_those_on_disk(root: Path, pattern: str) -> None:
    def match(files: Files) -> tuple[list[str], int]:
        refused: list[str] = []
        return files.match(pattern, lambda message, remedy, span: refused.append(message)), len(refused)

    committed = match(CommittedFiles(root.resolve(), base(root, "HEAD")))
    if pattern != "pipelines/**":  # which pathlib reads as folders alone, up to Python 3.12
        assert committed == match(Files(root.resolve()))


def test_a_new_project_is_judged_whole(tmp_path: Path) -> None:
    root = repository(tmp_path)
    shutil.copytree(root, tmp_path / "second")
    assert judged(tmp_path / "second") == {"contacts", "others", "unused"}


def test_a_broken_file_is_reported_whatever_else_changed(root: Path) -> None:
    edit(root / "pipelines/others.yml", "frequency: daily", "frequency: dayly")
    done = run("check", "--offline", "--changed-since", "main", root)
    assert done.returncode == 2
    assert "dayly" in done.stdout


@pytest.mark.parametrize("ref", ["no-such-branch", "--output=x", "HEAD:sync", "", "\0"])
def test_an_unknown_commit_is_a_usage_error(root: Path, ref: str) -> None:
    done = run("check", "--offline", f"--changed-since={ref}", root)
    assert done.returncode == 2
    assert "git knows no commit" in done.stderr
    assert not (root / "x").exists()


def test_without_a_repository_it_is_refused(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(tmp_path / ".git")
    done = run("check", "--offline", "--changed-since", "main", root)
    assert done.returncode == 2
    assert "is in no git repository" in done.stderr


def test_a_shallow_clone_says_what_to_fetch(root: Path, tmp_path: Path) -> None:
    git(root, "checkout", "-q", "--orphan", "other")
    commit(root)
    done = run("check", "--offline", "--changed-since", "main", root)
    assert done.returncode == 2
    assert "fetch-depth: 0" in done.stderr
    git(tmp_path, "clone", "-q", "--depth", "1", tmp_path.as_uri(), "shallow")
    shallow = tmp_path / "shallow" / root.relative_to(tmp_path)
    done = run("check", "--offline", "--changed-since", "origin/elsewhere", shallow)
    assert "git knows no commit 'origin/elsewhere'" in done.stderr
    assert "fetch-depth: 0" in done.stderr


def test_an_ancestor_in_dbt_touches_the_pipeline(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    shop(tmp_path, DBT_MODEL)
    (tmp_path / ".gitignore").write_text("target/\n", "utf-8")
    commit(tmp_path)
    for name, expect in (
        ("models/staging/stg_contacts.sql", {"contacts"}),
        ("macros/clean.sql", {"contacts"}),
        ("seeds/raw_contacts.csv", {"contacts"}),
        ("models/marts/tiers.sql", set()),
    ):
        file = tmp_path / name
        file.write_text(file.read_text("utf-8") + "\n-- a remark\n", "utf-8")
        done = run("check", "--offline", "--changed-since", "main", "-o", "json", tmp_path)
        subjects = [verdict["subject"] for verdict in json.loads(done.stdout)["verdicts"]]
        assert {s["id"] for s in subjects if s["kind"] == "pipeline"} == expect, name
        git(tmp_path, "checkout", "-q", name)
