"""What Databricks says went wrong, as preflight's errors: by error condition, SQLSTATE and HTTP status. Pure.

Conditions and states: https://docs.databricks.com/aws/en/error-messages/error-classes. Nothing of a stack trace, of a
query plan or of a row's values is passed on.
"""

from __future__ import annotations

import re

import msgspec

from preflight.errors import Cause, WarehouseError

_LONGEST = 400
"""Code points of a message that are passed on."""

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")
_STATE = re.compile(r"\bSQLSTATE:\s*([0-9A-Z]{5})\b")
_PLACE = re.compile(r"\bline (\d+),? pos(?:ition)? (\d+)\b")
_END = re.compile(r"\n\s*(?:at [\w.$]+\(|== SQL|'?[A-Z]\w+ (?:\[|true|false)|[+:]- )")
"""Where a stack trace, the query's text or a plan begins."""
_PATH = re.compile(r"`(?:[^`]|``)+`(?:\.`(?:[^`]|``)+`)*")
_LACKS = re.compile(
    r"does not have (?:permission |privilege )?([\w ]+?) on (\w+(?: \w+)?) ('[^'\n]+'|`[^`\n]+`(?:\.`[^`\n]+`)*)",
    re.IGNORECASE,
)

_COLD = "has not been initialized"
"""What a session handle is while the SQL warehouse behind it starts."""

_CONDITIONS = {
    Cause.NOT_FOUND: r"(TABLE_OR_VIEW|SCHEMA|CATALOG|PATH)_NOT_FOUND|NO_SUCH_CATALOG\w*|DELTA_(TABLE_NOT|MISSING)\w*",
    Cause.BAD_COLUMN: r"UNRESOLVED_(COLUMN|FIELD|USING_COLUMN_FOR_JOIN)|FIELD_NOT_FOUND",
    Cause.SYNTAX: r"PARSE_\w+|INVALID_SQL_SYNTAX|UNCLOSED_BRACKETED_COMMENT",
    Cause.PERMISSION: r"INSUFFICIENT_(PERMISSIONS|PRIVILEGES)|PERMISSION_DENIED|UNAUTHORIZED_ACCESS",
    Cause.TIMEOUT: r"QUERY_(EXECUTION_)?TIMEOUT\w*|STATEMENT_TIMEOUT|(OPERATION|QUERY)_CANCELED",
    Cause.NO_COMPUTE: r"TEMPORARILY_UNAVAILABLE|\w*WAREHOUSE\w*_(STOPPED|STARTING|NOT_RUNNING)|CLUSTER_NOT_READY",
    Cause.RATE_LIMIT: r"RESOURCE_EXHAUSTED|REQUEST_LIMIT_EXCEEDED|TOO_MANY_REQUESTS",
}
_STATES = {
    "42P01": Cause.NOT_FOUND, "42704": Cause.NOT_FOUND, "3F000": Cause.NOT_FOUND, "3D000": Cause.NOT_FOUND,
    "42703": Cause.BAD_COLUMN, "42601": Cause.SYNTAX, "42501": Cause.PERMISSION, "57014": Cause.TIMEOUT,
    "HY008": Cause.TIMEOUT, "HYT00": Cause.TIMEOUT, "57KD0": Cause.TIMEOUT, "KP001": Cause.DRIVER,
}  # fmt: skip
_CLASSES = {
    "42": Cause.INVALID, "0A": Cause.INVALID, "22": Cause.INVALID, "21": Cause.INVALID, "P0": Cause.INVALID,
    "28": Cause.AUTH, "08": Cause.NETWORK, "57": Cause.NO_COMPUTE,
}  # fmt: skip
_SPEAKS_OF_THE_QUERY = ("42", "0A", "28", "3D", "3F")
"""Classes of SQLSTATE whose messages hold names and the query's own text; those of others may hold a row's values."""

_HTTP = {
    400: (Cause.DRIVER, "check server_hostname and http_path"),
    401: (Cause.AUTH, "renew the token, or mend the login under `introspect`"),
    403: (Cause.AUTH, "renew the token; where it is good, let its principal use the SQL warehouse (CAN USE)"),
    404: (Cause.NO_COMPUTE, "check http_path: no SQL warehouse or cluster answers there"),
    429: (Cause.RATE_LIMIT, "run again later"),
    502: (Cause.NO_COMPUTE, "run again when the SQL warehouse has started"),
    503: (Cause.NO_COMPUTE, "run again when the SQL warehouse has started"),
    504: (Cause.NO_COMPUTE, "run again when the SQL warehouse has started"),
}
_REMEDIES = {
    Cause.PERMISSION: "grant it to the principal that preflight logs in as, or log in as another",
    Cause.NO_COMPUTE: "start the SQL warehouse, or run again when it has started",
    Cause.RATE_LIMIT: "run again later",
    Cause.AUTH: "mend the login under `introspect`",
    Cause.TIMEOUT: "raise `introspect.timeout_seconds`, or read less in the data model",
}


class Lacking(msgspec.Struct, frozen=True):
    """The privilege that a refusal names."""

    privilege: str
    kind: str
    """In lower case: ``catalog``, ``schema``, ``table``."""
    name: str


def refusal(text: str, *, statement: str = "", model: str = "") -> WarehouseError:
    """What the warehouse says against a statement; ``model`` is the data model's own text within it."""
    found = _CONDITION.search(text)
    state = _STATE.search(text)
    code = found[1] if found else ""
    start = text.rfind(f"[{code}]", 0, state.start() if state else len(text)) if found else 0
    head = text[max(start, 0) :]
    cut = _END.search(head)
    head = head[: cut.start()] if cut else head
    sqlstate = state[1] if state else ""
    cause = _cause(code, sqlstate, head)
    lacks = lacking(text) if cause is Cause.PERMISSION else None
    return WarehouseError(
        cause,
        _sentence(head, code, sqlstate),
        remedy=_REMEDIES.get(cause, ""),
        code=code or sqlstate,
        offset=_offset(text[max(start, 0) :], statement, model) if cause.blames_query else None,
        name=lacks.name if lacks else _name(cause, head),
    )


def unreached(text: str, status: int | None) -> WarehouseError:
    """A request that Databricks did not serve, by its HTTP status; None: there was no answer at all."""
    line = _first_line(text)
    if status is None:
        if "CERTIFICATE_VERIFY_FAILED" in text or "SSL" in text:
            return WarehouseError(
                Cause.NETWORK,
                "the server's certificate could not be verified",
                remedy="trust its issuer with _tls_trusted_ca_file, or check server_hostname",
            )
        if "max retry duration" in text:  # the driver's words where it has waited for HTTP 429 and 503 alone
            return WarehouseError(Cause.NO_COMPUTE, "the SQL warehouse did not start in time", remedy=_HTTP[503][1])
        return WarehouseError(
            Cause.NETWORK, f"the server did not answer: {line}", remedy="check server_hostname and the network"
        )
    cause, remedy = _HTTP.get(status, (Cause.NETWORK, "run again later"))
    return WarehouseError(cause, f"Databricks answered HTTP {status}: {line}", remedy=remedy, code=str(status))


def lacking(text: str) -> Lacking | None:
    """The privilege, and the object it is missing on, that a refusal names."""
    found = _LACKS.search(text)
    if found is None:
        return None
    name = found[3].replace("`", "").strip("'")
    return Lacking(found[1].strip().upper(), found[2].casefold(), name)


def _cause(code: str, state: str, text: str) -> Cause:
    top = code.partition(".")[0]
    for cause, pattern in _CONDITIONS.items():
        if re.fullmatch(pattern, top):
            return cause
    if state in _STATES:
        return _STATES[state]
    if state[:2] in _CLASSES:
        return _CLASSES[state[:2]]
    if lacking(text):
        return Cause.PERMISSION
    return Cause.NO_COMPUTE if _COLD in text else Cause.OTHER


def _sentence(head: str, code: str, state: str) -> str:
    """The message's first line, without its condition, state and place."""
    text = head.removeprefix(f"[{code}]").strip() if code else head
    mark = _STATE.search(text) or _PLACE.search(text)
    line = _first_line(text[: mark.start()] if mark else text).rstrip(";( ")
    if state[:2] not in _SPEAKS_OF_THE_QUERY:
        line = _without_values(line, types=bool(code))
    return line or f"the statement failed with {code or state or 'no reason given'}"


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = " ".join(lines[:2] if lines and lines[0].endswith(":") else lines[:1])
    line = re.sub(r"^(?:(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error): |Error running query: )+", "", line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _without_values(line: str, *, types: bool) -> str:
    """The line without what may be a row's value: what stands in quotes or brackets, and every number.

    Messages with a condition write values in single quotes and ``types`` in double ones, which stay.
    """
    line = re.sub(r"'.*'|'.*$", "'…'", line)
    line = re.sub(r"\[.*\]|\[.*$", "[…]", line)
    named = types and all(re.fullmatch(r"[A-Z_<>(), 0-9]+", part) for part in line.split('"')[1::2])
    if not named:
        line = re.sub(r'".*"|".*$', '"…"', line)
    return re.sub(r"(?<![\w(])[-+]?\d[\w.:+-]*", "…", line)


def _name(cause: Cause, head: str) -> str:
    if cause not in (Cause.NOT_FOUND, Cause.BAD_COLUMN):
        return ""
    found = _PATH.search(head)
    if found is None:
        return ""
    parts = [part[1:-1].replace("``", "`") for part in re.findall(r"`(?:[^`]|``)+`", found[0])]
    return ".".join(parts) if cause is Cause.NOT_FOUND else parts[-1]


def _offset(text: str, statement: str, model: str) -> int | None:
    """The place that the message names, in the model's own text; None where it lies outside it, or none is named.

    Lines count from 1. ``pos`` counts code points from 0; ``position``, in messages about a row's values, from 1.
    """
    state = _STATE.search(text)
    place = _PLACE.search(text, state.end() if state else 0) or _PLACE.search(text)
    start = statement.find(model) if model else -1
    if place is None or start < 0:
        return None
    lines = statement.split("\n")
    number, column = int(place[1]), int(place[2]) - ("position" in place[0])
    if not 1 <= number <= len(lines) or not 0 <= column <= len(lines[number - 1]):
        return None
    offset = sum(len(line) + 1 for line in lines[: number - 1]) + column - start
    return offset if 0 <= offset < len(model) else None


def names_a_condition(text: str) -> bool:
    """Whether the warehouse itself speaks in it, by a condition or a state."""
    return bool(_CONDITION.search(text) or _STATE.search(text) or lacking(text))
