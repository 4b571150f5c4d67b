"""The route to a database that is not there: each step says so, none raises, and no secret is told."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from preflight.config import Connection, EnvRef, Introspect, Value
from preflight.errors import Cause, WarehouseError
from preflight.model import Provider
from preflight.source import Outcome, Step
from preflight_adapters import redshift
from servers.stand import Ports

NAMES = ["driver", "options", "resolve", "TLS", "login", "user", "names", "describe", "grants"]
SECRETS = ("password", "secret_access_key", "session_token", "client_secret", "web_identity_token", "token")


def connection(options: Mapping[str, Value]) -> Connection:
    return Connection("w", "W", Provider.REDSHIFT, {}, introspect=Introspect(options=options))


def walk(options: Mapping[str, Value]) -> list[Step]:
    environ = {"CANARY": "canary-4Kd9"}
    return list(redshift.diagnose(connection(options), root=Path(), environ=environ, record=lambda _: None))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"host": ""},
        {"host": "a b"},
        {"host": "é" * 100 + ".example"},
        {"host": ".."},
        {"host": "127.0.0.1\0"},
        {"host": ("a", "b")},
        {"host": "127.0.0.1", "port": -1},
        {"host": "127.0.0.1", "port": 99_999},
        {"host": "127.0.0.1", "port": 10**30},
        {"host": "127.0.0.1", "port": "many"},
        {"host": "127.0.0.1", "port": {"a": 1}},
        {"host": "127.0.0.1", "port": True, "ssl": False},
        {"iam": True, "cluster_identifier": "no-such", "region": "no-where", "profile": "no-such-profile"},
        {"auth_profile": "none", "iam": True, "region": "no-where", "profile": "no-such-profile"},
        {"credentials_provider": "os.system", "iam": True, "cluster_identifier": "c", "region": "r"},
        {"credentials_provider": 7},
        {"ssl": "maybe", "sslmode": 3},
        {"no_such_option": "x"},
    ],
    ids=str,
)
def test_nothing_raises_and_every_step_is_told(options: Mapping[str, Value]) -> None:
    steps = walk({**options, **{name: EnvRef("CANARY") for name in SECRETS}})
    assert [step.name for step in steps] == NAMES
    assert [step.outcome for step in steps].count(Outcome.FAIL) == 1
    assert "canary" not in str(steps)


def test_a_port_where_nobody_listens() -> None:
    with closing(Ports()) as ports:
        there: Mapping[str, Value] = {"host": "127.0.0.1", "port": ports.take(), "ssl": False, "user": "u"}
        steps = {step.name: step for step in walk(there)}
    assert steps["login"].outcome is Outcome.FAIL
    assert steps["login"].remedy


def test_without_the_driver_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    with pytest.raises(WarehouseError) as caught:
        redshift.connect(connection({"host": "h"}), root=Path(), environ={}, record=lambda _: None)
    assert caught.value.cause is Cause.DRIVER
    assert caught.value.remedy == "pip install 'mparticle-preflight[redshift]'"
    assert walk({"host": "h"})[0].outcome is Outcome.FAIL
