"""What the driver is told: each way to log in, and what it takes from the project's config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from preflight.config import Connection, EnvRef, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import Provider
from preflight_adapters.redshift.connect import arguments, options, way

CONFIG = {
    "host": "acme.abc123.eu-central-1.redshift.amazonaws.com",
    "port": 5439,
    "database": "dw",
    "user": "mparticle_reader",
    "password": EnvRef("PASSWORD"),
    "aws_iam_role_arn": "arn:aws:iam::111122223333:role/unload",
}
ENVIRON = {"PASSWORD": "canary-1", "SECRET": "canary-2"}


def told(introspect: Mapping[str, Any], environ: Mapping[str, str] = ENVIRON) -> dict[str, Any]:
    connection = Connection("w", "W", Provider.REDSHIFT, CONFIG, introspect=Introspect(options=introspect))
    return arguments(options(connection, environ))


def test_a_password_is_the_default() -> None:
    given = told({})
    assert given["user"] == "mparticle_reader"
    assert given["password"] == "canary-1"
    assert (given["ssl"], given["sslmode"]) == (True, "verify-full")
    assert "aws_iam_role_arn" not in given


@pytest.mark.parametrize(
    "introspect",
    [
        {"iam": True, "cluster_identifier": "acme", "region": "eu-central-1"},
        {"profile": "dev", "cluster_identifier": "acme"},
        {"serverless_work_group": "wg", "serverless_acct_id": "111122223333", "region": "eu-central-1"},
        {"iam": True, "access_key_id": {"env": "x"}},
    ],
)
def test_iam_takes_no_password_from_the_config(introspect: Mapping[str, Any]) -> None:
    given = told(
        {key: EnvRef("SECRET") if isinstance(value, dict) else value for key, value in introspect.items()},
        {"SECRET": "s"},
    )
    assert given["iam"] is True
    assert given["db_user"] == "mparticle_reader"
    assert given["database"] == "dw"
    assert "password" not in given
    assert given.get("is_serverless", False) is ("serverless_work_group" in introspect)


def test_a_profile_of_aws_takes_nothing_and_a_plugin_no_user() -> None:
    assert "host" not in told({"auth_profile": "acme", "iam": True}, {})
    plugin = told({"credentials_provider": "BrowserIdcAuthPlugin", "idc_region": "eu-central-1"}, {})
    assert plugin["host"] == CONFIG["host"]
    assert not {"user", "db_user", "password"} & plugin.keys()


def test_what_introspect_says_goes_before_the_config() -> None:
    given = told({"host": "tunnel.example.com", "port": "15439", "sslmode": "verify-ca", "timeout": 5})
    assert (given["host"], given["port"], given["sslmode"], given["timeout"]) == (
        "tunnel.example.com",
        15439,
        "verify-ca",
        5,
    )


@pytest.mark.parametrize("written", [False, "false", 0, "FALSE"])
def test_tls_is_off_only_on_this_machine(written: object) -> None:
    local = told({"ssl": written, "host": "127.0.0.1"})
    assert local["ssl"] is False
    assert "sslmode" not in local
    with pytest.raises(WarehouseError, match="without encryption"):
        told({"ssl": written})


@pytest.mark.parametrize("written", [True, "true", "True", 1, "1"])
def test_every_word_for_tls_is_the_one_that_the_driver_takes(written: object) -> None:
    assert told({"ssl": written})["ssl"] is True


@pytest.mark.parametrize("options", [{"ssl": "yes please"}, {"ssl": (1,)}, {"sslmode": "require"}, {"sslmode": True}])
def test_a_word_for_tls_that_the_driver_would_take_for_none_is_refused(options: Mapping[str, Any]) -> None:
    with pytest.raises(WarehouseError) as caught:
        told(options)
    assert caught.value.cause is Cause.DRIVER


@pytest.mark.parametrize("port", ["many", (1, 2), {"a": 1}])
def test_a_port_that_is_none_is_said(port: object) -> None:
    with pytest.raises(WarehouseError) as caught:
        told({"port": port})
    assert caught.value.cause is Cause.DRIVER


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(WarehouseError, match="PASSWORD") as caught:
        told({}, {})
    assert caught.value.cause is Cause.NO_CREDENTIALS


@pytest.mark.parametrize(
    "name", ["password", "secret_access_key", "session_token", "client_secret", "web_identity_token"]
)
@pytest.mark.parametrize("value", [EnvRef("SECRET"), "canary-2"])
def test_every_secret_is_scrubbed_however_it_is_written(name: str, value: object) -> None:
    introspect = Introspect(options={"iam": True, name: value})  # type: ignore[dict-item]
    found = options(Connection("w", "W", Provider.REDSHIFT, CONFIG, introspect=introspect), ENVIRON)
    assert found.scrub("a canary-2 b") == "a *** b"


def test_ways() -> None:
    assert [way({}), way({"iam": False}), way({"iam": True}), way({"auth_profile": "a"})] == [
        "password",
        "password",
        "iam",
        "profile",
    ]
