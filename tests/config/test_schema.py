from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from preflight.config import load
from preflight.config.nodes import parse
from preflight.config.schema import json_schema
from preflight.limits import profiles
from tests.config.projects import GOOD, Write, kinds, plain

GRAMMAR = {"unknown-key", "missing-key", "wrong-value", "invalid-id", "literal-secret", "v1-field"}
"""What a schema can tell, too."""


def test_the_schema_file_is_current() -> None:
    committed = Path(load.__code__.co_filename).with_name("schema.json").read_text("utf-8")
    assert json.loads(committed) == json_schema()


def test_the_schema_knows_the_profiles() -> None:
    assert json_schema()["properties"]["limits"]["anyOf"][0]["properties"]["profile"]["anyOf"][0]["enum"] == list(
        profiles()
    )


FEED = "partner_feed_key: {env: MP_FEED_KEY}"
START = "start_time: 2026-12-01T03:05:00Z"


@pytest.mark.parametrize(
    ("old", "new", "valid"),
    [
        ("version: 1\n", "version: 1\n", True),
        ("version: 1\n", "", False),
        ("version: 1\n", "version: '1'\n", False),
        ("workspace: 5328", "workspace: {id: 5328, client_secret: {env: S}}", True),
        ("workspace: 5328", "workspace: {client_secret: {env: S}}", False),
        ("workspace: 5328", "workspace: {id: a, client_secret: hunter2}", False),
        ("workspace: 5328", "workspace: {id: a, client_id: abc, routes: {triggers: /x}}", True),
        ("workspace: 5328", "workspace: 1.5", False),
        ("workspace: 5328", "workspace: ~", True),
        ("workspace: 5328", "workspace: ' '", False),
        ("environment: development", "environment: developmnt", False),
        ("environment: development", "enviroment: development", False),
        ("environment: development", "environment: ~", False),
        ("environment: development", "environment: development\n    state: paused", True),
        ("environment: development", "environment: development\n    state: draft", False),
        ("environment: development", "environment: development\n    is_active: true", False),
        ("environment: development", "environment: development\n    plan_id: p\n    plan_version: 1", True),
        ("environment: development", "environment: development\n    plan_version: 0", False),
        ("name: CRM connection", "name: 12", False),
        ("name: CRM connection", "name: ''", False),
        ("Snowflake", "SNOWFLAKE", True),
        ("Snowflake", "Oracle", False),
        ("{env: SNOWFLAKE_PASSWORD}", "hunter2", False),
        ("{env: SNOWFLAKE_PASSWORD}", "12", False),
        ("{env: SNOWFLAKE_PASSWORD}", "{env: 'hunter 2'}", False),
        ("{env: SNOWFLAKE_PASSWORD}", "{env: A, env_file: b}", False),
        ("{env: TOKEN}", "hunter2", False),
        ("database: CRM", "source_account_id: x", False),
        ("database: CRM", "options: [1, {a: [b]}, ~]", True),
        ("  - id: crm\n", "  - id: crm!\n", False),
        (FEED, "partner_feed_id: 7", True),
        (FEED, "partner_feed_id: 0", False),
        (FEED, "partner_feed_id: '7'", False),
        (FEED, "partner_feed_id: 99999999999999999", False),
        (FEED, f"partner_feed_id: 7\n    {FEED}", False),
        (FEED, "partner_feed_key: abc", False),
        (FEED, "plan_version: 1", False),
        ("frequency: daily, ", "", False),
        ("frequency: daily, ", "frequency: ~, ", False),
        ("type: interval, frequency: daily, ", "type: once, ", True),
        ("type: interval, frequency: daily, ", "type: on_demand, delay: 5, ", True),
        ("type: interval, frequency: daily, ", "type: on_demand, delay: 1.5, ", True),
        ("type: interval, frequency: daily, ", "type: on_demand, delay: 5m, ", True),
        ("type: interval, frequency: daily, ", "type: on_demand, delay: true, ", False),
        (START, "start_time: 2026-12-01T03:05:00.5+01:00", True),
        (START, "start_time: 2026-12-01T03:05:00", False),
        (START, "start_time: 2026-12-01T03:05Z", False),
        (START, "start_time: 2026-12-01", False),
        ("expires: 2027-03-31", "expires: null", False),
        ("expires: 2027-03-31", "expires: 31-03-2027", False),
        ("select-star: off", "select-star: maybe", False),
        ("local: w.duckdb", "local: {CRM: a.duckdb}", True),
        ("local: w.duckdb", "local: [a.duckdb]", False),
        ("timeout_seconds: 60", "timeout_seconds: 0", False),
        ("timeout_seconds: 60", "timeout_seconds: 60, private_key: abc", False),
        ("timeout_seconds: 60", "timeout_seconds: 60, schemas: [a, b]", True),
        ("source: A", "source: A, value: ''", True),
        ("source: A", "source: 1", False),
        ("mapping_type: column", "mapping_type: colunm", False),
        ("destination_type: event_batch", "destination_type: user", False),
        ("records_per_daily_interval", "records_per_dayly_interval", False),
        ("sql_file: models/contacts.sql", "sql_file: models/contacts.sql, sql_query: SELECT 1", False),
        ("sql_file: models/contacts.sql", "sql_file: ~", False),
        ("sql_file: models/contacts.sql", "sql_query: SELECT 1 AS a", True),
    ],
)  # fmt: skip
def test_schema_and_check_agree(project: Write, old: str, new: str, valid: bool) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert (not set(kinds(project(text))) & GRAMMAR) is valid, project(text).problems
    node, _ = parse(text)
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(plain(node)) is valid


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
