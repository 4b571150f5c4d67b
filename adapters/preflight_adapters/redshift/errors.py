"""What Redshift and its driver raise, as ours. Pure: it judges codes, never classes, and it imports no driver."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.scrub import Scrubber
from preflight_adapters.redshift.queries import Statement

_STATES = {
    "0A000": Cause.INVALID,
    "25006": Cause.UNSUPPORTED,
    "28000": Cause.AUTH,
    "28P01": Cause.AUTH,
    "3D000": Cause.NOT_FOUND,
    "3F000": Cause.NOT_FOUND,
    "42P01": Cause.NOT_FOUND,
    "42501": Cause.PERMISSION,
    "42601": Cause.SYNTAX,
    "42703": Cause.BAD_COLUMN,
    "53300": Cause.RATE_LIMIT,
    "57014": Cause.TIMEOUT,
    "57P01": Cause.NETWORK,
    "57P02": Cause.NETWORK,
    "57P03": Cause.NO_COMPUTE,
}
_CLASSES = {"08": Cause.NETWORK, "21": Cause.INVALID, "22": Cause.INVALID, "28": Cause.AUTH, "42": Cause.INVALID}
_REMEDIES = {
    Cause.AUTH: "check the user and the password, or the AWS credentials, of this connection",
    Cause.PERMISSION: "grant what is missing to the user that reads",
    Cause.TIMEOUT: "raise `introspect.timeout_seconds`, or narrow what the query reads",
    Cause.COST_CAP: "ask whoever runs the cluster about its query monitoring rules",
    Cause.RATE_LIMIT: "close other sessions, or try again later",
    Cause.NETWORK: "check host and port, the security group, and that the cluster is available",
    Cause.NO_COMPUTE: "resume the cluster or the workgroup, then run again",
}
_NAMES = (
    re.compile(r'(?:relation|schema|database|table) "([^"]+)" does not exist'),
    re.compile(r'column (?:reference )?"([^"]+)"'),
    re.compile(r"column (?:\w+\.)*([\w$]+) does not exist"),
    re.compile(r'permission denied for (?:relation|table|schema|database|view) "?([^"\s]+)"?'),
)
_NAMING = ("42", "3F", "3D", "28", "57", "25", "0A", "08", "53")
"""Classes whose messages quote names; the others may quote values of rows."""


_LONGEST = 500
"""Characters of a message that are told."""


def from_server(fields: Mapping[str, Any], statement: Statement | None, scrub: Scrubber) -> WarehouseError:
    """An error that the server sent, by its SQLSTATE; its detail is left out, because that may hold values."""
    state = str(fields.get("C", ""))
    said = _line(scrub(str(fields.get("M", ""))))
    cause = _STATES.get(state, _CLASSES.get(state[:2], Cause.OTHER))
    if cause is Cause.TIMEOUT and re.search(r"monitoring rule|\bwlm\b|\bqmr\b", said, re.IGNORECASE):
        cause = Cause.COST_CAP
    name = next((found[1] for pattern in _NAMES if (found := pattern.search(said))), "")
    if state[:2] not in _NAMING:
        said = re.sub(r"\"[^\"]*\"|'[^']*'|\bValue .*", "…", said)
    position = str(fields.get("P", ""))
    offset = statement.offset(int(position)) if statement and position.isdigit() else None
    naming = cause in (Cause.NOT_FOUND, Cause.BAD_COLUMN, Cause.PERMISSION)
    return WarehouseError(
        cause,
        f"{'' if cause.blames_query else 'Redshift says: '}{said or 'nothing'} ({state or 'no SQLSTATE'})",
        remedy=_REMEDIES.get(cause, ""),
        code=state,
        offset=offset,
        name=name if naming else "",
    )


def from_driver(
    error: BaseException, statement: Statement | None, scrub: Scrubber, *, connecting: bool
) -> WarehouseError:
    """Any error of the driver, of the AWS client that it logs in with, or of the socket."""
    first = error.args[0] if error.args else ""
    if isinstance(first, Mapping):
        found = from_server(first, statement, scrub)
        if connecting and found.cause.blames_query:  # no query was sent yet
            found.cause = Cause.AUTH
            found.remedy = "check database and user of this connection"
        return found
    response = getattr(error, "response", None)
    code = str(response.get("Error", {}).get("Code", "")) if isinstance(response, Mapping) else ""
    said = " ".join(scrub(str(error)).split())[:_LONGEST] or type(error).__name__
    cause = _cause(said, error, code, connecting=connecting)
    return WarehouseError(cause, f"the driver says: {said}", remedy=_REMEDIES.get(cause, ""), code=code)


_BROKEN = re.compile(
    r"brokenpipe|communication error|time[d]? ?out|refuses ssl|connection is closed|connection reset|endpoint url"
    r"|certificate|name or service|getaddrinfo",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"credential|profile|token|password|auth|sso|expired|access denied", re.IGNORECASE)


def _cause(said: str, error: BaseException, code: str, *, connecting: bool) -> Cause:
    """The driver gives these no code, so that their text must do."""
    if code:
        return Cause.RATE_LIMIT if "Throttl" in code else Cause.AUTH
    if isinstance(error, OSError) or _BROKEN.search(said):
        return Cause.NETWORK
    if connecting and _LOGIN.search(said):
        return Cause.AUTH
    return Cause.DRIVER


def _line(said: str) -> str:
    return " ".join(said.split("\n", 1)[0].split())[:_LONGEST]
