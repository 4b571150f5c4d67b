"""The state file: what was answered is there after a restart, however the process ended."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from preflight.errors import EnvironmentFailure, UsageError
from preflight.sandbox.state import Refused, State
from preflight.sandbox.store import Store
from tests.cli.command import environment
from tests.until import PATIENCE_SECONDS

from .test_sandbox import CONNECTION, MODEL, PATIENT, TOKEN, pipeline


@pytest.fixture
def reopened(tmp_path):
    """The state of the file, as a new process finds it."""
    stores = []

    def reopen():
        for store in stores:
            store.close()
        stores.append(Store(tmp_path / "state"))
        return State(store=stores[-1])

    yield reopen
    for store in stores:
        store.close()


def test_resources_and_runs_survive_in_their_order(reopened):
    state = reopened()
    state.create("connections", {**CONNECTION, "id": "z"})
    state.create("connections", CONNECTION)
    state.create("data_models", {**MODEL, "name": "\ud800"})
    state.create("pipelines", pipeline())
    state.replace("connections", "z", {**CONNECTION, "id": "z", "name": "Changed"})
    state.run("p", extracted=7)
    before = [state.list(kind) for kind in ("connections", "data_models", "field_transformations", "pipelines")]
    again = reopened()
    assert [again.list(kind) for kind in ("connections", "data_models", "field_transformations", "pipelines")] == before
    assert [held["id"] for held in before[0]] == ["z", "c"]
    assert again.stored("connections", "c")["config"]["password"] == "canary"
    assert again.status("p")["latest_pipeline_run"]["records_extracted"] == 7


def test_what_was_deleted_stays_deleted(reopened):
    state = reopened()
    state.create("connections", CONNECTION)
    state.create("data_models", MODEL)
    state.create("pipelines", pipeline())
    state.run("p")
    state.delete("pipelines", "p")
    again = reopened()
    assert again.list("pipelines") == []
    again.create("pipelines", pipeline())
    assert reopened().status("p")["latest_pipeline_run"] is None


def test_a_refused_write_leaves_nothing(reopened):
    with pytest.raises(Refused):
        reopened().create("pipelines", pipeline())
    assert reopened().list("pipelines") == []


def test_a_file_that_is_no_state_is_left_alone(tmp_path):
    text, other = tmp_path / "text", tmp_path / "other"
    text.write_text("mine " * 1000)
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE mine (a)")
    file.close()
    for path, error in ((text, EnvironmentFailure), (other, UsageError), (tmp_path, EnvironmentFailure)):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(error):
            Store(path)
        assert (path.read_bytes() if path.is_file() else b"") == before


def test_two_sandboxes_do_not_share_a_file(tmp_path):
    first = Store(tmp_path / "state")
    first.put("connections", "c", {})
    with pytest.raises(EnvironmentFailure, match="locked"):
        Store(tmp_path / "state")
    first.close()
    Store(tmp_path / "state").close()


def test_a_killed_sandbox_comes_back_with_what_it_answered(tmp_path):
    arguments = ["sandbox", "--state", str(tmp_path / "state")]

    @contextmanager
    def started():
        command = [sys.executable, "-m", "preflight", *arguments]
        with (
            subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process,
            httpx.Client(**PATIENT) as http,
        ):
            try:
                url = process.stdout.readline().removeprefix("sandbox on ").strip()
                asked = {"client_id": "any", "client_secret": "any", **TOKEN}
                token = http.post(f"{url}/oauth/token", json=asked).json()["access_token"]
                http.base_url = f"{url}/platform/v2/workspaces/5328/"
                http.headers["authorization"] = f"Bearer {token}"
                yield process, http
            finally:
                process.kill()

    with started() as (process, http):
        assert http.post("connections", json=CONNECTION).status_code == 201
        process.send_signal(signal.SIGKILL)
    with started() as (process, http):
        assert [held["id"] for held in http.get("connections").json()] == ["c"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
