"""A whole project over each engine's test server, through the command line: what a user with that warehouse sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from preflight.config import EnvRef, load
from preflight.engine import check
from preflight.finding import Report
from servers.stand import Server
from tests.cli.command import Done, environment, run
from tests.rules.cases import CONFIGS
from tests.warehouses.opened import Opened

SCANS = ("histogram", "profile")
TYPES = {
    "snowflake": "timestamp_ntz",
    "bigquery": "datetime",
    "redshift": "timestamp",
    "databricks": "timestamp_ntz",
}
"""What a zone-less time is called as ``iterator_data_type``."""


def plain(value: Any) -> Any:
    """A connection's value as YAML writes it."""
    if isinstance(value, EnvRef):
        return {"env": value.env}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


def pipeline(server: Server, name: str, iterator: str, kind: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "connection_id": "w",
        "data_model_id": name,
        "partner_feed_id": 7,
        "environment": "development",
        "sync_mode": {
            "type": "incremental",
            "iterator_field": server.stored(iterator),
            "iterator_data_type": kind,
            "time_zone": "UTC",
        },
        "schedule": {"type": "interval", "frequency": "daily", "start_time": "2026-12-01T03:05:00Z"},
    }


def written(opened: Opened, models: Mapping[str, str], **introspect: object) -> Path:
    """A project whose pipelines are named like their data models."""
    server = opened.server
    connection = server.connection(**introspect)
    read = connection.introspect
    caps = {"timeout_seconds": read.timeout_seconds, "local": read.local}
    folder = opened.folder
    document = {
        "version": 1,
        "connections": [
            {
                "id": "w",
                "name": "W",
                "service_provider": connection.service_provider.value,
                "config": CONFIGS[connection.service_provider.value] | plain(connection.config),
                "introspect": {k: v for k, v in caps.items() if v} | plain(read.options),
            }
        ],
        "data_models": [{"id": name, "name": name, "type": "sql", "sql_query": sql} for name, sql in models.items()],
        "pipelines": [pipeline(server, name, "updated_at", TYPES[server.dialect]) for name in models],
    }
    (folder / "preflight.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def people(server: Server) -> str:
    return f"SELECT p.customer_id, p.email, p.updated_at FROM {server.name('people')} AS p"


def checked(opened: Opened, *arguments: str, **variables: str) -> Done:
    return run("check", opened.folder, *arguments, env=environment(**{**opened.server.environ, **variables}))


def judged(opened: Opened) -> Report:
    return check(load(opened.folder), environ=opened.server.environ)


def test_a_sound_project_is_proven(opened: Opened) -> None:
    written(opened, {"people": people(opened.server)})
    report = judged(opened)
    assert not report.failures
    assert not [finding for finding in report.findings if finding.severity.value == "error"]
    assert not [verdict for verdict in report.unproven if verdict.gating and verdict.code.startswith(("PF1", "PF4"))]


def test_a_pipeline_scans_twice_and_compiles_four_times(opened: Opened) -> None:
    written(opened, {"people": people(opened.server)})
    opened.server.forget()
    statements = judged(opened).statements
    purposes = Counter(one.purpose for one in statements)
    assert {name: purposes[name] for name in SCANS} == {"histogram": 1, "profile": 1}
    assert sum(count for name, count in purposes.items() if name.startswith(("describe", "rehears"))) <= 4
    arrived = Counter(" ".join(text.split()) for text in opened.server.arrived())
    if opened.server.engine != "local":  # a file has no wire
        scans = [" ".join(one.text.split()) for one in statements if one.purpose in SCANS]
        assert {arrived[text] for text in scans} <= {1, 2}, "a dry run and the scan itself, at most"
        assert all(arrived[text] for text in scans)


def test_a_broken_query_leaves_the_other_pipeline_proven(opened: Opened) -> None:
    server = opened.server
    broken = f"SELECT n.customer_id, n.updated_at FROM {server.name('no_such_table')} AS n"
    written(opened, {"people": people(server), "broken": broken})
    report = judged(opened)
    assert not report.failures
    assert {finding.subject.id for finding in report.findings if finding.severity.value == "error"} == {"broken"}


def test_a_wrong_secret_is_one_failure_that_names_the_connection(opened: Opened) -> None:
    written(opened, {"people": people(opened.server), "again": people(opened.server)})
    wrong = dict.fromkeys(opened.server.environ, "canary-wrong-secret")
    done = checked(opened, **wrong)
    assert done.returncode == 3
    assert "connection w" in done.stdout
    assert "canary" not in done.stdout + done.stderr


def test_no_secret_is_in_any_output(opened: Opened) -> None:
    written(opened, {"people": people(opened.server)})
    outputs = [part for name in ("text", "json") for part in ("-o", f"{name}:{opened.folder / name}")]
    done = checked(opened, "--show-queries", *outputs)
    said = done.stdout + done.stderr + "".join((opened.folder / name).read_text() for name in ("text", "json"))
    assert not [secret for secret in opened.server.environ.values() if secret in said]
