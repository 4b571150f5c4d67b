"""The project file's grammar, as data: the one source of the check and of the JSON Schema that editors use."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from preflight import limits


class Text(msgspec.Struct, frozen=True):
    """Text; with ``choices`` one of them, in any case if ``any_case``."""

    choices: tuple[str, ...] = ()
    any_case: bool = False
    pattern: str = ""
    or_integer: bool = False
    """Whether a plain integer is taken as its digits."""
    or_number: bool = False
    """Whether a plain number is taken as itself."""
    or_blank: bool = False


LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps as it is."""


class Integer(msgspec.Struct, frozen=True):
    """A whole number of at least ``minimum``."""

    minimum: int = 0


class Time(msgspec.Struct, frozen=True):
    """An RFC 3339 time with its zone, read as an aware datetime in UTC."""


class Day(msgspec.Struct, frozen=True):
    """A date, ``YYYY-MM-DD``."""


class Secret(msgspec.Struct, frozen=True):
    """A reference to a secret, ``{env: NAME}``; with ``or_text`` also text, for what need not be secret."""

    or_text: bool = False


class Free(msgspec.Struct, frozen=True):
    """A free-form mapping of scalars, references and nested mappings; literals under a secret's name are refused."""

    renamed: Mapping[str, str] = {}
    """Keys of the platform's first version, to what is written today."""


class Table(msgspec.Struct, frozen=True):
    """A mapping whose keys the user chooses (or takes from ``keys``), all values alike."""

    value: Kind
    keys: tuple[str, ...] = ()
    lenient: bool = False
    """Whether entries that break the grammar are left out, rather than the whole."""


class ListOf(msgspec.Struct, frozen=True):
    """A list, all items alike."""

    item: Kind
    lenient: bool = False
    """Whether items that break the grammar are left out, rather than the whole."""


class Either(msgspec.Struct, frozen=True):
    """A scalar of one kind, or a mapping of another."""

    scalar: Kind
    mapping: Kind


class Field(msgspec.Struct, frozen=True):
    """One key of a shape."""

    kind: Kind
    doc: str
    required: bool = False


class Shape(msgspec.Struct, frozen=True):
    """A mapping with fixed keys."""

    name: str
    fields: Mapping[str, Field]
    renamed: Mapping[str, str] = {}
    """Keys of the platform's first version, to what is written today."""
    one_of: tuple[tuple[str, ...], ...] = ()
    """Groups of keys of which exactly one is given."""
    when: tuple[tuple[str, str, str], ...] = ()
    """(key, value, further key): where the key has the value, the further key is required."""
    rest: Kind | None = None
    """What any further key may hold; None: there is none."""


Kind = Text | Integer | Time | Day | Secret | Free | Table | ListOf | Either | Shape

_ID = Text(pattern=r"[A-Za-z0-9_-]+")


def is_id(text: str) -> bool:
    """Whether the platform takes the text as an id."""
    return re.fullmatch(_ID.pattern, text) is not None


_NAME = Field(Text(), "A name for people.", required=True)


def _id(what: str) -> Field:
    return Field(_ID, f"The {what}'s id: letters, digits, `_` and `-`; unique among its kind.", required=True)


INTROSPECT = Shape(
    "introspect",
    {
        "local": Field(
            Either(Text(), Table(Text())),
            "A DuckDB file that is read in place of the warehouse, or one for each catalog.",
        ),
        "timeout_seconds": Field(Integer(1), "How long a statement may run."),
        "maximum_bytes_billed": Field(Integer(1), "How many bytes a statement may be billed for (BigQuery)."),
        "sample_rows": Field(Integer(1), "How many rows a value profile reads."),
    },
    rest=Free(),
)
_NO_WORKSPACE = "it is part of the path now: write `workspace` at the top level"
_V1_SNOWFLAKE = {
    "source_account_id": "write `config.account_identifier`",
    "snowflake_aws_iam_user_arn": "write `config.aws_iam_user_arn`",
    "snowflake_aws_external_id": "write `config.aws_external_id`",
}
_V1_PROVIDER_KEYS = (
    "region",
    "warehouse",
    "database",
    "role",
    "user",
    "project_id",
    "dataset_id",
    "service_account_id",
    "host",
    "port",
    "aws_iam_role_arn",
)
CONNECTION = Shape(
    "connection",
    {
        "id": _id("connection"),
        "name": _NAME,
        "service_provider": Field(
            Text(("snowflake", "bigquery", "redshift", "databricks"), any_case=True), "The warehouse.", required=True
        ),
        "config": Field(Free(_V1_SNOWFLAKE), "The provider's settings, by the API's names.", required=True),
        "state": Field(Text(("new", "active", "inactive")), "Whether the connection may be used."),
        "introspect": Field(
            INTROSPECT, "How preflight itself reads the warehouse; what is left out: as `config` says."
        ),
    },
    renamed={
        "workspace_id": _NO_WORKSPACE,
        "type": "write `service_provider`",
        **_V1_SNOWFLAKE,
        **dict.fromkeys(_V1_PROVIDER_KEYS, "write it inside `config`"),
        "password": "write it inside `config`, as {env: NAME}",
        "service_account_key": "write it inside `config`, as {env: NAME}",
        "is_active": "write `state`",
        "is_faulted": "it is read-only, and called `status` now",
    },
)
_V1_TIMESTAMP = {
    "load_timestamp_field_name": "write the pipeline's `sync_mode.iterator_field`",
    "load_timestamp_field_type": "write the pipeline's `sync_mode.iterator_data_type`",
    "load_timestamp_field_time_zone": "write the pipeline's `sync_mode.time_zone`",
    "load_timestamp_field_tz": "write the pipeline's `sync_mode.time_zone`",
    "load_timestamp_field_time_offset": "write the pipeline's `schedule.delay`",
    "load_timestamp_field_offset_seconds": "write the pipeline's `schedule.delay`",
}
DATA_MODEL = Shape(
    "data model",
    {
        "id": _id("data model"),
        "name": _NAME,
        "type": Field(Text(("sql",)), "The only kind of data model.", required=True),
        "sql_file": Field(Text(), "The file that holds the query, relative to this one."),
        "sql_query": Field(Text(), "The query itself."),
        "dbt_model": Field(Text(), "The dbt model whose compiled SQL is the query."),
    },
    renamed={"workspace_id": _NO_WORKSPACE, **_V1_TIMESTAMP},
    one_of=(("sql_file", "sql_query", "dbt_model"),),
)
MAPPING = Shape(
    "mapping",
    {
        "mapping_type": Field(Text(("column", "static", "ignore")), "What the mapping does.", required=True),
        "source": Field(Text(), "The output column that is read."),
        "destination": Field(Text(), "The event batch's member that is written, as a dotted path."),
        "value": Field(Text(or_blank=True), "The constant that a static mapping writes."),
    },
)
FIELD_TRANSFORMATION = Shape(
    "field transformation",
    {
        "id": _id("field transformation"),
        "name": _NAME,
        "destination_type": Field(Text(("event_batch",)), "The only documented destination.", required=True),
        "mappings": Field(ListOf(MAPPING), "One entry a column or constant.", required=True),
    },
    renamed={"workspace_id": _NO_WORKSPACE},
)
SYNC_MODE = Shape(
    "sync mode",
    {
        "type": Field(Text(("incremental", "full")), "Whether a run reads new rows or all.", required=True),
        "track_by": Field(Text(), "How changes are tracked."),
        "iterator_field": Field(Text(), "The output column that moves when a row changes."),
        "iterator_data_type": Field(Text(), "The iterator's type."),
        "time_zone": Field(Text(), "The IANA zone that zone-less iterator values are written in."),
        "from": Field(Time(), "Only rows from this time on are read."),
        "until": Field(Time(), "Only rows up to this time are read."),
    },
)
SCHEDULE = Shape(
    "schedule",
    {
        "type": Field(Text(("interval", "on_demand", "once")), "When runs happen.", required=True),
        "frequency": Field(Text(("hourly", "daily", "weekly", "monthly")), "How often an interval schedule runs."),
        "delay": Field(Text(or_number=True), "How long a run waits after its interval's end."),
        "start_time": Field(Time(), "The first run, which later ones are aligned to."),
        "end_time": Field(Time(), "No run after this time."),
    },
    when=(("type", "interval", "frequency"),),
)
PIPELINE = Shape(
    "pipeline",
    {
        "id": _id("pipeline"),
        "name": _NAME,
        "connection_id": Field(_ID, "The connection that is read over.", required=True),
        "data_model_id": Field(_ID, "The data model that is read.", required=True),
        "field_transformation_id": Field(_ID, "How columns become events; event pipelines only."),
        "partner_feed_id": Field(Integer(1), "The feed that receives the data."),
        "partner_feed_key": Field(Secret(), "The feed's server-to-server key."),
        "plan_id": Field(Text(), "The data plan to validate against."),
        "plan_version": Field(Integer(1), "The data plan's version."),
        "environment": Field(Text(("development", "production")), "Which data the feed takes.", required=True),
        "state": Field(Text(("active", "paused")), "Whether it runs; active unless it says otherwise."),
        "sync_mode": Field(SYNC_MODE, "Which rows a run reads.", required=True),
        "schedule": Field(SCHEDULE, "When it runs.", required=True),
    },
    renamed={
        "workspace_id": _NO_WORKSPACE,
        "is_active": "write `state`",
        "is_draft": "write `state`",
        "is_faulted": "it is read-only, and called `status` now",
        "faulted_reason": "it is read-only, and called `errors` now",
        "schedule_interval": "write `schedule.frequency`",
        "schedule_start_time": "write `schedule.start_time`",
        "schedule_end_time": "write `schedule.end_time`",
        **{name: today.replace("the pipeline's ", "") for name, today in _V1_TIMESTAMP.items()},
    },
    one_of=(("partner_feed_id", "partner_feed_key"),),
)
LISTS: dict[str, Shape] = {
    "connections": CONNECTION,
    "data_models": DATA_MODEL,
    "field_transformations": FIELD_TRANSFORMATION,
    "pipelines": PIPELINE,
}
WORKSPACE = Shape(
    "workspace",
    {
        "id": Field(Text(or_integer=True), "The workspace's id.", required=True),
        "account_id": Field(Text(or_integer=True), "The account's id, for routes that need it."),
        "client_id": Field(Secret(or_text=True), "The API credential's id; `MP_CLIENT_ID` unless given."),
        "client_secret": Field(Secret(), "The API credential's secret; `MP_CLIENT_SECRET` unless given."),
        "api_url": Field(Text(), "The API's address; the documented one unless given."),
        "token_url": Field(Text(), "The token endpoint; the documented one unless given."),
        "timeout_seconds": Field(Integer(1), "Silence after which a request counts as lost; 60 unless given."),
        "proxy": Field(Secret(or_text=True), "The proxy's address; `HTTPS_PROXY` and `NO_PROXY` unless given."),
        "ca_bundle": Field(Text(), "A file of PEM certificates to trust; `SSL_CERT_FILE` unless given."),
        "token_cache": Field(Text(("memory", "disk")), "Whether tokens are kept between runs; `memory` unless given."),
        "routes": Field(Table(Text()), "Paths of the API that are pinned here instead of probed."),
    },
)
OVERRIDE = Shape(
    "override",
    {
        "value": Field(Integer(1), "The limit's value for this account.", required=True),
        "reason": Field(Text(), "Where it comes from.", required=True),
        "expires": Field(Day(), "The last day on which it holds."),
    },
)
LIMITS = Shape(
    "limits",
    {
        "profile": Field(Text(("docs-2025-02", "observed-2026-08")), "Which documented limits hold."),
        "overrides": Field(Table(OVERRIDE, limits.NAMES, lenient=True), "This account's own values."),
    },
)
DBT = Shape(
    "dbt",
    {"project_dir": Field(Text(), "The folder of dbt_project.yml; the nearest one upward, unless given.")},
)
LOCK = Shape(
    "lock",
    {"max_age_days": Field(Integer(1), "How many days what preflight.lock holds is taken for true; 30 unless given.")},
)
WAIVER = Shape(
    "waiver",
    {
        "rule": Field(Text(), "The rule that is waived, by name or code.", required=True),
        "pipeline": Field(_ID, "The pipeline that it is waived for; all, unless given."),
        "owner": Field(Text(), "Who answers for it.", required=True),
        "reason": Field(Text(), "Why it is acceptable.", required=True),
        "expires": Field(Day(), "The last day on which it holds.", required=True),
    },
)
PROJECT = Shape(
    "project",
    {
        "version": Field(Integer(1), "The version of this grammar: 1.", required=True),
        "workspace": Field(Either(Text(or_integer=True), WORKSPACE), "The workspace's id, or how to reach it."),
        "limits": Field(LIMITS, "Which limits hold."),
        "dbt": Field(DBT, "Where the dbt models come from."),
        "lock": Field(LOCK, "How preflight.lock is used."),
        "include": Field(ListOf(Text(), lenient=True), "Further files with any of the four lists, by glob."),
        **{name: Field(ListOf(shape), f"The {shape.name}s.") for name, shape in LISTS.items()},
        "rules": Field(
            Table(Text(("off", "error", "warning", "info")), lenient=True), "A severity of your own for a rule, or off."
        ),
        "waivers": Field(ListOf(WAIVER, lenient=True), "Findings that are accepted until a day."),
        "data_plans": Field(
            ListOf(Text(), lenient=True), "Data plans that pipelines name: JSON files as the API returns them."
        ),
        "plugins": Field(ListOf(Text()), "Plugins that bring rules or adapters."),
    },
)
INCLUDED = Shape("included file", {name: Field(ListOf(shape), f"The {shape.name}s.") for name, shape in LISTS.items()})
