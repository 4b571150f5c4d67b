"""A project from a live workspace: it means what the workspace holds, so its plan changes nothing."""

import pytest

from preflight.config import load
from preflight.deploy.adopt import adopt
from preflight.deploy.apply import apply
from preflight.deploy.plan import make
from preflight.model import Remote, WorkspaceState
from preflight.workspace import wire
from tests.rules.cases import CONFIGS

from . import projects


def imported(disk, folder="imported", expect=0):
    return disk.run("import", "--workspace", "5328", folder, expect=expect)


def hold(disk, kind, body):
    disk.sandbox.state.create(kind, body)


def every_kind(disk):
    """All four providers, both kinds of pipelines, both ways to name a feed, every kind of schedule."""
    for provider, config in CONFIGS.items():
        secret = {name: "canary" if isinstance(value, dict) else value for name, value in config.items()}
        label = {"bigquery": "BigQuery"}.get(provider, provider.capitalize())
        hold(
            disk,
            "connections",
            {"id": f"{provider}-c", "name": "Ünï", "state": "active", "service_provider": label, "config": secret},
        )
    hold(disk, "data_models", {"id": "m", "name": "M: #1", "type": "sql", "sql_query": "SELECT 1 AS a\r\n-- é\n\n"})
    hold(disk, "data_models", {"id": "M", "name": "yes", "type": "SQL", "sql_query": "\n  SELECT\t2 AS a"})
    mappings = [
        {"mapping_type": "static", "destination": "events.event_type", "value": "custom_event"},
        {"mapping_type": "static", "destination": "events.data.custom_attributes.n", "value": "0123"},
        {"mapping_type": "column", "source": "ORDER_ID", "destination": "events.data.source_message_id"},
        {"mapping_type": "ignore", "source": "NOISE", "destination": None},
    ]
    hold(
        disk,
        "field_transformations",
        {"id": "ft", "name": "FT", "destination_type": "event_batch", "mappings": mappings},
    )
    full = {"type": "full"}
    incremental = {
        "type": "incremental",
        "track_by": "date",
        "iterator_field": "UPDATED_AT",
        "iterator_data_type": "timestamp_ntz",
        "time_zone": "Europe/Berlin",
        "from": "2026-01-01T00:00:00+02:00",
        "until": "2027-01-01T00:00:00.5Z",
    }
    interval = {"type": "interval", "frequency": "weekly", "delay": "10", "start_time": "2026-12-01T03:05:00Z"}
    for number, (mode, schedule, more) in enumerate(
        [
            (full, {"type": "once"}, {"partner_feed_key": "canary"}),
            (incremental, {**interval, "end_time": "2028-01-01T00:00:00Z"}, {"partner_feed_id": 7}),
            (incremental, {"type": "on_demand"}, {"partner_feed_id": "8", "partner_feed_key": "canary"}),
            (full, interval, {"partner_feed_key": "canary", "field_transformation_id": "ft", "plan_version": 3}),
        ]
    ):
        body = {
            "id": f"p{number}",
            "name": f"P{number}",
            "connection_id": f"{list(CONFIGS)[number]}-c",
            "data_model_id": "m" if number % 2 else "M",
            "environment": "production",
            "state": "paused" if number == 2 else "active",
            "sync_mode": mode,
            "schedule": schedule,
            "plan_id": "plan" if "plan_version" in more else None,
            **more,
        }
        hold(disk, "pipelines", body)


def test_everything_comes_back_as_a_project_that_changes_nothing(disk):
    every_kind(disk)
    out, err = imported(disk)
    assert err == ""
    assert "SNOWFLAKE_C_PASSWORD" in out
    assert "BIGQUERY_C_SERVICE_ACCOUNT_KEY" in out
    assert "P0_PARTNER_FEED_KEY" in out
    project = load(disk.folder / "imported")
    assert [len(getattr(project, kind)) for kind in wire.COLLECTIONS] == [4, 2, 1, 4]
    text = "".join(path.read_text() for path in (disk.folder / "imported").rglob("*.*"))
    assert "canary" not in text
    out, _ = disk.run("plan", "--exit-code", "imported")
    assert out.count("= unchanged") == 11


def test_what_apply_created_comes_back(disk):
    disk.run("apply", "--yes")
    imported(disk)
    out, _ = disk.run("plan", "--exit-code", "imported")
    assert out.count("= unchanged") == 3


def test_events_that_apply_created_come_back(sandbox, client, tmp_path):
    project = projects.events_project()
    plan = make(project, client.read())
    list(apply(plan, project, client, projects.clearance(client.target.name), active_pipelines=5))
    found = adopt(client.read(), "5328")
    for name, text in found.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert not make(load(tmp_path), client.read()).changes
    assert found.secrets == ("CRM_PASSWORD", "CONTACTS_PARTNER_FEED_KEY")


def test_nothing_is_overwritten(disk):
    every_kind(disk)
    imported(disk)
    before = (disk.folder / "imported" / "preflight.yml").read_text()
    imported(disk, expect=2)
    assert (disk.folder / "imported" / "preflight.yml").read_text() == before
    (disk.folder / "other" / "models").mkdir(parents=True)
    (disk.folder / "other" / "models" / "m.sql").write_text("mine")
    imported(disk, "other", expect=2)
    assert not (disk.folder / "other" / "preflight.yml").exists()


def test_text_that_is_not_valid_leaves_no_files(disk):
    every_kind(disk)
    body = dict(disk.sandbox.state.stored("data_models", "M"))
    disk.sandbox.state.replace("data_models", "M", {**body, "sql_query": "SELECT '\ud800' AS a"})
    imported(disk, expect=3)
    assert not (disk.folder / "imported").exists()


def test_what_cannot_be_written_is_said(disk):
    every_kind(disk)
    body = dict(disk.sandbox.state.stored("pipelines", "p1"))
    disk.sandbox.state.replace("pipelines", "p1", {**body, "pipeline_type": "events", "schedule": {"type": "hourly"}})
    _, err = imported(disk, expect=1)
    assert "Pipeline p1: pipeline_type is not written" in err
    assert "schedule.type" in err


def test_an_empty_workspace_is_an_empty_project(disk):
    imported(disk)
    assert load(disk.folder / "imported").problems == ()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": 7, "config": "x", "mappings": "x", "sync_mode": 1, "schedule": [], "sql_query": 7, "state": 7},
        {"config": {"a": [{"password": "canary"}, None, "***"], "token": None, "b": {"c": "*"}}, "mappings": [1, None]},
    ],
)
def test_whatever_the_workspace_holds_is_written(tmp_path, body):
    remotes = (Remote("x", body), Remote("../x", body), Remote("y", {**body, "service_provider": "Snowflake"}))
    found = adopt(WorkspaceState("t", False, remotes, remotes, remotes, remotes), "1")
    assert set(found.files) == {"preflight.yml", "models/x.sql", "models/y.sql"}
    assert "canary" not in found.files["preflight.yml"]
    assert any("is no id" in note for note in found.notes)
    (tmp_path / "models").mkdir()
    for name, text in found.files.items():
        (tmp_path / name).write_text(text)
    load(tmp_path)


def test_no_secret_that_is_shown_after_all_is_written_and_nobody_elses_variable_is_named(tmp_path):
    config = {
        "api_key": "canary-1",
        "note": "https://user:canary-2@host",
        "keys": [{"password": "canary-3"}, {"password": "canary-4"}],
        "harmless": {"env": "AWS_SECRET_ACCESS_KEY"},
        "list": [{"env": "HOME"}],
    }
    connection = Remote("A", {"name": {"env": "HOME"}, "service_provider": "Databricks", "config": config})
    found = adopt(WorkspaceState("t", connections=(connection,)), "1")
    text = found.files["preflight.yml"]
    assert "canary" not in text
    assert found.secrets == ("A_API_KEY", "A_NOTE", "A_KEYS_1_PASSWORD", "A_KEYS_2_PASSWORD")
    assert "AWS_SECRET_ACCESS_KEY" not in text
    assert "HOME" not in text
    assert "Connection A: name is left out: it refers to a variable." in found.notes
    assert sum("refers to a variable" in note for note in found.notes) == 3


def test_two_secrets_never_share_a_name():
    connections = tuple(
        Remote(name, {"name": "n", "service_provider": "Redshift", "config": {}}) for name in ("a-b", "a_b", "1")
    )
    found = adopt(WorkspaceState("t", connections=connections), "1")
    assert found.secrets == ("A_B_PASSWORD", "A_B_PASSWORD_2", "MP_1_PASSWORD")
