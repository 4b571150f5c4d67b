"""The first steps of the route to a warehouse, which all adapters share: its name resolves, it speaks TLS.

They open a connection and send no request.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from preflight.errors import Cause, WarehouseError
from preflight.scrub import Scrubber
from preflight.source import Outcome, Step

_SECONDS = 10
_SHOWN_ADDRESSES = 3


def route(host: str, port: int = 443, *, environ: Mapping[str, str], tls: bool = True) -> Iterator[Step]:
    """The steps ``resolve`` and ``TLS`` to ``host``; a step behind a failed one, or behind a proxy, is unproven."""
    if tls and (proxy := proxy_for(host, environ)):
        why = f"the connection goes through the proxy {proxy}, which resolves the name"
        yield Step("resolve", Outcome.UNPROVEN, why)
        yield Step("TLS", Outcome.UNPROVEN, f"the connection goes through the proxy {proxy}")
        return
    step = resolve(host, port)
    yield step
    if not tls:
        yield Step("TLS", Outcome.UNPROVEN, "the connection is set to plain HTTP", "use https, unless this is a test")
    elif step.outcome is Outcome.PASS:
        yield handshake(host, port)
    else:
        yield Step("TLS", Outcome.UNPROVEN, "the name does not resolve")


def loopback(host: str) -> bool:
    """Whether a host is this machine by its very spelling: then a test server answers in the warehouse's place."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def require_encryption(host: str, option: str, *, encrypted: bool) -> None:
    """Return if a login may be sent to ``host``, else raise WarehouseError (AUTH): unencrypted it stays here."""
    if not encrypted and not loopback(host):
        raise WarehouseError(
            Cause.AUTH,
            f"{option} would send the login to {host or 'another machine'} without encryption that can be trusted",
            remedy=f"take {option} out; only a server on this machine may be spoken to in the clear",
        )


def resolve(host: str, port: int = 443) -> Step:
    """Whether the name has an address."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Step("resolve", Outcome.FAIL, f"{host} has no address: {reason(error)}", "check the name, and the DNS")
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    shown = ", ".join(addresses[:_SHOWN_ADDRESSES])
    more = f" and {len(addresses) - _SHOWN_ADDRESSES} more" if len(addresses) > _SHOWN_ADDRESSES else ""
    return Step("resolve", Outcome.PASS, f"{host} is {shown}{more}")


def handshake(host: str, port: int = 443) -> Step:
    """Whether a TLS connection opens with a certificate that this machine trusts for the name."""
    import ssl

    try:
        with (
            socket.create_connection((host, port), timeout=_SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            return Step("TLS", Outcome.PASS, f"{wrapped.version()}, and the certificate is for {host}")
    except ssl.SSLCertVerificationError as error:
        return Step(
            "TLS",
            Outcome.FAIL,
            f"the certificate of {host}:{port} is not trusted: {error.verify_message}",
            "check the host; behind a proxy that opens TLS, install its root certificate",
        )
    except (OSError, ValueError) as error:
        remedy = "check the port, the firewall and any network policy"
        return Step("TLS", Outcome.FAIL, f"{host}:{port} does not answer: {reason(error)}", remedy)


def unproven(names: tuple[str, ...], why: str) -> Iterator[Step]:
    """The steps that could not be asked."""
    for name in names:
        yield Step(name, Outcome.UNPROVEN, why)


def proxy_for(host: str, environ: Mapping[str, str]) -> str:
    """The proxy that the environment sets for HTTPS to ``host``, without its password; empty where there is none."""
    proxy = environ.get("HTTPS_PROXY") or environ.get("https_proxy") or ""
    spared = (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(",")
    for entry in (part.strip().lstrip("*").lstrip(".") for part in spared):
        if entry and (host == entry or host.endswith(f".{entry}")):
            return ""
    if not proxy or "*" in (part.strip() for part in spared):
        return ""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "of HTTPS_PROXY"
    return Scrubber([parts.password or ""])(f"{parts.hostname or ''}{port}") or "of HTTPS_PROXY"


def reason(error: Exception) -> str:
    """An error of the network in a few words."""
    if isinstance(error, TimeoutError):
        return f"no answer within {_SECONDS} seconds"
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
