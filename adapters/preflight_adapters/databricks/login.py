"""How preflight logs in to Databricks: a connection's options as the driver's. Pure; it imports no driver.

Ways, in the order in which they are taken: a profile of ``~/.databrickscfg`` or another way of databricks-sdk, an OAuth
secret of a service principal, a personal access token, the driver's own ways, and last what the environment says.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

import msgspec

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight_adapters._options import Options, resolve
from preflight_adapters._route import require_encryption

_CONFIG = {
    "server_hostname": "server_hostname",
    "host": "server_hostname",
    "http_path": "http_path",
    "access_token": "access_token",
    "token": "access_token",
    "client_id": "client_id",
    "client_secret": "client_secret",
    "catalog": "catalog",
    "schema": "schema",
}
"""Members of a connection's ``config``, whose names no page lists, that can stand for the driver's options."""
_SECRETS = (
    "access_token",
    "client_secret",
    "oauth_client_secret",
    "azure_client_secret",
    "_tls_client_cert_key_password",
)
_DRIVER_WAYS = ("databricks-oauth", "azure-oauth", "azure-sp-m2m")
"""The driver's own ``auth_type``s; every other is databricks-sdk's."""
_DRIVER = frozenset(
    [
        *("auth_type", "oauth_client_id", "oauth_redirect_port", "identity_federation_client_id", "_use_cert_as_auth"),
        *("azure_client_id", "azure_client_secret", "azure_tenant_id", "azure_workspace_resource_id"),
        *("_tls_client_cert_file", "_tls_client_cert_key_file", "_tls_client_cert_key_password"),
        *("_tls_trusted_ca_file", "_tls_no_verify", "_tls_verify_hostname"),
        *("_port", "_socket_timeout", "_connection_uri", "catalog", "schema"),
    ]
)
"""Options that are passed on as they are."""
_OWN = ("server_hostname", "http_path", "access_token", "client_id", "client_secret", "profile", "principal")
_ENVIRONMENT = {
    "server_hostname": ("DATABRICKS_SERVER_HOSTNAME", "DATABRICKS_HOST"),
    "http_path": ("DATABRICKS_HTTP_PATH",),
    "access_token": ("DATABRICKS_TOKEN",),
    "client_id": ("DATABRICKS_CLIENT_ID",),
    "client_secret": ("DATABRICKS_CLIENT_SECRET",),
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Login(msgspec.Struct, frozen=True):
    """Where to, and as whom."""

    options: Options
    host: str
    """Empty: databricks-sdk's profile says it."""
    http_path: str
    """Empty: databricks-sdk's profile says the warehouse."""
    driver: Mapping[str, Any]
    """The driver's own options, secrets in it as text."""
    sdk: Mapping[str, Any] | None
    """What databricks-sdk is told, where it logs in."""
    way: str
    """For people: how it logs in."""

    def __repr__(self) -> str:
        return f"Login({self.host!r}, by {self.way})"

    @property
    def base_url(self) -> str:
        """Of the workspace's REST API."""
        uri = urlsplit(str(self.driver.get("_connection_uri", "")))
        return f"{uri.scheme}://{uri.netloc}" if uri.netloc else f"https://{self.host}" if self.host else ""

    @property
    def on_this_machine(self) -> bool:
        """Whether a server on this machine answers in place of Databricks."""
        return urlsplit(self.base_url).hostname in _LOOPBACK


def login(connection: Connection, environ: Mapping[str, str]) -> Login:
    """What a connection says of its login; raises WarehouseError (NO_CREDENTIALS, DRIVER) where that is too little."""
    options = resolve(connection, environ, config=_CONFIG, left_out=("profile",))
    given = dict(options.given)
    _known(given, connection.id)
    for name in _SECRETS:
        if isinstance(given.get(name), str):
            options.scrub.add(given[name])
    profile, auth_type = given.get("profile"), given.get("auth_type")
    if not profile:
        _from_environment(given, environ, options)
    driver = {name: given[name] for name in _DRIVER if given.get(name) is not None}
    if (uri := driver.get("_connection_uri")) and not _safe(str(uri)):
        raise WarehouseError(
            Cause.DRIVER,
            f"connection {connection.id}: _connection_uri would send the login unencrypted to another machine",
            remedy="give server_hostname and http_path instead",
        )
    for name, trusting in (("_tls_no_verify", False), ("_tls_verify_hostname", True)):
        if name in driver and driver[name] is not trusting:
            where = urlsplit(str(driver.get("_connection_uri", ""))).hostname or _host(
                str(given.get("server_hostname"))
            )
            require_encryption(where, f"introspect.{name}", encrypted=False)
    sdk, way = _way(given, driver, options)
    host = _host(options.text("server_hostname") or str(given.get("server_hostname") or ""))
    http_path = str(given.get("http_path") or "")
    if sdk is None or not profile:
        for name, value in (("server_hostname", host), ("http_path", http_path)):
            if not value:
                raise WarehouseError(
                    Cause.NO_CREDENTIALS,
                    f"connection {connection.id} does not say {name}",
                    remedy=f"set `introspect.{name}`, as the SQL warehouse's connection details show it",
                )
    made = Login(options, host, http_path, driver, sdk, way)
    if sdk is not None and made.base_url and not profile:
        made = msgspec.structs.replace(made, sdk={"host": made.base_url, **sdk})
    if auth_type is not None and auth_type not in _DRIVER_WAYS:
        driver.pop("auth_type", None)
    return made


def _way(given: Mapping[str, Any], driver: dict[str, Any], options: Options) -> tuple[dict[str, Any] | None, str]:
    """What databricks-sdk is told (None: the driver logs in by itself), and the way in words."""
    auth_type = given.get("auth_type")
    if given.get("profile"):
        return {"profile": given["profile"]}, f"the profile {given['profile']} of .databrickscfg"
    if auth_type in _DRIVER_WAYS:
        return None, f"the driver's {auth_type}"
    if auth_type is not None:
        names = {"client_id": "client_id", "client_secret": "client_secret", "access_token": "token"}
        said = {theirs: given[ours] for ours, theirs in names.items() if given.get(ours)}
        return {"auth_type": auth_type, **said}, f"databricks-sdk's {auth_type}"
    if given.get("client_id") and given.get("client_secret"):
        said = {"client_id": given["client_id"], "client_secret": given["client_secret"]}
        return {"auth_type": "oauth-m2m", **said}, "OAuth as a service principal"
    if given.get("access_token"):
        driver["access_token"] = given["access_token"]
        return None, "an access token"
    if given.get("_use_cert_as_auth"):
        return None, "a client certificate"
    raise WarehouseError(
        Cause.NO_CREDENTIALS,
        f"connection {options.connection} names no way to log in to Databricks",
        remedy="set access_token, client_id and client_secret, profile or auth_type under `introspect`",
    )


def _from_environment(given: dict[str, Any], environ: Mapping[str, str], options: Options) -> None:
    """Fill in what neither ``introspect`` nor ``config`` gives, a login only where they give none."""
    named = any(given.get(name) for name in ("access_token", "client_id", "auth_type", "_use_cert_as_auth"))
    for name, variables in _ENVIRONMENT.items():
        if given.get(name) or (named and name in ("access_token", "client_id", "client_secret")):
            continue
        value = next((environ[variable] for variable in variables if environ.get(variable)), None)
        if value is not None:
            given[name] = value
            if name in _SECRETS:
                options.scrub.add(value)


def _known(given: Mapping[str, Any], connection: str) -> None:
    names = {*_DRIVER, *_OWN}
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, 1)
            raise WarehouseError(
                Cause.DRIVER,
                f"connection {connection}: preflight does not pass `introspect.{name}` on to Databricks' driver",
                remedy=f"write {near[0]}" if near else f"take {name} out",
            )


def _host(text: str) -> str:
    """A host name, which people copy with the scheme and a path."""
    return text.strip().removeprefix("https://").partition("/")[0]


def _safe(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK
