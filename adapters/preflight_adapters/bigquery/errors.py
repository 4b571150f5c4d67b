"""BigQuery's errors as ours, by the reason that it gives. Pure: it knows no driver, only what one of its errors holds.

The reasons are those of https://cloud.google.com/bigquery/docs/error-messages. A query over its byte cap comes as HTTP
500 with the reason ``bytesBilledLimitExceeded``, so the status decides only where there is no reason.
"""

from __future__ import annotations

import re

import msgspec

from preflight.errors import Cause, WarehouseError


class Failure(msgspec.Struct, frozen=True):
    """What an error of the driver says."""

    message: str
    """Scrubbed of secrets."""
    reason: str = ""
    status: int = 0
    """Of HTTP; 0 where there was no answer."""


class Sent(msgspec.Struct, frozen=True):
    """What was sent when it failed."""

    statement: str = ""
    model: str = ""
    """The data model's own text inside the statement."""
    compiled_only: bool = True
    """False: rows were read, so the answer may hold their values."""
    project: str = ""
    timeout_seconds: int = 0


_CAUSES = {
    "notFound": Cause.NOT_FOUND,
    "accessDenied": Cause.PERMISSION,
    "invalidQuery": Cause.INVALID,
    "invalid": Cause.INVALID,
    "duplicate": Cause.INVALID,
    "notImplemented": Cause.UNSUPPORTED,
    "bytesBilledLimitExceeded": Cause.COST_CAP,
    "billingTierLimitExceeded": Cause.COST_CAP,
    "responseTooLarge": Cause.COST_CAP,
    "resourcesExceeded": Cause.COST_CAP,
    "resourceInUse": Cause.RATE_LIMIT,
    "stopped": Cause.TIMEOUT,
    "timeout": Cause.TIMEOUT,
    "jobTimeout": Cause.TIMEOUT,
    "quotaExceeded": Cause.RATE_LIMIT,
    "rateLimitExceeded": Cause.RATE_LIMIT,
    "jobRateLimitExceeded": Cause.RATE_LIMIT,
    "authError": Cause.AUTH,
    "required": Cause.AUTH,
    "billingNotEnabled": Cause.NO_COMPUTE,
    "accessNotConfigured": Cause.NO_COMPUTE,
    "blocked": Cause.NO_COMPUTE,
    "backendError": Cause.NETWORK,
    "internalError": Cause.NETWORK,
    "jobBackendError": Cause.NETWORK,
    "jobInternalError": Cause.NETWORK,
    "badGateway": Cause.NETWORK,
}
_STATUSES = {401: Cause.AUTH, 407: Cause.NETWORK, 408: Cause.TIMEOUT, 429: Cause.RATE_LIMIT, 504: Cause.TIMEOUT}

_PLACE = re.compile(r"\[(\d+):(\d+)\]")
_SYNTAX = re.compile(r"Syntax error|Unclosed |Unexpected |Illegal input character|Unterminated ")
_COLUMN = re.compile(
    r"Unrecognized name: (?:`([^`]+)`|([^\s;]+))|Name (?:`([^`]+)`|(\S+)) not found inside"
    r"|Field name (\S+) does not exist"
)
_TABLE = re.compile(
    r"Not found: (?:Table|Dataset|Project) `?([^\s`]+)`?|Access Denied: (?:Table|Dataset|View) ([^\s]+?): "
    r"|Table `?\"?([^\s`\"]+)\"?`? must be qualified with a dataset"
)
_FILTER = re.compile(r"Cannot query over table '([^']+)' without a filter over column\(s\) (.+?) that can be used")
_NO_JOBS = re.compile(r"bigquery\.jobs\.create|serviceusage\.services\.use")
_CUSTOM_QUOTA = re.compile(r"[Cc]ustom quota|QueryUsagePer")
_PLACEMENT = re.compile(r"[Ll]ocation|CloudRegion")
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|(?<!\w)\d[\d.,:TZ+-]*")


def translate(failure: Failure, sent: Sent) -> WarehouseError:
    """The error as ours, with the place in the model's own text where BigQuery points at one."""
    cause = _cause(failure)
    name = _named(failure.message)
    if cause is Cause.INVALID and failure.reason == "invalidQuery":
        if _SYNTAX.search(failure.message):
            cause = Cause.SYNTAX
        elif found := _COLUMN.search(failure.message):
            cause, name = Cause.BAD_COLUMN, next(filter(None, found.groups()))
    return WarehouseError(
        cause,
        _message(failure, cause, sent),
        remedy=_remedy(failure, cause, sent),
        code=failure.reason or (str(failure.status) if failure.status else ""),
        offset=_offset(failure.message, sent),
        name=name,
    )


def partition_columns(error: WarehouseError) -> tuple[str, ...]:
    """The columns that a table wants a filter on, where that is what the error says."""
    found = _FILTER.search(error.message)
    return tuple(re.findall(r"'([^']+)'", found[2])) if found else ()


def _cause(failure: Failure) -> Cause:
    cause = _CAUSES.get(failure.reason)
    if cause is Cause.PERMISSION and _NO_JOBS.search(failure.message):
        return Cause.NO_COMPUTE
    if cause is Cause.RATE_LIMIT and _CUSTOM_QUOTA.search(failure.message):
        return Cause.COST_CAP
    if failure.reason == "invalid" and _PLACEMENT.search(failure.message):
        return Cause.OTHER
    if failure.reason == "notFound" and "Not found: Project" in failure.message:
        return Cause.NO_COMPUTE
    if cause is not None:
        return cause
    if failure.status in _STATUSES:
        return _STATUSES[failure.status]
    return Cause.NETWORK if failure.status >= 500 or not failure.status else Cause.OTHER


def _named(message: str) -> str:
    if found := _FILTER.search(message):
        return found[1]
    if found := _TABLE.search(message):
        return str(next(filter(None, found.groups()))).replace(":", ".").rstrip(".")
    return ""


def _message(failure: Failure, cause: Cause, sent: Sent) -> str:
    if cause is Cause.TIMEOUT and sent.timeout_seconds and failure.reason in ("", "stopped", "timeout", "jobTimeout"):
        return f"BigQuery did not answer within {sent.timeout_seconds} s, or the job was stopped"
    text = " ".join(failure.message.split()) or failure.reason or f"HTTP {failure.status}"
    if failure.reason in ("invalidQuery", "invalid") and not sent.compiled_only:
        text = _VALUES.sub("…", text.partition(": ")[0])
    return f"BigQuery says: {_PLACE.sub('', text).removesuffix(' at ').strip()}"


def _remedy(failure: Failure, cause: Cause, sent: Sent) -> str:
    if found := _FILTER.search(failure.message):
        return f"filter on {found[2]} inside the data model, with bounds that hold for every run"
    project = sent.project or "the project"
    remedies = {
        Cause.COST_CAP: "raise `introspect.maximum_bytes_billed`, or let the query read less",
        Cause.TIMEOUT: "raise `introspect.timeout_seconds`, or let the query read less",
        Cause.AUTH: "check the credentials that `introspect` names, or log in again",
        Cause.NO_COMPUTE: f"check that the project {project} exists, has BigQuery and billing on, and that who asks"
        " has roles/bigquery.jobUser on it",
        Cause.RATE_LIMIT: "wait a minute and run again",
        Cause.NETWORK: "check the network and `api_endpoint`, then run again",
    }
    if cause is Cause.NOT_FOUND and "in location" in failure.message:
        return "check the name, and set `region` of the connection, or `introspect.location`, to the dataset's location"
    return remedies.get(cause, "")


def _offset(message: str, sent: Sent) -> int | None:
    """Where in the model's text the message's ``[line:column]`` lies; None: it names none, or one outside.

    Lines and columns count from 1; a tab reaches to the next multiple of eight, as GoogleSQL's own locations do.
    """
    found = _PLACE.search(message)
    if not found or not sent.model:
        return None
    line, column = int(found[1]), int(found[2])
    start = sent.statement.find(sent.model)
    where = _at(sent.statement, line, column)
    if start < 0 or where is None or not start <= where <= start + len(sent.model):
        return None
    return where - start


_BREAK = re.compile(r"\r\n|\r|\n")


def _at(text: str, line: int, column: int) -> int | None:
    start = 0
    for _ in range(line - 1):
        found = _BREAK.search(text, start)
        if not found:
            return None
        start = found.end()
    at, reached = start, 1
    while at < len(text) and reached < column and text[at] not in "\r\n":
        reached = (reached - 1) // 8 * 8 + 9 if text[at] == "\t" else reached + 1
        at += 1
    return at
