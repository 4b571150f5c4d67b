"""What the driver is told: from the project's config, from `introspect`, from its own profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from preflight.config import Connection, EnvRef, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import Provider
from preflight_adapters.snowflake.login import Login, login

CONFIG: dict[str, Any] = {
    "account_identifier": "xy98765",
    "region": "eu-central-1",
    "warehouse": "SYNC_WH",
    "database": "CRM",
    "role": "mparticle_reader",
    "user": "MP",
    "password": EnvRef("PW"),
}
ENVIRON = {"PW": "canary-pw", "KEY_PW": "canary-key", "TOKEN": "canary-token"}


def opened(
    tmp_path: Path, introspect: dict[str, Any], *, environ: dict[str, str] = ENVIRON, **changes: object
) -> Login:
    config = {name: value for name, value in {**CONFIG, **changes}.items() if value is not None}
    connection = Connection("w", "W", Provider.SNOWFLAKE, config, introspect=Introspect(options=introspect, folder="x"))
    return login(connection, root=tmp_path, environ=environ)


def test_the_config_alone(tmp_path: Path) -> None:
    found = opened(tmp_path, {})
    wanted = {"account": "xy98765.eu-central-1", "user": "MP", "password": "canary-pw", "role": "mparticle_reader"}
    assert {name: found.arguments.get(name) for name in wanted} == wanted
    assert (found.host, found.port, found.tls) == ("xy98765.eu-central-1.snowflakecomputing.com", 443, True)
    assert found.role == "MPARTICLE_READER"
    assert "region" not in found.arguments


def test_the_session_is_capped_tagged_in_utc_and_without_secondary_roles(tmp_path: Path) -> None:
    capped = {"statement_timeout_in_seconds": 0, "Multi_Statement_Count": 0}
    given = {"session_parameters": {"TIMEZONE": "Europe/Berlin", "WEEK_START": 1, **capped}}
    arguments = opened(tmp_path, given).arguments
    session = arguments["session_parameters"]
    assert session["TIMEZONE"] == "UTC"
    assert session["WEEK_START"] == 1
    assert session["QUERY_TAG"] == "mparticle-preflight"
    assert session["STATEMENT_TIMEOUT_IN_SECONDS"] == 300
    assert session["MULTI_STATEMENT_COUNT"] == 1
    assert not capped.keys() & session.keys()
    assert arguments["secondary_roles"] == "NONE"
    assert arguments["enable_server_session_keep_alive_auto_detection"] is False


@pytest.mark.parametrize(
    ("account", "region", "wanted"),
    [
        ("xy98765", "us-west-2", "xy98765"),
        ("xy98765", "us-central1.gcp", "xy98765.us-central1.gcp"),
        ("myorg-account1", "eu-central-1", "myorg-account1"),
        ("xy98765.eu-central-1", "eu-central-1", "xy98765.eu-central-1"),
        ("xy98765", None, "xy98765"),
    ],
)
def test_accounts(tmp_path: Path, account: str, region: str | None, wanted: str) -> None:
    assert opened(tmp_path, {}, account_identifier=account, region=region).arguments["account"] == wanted


@pytest.mark.parametrize(
    "introspect",
    [
        {"authenticator": "externalbrowser", "user": "me@example.com"},
        {"private_key_file": "keys/me.p8", "private_key_file_pwd": EnvRef("KEY_PW")},
        {"authenticator": "oauth", "token": EnvRef("TOKEN")},
        {"authenticator": "programmatic_access_token", "token_file_path": "/run/token"},
    ],
    ids=["browser", "key", "oauth", "pat"],
)
def test_another_login_leaves_the_password_alone(tmp_path: Path, introspect: dict[str, Any]) -> None:
    found = opened(tmp_path, introspect, environ={"KEY_PW": "k", "TOKEN": "t"})
    assert "password" not in found.arguments
    assert found.arguments["warehouse"] == "SYNC_WH"


def test_files_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    arguments = opened(tmp_path, {"private_key_file": "keys/me.p8", "private_key_file_pwd": EnvRef("KEY_PW")}).arguments
    assert arguments["private_key_file"] == str(tmp_path / "x" / "keys" / "me.p8")
    assert arguments["private_key_password"] == "canary-key"
    assert "private_key_file_pwd" not in arguments
    assert opened(tmp_path, {"private_key_file": "/etc/me.p8"}).arguments["private_key_file"] == "/etc/me.p8"


def test_a_profile_takes_the_place_of_the_config(tmp_path: Path) -> None:
    (tmp_path / "connections.toml").write_text("[dev]\n")
    found = opened(tmp_path, {"connection_name": "dev"}, environ={"SNOWFLAKE_HOME": str(tmp_path)})
    assert found.arguments["connection_name"] == "dev"
    assert found.arguments["connections_file_path"] == str(tmp_path / "connections.toml")
    assert not {"account", "user", "password", "role"} & set(found.arguments)
    assert found.host == ""
    assert found.role == "MPARTICLE_READER"


def test_the_default_profile_where_no_account_is_named(tmp_path: Path) -> None:
    environ = {**ENVIRON, "SNOWFLAKE_DEFAULT_CONNECTION_NAME": "main"}
    assert opened(tmp_path, {}, environ=environ, account_identifier=None).arguments["connection_name"] == "main"
    with pytest.raises(WarehouseError) as caught:
        opened(tmp_path, {}, account_identifier=None)
    assert caught.value.cause is Cause.NO_CREDENTIALS
    assert "connection_name" in caught.value.remedy


def test_a_secret_that_is_not_set(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="PW, which is not set"):
        opened(tmp_path, {}, environ={})


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=6),
    st.just(EnvRef("PW")),
    st.just({"a": 1}),
    st.just((1,)),
)
OPTIONS = ("account", "host", "port", "protocol", "region", "role", "user", "private_key_file", "token_file_path",
           "session_parameters", "secondary_roles", "connection_name", "connections_file_path")  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(OPTIONS), VALUES), st.dictionaries(st.sampled_from([*CONFIG]), VALUES))
@example({"port": "x"}, {})
@example({"private_key_file": "~nobody-at-all/key"}, {})
def test_any_options(tmp_path: Path, introspect: dict[str, Any], config: dict[str, Any]) -> None:
    try:
        found = opened(tmp_path, introspect, **config)
    except WarehouseError:
        return
    shown = repr(found)
    for named in (found.host, found.role):  # whoever names a host or a role by a variable wants it shown
        shown = shown.replace(repr(named), "")
    assert "canary-pw" not in shown
    assert found.arguments["session_parameters"]["TIMEZONE"] == "UTC"


def test_no_login_goes_unencrypted_to_another_machine(tmp_path: Path) -> None:
    assert not opened(tmp_path, {"protocol": "http", "host": "127.0.0.1"}).tls
    for options in ({"protocol": "http"}, {"protocol": "HTTP", "host": "127.0.0.1.example.com"}, {"protocol": "ftp"}):
        with pytest.raises(WarehouseError, match="without encryption"):
            opened(tmp_path, options)


def test_a_secret_that_is_written_out_is_scrubbed_too(tmp_path: Path) -> None:
    scrub = opened(tmp_path, {"password": "canary-a", "private_key_file_pwd": "canary-b"}).options.scrub
    assert scrub("canary-a canary-b") == "*** ***"


def test_every_secret_is_known_to_the_scrubber(tmp_path: Path) -> None:
    secrets = {"private_key": EnvRef("TOKEN"), "private_key_password": EnvRef("KEY_PW"), "passcode": EnvRef("PW")}
    scrub = opened(tmp_path, secrets).options.scrub
    assert scrub("canary-token canary-key canary-pw") == "*** *** ***"
