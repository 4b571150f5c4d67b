from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from .command import CLEAN, PROJECT, project, run

DDL = """
CREATE SCHEMA PUBLIC;
CREATE TABLE PUBLIC.CONTACTS AS SELECT i AS CUSTOMER_ID, 'c' || i || '@example.com' AS EMAIL, i * 2 AS TIER,
  'see ' || i AS NOTE, [i, 1] AS SIZES, 'x@example.com' AS OTHER_MAIL,
  TIMESTAMP '2026-01-01' AS UPDATED_AT, NULL AS CITY
FROM range(7, 12) AS r (i);
"""
USER_SQL = "SELECT c.* FROM CRM.PUBLIC.CONTACTS AS c\n"
EVENTS = PROJECT.replace("    data_model_id: model\n", "    data_model_id: model\n    field_transformation_id: ft\n")
LOCAL = "    introspect: {local: warehouse.duckdb}\n"


def with_stand_in(folder: Path, sql: str, text: str = PROJECT) -> Path:
    project(folder, sql, text.replace("    service_provider: snowflake\n", f"    service_provider: snowflake\n{LOCAL}"))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(DDL)
    return folder


def events(*mappings: dict[str, Any]) -> str:
    transformation = {"id": "ft", "name": "Events", "destination_type": "event_batch", "mappings": list(mappings)}
    return f"{EVENTS}field_transformations: [{json.dumps(transformation)}]\n"


def column(source: str, destination: str) -> dict[str, str]:
    return {"mapping_type": "column", "source": source, "destination": destination}


def static(value: str, destination: str) -> dict[str, str]:
    return {"mapping_type": "static", "value": value, "destination": destination}


GOOD = (
    static("custom_event", "events.event_type"),
    static("Seen", "$.events[0].data.event_name"),
    static("other", "events.data.custom_event_type"),
    column("CUSTOMER_ID", "user_identities.customer_id"),
    column("tier", "events.data.custom_attributes.tier"),
    {"mapping_type": "ignore", "source": "NOTE"},
)


def preview(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = run("preview", "contacts", "-o", "json", *arguments, cwd=folder)
    return done.returncode, json.loads(done.stdout)


def test_a_row_as_a_user_profile(tmp_path: Path) -> None:
    code, document = preview(with_stand_in(tmp_path, USER_SQL), "--show-values")
    assert code == 0
    assert document["rows_from"] == "stand-in"
    [batch] = document["batches"]
    assert batch["environment"] == "development"
    assert batch["user_identities"] == {"customer_id": "7", "email": "c7@example.com"}
    attributes = batch["user_attributes"]
    assert (attributes["TIER"], attributes["SIZES"], attributes["CITY"]) == (14, [7, 1], None)
    assert "UPDATED_AT" not in attributes


def test_identities_are_masked_unless_they_are_asked_for(tmp_path: Path) -> None:
    done = run("preview", "contacts", "--rows", "5", cwd=with_stand_in(tmp_path, USER_SQL))
    assert done.returncode == 0
    assert "@example.com" not in done.stdout + done.stderr
    assert '"customer_id": "***"' in done.stdout
    assert '"NOTE": "see 7"' in done.stdout
    assert "--show-values" in done.stdout


def test_rows_as_event_batches(tmp_path: Path) -> None:
    code, document = preview(with_stand_in(tmp_path, USER_SQL, events(*GOOD)), "--rows", "3", "--show-values")
    assert (code, document["problems"], len(document["batches"])) == (0, [], 3)
    assert document["batches"][0] == {
        "environment": "development",
        "events": [
            {
                "event_type": "custom_event",
                "data": {"event_name": "Seen", "custom_event_type": "other", "custom_attributes": {"tier": 14}},
            }
        ],
        "user_identities": {"customer_id": "7"},
    }


@pytest.mark.parametrize(
    ("mappings", "message"),
    [
        (GOOD[1:], "events.event_type is missing."),
        ((GOOD[0], *GOOD[2:]), "events.data.event_name is missing."),
        ((*GOOD, static("x", "events.data.nowhere")), "is no member of the event batch."),
        ((*GOOD, column("NOTE", "events.data.timestamp_unixtime_ms")), "must be of type integer."),
        ((*GOOD, column("NOWHERE", "events.data.canonical_name")), "puts out no column NOWHERE."),
        ((*GOOD, column("TIER", "events.data.event_id")), "is set by the platform."),
        ((GOOD[0], GOOD[1], static("sale", "events.data.custom_event_type")), "must be one of navigation"),
        ((*GOOD, column("NOTE", "events.data")), "is written whole by one mapping and in part by another."),
        ((*GOOD, column("NOTE", ".".join("a" * 500))), "is no member of the event batch."),
        ((static("commerce_event", "events.event_type"),), "exactly one of product_action"),
    ],
)
def test_what_the_schema_has_against_it_is_said(tmp_path: Path, mappings: Any, message: str) -> None:
    code, document = preview(with_stand_in(tmp_path, USER_SQL, events(*mappings)))
    assert code == 1
    assert any(message in problem["message"] for problem in document["problems"]), document["problems"]


def test_without_an_adapter_types_stand_in_place_of_values(tmp_path: Path) -> None:
    sql = "SELECT c.CUSTOMER_ID, CAST(c.T AS INT) AS TIER, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c"
    done = run("preview", "contacts", "--offline", cwd=project(tmp_path, sql))
    assert done.returncode == 0
    assert "types alone" in done.stdout
    assert '"TIER": "<INT>"' in done.stdout
    assert '"customer_id": "<unknown>"' in done.stdout
    assert "note: the run is offline, so Snowflake was not asked" in done.stderr


def test_a_star_without_an_adapter_says_what_is_not_known(tmp_path: Path) -> None:
    done = run("preview", "contacts", "--offline", cwd=project(tmp_path, "SELECT * FROM CRM.PUBLIC.CONTACTS"))
    assert "not all columns are known" in done.stderr


def test_a_broken_stand_in_is_an_environment_failure(tmp_path: Path) -> None:
    folder = with_stand_in(tmp_path, CLEAN)
    (folder / "warehouse.duckdb").write_bytes(b"no database")
    done = run("preview", "contacts", cwd=folder)
    assert done.returncode == 3
    assert "could not be opened" in done.stderr
    shutil.rmtree(folder / "models")
    assert run("preview", "contacts", cwd=folder).returncode == 2


@pytest.mark.parametrize("arguments", [("nobody",), ("contacts", "--rows", "0"), ("contacts", "-o", "sarif")])
def test_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run("preview", *arguments, cwd=project(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""


def test_sql_that_is_no_query_is_not_sent(tmp_path: Path) -> None:
    done = run("preview", "contacts", cwd=with_stand_in(tmp_path, "SELECT 1 AS CUSTOMER_ID; SELECT 2"))
    assert "so it was not sent" in done.stderr
    assert "types alone" in done.stdout
