"""Requests to the API: one HTTP session, its token, and what is sent again when. It knows no resource.

A read is repeated a few times where the network or the platform fails. A write is repeated only where the rate limit
refused it: whether a lost answer means a lost write is for the caller to find out by reading, for no mParticle API
knows an idempotency key.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, assert_never
from urllib.parse import urlsplit

import msgspec

from preflight.errors import EnvironmentFailure, WorkspaceError
from preflight.scrub import Scrubber
from preflight.workspace import answers, wire
from preflight.workspace.answers import Answer
from preflight.workspace.target import Credentials, Target
from preflight.workspace.tokens import Token, TokenFile
from preflight.workspace.transport import Loss, LostError, Transport

ATTEMPTS = 4
"""How often a request is sent at most."""
LONGEST_WAIT = 60.0
"""Seconds; where the API asks to wait longer, the error says so instead."""
SLOW_ABOVE = 80.0
"""Per cent of a rate limit's budget from which on requests are spaced out (V1, the limits' page)."""
LONGEST_EASE = 2.0
"""Seconds between two requests when all of the budget is spent."""
_REPEATED_READS = frozenset({429, 500, 502, 503, 504})
_REPEATED_WRITES = frozenset({429})
_TOKEN_LIFETIME = 28800.0  # seconds, by OV, where the answer does not say
_LOOK = "Run again: what was done is looked up first."


class Session:
    """One HTTP session with its token, kept until shortly before it expires."""

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        transport: Transport,
        *,
        kept: TokenFile | None = None,
        secrets: Iterable[str] = (),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.scrub = Scrubber((credentials.client_secret, *secrets))
        self.sleep = sleep
        self._target = target
        self._credentials = credentials
        self._transport = transport
        self._kept = kept
        self._clock = clock
        self._token = ""
        self._token_until = 0.0

    def close(self) -> None:
        """Close the connections; may be called twice."""
        self._transport.close()

    def authorize(self) -> None:
        """Have a token; raises WorkspaceError."""
        self._bearer()

    def read(self, url: str) -> Answer:
        """The answer to a GET: a success or a 404; raises WorkspaceError for everything else."""
        answer = self._authorized("GET", url, None)
        if not answer.ok and answer.status != 404:
            raise self.refused(answer, f"read {urlsplit(url).path}")
        return answer

    def write(self, method: str, url: str, body: Mapping[str, Any]) -> None:
        """Send a write once; raises WorkspaceError, and with status 0 or 5xx nobody knows whether it was done."""
        answer = self._authorized(method, url, _encode(body))
        if not answer.ok:
            raise self.refused(answer, f"{method} {urlsplit(url).path}")

    def refused(self, answer: Answer, doing: str) -> WorkspaceError:
        """The error that an answer means; ``doing`` completes "refused to"."""
        said = answers.shorten(self.scrub(answers.message(answer)))
        request_id = self.scrub(answer.request_id)
        number = f" (request {request_id})" if request_id else ""
        return WorkspaceError(
            f"{urlsplit(self._target.api_url).netloc} refused to {doing}: {answer.status}, {said}{number}",
            status=answer.status,
            request_id=request_id,
            remedy=answers.remedy(answer),
        )

    def decoded(self, answer: Answer, what: str) -> Any:
        """The body of an answer; raises WorkspaceError where it is an error or not JSON."""
        if not answer.ok:
            raise self.refused(answer, f"read {what}")
        try:
            return answer.json()
        except ValueError as error:
            raise self.strange(answer, what, str(error)) from None

    def strange(self, answer: Answer, what: str, found: str) -> WorkspaceError:
        """The error for a success whose body is not what it should be."""
        return WorkspaceError(
            f"{urlsplit(self._target.api_url).netloc} answered {what} with {found}.",
            status=answer.status,
            request_id=self.scrub(answer.request_id),
            remedy="Check workspace.api_url and workspace.routes: this does not look like the mParticle API.",
        )

    def _authorized(self, method: str, url: str, content: bytes | None) -> Answer:
        """The answer to a request with a token; a token that is refused is fetched anew, once."""
        answer = self._repeated(method, url, content, f"Bearer {self._bearer()}", read=content is None)
        if answer.status == 401:
            if self._kept:
                self._kept.drop()
            self._token = ""
            answer = self._repeated(method, url, content, f"Bearer {self._bearer()}", read=content is None)
        return answer

    def _repeated(self, method: str, url: str, content: bytes | None, authorization: str, *, read: bool) -> Answer:
        """The answer to a request that is sent again while that is safe; the last answer is given whatever it is."""
        statuses = _REPEATED_READS if read else _REPEATED_WRITES
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._exchange(method, url, content, authorization)
            except LostError as lost:
                if not read or attempt == ATTEMPTS or lost.loss is Loss.ENDLESS:
                    raise self._lost(lost, method, urlsplit(url).netloc) from None
                self.sleep(_back_off(attempt))
                continue
            asked = answers.retry_after(answer, datetime.now(UTC))
            if answer.status not in statuses or attempt == ATTEMPTS or (asked or 0.0) > LONGEST_WAIT:
                return answer
            self.sleep(_back_off(attempt) if asked is None else asked)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(self, method: str, url: str, content: bytes | None, authorization: str) -> Answer:
        headers = {"authorization": authorization} if authorization else {}
        if content is not None:
            headers["content-type"] = "application/json"
        answer = self._transport.send(method, url, content, headers)
        self._ease(answer)
        return answer

    def _ease(self, answer: Answer) -> None:
        """Wait a little where an answer says that most of a rate limit is spent, longer the less is left."""
        used = answers.limit_used(answer)
        if used > SLOW_ABOVE:
            self.sleep((min(used, 100.0) - SLOW_ABOVE) / (100.0 - SLOW_ABOVE) * LONGEST_EASE)

    def _lost(self, lost: LostError, method: str, host: str) -> WorkspaceError:
        match lost.loss:
            case Loss.UNREACHED:
                reason = answers.shorten(self.scrub(str(lost))) or "no answer in time"
                remedy = "Check the network, the proxy, and workspace.api_url and workspace.token_url."
                if self._target.loopback:
                    remedy = "Start the sandbox, or correct workspace.api_url and workspace.token_url."
                return WorkspaceError(f"{host} cannot be reached: {reason}.", remedy=remedy)
            case Loss.SILENT:
                return WorkspaceError(f"{host} did not answer {method} in time.", remedy=_LOOK)
            case Loss.CUT:
                return WorkspaceError(f"{host} cut its answer to {method} short.", remedy=_LOOK)
            case Loss.BROKEN:
                return WorkspaceError(f"The connection to {host} broke during {method}.", remedy=_LOOK)
            case Loss.ENDLESS:
                return WorkspaceError(f"The answer of {host} to {method} had no end.", remedy=_LOOK)
            case _:
                assert_never(lost.loss)

    def _bearer(self) -> str:
        if not self._token or self._clock() >= self._token_until:
            kept = self._kept.read() if self._kept else None
            if kept is not None and kept.text != self._token:
                self.scrub.add(kept.text)
                self._token, self._token_until = kept.text, self._clock() + kept.until - time.time()
            else:
                self._renew()
        return self._token

    def _renew(self) -> None:
        asked = self._clock()
        self._token, lifetime = self._ask_token()
        usable = lifetime - min(60.0, lifetime / 10)
        self._token_until = asked + usable
        if self._kept:
            self._kept.write(Token(self._token, time.time() + usable - (self._clock() - asked)))

    def _ask_token(self) -> tuple[str, float]:
        """A token and its lifetime in seconds."""
        content = _encode(
            {
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret,
                "audience": wire.AUDIENCE,
                "grant_type": wire.GRANT_TYPE,
            }
        )
        answer = self._repeated("POST", self._target.token_url, content, "", read=True)
        if answer.status in (400, 401, 403):
            error = self.refused(answer, "give a token")
            error.remedy = f"Check {self._credentials.names}: they must belong to one current API credential."
            raise error
        body = self.decoded(answer, "the token request")
        token = body.get("access_token") if isinstance(body, Mapping) else None
        if not (isinstance(token, str) and token.isascii() and token.isprintable() and token.strip()):
            raise self.strange(answer, "the token request", "no usable access_token")
        self.scrub.add(token)
        lifetime = body.get("expires_in")
        usable = isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and 0 < lifetime < 1e9
        return token, float(lifetime) if usable else _TOKEN_LIFETIME


def _back_off(attempt: int) -> float:
    """Seconds before the next attempt, doubling, with jitter."""
    return random.uniform(0.5, 1) * float(2 ** (attempt - 1))  # noqa: S311 - jitter, no secret


def _encode(body: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        raise EnvironmentFailure(
            "A value to be sent to mParticle is not valid text.", remedy="Check the environment variables' encoding."
        ) from None
