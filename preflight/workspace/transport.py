"""The one seam to an HTTP library: a request goes out, an answer or the word that it was lost comes back."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from enum import Enum
from typing import Protocol

import httpx

from preflight.errors import UsageError
from preflight.workspace.answers import Answer
from preflight.workspace.target import Settings, Target

MOST_BYTES = 64 * 1024 * 1024
"""The longest body that is read, unpacked."""


class Loss(Enum):
    """How far a request came that has no answer."""

    UNREACHED = "no connection was made: nothing was sent"
    SILENT = "no answer came in time"
    CUT = "the answer was cut short"
    BROKEN = "the connection broke"
    ENDLESS = "the answer had no end"


class LostError(Exception):
    """A request that has no answer; its text may hold what the library said, unscrubbed."""

    def __init__(self, loss: Loss, text: str) -> None:
        super().__init__(text)
        self.loss = loss


class Transport(Protocol):
    """What a library must do to carry the client's requests."""

    def send(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        """The answer, whatever its status; redirects are not followed. Raises LostError."""

    def close(self) -> None:
        """Close the connections; may be called twice."""


class HttpxTransport:
    """Requests over httpx, on connections that are kept open, with one TLS context."""

    def __init__(self, target: Target, settings: Settings) -> None:
        https = any(url.startswith("https:") for url in (target.api_url, target.token_url))
        timeout = settings.timeout_seconds
        self._whole = max(settings.whole_seconds, timeout)
        untrusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            self._http = httpx.Client(
                timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
                follow_redirects=False,
                # Proxies are for the outside world; a trust store costs 18 ms, and plain http, which is this machine
                # alone, has none.
                trust_env=https,
                proxy=settings.proxy if https else None,
                mounts={"http://": httpx.HTTPTransport(verify=untrusting, trust_env=False)},
                verify=_trust(settings) if https else untrusting,
                headers={"accept": "application/json", "accept-encoding": "gzip"},
            )
        except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:
            raise _unusable(error) from None

    def send(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        """See ``Transport``."""
        try:
            with self._http.stream(method, url, content=content, headers=dict(headers)) as response:
                body = _whole(response, time.monotonic() + self._whole)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise LostError(_loss(error), str(error)) from None
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)

    def close(self) -> None:
        """See ``Transport``."""
        self._http.close()


def _whole(response: httpx.Response, until: float) -> bytes:
    """The unpacked body; raises LostError where it grows past all measure or is not there at ``until``."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("identity", "gzip"):
        raise LostError(Loss.CUT, "a body that is packed otherwise than was asked for")
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > MOST_BYTES or time.monotonic() > until:
            raise LostError(Loss.ENDLESS, f"{size} bytes and no end")
        parts.append(part)
    return b"".join(parts)


def _unusable(error: Exception) -> UsageError:
    """The error for a proxy or a trust store that the library will not take; a proxy's address may hold a password."""
    if isinstance(error, ImportError):
        return UsageError(
            "A SOCKS proxy is set, and what speaks to one is not installed.",
            remedy="Install httpx[socks], or use an http proxy: workspace.proxy, HTTPS_PROXY, ALL_PROXY.",
        )
    if isinstance(error, OSError):
        return UsageError(
            f"The certificates to trust cannot be read: {error.strerror or type(error).__name__}.",
            remedy="Correct SSL_CERT_FILE and SSL_CERT_DIR.",
        )
    return UsageError(
        "The proxy that the environment sets is no address of a proxy.",
        remedy="Correct HTTPS_PROXY, ALL_PROXY and NO_PROXY: http://host:port.",
    )


def _trust(settings: Settings) -> ssl.SSLContext | bool:
    """The certificates to trust: the named bundle's, else those of the environment or of the library."""
    if settings.ca_bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=settings.ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"workspace.ca_bundle cannot be read as certificates: {settings.ca_bundle} ({error.strerror or error}).",
            remedy="Name a file of PEM certificates.",
        ) from None


def _loss(error: Exception) -> Loss:
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.ProxyError():
            return Loss.UNREACHED
        case httpx.TimeoutException():
            return Loss.SILENT
        case httpx.RemoteProtocolError() | httpx.DecodingError():
            return Loss.CUT
    return Loss.BROKEN
