"""The one seam to an HTTP library: a request goes out, an answer or the word that it was lost comes back."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from enum import Enum
from typing import Protocol

import httpx

from preflight.errors import UsageError
from preflight.workspace.answers import Answer
from preflight.workspace.target import Settings, Target


class Loss(Enum):
    """How far a request came that has no answer."""

    UNREACHED = "no connection was made: nothing was sent"
    SILENT = "no answer came in time"
    CUT = "the answer was cut short"
    BROKEN = "the connection broke"


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
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            follow_redirects=False,
            # Proxies of the environment are for the outside world; a trust store costs 18 ms and plain http has none.
            trust_env=https,
            proxy=settings.proxy if https else None,
            verify=_trust(settings) if https else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            headers={"accept": "application/json"},
        )

    def send(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        """See ``Transport``."""
        try:
            response = self._http.request(method, url, content=content, headers=dict(headers))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise LostError(_loss(error), str(error)) from None
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)

    def close(self) -> None:
        """See ``Transport``."""
        self._http.close()


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
