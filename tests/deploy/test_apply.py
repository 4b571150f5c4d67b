import msgspec
import pytest

from preflight.config import Schedule
from preflight.deploy.apply import Done, apply
from preflight.deploy.plan import Keep, explain, make
from preflight.errors import EnvironmentFailure, PlanRefused, PreflightError, ProofMissing, UsageError, WorkspaceError
from preflight.finding import Basis, Grade
from preflight.sandbox.faults import Fault
from preflight.sandbox.server import Sandbox
from preflight.sandbox.state import Health
from preflight.workspace import Target, wire
from preflight.workspace.client import Client
from preflight.workspace.target import Credentials

from . import projects

B = "/platform/v2/workspaces/5328"
REQUESTS = 17
"""How many requests it takes to apply all four kinds of resources into an empty workspace."""


def taken(client, project, *names, plan=None, allow_destructive=False):
    """The events of planning and applying."""
    plan = plan or make(project, client.read())
    cleared = projects.clearance(client.target.name, *names)
    return list(apply(plan, project, client, cleared, active_pipelines=5, allow_destructive=allow_destructive))


def fill(sandbox, *resources):
    for resource in resources:
        body = wire.reveal(wire.body(resource), projects.SECRETS)
        sandbox.state.create(wire.kind(resource), body)


def test_creates_each_resource_before_the_one_that_needs_it(sandbox, client):
    events = taken(client, projects.events_project())
    assert [(event.done, event.kind) for event in events] == [
        (Done.CREATED, "connections"),
        (Done.CREATED, "data_models"),
        (Done.CREATED, "field_transformations"),
        (Done.CREATED, "pipelines"),
        (Done.ACTIVATED, "pipelines"),
    ]
    assert len(sandbox.requests) == len(("the token",)) + len(wire.COLLECTIONS) + REQUESTS
    assert sandbox.writes[-2:] == [("POST", f"{B}/data-pipelines"), ("PUT", f"{B}/data-pipelines/contacts")]
    assert sandbox.state.get("pipelines", "contacts")["state"] == "active"
    assert sandbox.state.stored("connections", "crm")["config"]["password"] == projects.CANARY
    assert sandbox.state.stored("pipelines", "contacts")["partner_feed_key"] == projects.SECRETS["FEED_KEY"]


def test_planning_and_explaining_write_nothing(sandbox, client):
    assert "create" in explain(make(projects.events_project(), client.read()))
    assert sandbox.writes == []


@pytest.mark.parametrize("again", ["a new plan", "the same plan"])
def test_a_second_apply_writes_nothing(sandbox, client, again):
    project = projects.events_project()
    plan = make(project, client.read())
    taken(client, project, plan=plan)
    before = len(sandbox.writes)
    events = taken(client, project, plan=plan if again == "the same plan" else None)
    assert {event.done for event in events} == {Done.UNCHANGED}
    assert len(sandbox.writes) == before
    assert all(isinstance(step, Keep) for step in make(project, client.read()).steps)


def test_a_pipeline_that_is_to_be_paused_is_never_active(sandbox, client):
    events = taken(client, projects.project(projects.pipeline(state="paused")))
    assert events[-1].done is Done.CREATED
    assert sandbox.state.get("pipelines", "contacts")["state"] == "paused"
    assert [method for method, _ in sandbox.writes] == ["POST"] * 3


def test_an_update_replaces_the_whole_and_sends_the_secrets_again(sandbox, client):
    project = projects.project()
    taken(client, project)
    moved = projects.project(projects.pipeline(name="contacts", environment="production"))
    events = taken(client, moved, allow_destructive=True)
    assert [event.done for event in events] == [Done.UNCHANGED, Done.UNCHANGED, Done.UPDATED]
    held = sandbox.state.stored("pipelines", "contacts")
    assert (held["environment"], held["state"]) == ("production", "active")
    assert held["partner_feed_key"] == projects.SECRETS["FEED_KEY"]


def test_a_paused_pipeline_is_activated(sandbox, client):
    taken(client, projects.project(projects.pipeline(state="paused")))
    assert taken(client, projects.project())[-1].done is Done.ACTIVATED


FAULTS = [Fault(status=500), Fault(status=500, after=True), Fault(status=504, after=True)]
FAULTS += [Fault(hang=True), Fault(hang=True, after=True), Fault(reset=True), Fault(reset=True, after=True)]
FAULTS += [Fault(truncate=True), Fault(status=409), Fault(status=409, after=True), Fault(status=200, body="<html>")]
FAULTS += [Fault(status=429, after=True)]


@pytest.mark.parametrize("path", ["connections", "data-models", "data-pipelines"])
@pytest.mark.parametrize("fault", FAULTS[:-2], ids=str)
def test_a_create_whose_answer_is_lost_leaves_exactly_one(sandbox, client, path, fault):
    sandbox.fail("POST", f"{B}/{path}", fault)
    taken(client, projects.project())
    for kind in ("connections", "data_models", "pipelines"):
        assert len(sandbox.state.list(kind)) == 1
    assert sandbox.state.get("pipelines", "contacts")["state"] == "active"
    after = len(sandbox.writes)
    assert {event.done for event in taken(client, projects.project())} == {Done.UNCHANGED}
    assert len(sandbox.writes) == after


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_lost_activation_converges(sandbox, client, fault):
    sandbox.fail("PUT", "*", fault)
    try:
        taken(client, projects.project())
    except WorkspaceError:
        taken(client, projects.project())
    assert sandbox.state.get("pipelines", "contacts")["state"] == "active"


@pytest.mark.parametrize("fault", [Fault(reset=True), Fault(hang=True)], ids=["reset", "hang"])
def test_nothing_is_sent_again_before_it_was_looked_up(sandbox, client, fault):
    sandbox.fail("POST", f"{B}/connections", fault)
    taken(client, projects.project())
    on_connection = [method for method, path in sandbox.requests if path.startswith(f"{B}/connections")]
    assert on_connection == ["GET", "GET", "POST", "GET", "POST", "GET", "GET"]


def test_a_settled_write_says_so(sandbox, client):
    sandbox.fail("POST", f"{B}/data-models", Fault(status=500, after=True))
    assert [event.done for event in taken(client, projects.project())][1] is Done.SETTLED
    assert sandbox.writes.count(("POST", f"{B}/data-models")) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("gone_from", range(REQUESTS))
def test_a_run_that_dies_anywhere_converges_when_run_again(sandbox, client, gone_from, after):
    """The platform is gone from the n-th request on, and back for the next run."""
    project = projects.events_project()
    plan = make(project, client.read())
    sandbox.fail("*", f"{B}/*", Fault(reset=True, after=after), skip=gone_from, times=999)
    with pytest.raises(WorkspaceError):
        taken(client, project, plan=plan)
    sandbox.reset(sandbox.state)
    taken(client, project)
    for kind in wire.COLLECTIONS:
        assert len(sandbox.state.list(kind)) == 1
    assert sandbox.state.get("pipelines", "contacts")["state"] == "active"


def test_a_run_that_is_killed_between_two_events_converges(sandbox, client):
    project = projects.events_project()
    for steps in range(5):
        plan = make(project, client.read())
        events = apply(plan, project, client, projects.clearance(client.target.name), active_pipelines=5)
        for _ in range(steps):
            next(events)
        events.close()
    assert {event.done for event in taken(client, project)} == {Done.UNCHANGED, Done.ACTIVATED}


@pytest.mark.parametrize("status", [400, 403, 422, 505])
def test_a_refusal_stops_before_the_next_step(sandbox, client, status):
    sandbox.fail("POST", f"{B}/connections", Fault(status=status))
    with pytest.raises(WorkspaceError) as caught:
        taken(client, projects.project())
    assert (caught.value.status, len(sandbox.writes)) == (status, 1)


def test_a_fault_that_stays_gives_up_after_three_writes(sandbox, client):
    sandbox.fail("POST", f"{B}/connections", Fault(status=500), times=99)
    with pytest.raises(WorkspaceError):
        taken(client, projects.project())
    assert len(sandbox.writes) == 3


def test_when_nobody_can_tell_it_says_so(sandbox, client):
    plan = make(projects.project(), client.read())
    sandbox.fail("POST", f"{B}/connections", Fault(reset=True, after=True))
    cleared = projects.clearance(client.target.name)
    events = apply(plan, projects.project(), client, cleared, active_pipelines=5)
    sandbox.fail("GET", f"{B}/connections/crm", Fault(status=404))
    sandbox.fail("GET", f"{B}/connections/crm", Fault(status=503), times=9)
    with pytest.raises(WorkspaceError) as caught:
        list(events)
    assert "not known" in str(caught.value)
    assert "apply again" in caught.value.remedy
    assert len(sandbox.writes) == 1


def test_a_platform_that_keeps_other_values_is_caught(sandbox, client):
    other = '{"id": "crm", "name": "Other", "service_provider": "Snowflake", "config": {}}'
    plan = make(projects.project(), client.read())
    sandbox.fail("GET", f"{B}/connections/crm", Fault(status=404))
    sandbox.fail("GET", f"{B}/connections/crm", Fault(status=200, body=other), times=99)
    with pytest.raises(WorkspaceError, match="name"):
        taken(client, projects.project(), plan=plan)
    assert len(sandbox.writes) == 1


@pytest.mark.parametrize("health", [Health("faulted"), Health("healthy", ("Wrong password.",)), Health(None, ("No.",))])
def test_a_connection_that_is_ill_stops_before_its_pipeline(sandbox, client, health):
    sandbox.state.health["crm"] = health
    with pytest.raises(WorkspaceError) as caught:
        taken(client, projects.project())
    assert "connection crm" in str(caught.value)
    assert "".join(health.errors) in str(caught.value)
    assert sandbox.writes == [("POST", f"{B}/connections")]


@pytest.mark.parametrize("status", ["validating", None])
def test_a_health_that_nobody_documents_is_a_warning(sandbox, client, status):
    sandbox.state.health["crm"] = Health(status)
    events = taken(client, projects.project())
    assert [event.done for event in events][:2] == [Done.CREATED, Done.WARNED]
    assert (status or "nothing") in str(events[1])


def test_a_sixth_active_pipeline_is_refused_before_any_write(sandbox, client):
    fill(sandbox, projects.connection(), projects.data_model(), *(projects.pipeline(f"p{n}") for n in range(5)))
    with pytest.raises(PlanRefused, match="6 pipelines would be active, and the workspace allows 5"):
        taken(client, projects.project())
    assert sandbox.writes == []


def test_a_slot_that_is_taken_meanwhile_leaves_the_pipeline_paused(sandbox, client):
    fill(sandbox, projects.connection(), projects.data_model(), *(projects.pipeline(f"p{n}") for n in range(4)))
    plan = make(projects.project(), client.read())
    cleared = projects.clearance(client.target.name)
    events = apply(plan, projects.project(), client, cleared, active_pipelines=5)
    fill(sandbox, projects.pipeline("late"))
    with pytest.raises(PlanRefused, match="stays paused"):
        list(events)
    assert sandbox.state.get("pipelines", "contacts")["state"] == "paused"


def test_a_full_workspace_lets_one_pipeline_take_anothers_slot(sandbox, client):
    fill(sandbox, projects.connection(), projects.data_model(), *(projects.pipeline(f"p{n}") for n in range(5)))
    project = projects.project(projects.pipeline(), projects.pipeline("p3", state="paused"))
    taken(client, project, "contacts", "p3", allow_destructive=True)
    states = {held["id"]: held["state"] for held in sandbox.state.list("pipelines")}
    assert (states["contacts"], states["p3"]) == ("active", "paused")


def test_a_full_workspace_still_takes_changes_that_need_no_slot(sandbox, client):
    fill(sandbox, projects.connection(), projects.data_model(), *(projects.pipeline(f"p{n}") for n in range(5)))
    changed = projects.project(projects.pipeline("p1", plan_id="retail"))
    assert taken(client, changed, "p1")[-1].done is Done.UPDATED
    assert taken(client, projects.project(projects.pipeline("new", state="paused")), "new")[-1].done is Done.CREATED


def refused(sandbox, client, error, match, *, plan=None, cleared=None, project=None):
    project = project or projects.project()
    plan = plan or make(project, client.read())
    with pytest.raises(error, match=match):
        list(apply(plan, project, client, cleared or projects.clearance(client.target.name), active_pipelines=5))
    assert sandbox.writes == []


def test_a_clearance_for_another_target_is_refused(sandbox, client):
    refused(sandbox, client, PlanRefused, "clearance", cleared=projects.clearance(client.target.name + "1"))


def test_a_plan_for_another_target_is_refused(sandbox, client):
    plan = msgspec.structs.replace(make(projects.project(), client.read()), target="http://127.0.0.1:1/x")
    refused(sandbox, client, PlanRefused, "plan is for", plan=plan)


def test_a_pipeline_that_the_clearance_does_not_name_is_refused(sandbox, client):
    refused(sandbox, client, PlanRefused, "contacts", cleared=projects.clearance(client.target.name, "other"))


def test_a_secret_that_is_not_set_is_found_before_any_write(sandbox, client):
    client.environ = {}
    refused(sandbox, client, EnvironmentFailure, "SNOWFLAKE_PASSWORD")


def test_a_plan_of_another_project_is_refused(sandbox, client):
    plan = make(projects.events_project(), client.read())
    refused(sandbox, client, UsageError, "no longer holds", plan=plan)


@pytest.mark.parametrize("basis", [Basis(Grade.COUNTED, stand_in=True), Basis(Grade.LOCKED)])
def test_a_proof_on_a_stand_in_writes_to_loopback_alone(sandbox, client, basis):
    far = Target("5328", sandbox.api_url.replace("127.0.0.1", "0.0.0.0"), sandbox.token_url)
    who = Credentials("id", "canary-client-secret", "x")
    with Client(far, who, environ=client.environ) as reaching:
        refused(sandbox, reaching, ProofMissing, "0.0.0.0", cleared=projects.clearance(far.name, basis=basis))
    project = projects.project()
    cleared = projects.clearance(client.target.name, basis=basis)
    assert list(apply(make(project, client.read()), project, client, cleared, active_pipelines=5))


def test_what_moved_since_the_plan_is_refused(sandbox, client):
    project = projects.project(projects.pipeline(plan_version=2))
    fill(sandbox, projects.connection(), projects.data_model(), projects.pipeline())
    plan = make(project, client.read())
    body = wire.reveal(wire.body(projects.pipeline(plan_id="surprise")), projects.SECRETS)
    sandbox.state.replace("pipelines", "contacts", body)
    refused(sandbox, client, PlanRefused, "plan_id", plan=plan, project=project)
    sandbox.state.delete("pipelines", "contacts")
    refused(sandbox, client, PlanRefused, "existence", plan=plan, project=project)


def test_what_somebody_else_created_meanwhile_is_not_overwritten(sandbox, client):
    plan = make(projects.project(), client.read())
    fill(sandbox, projects.connection(name="Somebody else's"))
    refused(sandbox, client, PlanRefused, "name", plan=plan)


def test_an_id_that_turns_out_to_be_taken_is_not_fought_over(sandbox, client):
    plan = make(projects.project(), client.read())
    fill(sandbox, projects.connection(name="Somebody else's"))
    sandbox.fail("GET", f"{B}/connections/crm", Fault(status=404))
    with pytest.raises(PlanRefused, match="moved"):
        taken(client, projects.project(), plan=plan)
    assert sandbox.writes == [("POST", f"{B}/connections")]
    assert sandbox.state.get("connections", "crm")["name"] == "Somebody else's"


def test_no_secret_is_in_any_event_error_or_text(sandbox, client):
    echo = msgspec.json.encode({"errors": [{"message": f"no: {projects.CANARY} canary-feed-key"}]}).decode()
    project = projects.events_project()
    said = [explain(make(project, client.read())), repr(client)]
    for path in ("connections", "data-models", "field-transformations", "data-pipelines"):
        sandbox.fail("POST", f"{B}/{path}", Fault(status=422, body=echo))
        with pytest.raises(PreflightError) as caught:
            taken(client, project)
        error: BaseException | None = caught.value
        said.append(caught.value.remedy)
        while error:
            said.append(f"{error} {error!r}")
            error = error.__context__ or error.__cause__
    sandbox.state.health["crm"] = Health("faulted", (f"login failed with {projects.CANARY}",))
    with pytest.raises(WorkspaceError) as caught:
        taken(client, project)
    said.append(str(caught.value))
    sandbox.state.health.clear()
    said += [str(event) + repr(event) for event in taken(client, project)]
    assert any("***" in text for text in said)
    assert not [text for text in said if "canary" in text]


def test_fallback_routes_are_written_where_they_were_found():
    environ = {"MP_CLIENT_ID": "i", "MP_CLIENT_SECRET": "s", **projects.SECRETS}
    with Sandbox(paths={"pipelines": "pipelines", "field_transformations": "fieldtransformations"}) as sandbox:
        target = Target("5328", sandbox.api_url, sandbox.token_url)
        with Client(target, Credentials("i", "s", "x"), environ=environ) as client:
            taken(client, projects.events_project())
        assert ("PUT", f"{B}/pipelines/contacts") in sandbox.writes


DESTRUCTIVE = {
    "state": {"state": "paused"},
    "connection_id": {"connection_id": "other"},
    "data_model_id": {"data_model_id": "other"},
    "environment": {"environment": "production"},
    "partner_feed_id": {"partner_feed_id": 7, "partner_feed_key": None},
    "field_transformation_id": {"field_transformation_id": "orders"},
    "schedule.type": {"schedule": Schedule("on_demand")},
}
CONFIG = {"account_identifier": "xy98765", "region": "eu-central-1", "http_path": "/sql/1"}


@pytest.mark.parametrize("field", DESTRUCTIVE)
def test_what_runs_is_stopped_or_re_pointed_only_when_that_is_meant(sandbox, client, field):
    connections = projects.connection(), projects.connection(id="other")
    data_models = projects.data_model(), projects.data_model("other")
    mappings = (projects.field_transformation(),)
    fill(sandbox, *connections, *data_models, *mappings, projects.pipeline())
    changed = projects.pipeline(**DESTRUCTIVE[field])
    project = projects.project(
        changed, connections=connections, data_models=data_models, field_transformations=mappings
    )
    refused(sandbox, client, PlanRefused, f"pipeline contacts: {field}", project=project)
    assert taken(client, project, allow_destructive=True)[-1].done is Done.UPDATED


@pytest.mark.parametrize("field", CONFIG)
def test_a_connection_reads_another_place_only_when_that_is_meant(sandbox, client, field):
    fill(sandbox, projects.connection(config=CONFIG), projects.data_model(), projects.pipeline())
    project = projects.project(connections=(projects.connection(config=CONFIG | {field: "elsewhere"}),))
    refused(sandbox, client, PlanRefused, f"config.{field} .*re-point", project=project)
    assert taken(client, project, allow_destructive=True)[0].done is Done.UPDATED


TWO = projects.pipeline(), projects.pipeline("second")
NEW_SQL = (projects.data_model(sql="SELECT customer_id FROM contacts"),)


def test_what_another_pipeline_of_the_project_runs_on_changes_only_with_it(sandbox, client):
    fill(sandbox, projects.connection(), projects.data_model(), *TWO)
    project = projects.project(*TWO, data_models=NEW_SQL)
    plan = make(project, client.read(), ("contacts",))
    assert "pipeline second" in explain(plan)
    for allowed in (False, True):
        with pytest.raises(PlanRefused, match="pipeline second") as caught:
            taken(client, project, plan=plan, allow_destructive=allowed)
        assert "--pipeline second" in caught.value.remedy
    assert sandbox.writes == []
    assert taken(client, project, "contacts", "second")[1].done is Done.UPDATED


def test_what_somebody_elses_pipeline_runs_on_changes_only_when_that_is_meant(sandbox, client):
    fill(sandbox, projects.connection(), projects.data_model(), *TWO)
    project = projects.project(data_models=NEW_SQL)
    refused(sandbox, client, PlanRefused, "pipeline second", project=project)
    assert taken(client, project, allow_destructive=True)[1].done is Done.UPDATED


def test_a_new_name_and_a_paused_pipeline_harm_nobody(sandbox, client):
    fill(sandbox, projects.connection(), projects.data_model(), TWO[0], projects.pipeline("second", state="paused"))
    assert taken(client, projects.project(connections=(projects.connection(name="New"),), data_models=NEW_SQL))


def test_secrets_are_sent_again_when_asked_for_and_no_more(sandbox, client):
    project = projects.project()
    taken(client, project)
    sandbox.requests.clear()
    connection = project.connections[0].id
    plan = make(project, client.read(), rotate=(connection,))
    assert plan.changes
    assert "rotate the secrets" in explain(plan)
    events = taken(client, project, plan=plan)
    assert [event.done for event in events] == [Done.ROTATED, Done.UNCHANGED, Done.UNCHANGED]
    assert [method for method, _ in sandbox.writes] == ["PUT"]


def rotated(client, project):
    return taken(client, project, plan=make(project, client.read(), rotate=("crm",)))


@pytest.mark.parametrize("status", [400, 403, 422, 429, 505])
def test_secrets_that_are_refused_were_not_sent_again(sandbox, client, status):
    """Reading cannot tell: a connection that reads as meant may hold the old password or the new one."""
    taken(client, projects.project())
    sandbox.fail("PUT", f"{B}/connections/crm", Fault(status=status), times=99)
    with pytest.raises(WorkspaceError) as caught:
        rotated(client, projects.project())
    assert caught.value.status == status


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=409), Fault(reset=True), Fault(hang=True)], ids=str)
def test_secrets_are_sent_until_it_is_known_that_they_arrived(sandbox, client, fault):
    taken(client, projects.project())
    client.environ = {**client.environ, "SNOWFLAKE_PASSWORD": "canary-new"}
    sandbox.fail("PUT", f"{B}/connections/crm", fault, times=2)
    assert rotated(client, projects.project())[0].done is Done.ROTATED
    assert sandbox.state.stored("connections", "crm")["config"]["password"] == "canary-new"
    sandbox.fail("PUT", f"{B}/connections/crm", fault, times=99)
    with pytest.raises(WorkspaceError) as caught:
        rotated(client, projects.project())
    assert "--rotate-secrets crm" in caught.value.remedy


def test_what_moves_between_two_attempts_is_not_overwritten(sandbox, client):
    taken(client, projects.project())
    theirs = sandbox.state.get("pipelines", "contacts") | {"name": "Theirs"}
    sandbox.fail("PUT", f"{B}/data-pipelines/contacts", Fault(status=500))
    sandbox.fail(
        "GET", f"{B}/data-pipelines/contacts", Fault(status=200, body=msgspec.json.encode(theirs).decode()), skip=1
    )
    with pytest.raises(PlanRefused, match="moved"):
        taken(client, projects.project(projects.pipeline(plan_id="orders")))
    assert sandbox.writes.count(("PUT", f"{B}/data-pipelines/contacts")) == 1 + 1


def test_what_holds_no_secret_cannot_be_rotated(client):
    with pytest.raises(UsageError, match="'nothing'"):
        make(projects.project(), client.read(), rotate=("nothing",))
