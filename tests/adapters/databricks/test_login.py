"""From a connection's options to the driver's; nothing is sent anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from preflight.config import Connection, EnvRef, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import Provider
from preflight_adapters.databricks.login import Login, login

WHERE: dict[str, Any] = {"server_hostname": "dbc-1.cloud.databricks.com", "http_path": "/sql/1.0/warehouses/abc"}


def made(environ: dict[str, str] | None = None, config: dict[str, Any] | None = None, **options: Any) -> Login:
    connection = Connection("w", "W", Provider.DATABRICKS, config or {}, introspect=Introspect(options=options))
    return login(connection, environ or {})


def refused(environ: dict[str, str] | None = None, **options: Any) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        made(environ, **options)
    assert caught.value.remedy
    return caught.value


def test_a_token_is_read_from_its_variable_and_scrubbed() -> None:
    found = made({"T": "dapi-hush"}, **WHERE, access_token=EnvRef("T"))
    assert (found.driver["access_token"], found.sdk) == ("dapi-hush", None)
    assert found.options.scrub("no dapi-hush here") == "no *** here"
    assert "hush" not in repr(found)


def test_a_service_principal_logs_in_by_oauth() -> None:
    found = made({"S": "hush"}, **WHERE, client_id="app", client_secret=EnvRef("S"))
    assert found.sdk == {
        "host": "https://dbc-1.cloud.databricks.com",
        "auth_type": "oauth-m2m",
        "client_id": "app",
        "client_secret": "hush",
    }
    assert "access_token" not in found.driver


def test_a_profile_says_host_and_login_and_takes_nothing_from_the_config() -> None:
    found = made({"DATABRICKS_TOKEN": "hush"}, {"host": "elsewhere"}, profile="dev")
    assert (found.host, found.http_path, found.sdk) == ("", "", {"profile": "dev"})


@pytest.mark.parametrize("way", ["databricks-oauth", "azure-oauth"])
def test_a_login_by_browser_has_to_be_asked_for(way: str) -> None:
    assert made(**WHERE, auth_type=way).driver["auth_type"] == way
    assert refused(**WHERE).cause is Cause.NO_CREDENTIALS


def test_the_sdks_other_ways_are_named_by_it() -> None:
    found = made(**WHERE, auth_type="azure-cli")
    assert found.sdk == {"host": "https://dbc-1.cloud.databricks.com", "auth_type": "azure-cli"}
    assert "auth_type" not in found.driver


def test_the_environment_fills_in_what_is_not_given() -> None:
    found = made({"DATABRICKS_HOST": "https://dbc-2.cloud.databricks.com/", "DATABRICKS_TOKEN": "hush"}, http_path="/p")
    assert (found.host, found.driver["access_token"]) == ("dbc-2.cloud.databricks.com", "hush")
    assert found.options.scrub("hush") == "***"


def test_a_login_that_is_given_is_not_mixed_with_one_from_the_environment() -> None:
    environ = {"DATABRICKS_CLIENT_ID": "app", "DATABRICKS_CLIENT_SECRET": "hush", "T": "dapi"}
    found = made(environ, **WHERE, access_token=EnvRef("T"))
    assert (found.sdk, found.driver["access_token"]) == (None, "dapi")


def test_the_connections_config_stands_in_for_what_introspect_leaves_out() -> None:
    found = made({"T": "dapi"}, {"host": "https://dbc-3.x/", "http_path": "/p", "token": EnvRef("T")})
    assert (found.host, found.http_path, found.driver["access_token"]) == ("dbc-3.x", "/p", "dapi")


@pytest.mark.parametrize("name", ["server_hostname", "http_path"])
def test_what_is_missing_is_named(name: str) -> None:
    options = {key: value for key, value in WHERE.items() if key != name}
    assert name in refused(**options, access_token="t").message


def test_an_unset_variable_is_named() -> None:
    error = refused(**WHERE, access_token=EnvRef("NOT_SET"))
    assert error.cause is Cause.NO_CREDENTIALS
    assert "NOT_SET" in error.message


@pytest.mark.parametrize(
    "name",
    [
        "session_configuration",
        "staging_allowed_local_path",
        "enable_telemetry",
        "use_cloud_fetch",
        "credentials_provider",
        "use_inline_params",
    ],
)
def test_options_that_could_undo_the_caps_are_not_passed_on(name: str) -> None:
    assert name in refused(**WHERE, access_token="t", **{name: True}).message


def test_a_misspelt_option_comes_with_the_right_name() -> None:
    assert refused(**WHERE, acces_token="t").remedy == "write access_token"


@pytest.mark.parametrize("uri", ["http://dbc-1.cloud.databricks.com/sql", "ftp://x", "http://127.0.0.1.evil.io/"])
def test_a_login_is_sent_unencrypted_to_this_machine_alone(uri: str) -> None:
    assert refused(**WHERE, access_token="t", _connection_uri=uri).cause is Cause.DRIVER
    assert made(**WHERE, access_token="t", _connection_uri="http://127.0.0.1:9/p").base_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "name", ["access_token", "client_secret", "azure_client_secret", "_tls_client_cert_key_password"]
)
@pytest.mark.parametrize("written", ["canary-4711", EnvRef("S")], ids=["literal", "variable"])
def test_every_secret_is_scrubbed_however_it_is_given(name: str, written: str | EnvRef) -> None:
    options = {"access_token": "t", "client_id": "app", "auth_type": "azure-sp-m2m", name: written}
    found = made({"S": "canary-4711"}, **WHERE, **options)
    assert found.options.scrub("canary-4711") == "***"
    assert "canary" not in repr(found)


def test_a_server_on_this_machine_is_no_databricks() -> None:
    assert made(**WHERE, access_token="t", _connection_uri="http://localhost:9/p").on_this_machine
    assert not made(**WHERE, access_token="t").on_this_machine
    assert not made(profile="dev").on_this_machine


@pytest.mark.parametrize(
    "options", [{"_tls_no_verify": True}, {"_tls_verify_hostname": False}, {"_tls_no_verify": "x"}]
)
def test_a_certificate_goes_unverified_on_this_machine_alone(options: dict[str, Any]) -> None:
    assert refused(**WHERE, access_token="t", **options).cause is Cause.AUTH
    assert refused(**WHERE, profile="dev", **options).cause is Cause.AUTH
    local = {**WHERE, "_connection_uri": "https://127.0.0.1:8443/sql"}
    assert made(**local, access_token="t", **options).on_this_machine
