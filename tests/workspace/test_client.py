import json
import subprocess
import sys

import pytest

from preflight.config import EnvRef
from preflight.errors import PlanRefused, ProofMissing, UsageError, WorkspaceError
from preflight.finding import Basis, Clearance, Digests, Grade
from preflight.sandbox.faults import Fault
from preflight.sandbox.server import Sandbox
from preflight.sandbox.state import State
from preflight.workspace import Credentials, Target
from preflight.workspace.client import Client

from .conftest import SECRET

MODEL = {"id": "m", "name": "M", "type": "sql", "sql_query": "SELECT 1 AS a"}
B = "/platform/v2/workspaces/5328"


def cleared(target, *pipelines, basis=None):
    """What only the engine makes outside of tests: here it is built as a value, to try every one of its shapes."""
    return Clearance(target, Digests("", "", "", "", ""), basis or Basis(Grade.COUNTED), pipelines=pipelines)


def tokens(sandbox):
    return sandbox.requests.count(("POST", "/oauth/token"))


def test_importing_the_package_imports_no_http():
    code = (
        "import sys, preflight.workspace, preflight.sandbox.server as s; print({*sys.modules} & {'httpx', 'uvicorn'})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_one_token_serves_every_request(sandbox, client):
    client.read()
    client.read()
    client.create("data_models", MODEL, cleared(client.target.name))
    assert tokens(sandbox) == 1


def test_a_token_is_renewed_shortly_before_it_expires(sandbox, open_client):
    now = [0.0]
    client = open_client(sandbox, clock=lambda: now[0])
    client.listed("connections")
    now[0] = 28800 - 61
    client.listed("connections")
    assert tokens(sandbox) == 1
    now[0] = 28800 - 59
    client.listed("connections")
    assert tokens(sandbox) == 2


def test_a_refused_token_is_renewed_once_for_a_read_and_for_a_write(sandbox, client):
    client.probe()
    sandbox.state.expire_tokens()
    client.listed("connections")
    sandbox.state.expire_tokens()
    client.create("data_models", MODEL, cleared(client.target.name))
    assert tokens(sandbox) == 3
    assert sandbox.writes == [("POST", f"{B}/data-models")] * 2
    assert len(sandbox.state.list("data_models")) == 1


def test_a_token_that_stays_refused_is_an_error(sandbox, client):
    sandbox.fail("GET", "*", Fault(status=401), times=9)
    with pytest.raises(WorkspaceError) as caught:
        client.listed("connections")
    assert (caught.value.status, tokens(sandbox)) == (401, 2)


def test_refused_credentials_name_their_variables(sandbox, open_client):
    client = open_client(sandbox, environ={"MP_CLIENT_SECRET": "wrong-canary"})
    with pytest.raises(WorkspaceError) as caught:
        client.read()
    assert (caught.value.status, caught.value.exit_code) == (401, 3)
    assert "MP_CLIENT_SECRET" in caught.value.remedy
    assert "wrong-canary" not in str(caught.value) + caught.value.remedy


@pytest.mark.parametrize(
    "body", ['{"expires_in": 5}', '{"access_token": "a\\nb"}', '{"access_token": 7}', "[]", "<html>"]
)
def test_an_answer_without_a_usable_token_is_an_error(sandbox, client, body):
    sandbox.fail("POST", "/oauth/token", Fault(status=200, body=body))
    with pytest.raises(WorkspaceError) as caught:
        client.read()
    assert "token" in caught.value.message


def test_nobody_listens(open_client, waits):
    with Sandbox() as sandbox:
        client = open_client(sandbox)
    with pytest.raises(WorkspaceError) as caught:
        client.read()
    assert caught.value.status == 0
    assert client.target.api_url.split("/")[2] in caught.value.message
    assert "sandbox" in caught.value.remedy
    assert len(waits) == 3


def test_an_unknown_workspace(sandbox, open_client):
    with pytest.raises(WorkspaceError) as caught:
        open_client(sandbox, workspace="999").read()
    assert caught.value.status == 404
    assert "workspace id" in caught.value.remedy


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_survives_passing_trouble(sandbox, client, waits, status):
    sandbox.fail("GET", f"{B}/connections", Fault(status=status), times=3)
    assert client.listed("connections") == ()
    assert len(waits) == 3
    assert waits[0] < waits[1] < waits[2] <= 8


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(reset=True), Fault(truncate=True)])
def test_a_read_survives_a_broken_connection(sandbox, client, fault):
    sandbox.fail("GET", f"{B}/connections", fault)
    assert client.listed("connections") == ()


@pytest.mark.parametrize("status", [400, 403, 422, 505])
def test_a_read_is_not_repeated_where_that_cannot_help(sandbox, client, waits, status):
    sandbox.fail("GET", f"{B}/connections", Fault(status=status, headers=(("x-request-id", "r-1"),)))
    with pytest.raises(WorkspaceError) as caught:
        client.listed("connections")
    assert (caught.value.status, caught.value.request_id, waits) == (status, "r-1", [])


def test_trouble_that_stays_is_an_error(sandbox, client):
    sandbox.fail("GET", f"{B}/connections", Fault(status=503, body="<html>busy</html>"), times=9)
    with pytest.raises(WorkspaceError) as caught:
        client.listed("connections")
    assert caught.value.status == 503
    assert len(sandbox.requests) == 1 + 4


def test_retry_after_is_honoured_up_to_a_bound(sandbox, client, waits):
    sandbox.fail("GET", f"{B}/connections", Fault(status=429, headers=(("retry-after", "7"),)))
    client.listed("connections")
    assert waits == [7.0]
    sandbox.fail("GET", f"{B}/connections", Fault(status=429, headers=(("retry-after", "3600"),)))
    with pytest.raises(WorkspaceError) as caught:
        client.listed("connections")
    assert waits == [7.0]
    assert "3600 s" in caught.value.remedy


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault(status=500), 500), (Fault(status=503, after=True), 503), (Fault(hang=True), 0), (Fault(reset=True), 0)],
)
def test_a_write_is_never_repeated_blindly(sandbox, client, fault, status):
    sandbox.fail("POST", f"{B}/data-models", fault)
    with pytest.raises(WorkspaceError) as caught:
        client.create("data_models", MODEL, cleared(client.target.name))
    assert caught.value.status == status
    assert len(sandbox.writes) == 1


def test_a_write_that_the_rate_limit_refused_is_sent_again(sandbox, client, waits):
    sandbox.fail("POST", f"{B}/data-models", Fault(status=429, headers=(("retry-after", "2"),)))
    client.create("data_models", MODEL, cleared(client.target.name))
    assert (len(sandbox.state.list("data_models")), waits) == (1, [2.0])


DEEP = '[{"id": "a", "config": ' + '{"a":' * 900 + "1" + "}" * 900 + "}]"


@pytest.mark.parametrize(
    "body", ["<html>", '{"a": ', '{"items": 7}', '[{"name": "no id"}]', "[1]", "null", '[{"id": true}]', DEEP]
)
def test_a_success_that_is_no_list_is_an_error(sandbox, client, body):
    sandbox.fail("GET", f"{B}/connections", Fault(status=200, body=body))
    with pytest.raises(WorkspaceError) as caught:
        client.read()
    assert "connections" in caught.value.message


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"id": "y"}', '{"id": "X"}'])
def test_a_success_that_is_no_resource_is_an_error(sandbox, client, body):
    sandbox.fail("GET", f"{B}/connections/x", Fault(status=200, body=body))
    with pytest.raises(WorkspaceError):
        client.get("connections", "x")


def test_credentials_do_not_follow_a_redirect(sandbox, client):
    with Sandbox() as elsewhere:
        for path in ("/oauth/token", f"{B}/connections"):
            sandbox.fail("*", path, Fault(status=307, headers=(("location", elsewhere.url + path),)))
            with pytest.raises(WorkspaceError) as caught:
                client.read()
            assert caught.value.status == 307
        assert elsewhere.requests == []


def test_a_proxy_of_the_environment_never_sees_a_loopback_target(sandbox, open_client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert open_client(sandbox).listed("connections") == ()


def test_fallback_routes_are_found_by_reading(open_client):
    paths = {"pipelines": "pipelines", "field_transformations": "fieldtransformations", "data_models": "models"}
    with Sandbox(paths=paths) as sandbox:
        client = open_client(sandbox)
        assert client.probe() == {"connections": "connections", **paths}
        client.create("data_models", MODEL, cleared(client.target.name))
        assert sandbox.writes == [("POST", f"{B}/models")]


def test_a_pinned_route_wins_and_is_not_probed(open_client):
    with Sandbox(paths={"pipelines": "inputs/pipes"}) as sandbox:
        client = open_client(sandbox, routes={"pipelines": "/inputs/pipes/"})
        client.read()
        assert [path for _, path in sandbox.requests if "pipe" in path] == [f"{B}/inputs/pipes"]


def test_a_pinned_route_that_is_not_there_is_an_error(sandbox, open_client):
    with pytest.raises(WorkspaceError) as caught:
        open_client(sandbox, routes={"pipelines": "elsewhere"}).read()
    assert caught.value.status == 404
    assert "elsewhere" in caught.value.message
    assert "workspace.routes.pipelines" in caught.value.remedy


def test_a_kind_without_a_route_is_unread_and_never_written(open_client):
    with Sandbox(paths={"field_transformations": "nobody-knows"}) as sandbox:
        client = open_client(sandbox)
        assert client.read().unread == ("field_transformations",)
        body = {"id": "t", "name": "T", "destination_type": "event_batch", "mappings": ()}
        with pytest.raises(WorkspaceError) as caught:
            client.create("field_transformations", body, cleared(client.target.name))
        assert "workspace.routes.field_transformations" in caught.value.remedy
        assert sandbox.writes == []


@pytest.mark.parametrize(
    "routes", [{"pipes": "x"}, {"pipelines": "../../v1"}, {"pipelines": "https://evil.example"}, {"pipelines": ""}]
)
def test_a_pinned_route_is_a_plain_path_of_a_known_kind(sandbox, open_client, routes):
    with pytest.raises(UsageError):
        open_client(sandbox, routes=routes)


@pytest.mark.parametrize("name", ["..", "a/b", "a?b", "", "a\n"])
def test_an_id_cannot_leave_its_collection(sandbox, client, name):
    with pytest.raises(UsageError):
        client.get("connections", name)
    assert sandbox.requests == []


def test_reading_and_probing_write_nothing(sandbox, client):
    client.probe()
    client.read()
    client.get("pipelines", "p")
    client.status("p")
    assert sandbox.writes == []


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:1/platform/v2/workspaces/5328", "", None])
def test_a_clearance_for_another_target_opens_nothing(sandbox, client, elsewhere):
    cleared_for = client.target.name + "0" if elsewhere is None else elsewhere
    for send in (client.create, client.update):
        with pytest.raises(PlanRefused):
            send("data_models", MODEL, cleared(cleared_for))
    assert sandbox.requests == []


@pytest.mark.parametrize("basis", [Basis(Grade.COUNTED, stand_in=True), Basis(Grade.LOCKED)])
def test_a_proof_on_a_stand_in_opens_loopback_alone(sandbox, client, basis):
    client.create("data_models", MODEL, cleared(client.target.name, basis=basis))
    assert len(sandbox.writes) == 1
    far = Target("5328", sandbox.api_url.replace("127.0.0.1", "0.0.0.0"), sandbox.token_url)
    with Client(far, Credentials("id", SECRET, "x")) as reaching:
        reaching.read()
        with pytest.raises(ProofMissing):
            reaching.create("data_models", {**MODEL, "id": "n"}, cleared(far.name, basis=basis))
    assert len(sandbox.writes) == 1


def test_a_pipeline_that_was_not_judged_is_not_written(sandbox, client):
    with pytest.raises(PlanRefused):
        client.create("pipelines", {"id": "other"}, cleared(client.target.name, "judged"))
    assert sandbox.requests == []


def test_a_pipeline_has_no_status_while_it_warms_up(open_client):
    now = [0.0]
    with Sandbox(state=State(warm_up=60, clock=lambda: now[0])) as sandbox:
        connection = {"id": "c", "name": "C", "service_provider": "Redshift", "config": {"host": "h"}}
        sandbox.state.create("connections", connection)
        sandbox.state.create("data_models", MODEL)
        sandbox.state.create("pipelines", PIPELINE)
        client = open_client(sandbox)
        assert client.status("p") is None
        now[0] = 60.0
        assert client.status("p")["is_active"] is False


PIPELINE = {
    "id": "p",
    "name": "P",
    "connection_id": "c",
    "data_model_id": "m",
    "environment": "development",
    "partner_feed_id": 7,
    "state": "paused",
    "sync_mode": {"type": "full"},
    "schedule": {"type": "once"},
}


def test_no_secret_is_ever_said(sandbox, open_client):
    client = open_client(sandbox, environ={"PW": 'p"w canary\n& more'})
    body = {"id": "c", "name": "C", "service_provider": "Redshift", "config": {"password": EnvRef("PW")}}
    echo = json.dumps({"errors": [{"message": f'bad password p"w canary\n& more and {SECRET}'}]})
    said = [repr(client), repr(client.target)]
    for status in (400, 500, 505):
        sandbox.fail("POST", f"{B}/connections", Fault(status=status, body=echo, headers=(("x-request-id", SECRET),)))
        with pytest.raises(WorkspaceError) as caught:
            client.create("connections", body, cleared(client.target.name))
        said += [str(caught.value), caught.value.remedy, caught.value.request_id, repr(caught.value.__context__)]
    assert "bad password ***" in said[2]
    assert not [text for text in said if "canary" in text]


# -- data plans --------------------------------------------------------------------------------------------------------

PLAN = {
    "data_plan_id": "orders plan",
    "data_plan_versions": [{"version": 1, "version_document": {"data_points": []}}],
}


def test_the_plans_that_the_project_names_are_read_and_absent_ones_are_left_out(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.state.plans["orders plan"] = PLAN
    state = client.read([("orders plan", None), ("orders plan", 1), ("orders plan", 2), ("clicks", None)])
    assert [plan.id for plan in state.data_plans] == ["orders plan", "orders plan/versions/1"]
    assert state.data_plans[1].body["version"] == 1
    assert "data_plans" not in state.unread


def test_without_a_named_plan_none_is_asked_for(sandbox: Sandbox, client: Client) -> None:
    assert client.read().data_plans == ()
    assert not [path for _, path in sandbox.requests if "/plans" in path]


def test_a_credential_that_may_not_read_plans_leaves_them_unread(sandbox: Sandbox, client: Client) -> None:
    sandbox.fail("GET", "*/plans/*", Fault(status=403))
    state = client.read([("orders", 3)])
    assert state.unread == ("data_plans",)
    assert state.data_plans == ()


def test_a_broken_answer_about_a_plan_is_an_error(sandbox: Sandbox, client: Client) -> None:
    sandbox.fail("GET", "*/plans/*", Fault(status=400), times=9)
    with pytest.raises(WorkspaceError, match="400"):
        client.read([("orders", 3)])
