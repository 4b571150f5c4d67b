"""The first project: its text, for each provider, from a dbt project's models or from a stand-in's tables. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import msgspec

from preflight import identities
from preflight.model import Column, Kind, Provider, TableInfo

_CONFIGS = {
    Provider.SNOWFLAKE: """\
      account_identifier: xy12345
      region: us-east-1
      warehouse: SYNC_WH
      database: {database}
      role: MPARTICLE_READER
      user: MPARTICLE_SVC
      password: {{env: SNOWFLAKE_PASSWORD}}
      aws_iam_user_arn: "arn:aws:iam::111122223333:user/ext/stage-abc"
      aws_external_id: "XY12345_SFCRole=2_exampleId="
""",
    Provider.BIGQUERY: """\
      region: us-east1
      project_id: {database}
      dataset_id: marts
      service_account_id: mparticle-sync
      service_account_key: {{env: BIGQUERY_KEY}}
""",
    Provider.REDSHIFT: """\
      host: acme.abc123.us-east-1.redshift.amazonaws.com
      database: {database}
      user: mparticle_svc
      password: {{env: REDSHIFT_PASSWORD}}
      aws_iam_role_arn: "arn:aws:iam::111122223333:role/mparticle-unload"
""",
    Provider.DATABRICKS: """\
      share: {database}-share
""",
}
_DATA_TYPES = {
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp",
    Kind.INSTANT: "timestamp",
}
_MOVES = ("updated_at", "modified_at", "last_modified", "changed_at", "_updated", "loaded_at", "created_at")
"""Names of columns that move when a row changes, the likeliest first."""


class Start(msgspec.Struct, frozen=True):
    """One data model to begin with, and its pipeline."""

    name: str
    columns: tuple[Column, ...]
    sql: str = ""
    """Its query; empty for a dbt model."""
    dbt_model: str = ""

    @property
    def slug(self) -> str:
        """Its name as an id of the API."""
        return re.sub(r"[^A-Za-z0-9_-]+", "-", self.name).strip("-").lower() or "model"


def iterator(columns: Iterable[Column]) -> Column | None:
    """The column that most likely moves when a row changes; None where none has a time."""
    timed = {column.name.casefold(): column for column in columns if _has_time(column)}
    named = next((timed[name] for name in _MOVES if name in timed), None)
    return named or next(iter(timed.values()), None)


def _has_time(column: Column) -> bool:
    """Snowflake's and Databricks' bare TIMESTAMP is of no certain kind, but it is a time."""
    return column.type.kind in _DATA_TYPES or column.type.raw.upper().startswith("TIMESTAMP")


def select(table: TableInfo, provider: Provider, database: str) -> str:
    """A query of every column of a table, each under its own name; the iterator's name stays without quotes."""
    moves = iterator(table.columns)
    lines = []
    for column in table.columns:
        read = f"t.{_identifier(column.name, provider)}"
        written = column is moves or (provider is not Provider.SNOWFLAKE and _plain(column.name))
        lower = column.name.isupper() or column.name.casefold() in identities.RESERVED
        name = column.name.lower() if lower else column.name
        lines.append(f"  {read}" if written else f"  {read} AS {_quoted(name, provider)}")
    parts = [database, table.ref.schema, table.ref.name]
    source = ".".join(_identifier(part, provider) for part in parts if part)
    return "SELECT\n" + ",\n".join(lines) + f"\nFROM {source} AS t\n"


def _plain(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None


def _identifier(name: str, provider: Provider) -> str:
    return name if _plain(name) else _quoted(name, provider)


def _quoted(name: str, provider: Provider) -> str:
    mark = "`" if provider in (Provider.BIGQUERY, Provider.DATABRICKS) else '"'
    return mark + name.replace(mark, mark * 2) + mark


def files(
    starts: Iterable[Start], provider: Provider, *, database: str = "CRM", local: str = "", today: date
) -> Mapping[str, str]:
    """The files of the project, by their paths in its folder; ``local`` is a stand-in to read."""
    found: dict[str, str] = {}
    models: list[str] = []
    pipelines: list[str] = []
    for start in starts:
        source = (
            f"dbt_model: {json.dumps(start.dbt_model)}" if start.dbt_model else f"sql_file: models/{start.slug}.sql"
        )
        name = json.dumps(f"{start.name.replace('_', ' ').capitalize()} model", ensure_ascii=False)
        models.append(f"  - {{id: {start.slug}-model, name: {name}, type: sql, {source}}}\n")
        if start.sql:
            found[f"models/{start.slug}.sql"] = start.sql
        pipelines.append(_pipeline(start, provider, today))
    stand_in = f"    introspect: {{local: {json.dumps(local)}}}\n" if local else _NO_STAND_IN
    head = _HEAD.format(provider=provider.value) + _CONFIGS[provider].format(database=database)
    body = "\ndata_models:\n" + "".join(models) + "\npipelines:\n" + "".join(pipelines)
    return {"preflight.yml": head + stand_in + body, **found}


_HEAD = """\
# yaml-language-server: $schema=.preflight/schema.json
version: 1
workspace: 5328 # your workspace's id (the sandbox's is 5328); credentials: MP_CLIENT_ID and MP_CLIENT_SECRET

connections:
  - id: warehouse-connection
    name: Warehouse connection
    service_provider: {provider} # snowflake, bigquery, redshift or databricks
    config: # the provider's settings, by the API's names; a secret is always {{env: NAME}}
"""
_NO_STAND_IN = "    # introspect: {local: warehouse.duckdb} # read a DuckDB file in place of the warehouse\n"


def _pipeline(start: Start, provider: Provider, today: date) -> str:
    moves = iterator(start.columns)
    first = (today.replace(day=1) + timedelta(days=62)).replace(day=1)
    if moves is None:
        sync = "    sync_mode: {type: full} # name an iterator_field, so that a run reads only what is new\n"
        schedule = "    schedule: {type: once}\n"
    else:
        kind = _DATA_TYPES.get(moves.type.kind, "timestamp")
        if provider is Provider.SNOWFLAKE and kind == "timestamp":
            kind = "timestamp_tz" if moves.type.kind is Kind.INSTANT else "timestamp_ntz"
        zone = "" if moves.type.kind is Kind.INSTANT else "\n      time_zone: UTC"
        field = moves.name if start.dbt_model or provider is not Provider.SNOWFLAKE else moves.name.upper()
        sync = (
            f"    sync_mode:\n      type: incremental\n      iterator_field: {json.dumps(field)}\n"
            f"      iterator_data_type: {kind}{zone}\n"
        )
        schedule = f"    schedule: {{type: interval, frequency: daily, start_time: {first}T03:05:00Z}}\n"
    name = json.dumps(f"{start.name.replace('_', ' ').capitalize()} pipeline", ensure_ascii=False)
    return (
        f"  - id: {start.slug}-pipeline\n    name: {name}\n    connection_id: warehouse-connection\n"
        f"    data_model_id: {start.slug}-model\n    partner_feed_key: {{env: MP_FEED_KEY}}\n"
        f"    environment: development\n{sync}{schedule}"
    )
