"""What the driver is told to open a connection: the project's config, and above it what `introspect` says. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight_adapters._options import Options, resolve
from preflight_adapters._route import require_encryption

TAG = "mparticle-preflight"
_LOGINS = (
    "authenticator", "password", "passcode", "private_key", "private_key_file", "token", "token_file_path",
    "oauth_client_secret",
)  # fmt: skip
"""Options that say how to log in; where `introspect` gives one, none is taken from the project's config."""
_SECRETS = (
    "password", "passcode", "private_key", "private_key_password", "private_key_file_pwd", "private_key_passphrase",
    "token", "oauth_client_secret", "proxy_password",
)  # fmt: skip
_FILES = ("private_key_file", "token_file_path", "connections_file_path")
_RENAMED = {"private_key_file_pwd": "private_key_password", "private_key_passphrase": "private_key_password"}
"""Names of connector 4.x, which 5.x warns of."""
_CONFIG = ("user", "role", "warehouse", "database", "region", "schema")
_CONFIG_LOGINS = ("password", "private_key", "private_key_file", "token", "authenticator")
_DEFAULTS: Mapping[str, Any] = {
    "connect_timeout": 15,
    "retry_max_attempts": 3,
    "application": "mparticle_preflight",
    "client_store_temporary_credential": True,
}
_OWN: Mapping[str, Any] = {
    "enable_server_session_keep_alive_auto_detection": False,
    "auto_cleanup": False,
    "log_query_text": False,
    "log_query_parameters": False,
}
"""What no project may set otherwise."""
_QUICKEST_REGION = "us-west-2"
"""Of AWS; the only region that a host's name leaves out."""


class Login(msgspec.Struct, frozen=True):
    """How one connection is opened."""

    options: Options
    arguments: Mapping[str, Any]
    """The driver's; secrets are in it as text."""
    role: str
    """That the sync itself takes, as Snowflake stores it; empty where the project names none."""
    host: str
    """Empty where only a profile knows it."""
    port: int
    tls: bool

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Login(host={self.host!r}, role={self.role!r})"


def login(connection: Connection, *, root: Path, environ: Mapping[str, str]) -> Login:
    """The driver's arguments; raises WarehouseError (NO_CREDENTIALS) where a secret or the account is missing."""
    introspect = connection.introspect.options
    config = {name: name for name in _CONFIG} | {"account_identifier": "account"}
    if not any(name in introspect for name in _LOGINS):
        config |= {name: name for name in _CONFIG_LOGINS}
    options = resolve(connection, environ, config=config, left_out=("connection_name", "connections_file_path"))
    for name in _SECRETS:
        if isinstance(secret := options.given.get(name), str):
            options.scrub.add(secret)
    given = {_RENAMED.get(name, name): value for name, value in options.given.items()}
    folder = root / connection.introspect.folder
    for name in _FILES:
        if given.get(name):
            given[name] = str(folder / os.path.expanduser(str(given[name])))  # noqa: PTH111 - takes any user's name
    region = str(given.pop("region", "") or "")
    given |= {name: str(given[name]) for name in ("account", "user", "role", "warehouse") if given.get(name)}
    if given.get("account"):
        given["account"] = _account(str(given["account"]), region)
    elif not given.get("connection_name") and not given.get("host"):
        given["connection_name"] = _default_profile(environ)
    if given.get("connection_name") and not given.get("connections_file_path"):
        given |= _profiles(environ)
    scheme = str(given.get("protocol") or "https").casefold()
    port = _port(given.get("port"), 443 if scheme == "https" else 80)
    host = str(given.get("host") or _host(str(given.get("account") or "")))
    require_encryption(host, "introspect.protocol", encrypted=scheme == "https")
    return Login(
        options,
        {**_DEFAULTS, "secondary_roles": "NONE", **given, **_OWN, **_session(options, given)},
        stored(str(connection.config.get("role") or "")),
        host,
        port,
        scheme == "https",
    )


def _port(given: object, usual: int) -> int:
    try:
        port = int(str(given)) if given else usual
    except ValueError:
        port = 0
    if not 0 < port < 65_536:
        raise WarehouseError(Cause.AUTH, f"{given!r} is no port", remedy="mend `introspect.port`")
    return port


def _session(options: Options, given: Mapping[str, Any]) -> dict[str, Any]:
    """Session parameters: the caps in time, UTC, one statement a call; a project may add others."""
    own = {
        "QUERY_TAG": TAG,
        "STATEMENT_TIMEOUT_IN_SECONDS": options.timeout_seconds,
        "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": options.timeout_seconds,
        "TIMEZONE": "UTC",
        "MULTI_STATEMENT_COUNT": 1,
        "CLIENT_TELEMETRY_ENABLED": False,
    }
    added = given.get("session_parameters")
    others = added if isinstance(added, Mapping) else {}
    return {"session_parameters": {name: value for name, value in others.items() if str(name).upper() not in own} | own}


def _account(account: str, region: str) -> str:
    """The account as the driver takes it; a locator gets its region, the name of an organisation's account has none."""
    if not region or "." in account or "-" in account or region.casefold() == _QUICKEST_REGION:
        return account
    return f"{account}.{region}"


def _host(account: str) -> str:
    if not account:
        return ""
    top = "cn" if ".cn-" in account.casefold() else "com"
    return f"{account.casefold().replace('_', '-')}.snowflakecomputing.{top}"


def _default_profile(environ: Mapping[str, str]) -> str:
    if name := environ.get("SNOWFLAKE_DEFAULT_CONNECTION_NAME"):
        return name
    raise WarehouseError(
        Cause.NO_CREDENTIALS,
        "no Snowflake account is named",
        remedy="give config.account_identifier, or `introspect: {connection_name: …}` of your connections.toml",
    )


def _profiles(environ: Mapping[str, str]) -> dict[str, str]:
    """The profiles' file of SNOWFLAKE_HOME, where there is one; else the driver looks in its usual places."""
    home = environ.get("SNOWFLAKE_HOME")
    file = Path(home).expanduser() / "connections.toml" if home else None
    return {"connections_file_path": str(file)} if file is not None and file.is_file() else {}


def stored(name: str) -> str:
    """A name as Snowflake stores it: in upper case, unless it stands in quotes."""
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        return name[1:-1].replace('""', '"')
    return name.upper()
