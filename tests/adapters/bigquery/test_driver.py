"""The driver is imported when it is needed, and its absence is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.config import Connection, Introspect, Value
from preflight.errors import Cause, WarehouseError
from preflight.finding import Asked
from preflight.model import Provider, TableRef
from preflight.source import Outcome
from preflight_adapters import bigquery

CONFIG = {"project_id": "p", "dataset_id": "d", "service_account_key": '{"type": "service_account"}'}
WAYS: list[dict[str, object]] = [
    {},
    {"token": "t"},
    {"credentials": "application_default"},
    {"api_endpoint": "http://127.0.0.1:1"},
]


def test_the_adapter_alone_imports_no_driver() -> None:
    code = "import sys, preflight_adapters.bigquery; print([m for m in sys.modules if m.split('.')[0] == 'google'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def _absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "google"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "google", None)


@pytest.mark.usefixtures("_absent")
@pytest.mark.parametrize("options", WAYS)
def test_a_missing_driver_says_how_to_get_it(tmp_path: Path, options: dict[str, object]) -> None:
    connection = Connection("w", "W", Provider.BIGQUERY, CONFIG, introspect=Introspect(options=options))  # type: ignore[arg-type]
    with pytest.raises(WarehouseError) as caught:
        bigquery.connect(connection, root=tmp_path, environ={}, record=lambda _: None)
    assert caught.value.cause is Cause.DRIVER
    assert caught.value.remedy == "pip install 'mparticle-preflight[bigquery]'"
    steps = list(bigquery.diagnose(connection, root=tmp_path, environ={}, record=lambda _: None))
    assert [step.outcome for step in steps] == [Outcome.FAIL] + [Outcome.UNPROVEN] * 6


@pytest.mark.parametrize("name", ["x/../../../../jobs/j/cancel?", "t#", "t%2e", "t\\..", "t\n"])
def test_a_name_that_would_lead_a_call_elsewhere_is_not_sent(tmp_path: Path, name: str) -> None:
    sent: list[Asked] = []
    options: dict[str, Value] = {"api_endpoint": "http://127.0.0.1:9", "credentials": "anonymous"}
    connection = Connection("w", "W", Provider.BIGQUERY, CONFIG, introspect=Introspect(options=options))
    adapter = bigquery.connect(connection, root=tmp_path, environ={}, record=sent.append)
    session = adapter.session
    calls: tuple[Callable[[], object], ...] = (
        lambda: adapter.table(TableRef(name, "d", "p")),
        lambda: session.dataset(f"p.{name}"),
        lambda: session.table_permissions(f"p.d.{name}", ("bigquery.tables.getData",)),
        lambda: session.project_permissions(name, ("bigquery.jobs.create",)),
    )
    for call in calls:
        with pytest.raises(WarehouseError, match="no name that anything") as caught:
            call()
        assert caught.value.cause is Cause.NOT_FOUND
    adapter.close()


def test_the_drivers_variable_for_an_emulator_makes_a_stand_in(tmp_path: Path) -> None:
    """The driver reads it by itself, and would send whatever login there is."""
    connection = Connection("w", "W", Provider.BIGQUERY, {"project_id": "p", "dataset_id": "d"})

    def opened(host: str) -> bigquery.BigQueryAdapter:
        environ = {"BIGQUERY_EMULATOR_HOST": host}
        return bigquery.connect(connection, root=tmp_path, environ=environ, record=lambda _: None)

    adapter = opened("http://127.0.0.1:9050")
    assert (adapter.stand_in, adapter.login.principal) == (True, "")
    assert "no credentials" in adapter.login.way
    adapter.close()
    with pytest.raises(WarehouseError, match="in the clear"):
        opened("http://emulator.example.com:9050")


@pytest.mark.parametrize("endpoint", ["[]", "{'a': 1}", "http://127.0.0.1:x", "http://u:canary@127.0.0.1:99999"])
def test_an_endpoint_that_is_none_is_said(tmp_path: Path, endpoint: str) -> None:
    options: dict[str, Value] = {"api_endpoint": endpoint, "token": "t"}
    connection = Connection("w", "W", Provider.BIGQUERY, CONFIG, introspect=Introspect(options=options))
    with pytest.raises(WarehouseError, match="no address") as caught:
        bigquery.connect(connection, root=tmp_path, environ={}, record=lambda _: None)
    assert "canary" not in caught.value.message + caught.value.remedy
    assert Outcome.FAIL in [
        step.outcome for step in bigquery.diagnose(connection, root=tmp_path, environ={}, record=lambda _: None)
    ]
