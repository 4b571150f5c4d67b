from preflight.deploy.apply import Done, apply
from preflight.deploy.plan import Keep, make

from . import projects


def taken(client, project, *pipelines, **keywords):
    plan = make(project, client.read())
    cleared = projects.clearance(client.target.name, *pipelines)
    return list(apply(plan, project, client, cleared, active_pipelines=5, **keywords))


def test_creates_each_resource_before_the_one_that_needs_it(sandbox, client):
    events = taken(client, projects.events_project())
    assert [(event.done, event.kind) for event in events] == [
        (Done.CREATED, "connections"),
        (Done.CREATED, "data_models"),
        (Done.CREATED, "field_transformations"),
        (Done.CREATED, "pipelines"),
        (Done.ACTIVATED, "pipelines"),
    ]
    assert sandbox.state.get("pipelines", "contacts")["state"] == "active"
    assert sandbox.state.stored("connections", "crm")["config"]["password"] == projects.CANARY


def test_a_second_apply_writes_nothing(sandbox, client):
    project = projects.events_project()
    taken(client, project)
    before = len(sandbox.writes)
    events = taken(client, project)
    assert {event.done for event in events} == {Done.UNCHANGED}
    assert len(sandbox.writes) == before
    plan = make(project, client.read())
    assert all(isinstance(step, Keep) for step in plan.steps)
    assert not plan.changes
