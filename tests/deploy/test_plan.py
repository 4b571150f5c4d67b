import json

import msgspec
import pytest

from preflight.config import EnvRef
from preflight.deploy.plan import Create, Keep, Update, explain, make
from preflight.deploy.requests import as_json
from preflight.errors import NothingToCheck, PlanRefused, UsageError
from preflight.model import Remote, WorkspaceState
from preflight.workspace import wire

from . import projects

EMPTY = WorkspaceState("http://127.0.0.1:1/platform/v2/workspaces/5328")


def holding(project, **changes):
    """A workspace that holds the project, with some bodies changed by id."""
    held = {
        kind: tuple(
            Remote(resource.id, {**wire.body(resource), **changes.get(resource.id, {})})
            for resource in getattr(project, kind)
        )
        for kind in wire.COLLECTIONS
    }
    return WorkspaceState(EMPTY.target, **held)


def kinds(plan):
    return [(type(step), step.kind, step.id) for step in plan.steps]


def test_into_an_empty_workspace_everything_in_order():
    plan = make(projects.events_project(), EMPTY)
    assert [(type(step), step.kind) for step in plan.steps] == [(Create, kind) for kind in wire.COLLECTIONS]
    assert plan.changes


def test_what_no_chosen_pipeline_uses_is_not_planned():
    project = projects.project(
        projects.pipeline("a"),
        projects.pipeline("b", data_model_id="orders"),
        connections=(projects.connection(), projects.connection(id="spare")),
        data_models=(projects.data_model(), projects.data_model("orders")),
    )
    plan = make(project, EMPTY, ("b",))
    assert [(step.kind, step.id) for step in plan.steps] == [
        ("connections", "crm"),
        ("data_models", "orders"),
        ("pipelines", "b"),
    ]
    assert plan.unreached == (("connections", "spare"), ("data_models", "contacts"), ("pipelines", "a"))
    assert "connection spare" in explain(plan)


def test_what_the_project_does_not_name_is_left_untouched():
    state = WorkspaceState(EMPTY.target, pipelines=(Remote("other\x1b[2J", {"id": "other"}),))
    plan = make(projects.project(), state)
    assert plan.untouched == (("pipelines", "other\x1b[2J"),)
    assert "\x1b" not in explain(plan)
    assert "pipeline other" in explain(plan)


def test_pipelines_that_pause_come_first():
    project = projects.project(projects.pipeline("a"), projects.pipeline("b", state="paused"), projects.pipeline("c"))
    plan = make(project, EMPTY)
    assert [step.id for step in plan.steps if step.kind == "pipelines"] == ["b", "a", "c"]


def test_a_workspace_that_holds_it_all_needs_nothing():
    project = projects.events_project()
    plan = make(project, holding(project))
    assert {type(step) for step in plan.steps} == {Keep}
    assert not plan.changes


def test_an_update_names_each_field_and_the_secrets_that_go_again():
    project = projects.project()
    plan = make(project, holding(project, crm={"config": {"account_identifier": "old", "user": "SVC"}}))
    update = plan.steps[0]
    assert isinstance(update, Update)
    assert [(change.name, change.old, change.new) for change in update.changes] == [
        ("config.account_identifier", "old", "xy98765")
    ]
    assert update.secrets == ("SNOWFLAKE_PASSWORD",)


@pytest.mark.parametrize("unknown", [("nobody",), ("contacts", "nobody")])
def test_a_pipeline_that_is_not_there_cannot_be_chosen(unknown):
    with pytest.raises(UsageError, match="nobody"):
        make(projects.project(), EMPTY, unknown)


def test_a_project_without_pipelines_has_no_plan():
    bare = msgspec.structs.replace(projects.project(), pipelines=())
    with pytest.raises(NothingToCheck):
        make(bare, EMPTY)


def test_a_reference_into_nothing_is_refused():
    with pytest.raises(UsageError, match="elsewhere"):
        make(projects.project(projects.pipeline(connection_id="elsewhere")), EMPTY)


def test_a_kind_that_could_not_be_read_is_not_taken_for_empty():
    state = WorkspaceState(EMPTY.target, unread=("field_transformations",))
    make(projects.project(), state)
    with pytest.raises(PlanRefused, match="field transformations"):
        make(projects.events_project(), state)


def test_how_a_plan_reads():
    project = projects.project(
        projects.pipeline("a", state="paused", connection_id="dwh"),
        projects.pipeline("b"),
        connections=(projects.connection(), projects.connection(id="dwh")),
        data_models=(projects.data_model(sql="SELECT a\nFROM new\n"),),
    )
    state = holding(
        project,
        a={"connection_id": "crm", "state": "active", "schedule": {"type": "interval", "frequency": "hourly"}},
        contacts={"sql_query": "SELECT a\nFROM old\n"},
    )
    state = msgspec.structs.replace(state, connections=state.connections[:1], pipelines=state.pipelines[:1])
    assert explain(make(project, state)).splitlines() == [
        "Plan for http://127.0.0.1:1/platform/v2/workspaces/5328",
        "= unchanged connection crm",
        "+ create connection dwh",
        "    id: dwh",
        "    name: CRM connection",
        "    service_provider: Snowflake",
        "    config:",
        "      account_identifier: xy98765",
        "      user: SVC",
        "      password: (secret: $SNOWFLAKE_PASSWORD)",
        "~ update data model contacts",
        "    sql_query:",
        "      @@ -1,2 +1,2 @@",
        "       SELECT a",
        "      -FROM old",
        "      +FROM new",
        "~ update pipeline a",
        "    connection_id: crm → dwh  (re-points the pipeline to another connection)",
        "    state: active → paused  (deactivates: no further run starts)",
        "    schedule:",
        "      frequency: hourly → daily",
        "      start_time: (absent) → 2026-12-01T03:05:00Z",
        "    sends again (secret: $FEED_KEY)",
        "+ create pipeline b",
        "    id: b",
        "    name: b pipeline",
        "    connection_id: crm",
        "    data_model_id: contacts",
        "    partner_feed_key: (secret: $FEED_KEY)",
        "    environment: development",
        "    state: active",
        "    sync_mode:",
        "      type: incremental",
        "      iterator_field: UPDATED_AT",
        "      iterator_data_type: timestamp_ntz",
        "    schedule:",
        "      type: interval",
        "      frequency: daily",
        "      start_time: 2026-12-01T03:05:00Z",
    ]


def test_a_literal_secret_is_not_shown_either():
    config = {
        "password": "canary",
        "nested": {"api_token": "canary"},
        "user": EnvRef("U"),
        "list": ({"secret": "canary"},),
    }
    project = projects.project(connections=(projects.connection(config=config),))
    text = explain(make(project, EMPTY))
    assert "canary" not in text
    assert "(secret: $U)" in text
    changed = holding(project, crm={"config": {"password": "canary-old", "nested": 7, "list": {"token": "canary"}}})
    assert "canary" not in explain(make(project, changed))


def test_a_request_is_shown_without_what_steers_a_terminal():
    hostile = "\x1b[2J\x9b\u202e\u2028\U000e0001 é"
    text = as_json({"id": "a", "name": hostile, hostile: 1})
    assert json.loads(text) == {"id": "a", "name": hostile, hostile: 1}
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "é" in text
