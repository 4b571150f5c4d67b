"""The sandbox as any HTTP client sees it."""

import signal
import socket
import subprocess
import sys

import httpx
import pytest

from preflight.errors import EnvironmentFailure, UsageError
from preflight.sandbox.faults import Fault
from preflight.sandbox.server import Sandbox
from preflight.sandbox.state import Health, State
from tests.until import PATIENCE_SECONDS, until

CONNECTION = {"id": "c", "name": "C", "service_provider": "Redshift", "config": {"host": "h", "password": "canary"}}
MODEL = {"id": "m", "name": "M", "type": "sql", "sql_query": "SELECT 1 AS a"}
TOKEN = {"audience": "https://api.mparticle.com", "grant_type": "client_credentials"}


def pipeline(name="p", **changes):
    fields = {"id": name, "name": "P", "connection_id": "c", "data_model_id": "m", "environment": "development"}
    rest = {
        "partner_feed_key": "canary",
        "state": "paused",
        "sync_mode": {"type": "full"},
        "schedule": {"type": "once"},
    }
    return {**fields, **rest, **changes}


@pytest.fixture(scope="module")
def running():
    with Sandbox() as started:
        yield started


@pytest.fixture
def sandbox(running):
    running.reset(State(client_id="id", client_secret="secret"))
    return running


@pytest.fixture
def http(sandbox):
    with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
        granted = client.post(sandbox.token_url, json={"client_id": "id", "client_secret": "secret", **TOKEN}).json()
        assert granted["token_type"] == "Bearer"
        assert granted["expires_in"] == 28800
        client.base_url = f"{sandbox.api_url}/workspaces/5328/"
        client.headers["authorization"] = f"Bearer {granted['access_token']}"
        yield client


def filled(http):
    assert http.post("connections", json=CONNECTION).status_code == 201
    assert http.post("data-models", json=MODEL).status_code == 201
    return http


@pytest.mark.parametrize(
    "changed",
    [{"client_secret": "x"}, {"client_id": "x"}, {"client_id": None}, {"audience": "x"}, {"grant_type": "password"}],
)
def test_a_token_wants_everything_right(sandbox, changed):
    asked = {"client_id": "id", "client_secret": "secret", **TOKEN, **changed}
    answer = httpx.post(sandbox.token_url, json=asked, trust_env=False)
    assert answer.status_code in (401, 403)
    assert "access_token" not in answer.text


def test_a_token_expires():
    now = [0.0]
    state = State(token_lifetime=10, clock=lambda: now[0])
    token = state.token({"client_id": "a", "client_secret": "b", **TOKEN})["access_token"]
    assert state.accepts(token)
    now[0] = 10.0
    assert not state.accepts(token)


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic x"])
def test_without_a_token_nothing_is_shown(sandbox, authorization):
    url = f"{sandbox.api_url}/workspaces/5328/connections"
    answer = httpx.get(url, headers={"authorization": authorization}, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["message"]


def test_an_unknown_workspace_is_404(sandbox, http):
    answer = http.get(f"{sandbox.api_url}/workspaces/1/connections")
    assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)


def test_a_resource_lives_its_life(http):
    created = filled(http).get("connections/c").json()
    assert (created["status"], created["errors"]) == ("healthy", [])
    assert created["created_by"]
    assert http.put("connections/c", json={**CONNECTION, "name": "New"}).json()["name"] == "New"
    assert [held["name"] for held in http.get("connections").json()] == ["New"]
    gone = http.delete("connections/c")
    assert (gone.status_code, gone.content) == (204, b"")
    assert http.get("connections").json() == []
    assert http.get("connections/c").status_code == 404


def test_a_replacement_is_whole(http):
    filled(http).post("data-pipelines", json=pipeline(plan_id="x"))
    assert "plan_id" not in http.put("data-pipelines/p", json=pipeline()).json()


def test_secrets_never_come_back(http):
    filled(http).post("data-pipelines", json=pipeline())
    shown = http.get("connections").text + http.get("data-pipelines/p").text
    assert "canary" not in shown
    assert set(http.get("data-pipelines/p").json()["partner_feed_key"]) == {"*"}


def test_an_id_is_taken_once(http):
    answer = filled(http).post("data-models", json=MODEL)
    assert (answer.status_code, len(http.get("data-models").json())) == (409, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("connections", {**CONNECTION, "id": "a b"}),
        ("connections", {**CONNECTION, "service_provider": "Oracle"}),
        ("connections", {**CONNECTION, "config": []}),
        ("connections", []),
        ("data-models", {"id": "x"}),
        ("data-pipelines", pipeline(connection_id="nobody")),
        ("data-pipelines", pipeline(partner_feed_key=None)),
        ("data-pipelines", pipeline(data_model_id=["m"])),
    ],
)
def test_what_cannot_be_held_is_refused(http, path, body):
    answer = filled(http).post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


def test_a_body_that_is_no_json_is_refused(http):
    assert http.post("connections", content=b"{").status_code == 400
    assert http.post("connections", content=b"[" * 100_000).status_code == 400


def test_five_pipelines_may_be_active(http):
    filled(http)
    for number in range(5):
        assert http.post("data-pipelines", json=pipeline(f"p{number}", state="active")).status_code == 201
    assert http.post("data-pipelines", json=pipeline("p5", state="active")).status_code == 400
    assert http.post("data-pipelines", json=pipeline("p5")).status_code == 201
    assert http.put("data-pipelines/p5", json=pipeline("p5", state="active")).status_code == 400
    assert http.put("data-pipelines/p4", json=pipeline("p4", state="active")).status_code == 200


def test_what_a_pipeline_uses_stays(http):
    filled(http).post("data-pipelines", json=pipeline())
    assert http.delete("connections/c").status_code == 400
    assert http.delete("data-pipelines/p").status_code == 204
    assert http.delete("connections/c").status_code == 204


def test_a_connection_can_be_ill(sandbox, http):
    sandbox.state.health["c"] = Health("faulted", ("Wrong password.",))
    shown = filled(http).get("connections/c").json()
    assert (shown["status"], shown["errors"]) == ("faulted", [{"message": "Wrong password."}])


def test_every_request_is_written_down(sandbox, http):
    http.get("connections")
    assert sandbox.requests[-1] == ("GET", "/platform/v2/workspaces/5328/connections")
    assert sandbox.writes == []
    http.delete("connections/x")
    assert sandbox.writes == [("DELETE", "/platform/v2/workspaces/5328/connections/x")]


@pytest.mark.parametrize(("after", "held"), [(False, 0), (True, 1)])
def test_a_fault_comes_before_or_after_the_deed(sandbox, http, after, held):
    sandbox.fail("POST", "*/connections", Fault(status=500, after=after))
    assert http.post("connections", json=CONNECTION).status_code == 500
    assert len(http.get("connections").json()) == held


@pytest.mark.parametrize("fault", [Fault(reset=True), Fault(truncate=True), Fault(hang=True)])
def test_an_answer_can_be_lost(sandbox, http, fault, patience):
    sandbox.fail("GET", "*", fault)
    with pytest.raises(httpx.TransportError):
        http.get("connections", timeout=patience)
    until(lambda: not sandbox.unmet)
    assert http.get("connections").json() == []


def test_a_port_that_is_taken_is_an_environment_failure():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EnvironmentFailure), Sandbox(port=taken.getsockname()[1]):
            pass


def test_it_stops_listening():
    with Sandbox() as sandbox:
        url = sandbox.token_url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


@pytest.mark.parametrize("missing", ["uvicorn", "starlette.applications"])
def test_without_its_packages_it_says_what_to_install(monkeypatch, missing):
    monkeypatch.delitem(sys.modules, "preflight.sandbox.app", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UsageError) as caught, Sandbox():
        pass
    assert "mparticle-preflight[sandbox]" in caught.value.remedy


def test_serving_ends_cleanly_when_interrupted():
    code = "from preflight.sandbox.server import serve; serve(lambda sandbox: print(sandbox.token_url, flush=True))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        asked = {"client_id": "anyone", "client_secret": "anything", **TOKEN}
        assert httpx.post(run.stdout.readline().strip(), json=asked, trust_env=False).status_code == 200
        run.send_signal(signal.SIGINT)
        assert run.communicate(timeout=PATIENCE_SECONDS) == ("", "")
        assert run.returncode == 0
