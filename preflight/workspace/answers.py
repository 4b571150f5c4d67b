"""What an answer of the API means: the message in its body, whichever of its shapes it has, and what to do about it.

Pure. Nothing of a body is repeated but its messages, since a body may echo what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

_REQUEST_IDS = ("x-request-id", "x-mp-request-id", "request-id", "x-amzn-requestid", "x-amz-cf-id")
_LONGEST = 500
_DEEPEST = 64
"""Levels of nesting that are read; no resource of the API has ten."""


class Answer(msgspec.Struct, frozen=True):
    """What came back: the status, the headers by lower-case name, and the whole body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether the API did what it was asked."""
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str:
        """The platform's name for this request, or empty."""
        return printable(next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), ""))[:100]

    def json(self) -> Any:
        """The decoded body; raises ValueError where it is not JSON, or JSON that is nested without reason."""
        try:
            body = msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"{len(self.content)} bytes that are not JSON") from error
        if _nested(body):
            raise ValueError(f"JSON of more than {_DEEPEST} levels")
        return body


def _nested(body: Any) -> bool:
    """Whether a body is nested too deeply for anybody to walk it."""
    level = [body]
    for _ in range(_DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def printable(text: str) -> str:
    """``text`` on one line, with what could steer a terminal shown as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def message(answer: Answer) -> str:
    """The messages of an error body, joined; else what can be said of the body."""
    try:
        body = answer.json()
    except ValueError as error:
        return str(error) if answer.content else "an empty body"
    found = list(dict.fromkeys(part for part in _messages(body) if part))
    return " ".join(found) or "no message"


def _messages(body: Any, depth: int = 3) -> Iterator[str]:
    """The texts of ``errors[].message``, ``message``, ``error`` (text or object), ``error_description``, ``detail``."""
    if not isinstance(body, Mapping) or depth == 0:
        return
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else [errors]:
        yield from [error] if isinstance(error, str) else _messages(error, depth - 1)
    for name in ("message", "error_description", "detail", "error"):
        value = body.get(name)
        yield from [value] if isinstance(value, str) else _messages(value, depth - 1)


def shorten(text: str) -> str:
    """At most 500 printable characters."""
    text = printable(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def remedy(answer: Answer) -> str:
    """What a user can do about an error, by its status."""
    status = answer.status
    if status == 429:
        limit = printable(answer.headers.get("x-mp-rate-limit-exceeded", ""))[:40]
        wait = retry_after(answer, datetime.now(UTC))
        spent = f" (the {limit} limit is spent)" if limit else ""
        return f"Run again {'later' if wait is None else f'in {wait:.0f} s'}{spent}."
    if 300 <= status < 400:
        return "Write the final address in workspace.api_url: redirects are not followed with credentials."
    if status in _REMEDIES:
        return _REMEDIES[status]
    return "Run again later; if it stays, give mParticle the request id." if status >= 500 else ""


_REMEDIES = {
    400: "Mend what the message names, and run again.",
    401: "Check that the API credential is current and that its client id and secret belong together.",
    403: "Give the API credential the Platform box with the permission Admin; custom access roles do not reach "
    "Warehouse Sync.",
    404: "Check the workspace id, and that the credential's account holds that workspace.",
    409: "Run plan again: the workspace already holds that id.",
    422: "Mend what the message names, and run again.",
    505: "Check the connection's account, region, user, password, warehouse and database: mParticle could not reach "
    "the warehouse with them.",
}


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Seconds that the API asks to wait, from either form of ``Retry-After``; None where it does not say."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - now).total_seconds()) if moment.tzinfo else None


def limit_used(answer: Answer) -> float:
    """Per cent of the tightest rate limit that is spent; 0 where the API does not say (V1, the limits' page)."""
    try:
        return max(0.0, float(answer.headers.get("x-mp-rate-limit-percentage-used", "0")))
    except ValueError:
        return 0.0


_TOTALS = ("total_items", "totalItems", "total_count", "totalCount", "total")
_MORE = ("has_more", "hasMore", "next", "next_page", "nextPage", "next_page_token", "nextPageToken", "next_cursor")


def items(answer: Answer) -> list[Any]:
    """The resources of a list answer: a bare array, or one under ``items`` or ``data``.

    Raises ValueError for anything else, and for a list that has further pages, in whichever way it says so: a part
    must not pass for the whole.
    """
    body = answer.json()
    if re.search(r'rel="?next\b', answer.headers.get("link", ""), re.IGNORECASE):
        raise ValueError("one of several pages")
    if isinstance(body, list):
        return body
    if not isinstance(body, Mapping):
        raise ValueError("something that is no list")
    listed = next((body[name] for name in ("items", "data") if isinstance(body.get(name), list)), None)
    if listed is None:
        raise ValueError("an object that holds no list")
    parts = [
        part for part in (body, *map(body.get, ("pagination", "paging", "links", "meta"))) if isinstance(part, dict)
    ]
    for part in parts:
        pages = next((part[name] for name in ("total_pages", "totalPages") if part.get(name) is not None), 1)
        if str(pages) not in ("0", "1"):
            raise ValueError(f"one of {printable(str(pages))[:20]} pages")
        total = next((part[name] for name in _TOTALS if isinstance(part.get(name), int)), 0)
        if total > len(listed):
            raise ValueError(f"{len(listed)} of {total} resources")
        if any(part.get(name) for name in _MORE):
            raise ValueError("one of several pages")
    return list(listed)
