from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.config import EnvRef, Project, load
from preflight.config.schema import json_schema
from preflight.errors import UsageError
from preflight.limits import profiles
from preflight.location import Route

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


@pytest.fixture
def project(tmp_path: Path) -> Write:
    def write(text: str = GOOD, **files: str | bytes) -> Project:
        (tmp_path / "models").mkdir(exist_ok=True)
        (tmp_path / "models" / "contacts.sql").write_text("SELECT 1 AS a")
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (tmp_path / "preflight.yml").write_bytes(text.encode())
        return load(tmp_path)

    return write


def kinds(project: Project) -> list[str]:
    return [problem.kind for problem in project.problems]


def test_a_whole_project(project: Write) -> None:
    read = project()
    assert read.problems == ()
    connection = read.connections[0]
    assert connection.service_provider.value == "snowflake"
    assert connection.config["password"] == EnvRef("SNOWFLAKE_PASSWORD")
    assert connection.introspect.options == {"connection_name": "dev"}
    assert connection.introspect.timeout_seconds == 60
    assert read.pipelines[0].sync_mode.from_ == datetime(2025, 12, 31, 22, tzinfo=UTC)
    assert read.data_models[0].sql_file == "models/contacts.sql"
    assert read.workspace is not None
    assert read.workspace.id == "5328"
    assert read.limits.overrides["records_per_daily_interval"].value == 30_000_000
    assert read.rules == {"select-star": "off"}


@pytest.mark.parametrize(
    ("old", "new", "kind", "says", "remedy"),
    [
        ("environment: development", "environment: developmnt", "wrong-value", "'developmnt'", "Write development."),
        ("environment: development", "enviroment: development", "unknown-key", "enviroment", "Write environment."),
        ("name: CRM connection", "name: 12", "wrong-value", "is a number", 'Put it in quotes: "12".'),
        ("name: CRM connection", "name: true", "wrong-value", "truth value", 'Put it in quotes: "true".'),
        ("name: CRM connection", "name: ' '", "wrong-value", "blank", ""),
        ("Snowflake", "Snowflak", "wrong-value", "'Snowflak'", "Write snowflake."),
        ("frequency: daily", "frequency: daly", "wrong-value", "'daly'", "Write daily."),
        ("T03:05:00Z", "T03:05:00", "wrong-value", "without a zone", "Write 2026-12-01T03:05:00Z if it is UTC."),
        ("T03:05:00Z", "T33:05:00Z", "wrong-value", "must be a time", ""),
        ("{env: SNOWFLAKE_PASSWORD}", "hunter2", "literal-secret", "config.password", ""),
        ("{env: TOKEN}", "hunter2", "literal-secret", "nested.token", ""),
        ("partner_feed_key: {env: MP_FEED_KEY}", "partner_feed_key: abc", "literal-secret", "partner_feed_key", ""),
        ("partner_feed_key: {env: MP_FEED_KEY}", "plan_version: 1", "missing-key", "neither partner_feed_id", ""),
        ("connection_id: crm", "connection_id: crn", "unresolved-reference", "the id crn", "Write crm."),
        ("  - id: crm\n", "  - id: crm x\n", "invalid-id", "'crm x'", ""),
        ("environment: development", "environment: development\n    is_active: true", "v1-field", "is_active", ""),
        ("models/contacts.sql", "models/absent.sql", "unreadable-file", "There is no file models/absent.sql", ""),
        ("models/contacts.sql", "../secret.sql", "unreadable-file", "outside", ""),
        ("models/contacts.sql", "/etc/passwd", "unreadable-file", "outside", ""),
        ("profile: docs-2025-02", "profile: docs-2025", "wrong-value", "docs-2025", "Write docs-2025-02."),
        ("records_per_daily_interval", "records_per_dayly_interval", "unknown-key", "dayly", ""),
        ("value: 30000000", "value: 0", "wrong-value", "at least 1", ""),
        ("reason: contract C-118, ", "", "missing-key", "has no reason", ""),
        ("expires: 2027-06-30", "expires: 2027-06-31", "wrong-value", "must be a day", ""),
        ("version: 1", "version: 2", "wrong-value", "this preflight reads 1", ""),
        ("version: 1\n", "", "missing-key", "no version", ""),
        ("select-star: off", "select-star: maybe", "wrong-value", "'maybe'", ""),
        ("pipeline: contacts-pipeline", "pipeline: contact-pipeline", "unresolved-reference", "contact-pipeline", ""),
        ("type: sql, sql_file", "type: sqll, sql_file", "wrong-value", "'sqll'", "Write sql."),
        ("pipelines:\n", "pipelines: {}\nrest:\n", "wrong-value", "must be a list", ""),
    ],
)
def test_one_mistake_is_one_problem_in_its_place(
    project: Write, old: str, new: str, kind: str, says: str, remedy: str
) -> None:
    assert GOOD.count(old) >= 1
    read = project(GOOD.replace(old, new, 1))
    found = [problem for problem in read.problems if problem.kind == kind]
    assert found, read.problems
    problem = found[0]
    assert says in problem.message
    assert problem.span is not None
    assert problem.remedy.endswith(".") or problem.remedy.endswith('"12".')
    if remedy:
        assert problem.remedy == remedy


def test_every_problem_is_reported_and_the_other_resources_go_on(project: Write) -> None:
    text = GOOD.replace("development", "dev").replace("Snowflake", "Oracle").replace("mapping_type: column", "x: y")
    read = project(text)
    assert kinds(read).count("wrong-value") == 2
    assert "unknown-key" in kinds(read)
    assert {
        ("connections", "crm"),
        ("pipelines", "contacts-pipeline"),
        ("field_transformations", "events"),
    } <= read.broken
    assert [model.id for model in read.data_models] == ["contacts", "inline"]
    assert "unresolved-reference" not in kinds(read)


def test_a_secret_that_is_written_out_is_shown_nowhere(project: Write) -> None:
    read = project(GOOD.replace("{env: SNOWFLAKE_PASSWORD}", "hunter2-canary"))
    shown = repr([(p.message, p.remedy) for p in read.problems]) + repr(read)
    shown += "".join(source.text for source in read.sources.values())
    assert "hunter2-canary" not in shown


def test_every_offset_of_a_literal_block_maps_to_its_own_character(project: Write) -> None:
    read = project()
    model = read.data_model("inline")
    assert model is not None
    text = model.sql.text
    for offset, char in enumerate(text):
        span = model.sql.span(offset, offset + 1)
        if char != "\n":
            assert read.sources["preflight.yml"].text[span.start : span.end] == char


def test_a_folded_scalar_has_one_place_for_all(project: Write) -> None:
    read = project(
        GOOD.replace(
            "sql_query: |\n      SELECT 1 AS a,\n\n        2 AS b", "sql_query: >\n      SELECT 1 AS a,\n      2 AS b"
        )
    )
    model = read.data_model("inline")
    assert model is not None
    assert model.sql.span(0, 3) == model.sql.span(8, 10)


def test_places_fall_back_from_value_to_key_to_id(project: Write) -> None:
    read = project()

    def at(*keys: str | int) -> str:
        span = read.locate(Route("pipelines", "contacts-pipeline", keys))
        assert span is not None
        return read.sources[span.path].text[span.start : span.end]

    assert at("schedule", "frequency") == "daily"
    assert at("schedule") == "schedule"
    assert at("schedule", "end_time") == "schedule"
    assert at("plan_id") == "contacts-pipeline"
    assert read.locate(Route("pipelines", "nobody")) is None
    rules = read.locate(Route("", "", ("rules", "select-star")))
    assert rules is not None
    assert rules.line == GOOD[: GOOD.index("select-star")].count("\n") + 1


def test_included_files_hold_lists_and_nothing_else(project: Write) -> None:
    model = "data_models: [{id: more, name: More, type: sql, sql_file: ../models/contacts.sql}]\n"
    read = project(GOOD + "include: [parts/*.yml]\n", **{"parts/a.yml": model, "parts/b.yml": "rules: {}\n"})
    assert read.data_model("more") is not None
    assert kinds(read) == ["unknown-key"]
    assert read.problems[0].span is not None
    assert read.problems[0].span.path == "parts/b.yml"


def test_an_id_that_is_used_in_two_files(project: Write) -> None:
    model = "data_models: [{id: contacts, name: More, type: sql, sql_query: SELECT 1 AS a}]\n"
    read = project(GOOD + "include: [a.yml]\n", **{"a.yml": model})
    assert kinds(read) == ["duplicate-id"]
    assert "preflight.yml:14" in read.problems[0].message


@pytest.mark.parametrize("pattern", ["absent/*.yml", "../*.yml", "/etc/*.yml", "[", ""])
def test_an_include_that_brings_nothing(project: Write, pattern: str) -> None:
    assert set(kinds(project(GOOD + f"include: ['{pattern}']\n"))) <= {"unreadable-file", "wrong-value"}
    assert project(GOOD + f"include: ['{pattern}']\n").problems


def test_a_link_that_leads_out_of_the_folder(project: Write, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.sql"
    outside.write_text("SELECT 1 AS a")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "linked.sql").symlink_to(outside)
    read = project(GOOD.replace("models/contacts.sql", "models/linked.sql"))
    assert kinds(read) == ["unreadable-file"]


def test_sql_that_is_no_utf8(project: Write) -> None:
    read = project(GOOD.replace("models/contacts.sql", "m.sql"), **{"m.sql": b"SELECT 1\nAS \xff"})
    assert kinds(read) == ["unreadable-file"]
    span = read.problems[0].span
    assert span is not None
    assert (span.path, span.line, span.column) == ("m.sql", 2, 4)


def test_a_byte_order_mark_is_taken_off(project: Write) -> None:
    assert project("\ufeff" + GOOD).problems == ()


def test_an_empty_project_file(project: Write) -> None:
    assert kinds(project("")) == ["missing-key"]
    assert kinds(project("- a\n")) == ["wrong-value"]


def test_no_project_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no project file"):
        load(tmp_path)
    with pytest.raises(UsageError):
        load(tmp_path / "absent.yml")


def test_the_schema_file_is_current() -> None:
    committed = Path(load.__code__.co_filename).with_name("schema.json").read_text("utf-8")
    assert json.loads(committed) == json_schema()


def test_the_schema_knows_the_profiles() -> None:
    assert json_schema()["properties"]["limits"]["anyOf"][0]["properties"]["profile"]["anyOf"][0]["enum"] == list(
        profiles()
    )


class _Text(yaml.SafeLoader):
    """YAML with dates, times and words such as ``off`` left as text."""


_Text.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag.rpartition(":")[2] in ("int", "float", "null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize(
    ("old", "new", "valid"),
    [
        ("", "", True),
        ("environment: development", "environment: developmnt", False),
        ("environment: development", "enviroment: development", False),
        ("name: CRM connection", "name: 12", False),
        ("Snowflake", "SNOWFLAKE", True),
        ("Snowflake", "Oracle", False),
        ("partner_feed_key: {env: MP_FEED_KEY}", "partner_feed_id: 7", True),
        ("partner_feed_key: {env: MP_FEED_KEY}", "partner_feed_id: 0", False),
        ("partner_feed_key: {env: MP_FEED_KEY}", "plan_version: 1", False),
        ("version: 1\n", "", False),
        ("expires: 2027-03-31", "expires: null", False),
        ("workspace: 5328", "workspace: {id: 5328, client_secret: {env: S}}", True),
        ("workspace: 5328", "workspace: {client_secret: {env: S}}", False),
        ("local: w.duckdb", "local: {CRM: a.duckdb}", True),
        ("  - id: crm\n", "  - id: crm!\n", False),
    ],
)
def test_schema_and_check_agree(project: Write, old: str, new: str, valid: bool) -> None:
    text = GOOD.replace(old, new, 1) if old else GOOD
    grammar = {"unknown-key", "missing-key", "wrong-value", "invalid-id"}
    assert (not set(kinds(project(text))) & grammar) is valid
    document: Any = yaml.load(text, _Text)
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(document) is valid


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_mutation_is_answered(tmp_path: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    put = data.draw(st.text("ab:{}[]-#'\"\n ,&*|>0", max_size=12))
    (tmp_path / "preflight.yml").write_text(GOOD[:start] + put + GOOD[end:], "utf-8")
    read = load(tmp_path)
    for problem in read.problems:
        assert problem.message
        assert problem.span is None or problem.span.line >= 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_are_answered(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "preflight.yml").write_bytes(content)
    load(tmp_path)
