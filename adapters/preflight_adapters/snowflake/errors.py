"""What Snowflake says against a login or a statement, as our error. Pure: it judges codes, and knows no driver.

Codes: https://docs.snowflake.com/en/developer-guide/driver-errors and the texts that they come with in public logs. A
small code without an SQL state is the driver's own kind of error, not the server's.
"""

from __future__ import annotations

import re

from preflight.errors import Cause, WarehouseError
from preflight.scrub import Scrubber

_BY_CODE = {
    2: Cause.UNSUPPORTED,
    604: Cause.TIMEOUT,
    606: Cause.NO_COMPUTE,
    609: Cause.NO_COMPUTE,
    630: Cause.TIMEOUT,
    904: Cause.BAD_COLUMN,
    1003: Cause.SYNTAX,
    2003: Cause.NOT_FOUND,
    2043: Cause.NOT_FOUND,
    3001: Cause.PERMISSION,
    90073: Cause.COST_CAP,
    90105: Cause.NOT_FOUND,
    90106: Cause.NOT_FOUND,
}
_BY_KIND = {2: Cause.UNSUPPORTED, 4: Cause.NETWORK, 5: Cause.TIMEOUT, 6: Cause.NETWORK, 14: Cause.TIMEOUT}
"""The driver's own kinds: not implemented, input and output, cancelled, an answer that is none, timeout."""
_BY_STATE = {
    "57014": Cause.TIMEOUT,
    "57P03": Cause.NO_COMPUTE,
    "42501": Cause.PERMISSION,
    "42601": Cause.INVALID,
    "42S02": Cause.NOT_FOUND,
    "0A000": Cause.UNSUPPORTED,
}
_REMEDIES = {
    Cause.NOT_FOUND: "check the name; if it is right, grant the connection's role the right to read it",
    Cause.PERMISSION: "grant the role what it lacks",
    Cause.NO_COMPUTE: "name a warehouse that the role may use",
    Cause.COST_CAP: "raise the resource monitor's quota, or name another warehouse",
    Cause.TIMEOUT: "raise `introspect.timeout_seconds`, or narrow what the query scans",
    Cause.AUTH: "log in again: a session or a token has ended, or is not accepted any more",
    Cause.NETWORK: "check the account and its region, the network, the proxy and any network policy",
}
_PLACE = re.compile(r"\bline (\d+) at position (\d+)")
_NAMES = (
    re.compile(r"invalid identifier '(.+?)'(?:\s|$)"),
    re.compile(r"unexpected '(.+?)'"),
    re.compile(r"(?:Object|Table|View|Schema|Database|Role|Warehouse) '(.+?)' does not exist"),
    re.compile(r"ambiguous column name '(.+?)'"),
)
_FIRST_OF_DATA, _LAST_OF_DATA = 100_000, 100_999
_LENGTH = 400


def cause(errno: int, sqlstate: str | None) -> Cause:
    """Why a statement failed, by its code and where that says nothing by its SQL state."""
    if sqlstate is None and errno < 100:
        return _BY_KIND.get(errno, Cause.OTHER)
    if errno in _BY_CODE:
        return _BY_CODE[errno]
    if 390_000 <= errno < 395_000 or sqlstate == "28000":
        return Cause.AUTH
    if errno in (250_001, 250_002, 250_003) or (sqlstate or "").startswith("08"):
        return Cause.NETWORK
    if sqlstate in _BY_STATE:
        return _BY_STATE[sqlstate]
    if 900 <= errno < 4000 or _FIRST_OF_DATA <= errno <= _LAST_OF_DATA:
        return Cause.INVALID
    return Cause.OTHER


def refused(
    errno: int, sqlstate: str | None, text: str, *, scrub: Scrubber, statement: str = "", model: str = ""
) -> WarehouseError:
    """A statement's error; its place is one in ``model``, the data model's text that ``statement`` holds."""
    found = cause(errno, sqlstate)
    name = next((match[1] for pattern in _NAMES if (match := pattern.search(text))), "")
    code = f"{errno:06d}" if errno >= 0 else ""
    shown = re.sub(rf"^{code} \(\w+\):\s*", "", text) if code else text
    if _FIRST_OF_DATA <= errno <= _LAST_OF_DATA:
        shown, name = re.sub(r"'[^']*'", "'…'", shown), ""  # its quotes hold a value of a row
    return WarehouseError(
        found,
        one_line(scrub(shown)),
        remedy=_REMEDIES.get(found, ""),
        code=code,
        offset=_offset(text, name, statement, model),
        name="" if found is Cause.SYNTAX else scrub(_unquoted(name)),
    )


def refused_login(errno: int, sqlstate: str | None, text: str, *, scrub: Scrubber) -> WarehouseError:
    """The error of opening a connection; what the driver itself says of its options counts as a login that is wrong."""
    found = cause(errno, sqlstate)
    code = f"{errno:06d}" if errno >= 0 else ""
    remedy = _REMEDIES.get(found, "")
    if found not in (Cause.NETWORK, Cause.TIMEOUT, Cause.NO_COMPUTE):
        found = Cause.AUTH
        remedy = "check the user, the role and the way to log in under `introspect` and in the connection's config"
    return WarehouseError(found, one_line(scrub(text)), remedy=remedy, code=code)


def one_line(text: str) -> str:
    """Text without line breaks, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LENGTH else line[: _LENGTH - 1] + "…"


def _offset(text: str, name: str, statement: str, model: str) -> int | None:
    """The place that Snowflake names, as an offset in the model; None where the blamed word does not stand there."""
    found = _PLACE.search(text)
    begin = statement.find(model) if model else -1
    if not found or begin < 0 or not name:
        return None
    lines = statement.splitlines(keepends=True)
    line, position = int(found[1]), int(found[2])
    if not 1 <= line <= len(lines):
        return None
    offset = sum(len(before) for before in lines[: line - 1]) + position - begin
    if not 0 <= offset < len(model):
        return None
    first = _unquoted(name).partition(".")[0].casefold()
    return offset if model[offset:].lstrip('"').casefold().startswith(first) else None


def _unquoted(name: str) -> str:
    return re.sub(r'"((?:[^"]|"")*)"', lambda match: match[1].replace('""', '"'), name)
