"""What a warehouse and a workspace are made of, as frozen values. It knows no SQL, no driver and no rule.

Instants are seconds since 1970-01-01T00:00:00Z as integers unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec


class Provider(Enum):
    """The warehouses that Warehouse Sync reads; the value is what a project writes, in lower case."""

    SNOWFLAKE = "snowflake"
    BIGQUERY = "bigquery"
    REDSHIFT = "redshift"
    DATABRICKS = "databricks"

    @property
    def label(self) -> str:
        """The name as people and the wire write it."""
        return _LABELS[self.value]


_LABELS = {"snowflake": "Snowflake", "bigquery": "BigQuery", "redshift": "Redshift", "databricks": "Databricks"}


class Kind(Enum):
    """The kinds of type that decide what the platform makes of a value."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp without zone"
    INSTANT = "timestamp with zone"
    INTERVAL = "interval"
    BINARY = "binary"
    ARRAY = "array"
    STRUCT = "struct"
    MAP = "map"
    JSON = "semi-structured"
    GEO = "geospatial"
    OTHER = "other"
    NULL = "null"
    UNKNOWN = "unknown"


class Type(msgspec.Struct, frozen=True):
    """A column's type, whoever named it."""

    kind: Kind
    raw: str = ""
    """As the warehouse writes it, for messages."""
    precision: int | None = None
    scale: int | None = None
    element: Type | None = None
    """An array's element type, where it is known."""

    def __str__(self) -> str:
        return self.raw or self.kind.value


UNKNOWN = Type(Kind.UNKNOWN)


class Column(msgspec.Struct, frozen=True):
    """A column of a table or of a query's output; ``name`` is as the warehouse stores it."""

    name: str
    type: Type = UNKNOWN
    nullable: bool | None = None


class Schema(msgspec.Struct, frozen=True):
    """The output columns of a query, in order, as the warehouse compiled them."""

    columns: tuple[Column, ...]


class TableRef(msgspec.Struct, frozen=True):
    """A table by name, each part as the warehouse would look it up (already folded); absent parts are empty."""

    name: str
    schema: str = ""
    catalog: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that were given, outermost first."""
        return tuple(part for part in (self.catalog, self.schema, self.name) if part)

    def __str__(self) -> str:
        return ".".join(self.parts)


class TableInfo(msgspec.Struct, frozen=True):
    """What a warehouse knows about one table without reading its rows."""

    ref: TableRef
    kind: str = "table"
    """``table``, ``view``, ``materialized view``, ``external table`` or the warehouse's own word."""
    columns: tuple[Column, ...] = ()
    rows: int | None = None
    bytes: int | None = None
    changed: int | None = None
    """Last change, as an instant."""
    keys: tuple[str, ...] = ()
    """Partition, cluster or sort columns, in order."""


class Window(msgspec.Struct, frozen=True, order=True):
    """The span of instants that one run reads, both ends included, as the platform's BETWEEN reads it."""

    start: int
    end: int


class IteratorKind(Enum):
    """How an iterator's values become instants."""

    INSTANT = "timestamp with zone"
    ZONELESS = "timestamp without zone"
    DATE = "date"
    EPOCH_S = "unix seconds"
    EPOCH_MS = "unix milliseconds"


HOUR = 3600
"""Width of a histogram's bucket, in seconds."""


class HistogramAsk(msgspec.Struct, frozen=True):
    """What one histogram statement counts.

    Rows of ``sql`` whose iterator lies in ``[lower, upper]`` (both included, None: open) are counted into hourly
    buckets from ``anchor``. Zone-less and date iterators are read in ``time_zone``. Rows later than ``now`` and rows
    without an iterator value are counted apart. Without an iterator only the rows are counted.
    """

    sql: str
    iterator: str | None
    """The output column's name as the warehouse stores it."""
    kind: IteratorKind | None
    anchor: int
    now: int
    time_zone: str = "UTC"
    lower: int | None = None
    upper: int | None = None


class Bucket(msgspec.Struct, frozen=True, order=True):
    """Rows from ``anchor + index * 3600`` up to, not including, the next bucket's start."""

    index: int
    rows: int
    at_start: int
    """Of these, the rows exactly on the bucket's first instant."""


class Histogram(msgspec.Struct, frozen=True):
    """Counted rows: hourly buckets in ascending order (empty hours left out), and what lies outside them."""

    anchor: int
    buckets: tuple[Bucket, ...]
    null_rows: int = 0
    """Rows without an iterator value: no run ever reads them."""
    future_rows: int = 0
    """Rows later than the ask's ``now``, within its clip."""

    @property
    def rows(self) -> int:
        """All rows within the clip, those without an iterator value and future ones included."""
        return sum(bucket.rows for bucket in self.buckets) + self.null_rows + self.future_rows


class ProfileColumn(msgspec.Struct, frozen=True):
    """One output column of a profiled query."""

    name: str
    """As the warehouse stores it."""
    type: Type
    identity: str | None = None
    """The reserved identity name that its values are written to; None for any other column."""
    allowed: tuple[str, ...] = ()
    """The values that the member which it is written to takes; empty: any."""
    names_events: bool = False
    """Whether its values become events' names, of which there may be so many only."""


class ProfileAsk(msgspec.Struct, frozen=True):
    """What one profile statement counts: every row of ``sql``, whether or not a run's window holds it."""

    sql: str
    columns: tuple[ProfileColumn, ...]
    """Every output column, in the query's order."""
    sample_rows: int | None = None
    """Read at most this many rows; None: all."""


class IdentityProfile(msgspec.Struct, frozen=True):
    """Rows by what is wrong with their identity; blank and null values are in none of them."""

    identity: str
    """The reserved name that the values are written to."""
    placeholders: int = 0
    """Values that stand for no one, such as ``0`` or ``unknown``."""
    duplicates: int = 0
    """Rows beyond the first of each value."""
    malformed: int = 0
    """Of an e-mail address, a telephone number or ``mp_deviceid``: values that do not have its form."""
    untidy: int = 0
    """E-mail addresses with an upper-case letter, or with space around them."""


class ColumnProfile(msgspec.Struct, frozen=True):
    """Rows and extremes of one output column. It holds no value but a number's extremes, and none of an identity's."""

    name: str
    nulls: int = 0
    blanks: int = 0
    """Texts of nothing but white space, the empty one included; of an identity's values whatever their type."""
    longest_text: int = 0
    """In characters."""
    longest_list: int = 0
    """In entries."""
    longest_entry: int = 0
    """The longest entry of any list of scalars, in characters."""
    non_finite: int = 0
    """NaN and both infinities."""
    beyond_2_53: int = 0
    """Integers that are larger than 2^53 or smaller than -2^53."""
    minimum: str | None = None
    """The smallest finite number as text; None for other types and for identities."""
    maximum: str | None = None
    outside: int | None = None
    """Rows with a value that is none of the ask's ``allowed``, null left out; None: not counted."""
    distinct: int | None = None
    """Different values of a column that names events, null left out; None: not counted."""
    identity: IdentityProfile | None = None


class Profile(msgspec.Struct, frozen=True):
    """What the values of a query's output columns are like, in the ask's order."""

    rows: int
    """The rows that were read."""
    sampled: bool
    """Whether there may be rows that were not read."""
    columns: tuple[ColumnProfile, ...]
    rows_without_identity: int | None = None
    """Rows whose identities are all null or blank; None where no column is an identity."""


class Right(msgspec.Struct, frozen=True):
    """One privilege that the sync's principal needs."""

    privilege: str
    """In the warehouse's own word: ``USAGE``, ``SELECT``, ``bigquery.tables.getData``."""
    kind: str
    """What it is held on: ``warehouse``, ``database``, ``schema``, ``table``, ``storage integration``, ``project`` …"""
    name: str
    """That object, as the warehouse writes it."""
    held: bool | None
    """None: it could not be asked, and ``note`` says why."""
    grant: str = ""
    """The exact statement or binding that gives it, to be run by somebody who may; empty where there is none."""
    note: str = ""
    table: TableRef | None = None
    """The table of the query that needs it, where one does."""


class TraitKind(Enum):
    """What an adapter may tell about an object that the sync goes through, beyond the rights on it."""

    INTEGRATION_ENABLED = "enabled"
    """``true`` or ``false``."""
    INTEGRATION_USER_ARN = "STORAGE_AWS_IAM_USER_ARN"
    INTEGRATION_EXTERNAL_ID = "STORAGE_AWS_EXTERNAL_ID"
    INTEGRATION_ROLE_ARN = "STORAGE_AWS_ROLE_ARN"
    INTEGRATION_LOCATIONS = "STORAGE_ALLOWED_LOCATIONS"
    LOCATION = "location"
    """Where a dataset's rows are kept."""
    AUTO_RESUME = "auto-resume"
    """``true`` or ``false``."""


class Trait(msgspec.Struct, frozen=True):
    """One thing that is true of an object, whoever may use it."""

    kind: TraitKind
    name: str
    """The object, as the warehouse writes it."""
    value: str


class AccessAsk(msgspec.Struct, frozen=True):
    """Which objects the principal must be able to read."""

    tables: tuple[TableRef, ...]
    """Every table of the query, once."""


class Access(msgspec.Struct, frozen=True):
    """What the sync's principal may do."""

    principal: str
    """The role, user or service account that the answer is about."""
    assumed: bool
    """Whether preflight itself asked as that principal; else the answer is read from listings of grants."""
    rights: tuple[Right, ...]
    """Outermost object first."""
    excess: tuple[Right, ...] | None = None
    """Rights to change what it only has to read; None where none is known and not all can be listed."""
    traits: tuple[Trait, ...] = ()


class RehearsalAsk(msgspec.Struct, frozen=True):
    """The run whose statements are rehearsed."""

    sql: str
    iterator: str | None
    """As the project names it, which is how the platform writes it: unquoted. None for a full sync."""
    window: Window | None = None
    """None for a full sync."""


class Rehearsed(msgspec.Struct, frozen=True):
    """One statement that the platform sends, as the warehouse compiled it."""

    purpose: str
    """``discover columns``, ``count`` or ``extract``."""
    text: str
    refusal: str = ""
    """What the warehouse said against it; empty where it compiled."""


class Remote(msgspec.Struct, frozen=True):
    """One resource as the workspace holds it."""

    id: str
    body: Mapping[str, Any]


def plan_key(plan: str, version: int | None) -> str:
    """What a plan, or one of its versions, is called among a workspace's data plans."""
    return plan if version is None else f"{plan}/versions/{version}"


class WorkspaceState(msgspec.Struct, frozen=True):
    """What the workspace holds, by the project's list names."""

    target: str
    """The API's base URL and the workspace, as a clearance names them."""
    stand_in: bool = False
    """Whether a loopback server said it in place of the workspace."""
    connections: tuple[Remote, ...] = ()
    data_models: tuple[Remote, ...] = ()
    field_transformations: tuple[Remote, ...] = ()
    pipelines: tuple[Remote, ...] = ()
    data_plans: tuple[Remote, ...] = ()
    """Of the plans that the project names those that are there, by ``plan_key``."""
    unread: tuple[str, ...] = ()
    """The list names of the kinds that could not be read: their emptiness says nothing."""
