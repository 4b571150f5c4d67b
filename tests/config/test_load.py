from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from preflight.config import EnvRef, load
from preflight.errors import UsageError
from preflight.location import Route
from tests.config.projects import GOOD, Write, kinds


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
        ("  - id: inline\n", "  - id: in line\n", "invalid-id", "'in line'", ""),
        ("  - id: inline\n", "  - id: 12\n", "wrong-value", "is a number", 'Put it in quotes: "12".'),
        ("type: sql, sql_file", "type: sql, sql_fil", "unknown-key", "sql_fil", "Write sql_file."),
        ("service_provider: Snowflake", "type: snowflake", "v1-field", "type", "Write `service_provider`."),
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
        ("rules: {select-star: off}", "rules: [select-star]", "wrong-value", "must be a mapping", ""),
        ("rules: {select-star: off}", "plugins: mine", "wrong-value", "must be a list", ""),
        ("rules: {select-star: off}", "plugins: [~]", "wrong-value", "is empty", ""),
    ],
)
def test_one_mistake_is_one_problem_in_its_place(
    project: Write, old: str, new: str, kind: str, says: str, remedy: str
) -> None:
    assert GOOD.count(old) >= 1
    read = project(GOOD.replace(old, new, 1))
    assert kinds(read) == [kind], read.problems
    problem = read.problems[0]
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


def test_a_thousand_pipelines_are_read_in_less_than_three_seconds(project: Write) -> None:
    pipeline = GOOD[GOOD.index("  - id: contacts-pipeline") : GOOD.index("rules:")]
    many = "".join(pipeline.replace("contacts-pipeline", f"pipeline-{index}") for index in range(1000))
    text = GOOD.replace("rules:", many + "rules:")
    begin = time.process_time()
    read = project(text)
    assert time.process_time() - begin < 3
    assert (len(read.pipelines), read.problems) == (1001, ())


@pytest.mark.parametrize(
    "text",
    [
        GOOD[: GOOD.index("  - id: contacts-pipeline")]
        + "".join(f"  - {{id: p{index}, connection_id: c{index}, data_model_id: m{index}}}\n" for index in range(3000)),
        "version: 1\n" + "".join(f"key{index}: 1\n" for index in range(10_000)),
        "version: 1\n" + "version: 1\n" * 10_000,
        "version: 1\nplugins:\n" + "  - {password: x}\n" * 10_000,
    ],
    ids=["references", "unknown keys", "duplicate keys", "secrets"],
)
def test_thousands_of_problems_are_found_in_less_than_three_seconds(project: Write, text: str) -> None:
    begin = time.process_time()
    assert len(project(text).problems) >= 6000
    assert time.process_time() - begin < 3
