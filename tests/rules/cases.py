"""Reads the rules' case files and turns each case into a project on disk, which the engine then judges.

The form of a case is described in ``rules/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import yaml

from preflight.config import load
from preflight.engine import Options, check
from preflight.engine.baseline import Baseline
from preflight.finding import Finding, Report, State
from preflight.model import Access, Rehearsed, Remote, WorkspaceState
from preflight.report.rule_page import section
from preflight.rule import Rule
from preflight.source import FULL, Capability
from preflight_adapters.local import SUPPORT, LocalAdapter

ROOT = Path(__file__).parents[2] / "rules" / "cases"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
CONFIGS = {
    "snowflake": {
        "account_identifier": "xy98765",
        "region": "eu-central-1",
        "warehouse": "SYNC_WH",
        "database": "CRM",
        "role": "MPARTICLE_READER",
        "user": "MPARTICLE_SVC",
        "password": {"env": "SNOWFLAKE_PASSWORD"},
        "aws_iam_user_arn": "arn:aws:iam::111122223333:user/ext/stage-abc",
        "aws_external_id": "XY98765_SFCRole=2_exampleId=",
    },
    "bigquery": {
        "region": "europe-west3",
        "project_id": "crm",
        "dataset_id": "public",
        "service_account_id": "mparticle-sync",
        "service_account_key": {"env": "BIGQUERY_KEY"},
    },
    "redshift": {
        "host": "acme.abc123.eu-central-1.redshift.amazonaws.com",
        "database": "crm",
        "user": "mparticle_svc",
        "password": {"env": "REDSHIFT_PASSWORD"},
        "aws_iam_role_arn": "arn:aws:iam::111122223333:role/mparticle-unload",
    },
    "databricks": {"share": "crm-share"},
}
SQL = "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c"


class Loader(yaml.SafeLoader):
    """YAML with timestamps and dates left as text, as a project file reads them."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Case:
    """One case: what the project is, and what must come of it."""

    rule: str
    name: str
    keys: Mapping[str, Any]
    origin: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.name}"


def from_files() -> Iterator[Case]:
    """Every case of every file, in order."""
    for path in sorted(ROOT.glob("*/*.yml")):
        document = yaml.load(path.read_text("utf-8"), Loader)
        for entry in document["cases"]:
            origin = f"{path.parent.name}/{path.name}"
            for dialect in entry.get("dialects", ()):
                yield Case(document["rule"], f"{entry['name']} ({dialect})", {**entry, "dialect": dialect}, origin)
            if "dialects" not in entry:
                yield Case(document["rule"], entry["name"], entry, origin)


def from_docstring(rule: Rule) -> Iterator[Case]:
    """The docstring's Fails and Passes."""
    for heading, expect in (("Fails", "findings"), ("Passes", "pass")):
        text = section(rule, heading)
        keys = yaml.load(text, Loader) or {}
        yield Case(rule.name, f"docstring, {heading}", {"expect": expect, **keys}, "docstring")


def merge(base: Any, change: Any) -> Any:
    """``base`` with ``change`` laid over it, deep; null removes a key."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    merged = {key: value for key, value in base.items() if change.get(key, value) is not None}
    for key, value in change.items():
        if value is not None:
            merged[key] = merge(base.get(key), value)
    return merged


def write(case: Case, folder: Path) -> None:
    """Write the case's project into ``folder``."""
    keys = case.keys
    for name, text in keys.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes.fromhex(text["hex"]) if isinstance(text, dict) else text.encode())
    if warehouse := keys.get("warehouse"):
        _build(folder / "warehouse.duckdb", warehouse)
    if "project" in keys:
        (folder / "preflight.yml").write_text(keys["project"], "utf-8")
        return
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "model.sql").write_text(_sql(keys), "utf-8")
    text = yaml.safe_dump(_project(keys), sort_keys=False, allow_unicode=True)
    (folder / "preflight.yml").write_text(text, "utf-8")


def _sql(keys: Mapping[str, Any]) -> str:
    if depth := keys.get("nested"):
        return f"SELECT {'(' * depth}1{')' * depth} AS customer_id"
    text: str = keys.get("sql", SQL)
    if length := keys.get("long"):
        return text.ljust(length)
    return text


_built: dict[str, bytes] = {}
"""The stand-in files by the statements that build them."""


def _build(path: Path, statements: str) -> None:
    import duckdb

    if statements not in _built:
        with duckdb.connect(str(path)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(statements)
        _built[statements] = path.read_bytes()
    path.write_bytes(_built[statements])


def _project(keys: Mapping[str, Any]) -> dict[str, Any]:
    dialect = keys.get("dialect", "snowflake")
    connection = {
        "id": "warehouse",
        "name": "Warehouse connection",
        "service_provider": dialect,
        "config": CONFIGS[dialect],
    }
    if "warehouse" in keys:
        connection["introspect"] = {"local": "warehouse.duckdb"}
    pipeline = {
        "id": "pipeline",
        "name": "Pipeline",
        "connection_id": "warehouse",
        "data_model_id": "model",
        "partner_feed_id": 7,
        "environment": "development",
        "state": "active",
        "sync_mode": {
            "type": "incremental",
            "iterator_field": "updated_at",
            "iterator_data_type": "timestamp_ntz" if dialect == "snowflake" else "timestamp",
            "time_zone": "UTC",
        },
        "schedule": {"type": "interval", "frequency": "daily", "start_time": "2026-12-01T03:05:00Z"},
    }
    data_model = {"id": "model", "name": "A model", "type": "sql", "sql_file": "models/model.sql"}
    project: dict[str, Any] = {
        "version": 1,
        "workspace": 1,
        "connections": [merge(connection, keys.get("connection", {}))],
        "data_models": [merge(data_model, keys.get("data_model", {}))],
    }
    if "field_transformation" in keys:
        base = {"id": "transformation", "name": "Events", "destination_type": "event_batch", "mappings": []}
        project["field_transformations"] = [merge(base, keys["field_transformation"])]
        pipeline["field_transformation_id"] = "transformation"
    project["pipelines"] = [merge(pipeline, keys.get("pipeline", {}))]
    for name in ("second", "third"):
        if name in keys:
            project["pipelines"].append(deepcopy(merge(project["pipelines"][0], keys[name])))
    return merge(project, keys.get("top", {}))


def judge(case: Case, folder: Path) -> Report:
    """The report on the case's project."""
    write(case, folder)
    return judge_written(case, folder)


def judge_written(case: Case, folder: Path, select: tuple[str, ...] = ()) -> Report:
    """The report of these rules (of all, where none is named) on the case's project, which stands in ``folder``."""
    state = None
    if (workspace := case.keys.get("workspace")) is not None:
        unread = tuple(workspace.get("unread", ()))
        listed = {kind: bodies for kind, bodies in workspace.items() if kind != "unread"}
        remotes = {kind: tuple(Remote(body["id"], body) for body in bodies) for kind, bodies in listed.items()}
        state = WorkspaceState("https://api.mparticle.com/platform/v2/workspaces/1", **remotes, unread=unread)
    baseline = {"version": 1, "findings": case.keys.get("baseline", [])}
    options = Options(
        select=select, offline=case.keys.get("offline", False), baseline=msgspec.convert(baseline, Baseline)
    )
    answers = _answers(case)
    with patch.multiple(LocalAdapter, **answers) if answers else nullcontext():
        return check(load(folder), options, now=NOW, environ={}, read_workspace=(lambda: state) if state else None)


def examine(case: Case, report: Report) -> None:
    """Assert that the report says of the case's rule what the case expects."""
    assert not report.bugs, report.bugs[0].traceback
    expect = case.keys["expect"]
    for name, value in case.keys.get("measures", {}).items():
        assert _measures(case, report).get(name) == value, _measures(case, report)
    if expect == "findings":
        _examine_findings(case, report)
        return
    assert not report.select(case.rule), report.select(case.rule)
    found = states(report, case.rule)
    assert State(expect) in found, (found, _reasons(case, report))
    if expect == "pass":
        assert State.UNPROVEN not in found, _reasons(case, report)
    if says := case.keys.get("says"):
        assert any(says in reason for reason in _reasons(case, report))


def _measures(case: Case, report: Report) -> dict[str, int | float | str]:
    verdicts = (verdict for verdict in report.verdicts if verdict.name == case.rule)
    weighed = [measure for said in (*verdicts, *report.select(case.rule)) for measure in said.measures]
    return {measure.name: measure.value for measure in weighed}


def _reasons(case: Case, report: Report) -> list[str]:
    return [verdict.reason for verdict in report.verdicts if verdict.name == case.rule]


def _examine_findings(case: Case, report: Report) -> None:
    findings = report.select(case.rule)
    assert findings, (_reasons(case, report), [f.message for f in report.findings])
    if "count" in case.keys:
        assert len(findings) == case.keys["count"], [finding.message for finding in findings]
    finding = findings[0]
    assert finding.message.endswith("."), finding.message
    assert finding.remedy.endswith("."), finding.remedy
    if says := case.keys.get("says"):
        assert says in finding.message
    if helps := case.keys.get("helps"):
        assert helps in finding.remedy
    if marks := case.keys.get("marks"):
        assert _marked(finding, report) == marks
    for key, value in (("line", finding.span and finding.span.line), ("column", finding.span and finding.span.column)):
        if key in case.keys:
            assert value == case.keys[key]


def _marked(finding: Finding, report: Report) -> str:
    assert finding.span is not None
    return report.sources[finding.span.path].text[finding.span.start : finding.span.end]


def _answers(case: Case) -> dict[str, Any]:
    """What the stand-in says where a case gives it grants or refusals, which a file does not have."""
    answers: dict[str, Any] = {}
    support = dict(SUPPORT)
    if (given := case.keys.get("access")) is not None:
        access = msgspec.convert({"assumed": True, **given}, Access)
        answers["access"] = lambda self, ask: access
        support[Capability.ACCESS] = FULL
    if (given := case.keys.get("rehearsal")) is not None:
        rehearsed = msgspec.convert(given, tuple[Rehearsed, ...])
        answers["rehearse"] = lambda self, ask: rehearsed
        support[Capability.REHEARSE] = FULL
    return answers | {"support": support} if answers else {}


def states(report: Report, rule: str) -> set[State]:
    """How the rule ended, over every subject that it judged."""
    return {verdict.state for verdict in report.verdicts if verdict.name == rule}
