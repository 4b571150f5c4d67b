"""Which API and which workspace a run speaks to, and as whom. It knows no HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from preflight.config import EnvRef, WorkspaceConfig
from preflight.errors import UsageError, WorkspaceError
from preflight.workspace.wire import API_URL, SLUG, TOKEN_URL

_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_PROXY = re.compile(r"(https?|socks5h?)://[^\s/?#]+/?")
_LOOPBACK = ip_network("127.0.0.0/8")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine by its very spelling: 127.0.0.0/8, ::1 or localhost."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address in _LOOPBACK if address.version == 4 else address.compressed == "::1"


class Target(msgspec.Struct, frozen=True):
    """One workspace of one API."""

    workspace: str
    api_url: str = API_URL
    token_url: str = TOKEN_URL

    @property
    def name(self) -> str:
        """The API's base URL and the workspace, as clearances, states and plans name them."""
        return f"{self.api_url}/workspaces/{self.workspace}"

    @property
    def loopback(self) -> bool:
        """Whether the API is on this machine."""
        return is_loopback(self.api_url)


class Credentials(msgspec.Struct, frozen=True):
    """Who asks for the token; it never shows itself."""

    client_id: str
    client_secret: str
    names: str
    """Where the two come from, for messages."""

    def __repr__(self) -> str:
        return f"Credentials(from {self.names})"


TIMEOUT = 60.0
"""Seconds without a byte before a request counts as lost."""


class Settings(msgspec.Struct, frozen=True):
    """How the client reaches the API; None leaves a choice to the environment."""

    timeout_seconds: float = TIMEOUT
    whole_seconds: float = 300.0
    """By when an answer must be whole that keeps coming."""
    proxy: str | None = None
    ca_bundle: str | None = None
    keep_token: bool = False
    """Whether the token is kept on disk between runs."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold: the proxy's address with its login, and the login's password."""
        password = urlsplit(self.proxy).password if self.proxy else None
        return (self.proxy, unquote(password)) if self.proxy and password else ()

    def __repr__(self) -> str:
        return f"Settings(timeout_seconds={self.timeout_seconds})"


def settings(config: WorkspaceConfig | None, environ: Mapping[str, str], root: Path | None = None) -> Settings:
    """What a project in ``root`` says about reaching the API.

    Raises UsageError for a proxy that is no address, WorkspaceError for a variable that is not set.
    """
    if config is None:
        return Settings()
    proxy = config.proxy
    if isinstance(proxy, EnvRef):
        name, proxy = proxy.env, proxy.read(environ)
        if proxy is None:
            raise WorkspaceError(f"workspace.proxy is to be read from {name}, which is not set.", remedy=f"Set {name}.")
    if proxy is not None and not _PROXY.fullmatch(proxy):
        raise UsageError("workspace.proxy is no address of a proxy.", remedy="Write it as http://host:port.")
    bundle = config.ca_bundle
    return Settings(
        timeout_seconds=config.timeout_seconds or TIMEOUT,
        proxy=proxy,
        ca_bundle=str((root or Path()) / bundle) if bundle else None,
        keep_token=config.token_cache == "disk",  # noqa: S105 - no token
    )


def target(config: WorkspaceConfig | None, environ: Mapping[str, str] | None = None) -> Target:
    """The workspace that a project names; raises UsageError where it names none, or an address that is not safe.

    Addresses that the project leaves out come from MP_API_URL and MP_TOKEN_URL, else they are the documented ones.
    """
    if config is None:
        raise UsageError("The project names no workspace.", remedy="Add `workspace: <id>` to preflight.yml.")
    if not SLUG.fullmatch(config.id):
        raise UsageError(f"{config.id!r} is no workspace id.", remedy="Write the workspace's number.")
    named = environ or {}
    return Target(
        workspace=config.id,
        api_url=_address("api_url", config.api_url or named.get("MP_API_URL") or API_URL),
        token_url=_address("token_url", config.token_url or named.get("MP_TOKEN_URL") or TOKEN_URL),
    )


def _address(name: str, url: str) -> str:
    """``url`` without a trailing slash; plain http is for this machine alone, since credentials travel on it."""
    if not _URL.fullmatch(url) or "/../" in url + "/":
        raise UsageError(
            f"workspace.{name} is not a plain http or https address.",
            remedy=f"Write workspace.{name} as https://host/path, without user, query or fragment.",
        )
    if url.startswith("http://") and not is_loopback(url):
        raise UsageError(
            f"workspace.{name} would send credentials unencrypted to {urlsplit(url).hostname}.",
            remedy="Use https://; plain http:// is accepted for 127.0.0.0/8, ::1 and localhost alone.",
        )
    return url.rstrip("/")


def credentials(config: WorkspaceConfig | None, environ: Mapping[str, str]) -> Credentials:
    """Client id and secret, from what the project names or from MP_CLIENT_ID and MP_CLIENT_SECRET.

    Raises WorkspaceError naming what is not set.
    """
    client_id = (config.client_id if config else None) or EnvRef("MP_CLIENT_ID")
    client_secret = (config.client_secret if config else None) or EnvRef("MP_CLIENT_SECRET")
    read = client_id.read(environ) if isinstance(client_id, EnvRef) else client_id
    secret = client_secret.read(environ)
    id_name = client_id.env if isinstance(client_id, EnvRef) else "workspace.client_id"
    if read is None or secret is None:
        unset = [name for name, value in ((id_name, read), (client_secret.env, secret)) if value is None]
        names = " and ".join(unset)
        raise WorkspaceError(
            f"The mParticle API credential is not set: {names}.", remedy=f"Set {names} in the environment."
        )
    return Credentials(read, secret, f"{id_name} and {client_secret.env}")
