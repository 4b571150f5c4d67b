"""The shop over four warehouses has no finding that is not true, and its mistakes are all found where they stand."""

from __future__ import annotations

import json
import runpy
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from preflight.config import load
from preflight.engine import check
from preflight.finding import Depth, Report
from preflight.model import Remote, WorkspaceState
from preflight.workspace.target import target

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop"
BROKEN = {
    ("malformed-arn", "broken.yml:40"),
    ("unknown-destination", "broken.yml:69"),
    ("mapping-source-missing-from-output", "broken.yml:79"),
    ("event-time-in-wrong-unit", "broken.yml:81"),
    ("unplanned-event", "broken.yml:102"),
    ("feed-for-two-kinds", "broken.yml:113"),
    ("attribute-written-twice", "broken.yml:121"),
    ("undocumented-iterator-type", "broken.yml:126"),
    ("misspelt-identity", "models/broken/customers.sql:2"),
    ("unplanned-attribute", "models/broken/customers.sql:2"),
    ("unknown-reserved-attribute", "models/broken/customers.sql:4"),
    ("unplanned-attribute", "models/broken/customers.sql:4"),
    ("top-level-order-by", "models/broken/customers.sql:9"),
    ("alias-in-string-quotes", "models/broken/loyalty.sql:4"),
    ("iterator-from-the-clock", "models/broken/loyalty.sql:5"),
    ("partly-qualified-table", "models/broken/loyalty.sql:6"),
    ("clause-not-on-the-supported-list", "models/broken/orders.sql:9"),
    ("top-level-limit", "models/broken/orders.sql:9"),
    ("unmapped-column", "models/broken/views.sql:4"),
}
"""Each planted mistake with its rule and line; one mistake may be seen by two rules."""
TRUE = {"password-only-snowflake-login", "unverified-databricks-config"}


@pytest.fixture(scope="module", params=["2024-02-29", "2026-11-24", "2035-06-01"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime]:
    """The example in a folder of its own, with rows up to a day, and that day's end."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.duckdb*"))
    day = datetime.fromisoformat(request.param).replace(tzinfo=UTC)
    runpy.run_path(str(folder / "load.py"))["build"](folder, day.date())
    return folder, day.replace(hour=12)


def _workspace(folder: Path) -> WorkspaceState:
    plan = load(folder).data_plans[0]
    return WorkspaceState(
        target(load(folder).workspace, {}).name, data_plans=(Remote("shop/versions/2", json.loads(plan.text)),)
    )


def _found(report: Report) -> set[tuple[str, str]]:
    return {
        (finding.name, f"{finding.span.path}:{finding.span.line}" if finding.span else "")
        for finding in report.findings
        if finding.name not in TRUE
    }


def test_the_shop_has_no_finding_that_is_not_true(shop: tuple[Path, datetime]) -> None:
    folder, now = shop
    report = check(load(folder), now=now, environ={}, read_workspace=lambda: _workspace(folder))
    assert report.depth is Depth.LOCAL
    assert {finding.name for finding in report.findings} == TRUE
    assert not [verdict for verdict in report.unproven if verdict.gating]
    assert report.passed


def test_every_planted_mistake_is_found_at_its_line(shop: tuple[Path, datetime]) -> None:
    folder, now = shop
    report = check(load(folder / "broken.yml"), now=now, environ={}, read_workspace=lambda: _workspace(folder))
    found = _found(report)
    assert found >= BROKEN
    assert {name for name, _ in found - BROKEN} <= {"future-iterator-values"}, found - BROKEN
    assert not report.passed
