"""A project without a problem, for tests to break."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from preflight.config import Project
from preflight.config.nodes import Node, Scalar, Sequence

GOOD = """\
version: 1
workspace: 5328
limits:
  profile: docs-2025-02
  overrides:
    records_per_daily_interval: {value: 30000000, reason: contract C-118, expires: 2027-06-30}
connections:
  - id: crm
    name: CRM connection
    service_provider: Snowflake
    config: {database: CRM, password: {env: SNOWFLAKE_PASSWORD}, nested: {token: {env: TOKEN}}}
    introspect: {local: w.duckdb, timeout_seconds: 60, connection_name: dev}
data_models:
  - {id: contacts, name: Contacts model, type: sql, sql_file: models/contacts.sql}
  - id: inline
    name: Inline model
    type: sql
    sql_query: |
      SELECT 1 AS a,

        2 AS b
field_transformations:
  - id: events
    name: Events
    destination_type: event_batch
    mappings: [{mapping_type: column, source: A, destination: events.data.event_name}]
pipelines:
  - id: contacts-pipeline
    name: Contacts pipeline
    connection_id: crm
    data_model_id: contacts
    partner_feed_key: {env: MP_FEED_KEY}
    environment: development
    sync_mode: {type: incremental, iterator_field: UPDATED_AT, from: 2026-01-01T00:00:00+02:00}
    schedule: {type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z}
rules: {select-star: off}
waivers: [{rule: unqualified-table, pipeline: contacts-pipeline, owner: data, reason: fixed, expires: 2027-03-31}]
"""

Write = Callable[..., Project]
"""Writes the text as ``preflight.yml``, further files by path, and loads the project."""


def kinds(project: Project) -> list[str]:
    """The problems' kinds, in order."""
    return [problem.kind for problem in project.problems]


def plain(node: Node | None) -> Any:
    """What a node means, as Python's own values."""
    if node is None or isinstance(node, Scalar):
        return node.value if node else None
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, (_, value) in node.entries.items()}
