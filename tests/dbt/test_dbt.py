"""Data models that are dbt models: on recorded artifacts of real dbt, and on dbt itself (slow)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.config import load
from preflight.engine import Options, check
from preflight.finding import Depth, State
from tests.cli.command import PROJECT, run
from tests.dbt.record import HERE, build

DBT_MODEL = PROJECT.replace("sql_file: models/model.sql", "dbt_model: contacts")


def shop(folder: Path, text: str = DBT_MODEL) -> Path:
    """The dbt project with its recorded artifacts, and a project of ours in it."""
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    shutil.copytree(HERE / "artifacts", folder / "target")
    (folder / "preflight.yml").write_text(text, "utf-8")
    return folder


def problems(folder: Path) -> list[tuple[str, str, str]]:
    return [(p.kind, p.message, p.remedy) for p in load(folder).problems]


def test_the_compiled_sql_is_the_query_and_findings_point_into_it(tmp_path: Path) -> None:
    project = load(shop(tmp_path))
    model = project.data_models[0]
    assert project.problems == ()
    assert model.dbt_model == "model.shop.contacts"
    assert "{{" not in model.sql.text
    assert '"crm"."main_staging"."stg_contacts"' in model.sql.text
    report = check(project, Options(offline=True), environ={})
    quoted = report.select("iterator-needs-quotes")[0]
    assert quoted.span is not None
    assert quoted.span.path == "target/compiled/shop/models/marts/contacts.sql"
    assert quoted.span.path in report.sources


def test_the_catalog_tells_columns_and_types_without_a_warehouse(tmp_path: Path) -> None:
    report = check(load(shop(tmp_path)), Options(offline=True), environ={})
    assert report.depth is Depth.LOCKED
    columns = report.schemas["contacts"].columns
    assert [(c.name, c.type.raw) for c in columns] == [
        ("customer_id", "INTEGER"),
        ("email", "VARCHAR"),
        ("tier", "VARCHAR"),
        ("updated_at", "TIMESTAMP"),
    ]
    known = {v.name: v.state for v in report.verdicts}
    assert known["missing-table"] is State.PASS
    assert known["window-over-record-limit"] is State.UNPROVEN


def test_a_catalog_that_is_older_than_the_sql_tells_no_columns(tmp_path: Path) -> None:
    shop(tmp_path)
    manifest = tmp_path / "target" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('as \\"tier\\"', 'as \\"level\\"'), "utf-8")
    report = check(load(tmp_path), Options(offline=True), environ={})
    assert "contacts" not in report.schemas


def test_an_old_catalog_proves_nothing(tmp_path: Path) -> None:
    catalog = shop(tmp_path) / "target" / "catalog.json"
    document = json.loads(catalog.read_text("utf-8"))
    document["metadata"]["generated_at"] = "2020-01-01T00:00:00Z"
    catalog.write_text(json.dumps(document), "utf-8")
    report = check(load(tmp_path), Options(offline=True), environ={})
    assert "contacts" not in report.schemas
    assert report.select("old-lock")


def test_an_edited_model_is_an_error(tmp_path: Path) -> None:
    model = shop(tmp_path) / "models" / "marts" / "contacts.sql"
    model.write_text(model.read_text("utf-8") + "\n", "utf-8")
    assert problems(tmp_path) == []
    model.write_text(model.read_text("utf-8").replace("c.tier", "c.level"), "utf-8")
    assert problems(tmp_path) == [
        ("stale-dbt-manifest", "models/marts/contacts.sql has changed since dbt compiled it.", "Run `dbt compile`.")
    ]
    assert run("check", "--offline", tmp_path).returncode == 2


@pytest.mark.parametrize("name", ["contacts", "shop.contacts", "model.shop.contacts"])
def test_a_model_is_named_in_three_ways(tmp_path: Path, name: str) -> None:
    assert problems(shop(tmp_path, DBT_MODEL.replace("dbt_model: contacts", f"dbt_model: {name}"))) == []


def test_a_misspelt_model_is_answered_with_the_nearest(tmp_path: Path) -> None:
    shop(tmp_path, DBT_MODEL.replace("dbt_model: contacts", "dbt_model: contatcs"))
    assert problems(tmp_path) == [
        ("unresolved-reference", "The dbt project shop has no model 'contatcs'.", "Write contacts.")
    ]


def test_what_dbt_has_not_compiled_is_not_taken(tmp_path: Path) -> None:
    manifest = shop(tmp_path) / "target" / "manifest.json"
    document: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    node = document["nodes"]["model.shop.contacts"]
    for change, says in (
        ({"compiled_code": None}, "was parsed, but not compiled"),
        ({"language": "python"}, "is written in python"),
    ):
        document["nodes"]["model.shop.contacts"] = node | change
        manifest.write_text(json.dumps(document), "utf-8")
        assert says in problems(tmp_path)[0][1]


@pytest.mark.parametrize("spoilt", [b"", b"[]", b"{}", b"\xff", b'{"nodes": {"a": 1}}', b"[" * 100_000])
@pytest.mark.parametrize("name", ["manifest.json", "catalog.json"])
def test_spoilt_artifacts_end_in_a_problem_or_in_nothing_known(tmp_path: Path, name: str, spoilt: bytes) -> None:
    (shop(tmp_path) / "target" / name).write_bytes(spoilt)
    done = run("check", "--offline", tmp_path)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stdout + done.stderr
    if name == "manifest.json":
        assert "target/manifest.json is no artifact" in done.stdout


def test_the_dbt_project_is_found_upward_but_not_past_the_repository(tmp_path: Path) -> None:
    outer = shop(tmp_path)
    inner = outer / "sync" / "mparticle"
    inner.mkdir(parents=True)
    shutil.move(outer / "preflight.yml", inner / "preflight.yml")
    project = load(inner)
    assert project.problems == ()
    assert project.data_models[0].sql.file.path == "../../target/compiled/shop/models/marts/contacts.sql"
    (outer / "sync" / ".git").mkdir()
    assert "nor above it in the repository" in problems(inner)[0][1]


def test_a_named_dbt_project_lies_in_the_projects_folder(tmp_path: Path) -> None:
    shop(tmp_path / "analytics")
    ours = tmp_path / "preflight.yml"
    ours.write_text(DBT_MODEL + "dbt: {project_dir: analytics}\n", "utf-8")
    assert problems(tmp_path) == []
    ours.write_text(DBT_MODEL + "dbt: {project_dir: ..}\n", "utf-8")
    assert problems(tmp_path)[0][1] == ".. lies outside the project's folder."
    ours.write_text(DBT_MODEL + "dbt: {project_dir: nowhere}\n", "utf-8")
    assert problems(tmp_path)[0][1] == "There is no dbt project nowhere."


def test_artifacts_that_lead_out_of_the_dbt_project_are_not_read(tmp_path: Path) -> None:
    folder = shop(tmp_path / "in")
    secret = tmp_path / "manifest.json"
    shutil.move(folder / "target" / "manifest.json", secret)
    (folder / "target" / "manifest.json").symlink_to(secret)
    assert problems(folder)[0][1] == "target/manifest.json leads out of the dbt project."


# -- exposures ---------------------------------------------------------------------------------------------------------

OWN = DBT_MODEL.replace(
    "dbt_model: contacts}",
    """dbt_model: contacts}
  - id: own
    name: Own
    type: sql
    sql_query: |
      SELECT c.customer_id AS "customer_id", level, s.contact_id AS "other", s.updated_at AS UPDATED_AT
      FROM "crm"."main_marts"."contacts" AS c
      JOIN crm.main_staging.stg_contacts AS s ON s.contact_id = c.customer_id AND s.tier IS NOT NULL""",
).replace("pipelines:\n", "pipelines:\n" + PROJECT.partition("pipelines:\n")[2].replace("id: contacts", "id: a-b"))
OWN = OWN.replace("data_model_id: model", "data_model_id: own", 1)


def test_exposures_name_the_columns_that_each_pipeline_reads(tmp_path: Path) -> None:
    done = run("dbt", "exposures", shop(tmp_path, OWN))
    assert (done.returncode, done.stderr) == (0, "")
    first, second = yaml.safe_load(done.stdout)["exposures"]
    assert (first["name"], first["depends_on"]) == ("a_b", ["ref('contacts')", "ref('stg_contacts')"])
    assert [(c["node"], c["column_name"]) for c in first["config"]["meta"]["referenced_columns"]] == [
        ("ref('contacts')", "customer_id"),
        ("ref('stg_contacts')", "contact_id"),
        ("ref('stg_contacts')", "tier"),
        ("ref('stg_contacts')", "updated_at"),
    ]
    assert second["config"]["meta"]["referenced_columns"][0] == {
        "column_name": "customer_id",
        "data_type": "INTEGER",
        "node": "ref('contacts')",
    }


def test_exposures_without_a_dbt_project_are_refused(tmp_path: Path) -> None:
    (tmp_path / "preflight.yml").write_text(PROJECT, "utf-8")
    (tmp_path / ".git").mkdir()
    done = run("dbt", "exposures", tmp_path)
    assert done.returncode == 2
    assert "dbt_project.yml" in done.stderr


# -- dbt itself --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dbt executable with the DuckDB adapter: $PREFLIGHT_TEST_DBT, else one in an environment of its own."""
    if given := os.environ.get("PREFLIGHT_TEST_DBT"):
        return given
    folder = tmp_path_factory.mktemp("dbt")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    install = [folder / "bin" / "pip", "install", "-q", "dbt-core>=1.10,<1.12", "dbt-duckdb"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"dbt cannot be installed here: {done.stderr[-200:]}")
    return str(folder / "bin" / "dbt")


@pytest.mark.slow
def test_dbt_builds_what_preflight_reads_and_takes_what_it_writes(tmp_path: Path, dbt: str) -> None:
    shutil.copytree(HERE / "project", tmp_path, dirs_exist_ok=True)
    (tmp_path / "preflight.yml").write_text(OWN, "utf-8")
    assert "has no target/manifest.json" in problems(tmp_path)[0][1]
    build(dbt, tmp_path, "parse")
    assert "was parsed, but not compiled" in problems(tmp_path)[0][1]
    build(dbt, tmp_path, "build", "docs generate")
    assert problems(tmp_path) == []
    report = check(load(tmp_path), Options(offline=True), environ={})
    assert [c.type.raw for c in report.schemas["contacts"].columns] == ["INTEGER", "VARCHAR", "VARCHAR", "TIMESTAMP"]
    assert run("dbt", "exposures", tmp_path, "--file", tmp_path / "models" / "exposures.yml").returncode == 0
    build(dbt, tmp_path, "parse --warn-error")
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text("utf-8"))
    exposure = manifest["exposures"]["exposure.shop.a_b"]
    assert exposure["depends_on"]["nodes"] == ["model.shop.contacts", "model.shop.stg_contacts"]
    assert len(exposure["meta"]["referenced_columns"]) == 4
