"""Every request of an apply, spoilt in every way, once each: a second apply converges and nothing exists twice."""

import pytest

from preflight.deploy.apply import apply
from preflight.deploy.plan import make
from preflight.errors import PreflightError
from preflight.sandbox.faults import Fault
from preflight.workspace import wire

from . import projects
from .test_apply import REQUESTS

ALL = len(("the token",)) + len(wire.COLLECTIONS) + REQUESTS
FAULTS = {
    "500 before": Fault(status=500),
    "500 after": Fault(status=500, after=True),
    "502 that is no JSON": Fault(status=502, body="<html>bad gateway</html>"),
    "409 after": Fault(status=409, after=True),
    "429": Fault(status=429, headers=(("Retry-After", "1"),)),
    "401 midway": Fault(status=401),
    "timeout before": Fault(hang=True),
    "timeout after": Fault(hang=True, after=True),
    "reset before": Fault(reset=True),
    "reset after": Fault(reset=True, after=True),
    "truncated after": Fault(truncate=True, after=True),
    "a byte at a time": Fault(slow=True),
}


def take(client, project):
    plan = make(project, client.read())
    cleared = projects.clearance(client.target.name)
    return list(apply(plan, project, client, cleared, active_pipelines=5))


@pytest.mark.parametrize("fault", [pytest.param(fault, id=name) for name, fault in FAULTS.items()])
@pytest.mark.parametrize("number", range(ALL))
def test_a_spoilt_request_leaves_one_of_each_after_a_second_apply(sandbox, client, number, fault):
    project = projects.events_project()
    sandbox.fail("*", "*", fault, skip=number)
    said = ""
    try:
        take(client, project)
    except PreflightError as error:
        said = f"{error} {error.remedy}"
    assert projects.CANARY not in said
    assert len(sandbox.requests) > number
    take(client, project)
    for kind in wire.COLLECTIONS:
        assert len(sandbox.state.list(kind)) == 1, kind
    assert sandbox.state.get("pipelines", "contacts")["state"] == "active"
    assert all(type(step).__name__ == "Keep" for step in make(project, client.read()).steps)
