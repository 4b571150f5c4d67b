"""The lock as values and as text: sorted JSON with a line for each column, so that two of them can be compared.

Reading and writing the file is all the I/O there is here; no warehouse is asked.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from preflight.config import Connection
from preflight.errors import UsageError
from preflight.hashing import sha256
from preflight.model import Access, Bucket, Column, Histogram, HistogramAsk, TableInfo, TableRef

NAME = "preflight.lock"
VERSION = 1
MAX_BYTES = 64_000_000
_SPAN = 24 * 30
"""Hours of a histogram in one line of the file."""


class Seen(msgspec.Struct, frozen=True):
    """When a fact was read, by whom, and what it rested on that day."""

    on: date
    by: str
    basis: str
    stand_in: bool = False


class LockedModel(msgspec.Struct, frozen=True):
    """The output columns of one data model over one connection."""

    connection: str
    data_model: str
    settings: str
    """Digest of the connection's provider and config."""
    sql: str
    """Digest of the query's text."""
    seen: Seen
    columns: tuple[Column, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What there is one entry for."""
        return self.connection, self.data_model


class LockedTable(msgspec.Struct, frozen=True):
    """What the warehouse knew of one table."""

    connection: str
    settings: str
    seen: Seen
    table: TableInfo

    @property
    def ref(self) -> TableRef:
        """The table's name."""
        return self.table.ref

    @property
    def key(self) -> tuple[str, str]:
        """What there is one entry for."""
        return self.connection, str(self.ref)

    def read(self) -> TableInfo:
        """The table, as of an entry whose columns were not read yet."""
        return self.table


class _Skimmed(msgspec.Struct, frozen=True):
    """A ``TableInfo`` whose columns have not been read."""

    ref: TableRef
    kind: str = "table"
    columns: msgspec.Raw = msgspec.Raw(b"[]")
    rows: int | None = None
    bytes: int | None = None
    changed: int | None = None
    keys: tuple[str, ...] = ()


class UnreadTable(msgspec.Struct, frozen=True, rename={"skimmed": "table"}):
    """The entry of a ``LockedTable``, whose columns are read when they are asked for: of thousands few ever are."""

    connection: str
    settings: str
    seen: Seen
    skimmed: _Skimmed

    @property
    def ref(self) -> TableRef:
        """The table's name."""
        return self.skimmed.ref

    def read(self) -> TableInfo:
        """The table; raises UnreadableLock."""
        about = self.skimmed
        columns = _parsed(about.columns, tuple[Column, ...])
        return TableInfo(about.ref, about.kind, columns, about.rows, about.bytes, about.changed, about.keys)


class LockedCounts(msgspec.Struct, frozen=True):
    """One pipeline's rows by hour of its iterator."""

    connection: str
    pipeline: str
    ask: str
    """Digest of what was counted: settings, query, iterator, anchor and clip."""
    seen: Seen
    anchor: int
    null_rows: int
    future_rows: int
    hours: tuple[str, ...] = ()
    """Buckets: ``@index`` of the first, then the rows of each hour, ``rows/rows at its start``, ``_n`` for n empty."""

    @property
    def key(self) -> tuple[str, str]:
        """What there is one entry for."""
        return self.connection, self.pipeline

    @property
    def histogram(self) -> Histogram:
        """The counts as they were read."""
        return Histogram(self.anchor, _buckets(self.hours), self.null_rows, self.future_rows)


class LockedAccess(msgspec.Struct, frozen=True):
    """What a connection's principal held on the tables of its queries, and what not."""

    connection: str
    settings: str
    tables: tuple[str, ...]
    """The tables that were asked for, sorted."""
    seen: Seen
    access: Access

    @property
    def key(self) -> tuple[str, str]:
        """What there is one entry for."""
        return self.connection, ""


Locked = LockedModel | LockedTable | LockedCounts | LockedAccess
Entry = Locked | UnreadTable


class _Head(msgspec.Struct, frozen=True):
    """Of a file of any version the version alone."""

    version: Any = None


class Lock(msgspec.Struct, frozen=True):
    """Everything that one file holds."""

    version: int = VERSION
    models: tuple[LockedModel, ...] = ()
    tables: tuple[LockedTable, ...] = ()
    counts: tuple[LockedCounts, ...] = ()
    access: tuple[LockedAccess, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, kind by kind."""
        return (*self.models, *self.tables, *self.counts, *self.access)


class SkimmedLock(msgspec.Struct, frozen=True):
    """A ``Lock`` as a check reads it: all but the columns of its tables."""

    version: int = VERSION
    models: tuple[LockedModel, ...] = ()
    tables: tuple[UnreadTable, ...] = ()
    counts: tuple[LockedCounts, ...] = ()
    access: tuple[LockedAccess, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, kind by kind."""
        return (*self.models, *self.tables, *self.counts, *self.access)


AnyLock = Lock | SkimmedLock


class UnreadableLock(ValueError):
    """The file is no lock that this preflight reads; the message says why, in one clause."""


def read(root: Path) -> Lock | None:
    """The lock of the project in ``root``, None where there is none; raises UnreadableLock."""
    data = _content(root)
    return None if data is None else decode(data)


def skim(root: Path) -> SkimmedLock | None:
    """As ``read``, but for the tables' columns, which no one has looked at yet."""
    data = _content(root)
    return None if data is None else decode_skimmed(data)


def _content(root: Path) -> bytes | None:
    path = root / NAME
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableLock(f"it is larger than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableLock(f"it cannot be read: {error.strerror}") from None


def decode(data: bytes) -> Lock:
    """A lock from its text; raises UnreadableLock."""
    return _checked(data, Lock)


def decode_skimmed(data: bytes) -> SkimmedLock:
    """A lock from its text without the columns of its tables; raises UnreadableLock."""
    return _checked(data, SkimmedLock)


L = TypeVar("L", Lock, SkimmedLock)
T = TypeVar("T")


def _checked(data: bytes, kind: type[L]) -> L:
    version = _parsed(data, _Head).version
    if version != VERSION:
        raise UnreadableLock(f"its version is {version!r:.40}, and this preflight reads {VERSION}")
    lock = _parsed(data, kind)
    try:
        for counts in lock.counts:
            _buckets(counts.hours)
    except ValueError as error:
        raise _no_lock(error) from None
    return lock


def _parsed(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _no_lock(error) from None


def _no_lock(error: Exception) -> UnreadableLock:
    return UnreadableLock(f"it is no lock ({str(error)[:160]})")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the file."""
    schema = msgspec.json.schema(Lock)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": NAME, **schema}


def write(root: Path, lock: Lock) -> Path:
    """Write the lock whole or not at all; raises UsageError where it cannot be written."""
    path = root / NAME
    beside = path.with_name(f".{NAME}.new")
    try:
        beside.unlink(missing_ok=True)
        with beside.open("x", encoding="utf-8", newline="\n") as file:  # never through a link that was put there
            file.write(encode(lock))
        beside.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", remedy="mend the folder's rights") from None
    return path


# -- text --------------------------------------------------------------------------------------------------------------


def encode(lock: Lock) -> str:
    """The lock as text: entries by their keys, and a line for each column and for each month of counts."""
    document: dict[str, Any] = {"version": lock.version}
    for name in _KINDS:
        entries = sorted(getattr(lock, name), key=lambda entry: entry.key)
        document[name] = [_entry(entry) for entry in entries]
    return "\n".join(_lines(document, "")) + "\n"


def _entry(entry: Locked) -> dict[str, Any]:
    found: dict[str, Any] = _bare(msgspec.to_builtins(entry))
    if isinstance(entry, LockedTable):
        table = found.pop("table")
        found["table"] = table | {"columns": table.get("columns", [])}
    return found


_OPTIONAL = (
    *("raw", "precision", "scale", "element", "nullable", "schema", "catalog", "rows", "bytes", "changed", "keys"),
    *("grant", "note", "table"),
)
"""What is left out where it is empty."""


def _bare(value: Any) -> Any:
    """The value without what is as it would be if nothing were said."""
    if isinstance(value, dict):
        said = {k: v for k, v in value.items() if not (k in _OPTIONAL and v in (None, "", [], ()))}
        return {k: _bare(v) for k, v in said.items()}
    return [_bare(item) for item in value] if isinstance(value, list | tuple) else value


_KINDS = ("models", "tables", "counts", "access")
_LONG = (*_KINDS, "columns", "hours", "rights", "excess", "traits")
"""The lists that have a line for each item."""


def _lines(value: Any, indent: str) -> list[str]:
    """A mapping as lines; what holds no long list stands in one."""
    import json

    inner = indent + "  "
    lines = ["{"]
    for name, item in value.items():
        head = f"{inner}{json.dumps(name)}: "
        if name in _LONG and isinstance(item, list) and item:
            lines.append(head + "[")
            for one in item:
                lines += _item(one, inner + "  ")
                lines[-1] += ","
            lines[-1] = lines[-1].removesuffix(",")
            lines.append(f"{inner}],")
        elif isinstance(item, dict) and not set(item).isdisjoint(_LONG):
            first, *rest = _lines(item, inner)
            lines += [head + first, *rest]
            lines[-1] += ","
        else:
            lines.append(f"{head}{json.dumps(item, ensure_ascii=False)},")
    lines[-1] = lines[-1].removesuffix(",")
    lines.append(f"{indent}}}")
    return lines


def _item(value: Any, indent: str) -> list[str]:
    import json

    if isinstance(value, dict) and "connection" in value:
        first, *rest = _lines(value, indent)
        return [indent + first, *rest]
    return [indent + json.dumps(value, ensure_ascii=False)]


# -- hours -------------------------------------------------------------------------------------------------------------


def hours(buckets: tuple[Bucket, ...]) -> tuple[str, ...]:
    """The buckets as lines of about a month each, so that a new hour changes the last line alone."""
    lines: list[list[str]] = []
    month = upcoming = 0
    for bucket in buckets:
        if not lines or bucket.index // _SPAN != month:
            month = bucket.index // _SPAN
            lines.append([f"@{bucket.index}"])
        elif bucket.index > upcoming:
            lines[-1].append(f"_{bucket.index - upcoming}")
        lines[-1].append(f"{bucket.rows}/{bucket.at_start}" if bucket.at_start else str(bucket.rows))
        upcoming = bucket.index + 1
    return tuple(" ".join(line) for line in lines)


def _buckets(lines: tuple[str, ...]) -> tuple[Bucket, ...]:
    found: list[Bucket] = []
    for line in lines:
        first, *tokens = line.split()
        if first[0] != "@":
            raise ValueError(f"{line[:20]!r} does not begin with an hour's index")
        index = int(first[1:])
        if found and index <= found[-1].index:
            raise ValueError("its hours are out of order")
        for token in tokens:
            if token[0] == "_":
                index += _natural(token[1:])
                continue
            rows, _, at_start = token.partition("/")
            found.append(Bucket(index, _natural(rows), _natural(at_start or "0")))
            index += 1
    return tuple(found)


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(f"{number} is no count")
    return number


# -- digests -----------------------------------------------------------------------------------------------------------


def settings(connection: Connection) -> str:
    """The digest of what decides which warehouse answers, and as whom: secrets are references and never enter it."""
    return _digest([connection.service_provider.value, connection.config])


def sql_digest(sql: str) -> str:
    """The digest of a query's text."""
    return _digest(sql)


def ask_digest(connection: Connection, ask: HistogramAsk) -> str:
    """The digest of what was counted; the day of counting is no part of it."""
    return _digest([settings(connection), msgspec.structs.replace(ask, now=0)])


def _digest(value: Any) -> str:
    return sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
