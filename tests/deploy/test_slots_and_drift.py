import json

from preflight.deploy import slots
from preflight.deploy.drift import Side, document, drifts, text
from preflight.limits import load
from preflight.model import Remote, WorkspaceState
from preflight.sandbox.faults import Fault

from . import projects
from .test_plan import EMPTY, holding


def other(disk, **changes):
    """Somebody else's pipeline in the workspace."""
    body = {**disk.sandbox.state.stored("pipelines", "contacts"), **changes}
    disk.sandbox.state.create("pipelines", body)


def test_slots_now_and_after_apply(disk):
    disk.run("apply", "--yes")
    other(disk, id="theirs")
    other(disk, id="resting", state="paused")
    disk.document["pipelines"] += [
        {**disk.pipeline, "id": "resting"},
        {**disk.pipeline, "id": "never", "state": "paused"},
    ]
    disk.write()
    found = json.loads(disk.run("slots", "-o", "json")[0])
    assert found["live"] == ["contacts", "theirs"]
    assert found["paused"] == ["resting"]
    assert found["planned"] == ["contacts", "resting"]
    assert found["after"] == ["theirs", "contacts", "resting"]
    assert (found["limit"]["value"], found["free"]) == (5, 2)
    out, _ = disk.run("slots")
    assert "after apply: 3 of 5, 2 free" in out


def test_slots_that_do_not_suffice(disk):
    disk.document["limits"] = {"overrides": {"active_pipelines": {"value": 1, "reason": "a small account"}}}
    disk.document["pipelines"].append({**disk.pipeline, "id": "second"})
    disk.write()
    assert "2 of 1, 1 too many" in disk.run("slots", expect=1)[0]


def test_slots_of_a_workspace_that_hides_its_pipelines_are_not_guessed(disk):
    disk.sandbox.fail("GET", "*pipelines", Fault(status=404), times=99)
    disk.run("slots", expect=3)


def test_a_state_that_nobody_knows_takes_a_slot():
    state = WorkspaceState("t", pipelines=(Remote("a", {"state": "warming"}), Remote("b", {"state": "Paused"})))
    found = slots.slots(projects.project(), state, load().active_pipelines)
    assert (found.live, found.paused) == (("a",), ("b",))


def test_no_drift_after_apply(disk):
    disk.run("apply", "--yes")
    out, _ = disk.run("drift")
    assert "none: the workspace holds what the project says" in out


def test_drift_in_both_directions(disk):
    disk.run("apply", "--yes")
    other(disk, id="theirs")
    held = dict(disk.sandbox.state.stored("connections", "crm"))
    disk.sandbox.state.replace("connections", "crm", {**held, "config": {**held["config"], "role": "ADMIN"}})
    unused = {"id": "unused", "name": "Unused", "type": "sql", "sql_query": "SELECT '1' AS customer_id"}
    disk.document["data_models"].append(unused)
    disk.write()
    out, _ = disk.run("drift", expect=7)
    assert "~ connection crm: changed" in out
    assert "role: ADMIN -> MPARTICLE_READER" in out
    assert "- data model unused: missing in the workspace" in out
    assert "+ pipeline theirs: missing in the project" in out
    found = json.loads(disk.run("drift", "-o", "json", expect=7)[0])
    assert [(one["drift"], one["id"]) for one in found["resources"]] == [
        ("changed", "crm"),
        ("missing_there", "unused"),
        ("missing_here", "theirs"),
    ]
    assert found["resources"][0]["changes"] == [
        {"field": "config.role", "workspace": "ADMIN", "project": "MPARTICLE_READER"}
    ]
    assert found["check"]["summary"]["errors"] == 0


def test_a_warehouse_that_moved_is_drift(disk):
    disk.run("apply", "--yes")
    disk.fill("ALTER TABLE public.contacts RENAME updated_at TO changed_at")
    out, _ = disk.run("drift", expect=7)
    assert "none: the workspace holds" in out
    assert "error[" in out


def test_a_warehouse_that_cannot_be_asked_is_no_drift(disk):
    disk.run("apply", "--yes")
    (disk.folder / "stand-in.duckdb").unlink()
    disk.run("drift", expect=3)


def test_a_secret_that_is_shown_after_all_is_not_repeated():
    project = projects.project()
    state = holding(
        project, crm={"config": {"account_identifier": "o", "user": "SVC", "extra": {"api_token": "canary"}}}
    )
    found = drifts(project, state)
    assert [(one.side, one.id) for one in found] == [(Side.CHANGED, "crm")]
    assert "canary" not in text(EMPTY.target, found) + json.dumps(document(found))


def test_drift_of_a_warehouse_without_credentials_is_not_told_apart_from_none(disk):
    disk.run("apply", "--yes")
    disk.document["connections"][0]["introspect"] = {"password": {"env": "NOT_SET"}}
    disk.write()
    out, _ = disk.run("drift", expect=3)
    assert "could not ask connection crm, connect: password is to be read from NOT_SET, which is not set" in out
