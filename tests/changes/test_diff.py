"""``preflight diff``: what a change does to the payload, against a commit and against the lock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from preflight.changes.payload import Change, Difference, How
from preflight.changes.show import markdown
from preflight.report.markdown import COMMENT, LONGEST
from tests.changes.repository import commit, edit, repository
from tests.cli.command import run
from tests.lock.test_lock import WITH_STAND_IN, project, warehouse


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path)


def changes(root: Path, *more: str) -> list[tuple[str, str, str, str, str]]:
    done = run("diff", *(more or ("--since", "main")), "--offline", "-o", "json", root)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return [(c["pipeline"], c["how"], c["what"], c["before"], c["after"]) for c in found["changes"]]


def test_columns_added_removed_and_mapped_anew(root: Path) -> None:
    edit(root / "models/model.sql", "c.CUSTOMER_ID", 'c.TIER AS "tier", c.CUSTOMER_ID AS "email"')
    assert changes(root) == [
        ("contacts", "removed", "column", "user identity customer_id", ""),
        ("contacts", "added", "column", "", "custom attribute"),
        ("contacts", "added", "column", "", "user identity"),
    ]
    done = run("diff", "--since", "main", "--offline", root)
    assert "  - column CUSTOMER_ID, was user identity customer_id\n" in done.stdout
    assert "  + column email: user identity\n" in done.stdout


def test_a_column_that_becomes_something_else(root: Path) -> None:
    edit(root / "models/model.sql", "c.CUSTOMER_ID", "c.CUSTOMER_ID, c.CREATED_AT")
    commit(root)
    edit(root / "pipelines/contacts.yml", "iterator_field: UPDATED_AT", "iterator_field: CREATED_AT")
    done = run("diff", "--since", "HEAD", "--offline", root)
    assert "  ~ column mapping CREATED_AT: custom attribute → iterator\n" in done.stdout
    assert "  ~ column mapping UPDATED_AT: iterator → custom attribute\n" in done.stdout
    assert "sync mode: incremental by UPDATED_AT" in done.stdout


def test_windows_and_slots(root: Path) -> None:
    edit(root / "pipelines/others.yml", "frequency: daily", "frequency: hourly")
    edit(root / "pipelines/contacts.yml", "environment: development", "environment: development\n    state: paused")
    done = run("diff", "--since", "main", "--offline", root)
    assert "~ windows: daily from 2026-12-01T03:05:00Z → hourly from 2026-12-01T03:05:00Z\n" in done.stdout
    assert "~ state: active → paused\n" in done.stdout
    assert "slots: 2 → 1 of 5, by this project alone\n" in done.stdout


def test_a_pipeline_that_comes_and_one_that_goes(root: Path) -> None:
    text = (root / "pipelines/others.yml").read_text("utf-8")
    (root / "pipelines/others.yml").write_text(text.replace("id: others", "id: new"), "utf-8")
    found = changes(root)
    assert [(c[0], c[1], c[2]) for c in found if c[2] == "pipeline"] == [
        ("new", "added", "pipeline"),
        ("others", "removed", "pipeline"),
    ]


def test_nothing_changes(root: Path) -> None:
    edit(root / "models/model.sql", "\n", "\n\n")
    assert changes(root) == []
    done = run("diff", "--since", "main", "--offline", "--exit-code", root)
    assert (done.returncode, done.stdout.splitlines()[0][-15:]) == (0, "nothing changes")


def test_a_change_can_have_an_exit_code(root: Path) -> None:
    edit(root / "models/model.sql", "c.CUSTOMER_ID", "c.CUSTOMER_ID, c.TIER")
    assert run("diff", "--since", "main", "--offline", "--exit-code", root).returncode == 7


def test_markdown_cannot_be_broken_out_of(root: Path) -> None:
    edit(root / "models/model.sql", "c.CUSTOMER_ID", 'c.CUSTOMER_ID, c.A AS "a|b`<script>"')
    lines = run("diff", "--since", "main", "--offline", "-o", "markdown", root).stdout.splitlines()
    row = next(line for line in lines if "script" in line)
    assert row == "| `contacts` | added | column `a\\|b'<script>` |  | `custom attribute` |"


def test_a_large_difference_and_a_full_report_fit_one_comment() -> None:
    change = Change("p" * 300, How.CHANGED, "column", "c" * 300, "b" * 300, "a" * 300)
    found = Difference("main", (change,) * 5_000, 1, 2, 5, ("h" * 300,) * 5_000)
    text = markdown(found)
    assert len(text) <= COMMENT - LONGEST
    rows = text.count("| **changed** |")
    assert rows > 10
    assert f"… and {5_000 - rows:,} more" in text


def test_an_open_star_is_told(root: Path) -> None:
    (root / "models/model.sql").write_text("SELECT * FROM CRM.PUBLIC.CONTACTS AS c", "utf-8")
    done = run("diff", "--since", "main", "--offline", root)
    assert "note: not all columns of contacts are known" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--since", "main", "--lock"], ["--since", "nowhere"], ["--lock"]])
def test_what_cannot_be_compared_is_refused(root: Path, arguments: list[str]) -> None:
    assert run("diff", *arguments, root).returncode == 2


def test_a_retyped_column_is_seen_against_the_lock(tmp_path: Path) -> None:
    warehouse(project(tmp_path, text=WITH_STAND_IN))
    run("lock", tmp_path)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("ALTER TABLE PUBLIC.CONTACTS ALTER CUSTOMER_ID TYPE VARCHAR")
    done = run("diff", "--lock", "--exit-code", tmp_path)
    assert done.returncode == 7
    assert "  ~ column type CUSTOMER_ID: BIGINT → VARCHAR\n" in done.stdout


def test_types_come_from_the_lock_of_each_side(tmp_path: Path) -> None:
    root = repository(tmp_path)
    warehouse(root)
    edit(root / "preflight.yml", "data_models:", "    introspect: {local: w.duckdb}\ndata_models:")
    run("lock", root)
    edit(root / "preflight.yml", "    introspect: {local: w.duckdb}\n", "")
    commit(root)
    lock = root / "preflight.lock"
    edit(lock, '"raw": "BIGINT"', '"raw": "NUMBER(38,0)"')
    assert ("contacts", "changed", "column type", "BIGINT", "NUMBER(38,0)") in [
        tuple(c) for c in changes(root, "--since", "HEAD")
    ]
