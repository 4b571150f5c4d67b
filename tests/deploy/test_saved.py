"""Saved plans, as a user sees them; the workspace is the sandbox."""

import json
import os
from hashlib import sha256

import msgspec
import pytest

from preflight.deploy.saved import Saved
from preflight.sandbox.faults import Fault
from preflight.workspace import wire

B = "/platform/v2/workspaces/5328"


def saved(disk):
    disk.run("plan", "--save", "plan.json")
    return disk.folder / "plan.json"


def refused(disk, *says, expect=6):
    before = len(disk.sandbox.writes)
    _, err = disk.run("apply", "plan.json", expect=expect)
    for text in says:
        assert text in err
    assert len(disk.sandbox.writes) == before
    return err


def test_a_saved_plan_is_applied_from_any_folder_without_a_question(disk):
    file = saved(disk)
    assert "canary" not in file.read_text()
    elsewhere = disk.folder / "elsewhere"
    elsewhere.mkdir()
    disk.folder, home = elsewhere, disk.folder
    out, _ = disk.run("apply", home / "plan.json")
    assert "pipeline contacts: activated" in out
    assert [len(disk.sandbox.state.list(kind)) for kind in wire.COLLECTIONS] == [1, 1, 0, 1]
    assert disk.sandbox.state.stored("pipelines", "contacts")["partner_feed_key"] == "canary-feed-key"


def test_a_plan_saved_through_a_link_finds_its_project(disk):
    (disk.folder / "far" / "away").mkdir(parents=True)
    (disk.folder / "near").symlink_to(disk.folder / "far" / "away")
    disk.run("plan", "--save", "near/plan.json")
    disk.run("apply", "near/plan.json")
    disk.run("apply", "far/away/plan.json")


def test_a_plan_that_was_carried_out_does_nothing_more(disk):
    saved(disk)
    disk.run("apply", "plan.json")
    writes = len(disk.sandbox.writes)
    disk.run("apply", "plan.json")
    assert len(disk.sandbox.writes) == writes


def test_a_plan_that_was_interrupted_is_finished(disk):
    saved(disk)
    disk.sandbox.fail("PUT", "*", Fault(status=403))
    disk.run("apply", "plan.json", expect=3)
    assert disk.sandbox.state.get("pipelines", "contacts")["state"] == "paused"
    disk.run("apply", "plan.json")
    assert disk.sandbox.state.get("pipelines", "contacts")["state"] == "active"


def test_the_sql_that_moved_is_named(disk):
    saved(disk)
    (disk.folder / "models" / "contacts.sql").write_text(
        "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c WHERE c.customer_id <> '1'\n"
    )
    err = refused(disk, "the SQL of contacts-model moved since the plan was saved")
    assert "schema" not in err


def test_the_schema_that_moved_is_named(disk):
    (disk.folder / "models" / "contacts.sql").write_text(
        "SELECT c.customer_id, c.updated_at, c.customer_id AS tier FROM crm.public.contacts AS c\n"
    )
    saved(disk)
    disk.fill("ALTER TABLE public.contacts ALTER customer_id TYPE INTEGER")
    refused(disk, "the described schema of contacts moved")


def test_the_configuration_that_moved_is_named(disk):
    saved(disk)
    disk.pipeline["environment"] = "production"
    disk.write()
    assert "connection" not in refused(disk, "the project's pipeline contacts moved")


def test_the_limits_rules_and_settings_that_moved_are_named(disk):
    saved(disk)
    disk.document["limits"] = {"profile": "observed-2026-08"}
    disk.document["rules"] = {"select-star": "error"}
    disk.write()
    refused(disk, "the set of limits moved", "the project's settings moved")


def test_the_workspace_that_moved_is_named(disk):
    disk.run("apply", "--yes")
    disk.pipeline["name"] = "Other"
    disk.write()
    saved(disk)
    held = dict(disk.sandbox.state.stored("pipelines", "contacts"))
    disk.sandbox.state.replace("pipelines", "contacts", {**held, "environment": "production"})
    assert "data model" not in refused(disk, "the workspace's pipeline contacts moved")


def test_a_pipeline_that_somebody_paused_is_not_started_by_an_older_plan(disk):
    disk.run("apply", "--yes")
    saved(disk)
    held = dict(disk.sandbox.state.stored("pipelines", "contacts"))
    disk.sandbox.state.replace("pipelines", "contacts", {**held, "state": "paused"})
    refused(disk, "the workspace's pipeline contacts moved")


def test_another_target_is_named(disk):
    saved(disk)
    disk.environ["MP_API_URL"] = disk.environ["MP_API_URL"].replace("127.0.0.1", "localhost")
    refused(disk, "the target (http://127.0.0.1")


def test_what_the_platform_writes_by_itself_has_not_moved(disk):
    disk.run("apply", "--yes")
    disk.pipeline["name"] = "Other"
    disk.write()
    saved(disk)
    held = dict(disk.sandbox.state.stored("connections", "crm"))
    disk.sandbox.state.replace("connections", "crm", held)
    disk.run("apply", "plan.json")
    assert disk.sandbox.state.get("pipelines", "contacts")["name"] == "Other"


@pytest.mark.parametrize("name", ["target", "project", "pipelines", "inputs", "workspace", "steps", "created"])
def test_an_edited_file_is_refused(disk, name):
    file = saved(disk)
    content = json.loads(file.read_text())
    other = {"created": "2026-01-01T00:00:00Z", "pipelines": ["contacts"], "inputs": {}, "workspace": {}, "steps": []}
    content[name] = other.get(name, "elsewhere")
    file.write_text(json.dumps(content, indent=2))
    refused(disk, "was edited")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": ("Plan for nothing",)}, "what the plan shows of its steps"),
        ({"rotate": ("crm",), "steps": ()}, "what the plan shows of its steps"),
        ({"workspace": {"x": "y"}}, "the workspace's x moved"),
        ({"workspace": {}}, "the workspace's connection crm moved"),
        ({"inputs": {}}, "the project's connection crm moved"),
        ({"target": "https://elsewhere"}, "the target"),
    ],
)
def test_a_file_that_was_edited_with_care_is_refused(disk, changes, said):
    """Its fingerprint keeps mistakes out, not a forger; nothing of what it says is acted on."""
    file = saved(disk)
    forged = msgspec.structs.replace(msgspec.json.decode(file.read_bytes(), type=Saved), content="", **changes)
    content = sha256(msgspec.json.encode(forged, order="deterministic")).hexdigest()
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(forged, content=content)))
    refused(disk, said)


def test_what_is_no_file_is_no_plan(disk):
    os.mkfifo(disk.folder / "pipe")
    disk.run("apply", "pipe", expect=2)
    disk.run("plan", "--save", "pipe", expect=2)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"preflight_plan": 1', '"preflight_plan": 2'),
        lambda text: text.replace('"target"', '"tarjet"'),
        lambda text: text.replace('"preflight_plan": 1', '"preflight_plan": "\\ud800"'),
        lambda text: '{"preflight_plan": ' + "[" * 100_000,
    ],
)
def test_a_broken_file_is_refused(disk, break_it):
    file = saved(disk)
    file.write_text(break_it(file.read_text()))
    refused(disk)


def test_a_plan_overwrites_a_plan_and_nothing_else(disk):
    saved(disk)
    saved(disk)
    before = (disk.folder / "preflight.yml").read_text()
    disk.run("plan", "--save", "preflight.yml", expect=2)
    disk.run("plan", "--save", "no/such/folder.json", expect=2)
    assert (disk.folder / "preflight.yml").read_text() == before
    assert sorted(path.name for path in disk.folder.iterdir() if path.is_file()) == [
        "plan.json",
        "preflight.yml",
        "stand-in.duckdb",
    ]


def test_the_requests_are_those_that_apply_sends(disk):
    out, _ = disk.run("plan", "--explain")
    sent = [line.split() for line in out.splitlines() if line.startswith(("POST ", "PUT "))]
    assert '"env": "SNOWFLAKE_PASSWORD"' in out
    disk.run("apply", "--yes")
    base = disk.sandbox.url
    assert [(method, url.removeprefix(base)) for method, url in sent] == disk.sandbox.writes
    assert "POST" not in disk.run("plan", "--explain")[0]


def test_a_plan_for_some_pipelines_applies_those(disk):
    disk.document["pipelines"].append({**disk.pipeline, "id": "other", "state": "paused"})
    disk.write()
    disk.run("plan", "--pipeline", "other", "--save", "plan.json")
    disk.run("apply", "plan.json", "--pipeline", "other", expect=2)
    disk.run("apply", "plan.json")
    assert [held["id"] for held in disk.sandbox.state.list("pipelines")] == ["other"]
