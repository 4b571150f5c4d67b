from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from preflight.config import load
from preflight.engine import Options, check, clear, exit_code
from preflight.engine.baseline import accept
from preflight.errors import PlanRefused, ProofMissing
from preflight.finding import Report, State
from tests.cli.command import PROJECT, project
from tests.rules.cases import NOW

TARGET = "http://127.0.0.1:1/platform/v2/workspaces/1"
IGNORED = "SELECT c.CUSTOMER_ID, c.UPDATED_AT\nFROM CONTACTS AS c -- preflight: ignore[unqualified-table] fixed path\n"


def judge(folder: Path, sql: str, text: str = PROJECT, *, now: datetime = NOW, **options: tuple[str, ...]) -> Report:
    return check(load(project(folder, sql, text)), Options(offline=True, **options), now=now, environ={})  # type: ignore[arg-type]


def test_a_suppressed_finding_stays_and_fails_no_check(tmp_path: Path) -> None:
    report = judge(tmp_path, IGNORED)
    [finding] = report.select("unqualified-table")
    assert finding.suppression is not None
    assert finding.suppression.reason == "fixed path"
    assert exit_code(report) == 0
    assert not report.passed


def test_it_opens_no_clearance(tmp_path: Path) -> None:
    report = judge(tmp_path, IGNORED)
    [verdict] = [verdict for verdict in report.verdicts if verdict.name == "unqualified-table"]
    assert verdict.state is State.FINDINGS
    with pytest.raises(PlanRefused, match="unqualified-table"):
        clear(report, TARGET)


def test_a_waiver_beside_it_still_does(tmp_path: Path) -> None:
    waiver = "waivers: [{rule: unqualified-table, owner: data, reason: none, expires: 2027-01-01}]\n"
    report = judge(tmp_path, IGNORED, PROJECT + waiver)
    with pytest.raises(ProofMissing):  # of the warehouse, which nobody asked; the rule itself no longer stands
        clear(report, TARGET)


def test_past_its_day_it_does_not_hold(tmp_path: Path) -> None:
    sql = IGNORED.replace("fixed path", "fixed path -- expires 2026-11-24")
    assert exit_code(judge(tmp_path, sql)) == 0
    later = judge(tmp_path, sql, now=datetime(2026, 11, 25, tzinfo=UTC))
    assert exit_code(later) == 1
    assert later.select("expired-suppression")


def test_in_yaml_it_covers_the_block_that_follows(tmp_path: Path) -> None:
    text = PROJECT.replace("  - id: warehouse\n", "  # preflight: ignore[PF030, PF034] so named\n  - id: warehouse\n")
    report = judge(tmp_path, "SELECT c.CUSTOMER_ID, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c", text)
    suppressed = {(f.name, f.subject.id): f.suppression is not None for f in report.findings}
    assert suppressed[("password-only-snowflake-login", "warehouse")]
    named = [f for f in report.select("name-without-its-kind") if f.span]
    assert [f.suppression is not None for f in named] == [True, False]


def test_sql_in_a_yaml_block_has_sql_comments(tmp_path: Path) -> None:
    block = "sql_query: |\n      " + IGNORED.replace("\n", "\n      ").rstrip()
    text = PROJECT.replace(
        "  - {id: model, name: Model, type: sql, sql_file: models/model.sql}",
        f"  - id: model\n    name: Model\n    type: sql\n    {block}",
    )
    [finding] = judge(tmp_path, "", text).select("unqualified-table")
    assert finding.suppression is not None
    assert finding.span is not None
    assert finding.suppression.place.path == "preflight.yml"


@pytest.mark.parametrize("options", [{"pipelines": ("contacts",)}, {"ignore": ("select-star",)}])
def test_what_was_not_judged_is_not_called_unused(tmp_path: Path, options: dict[str, tuple[str, ...]]) -> None:
    sql = "SELECT c.CUSTOMER_ID, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c -- preflight: ignore[select-star] soon"
    assert judge(tmp_path, sql).select("unused-suppression")
    report = judge(tmp_path, sql, **options)
    assert not report.select("unused-suppression")
    assert [v.state for v in report.verdicts if v.name == "unused-suppression"] == [State.UNPROVEN]


def test_what_says_otherwise_than_it_means_does_not_hold(tmp_path: Path) -> None:
    for comment in (
        "-- preflight: ignore[unqualified-table]",
        "/* preflight: ignore[unqualified-table] because */",
        "-- preflight: ignore[P] because",
        "-- preflight: ignore because",
    ):
        report = judge(tmp_path, f"SELECT c.CUSTOMER_ID, c.UPDATED_AT FROM CONTACTS AS c {comment}\n")
        assert report.select("unqualified-table")[0].suppression is None, comment
        assert exit_code(report) == 1


def test_a_baseline_opens_no_clearance(tmp_path: Path) -> None:
    sql = "SELECT c.CUSTOMER_ID, c.UPDATED_AT\nFROM CONTACTS AS c\n"
    baseline, marked = accept(judge(tmp_path, sql), ())
    report = check(load(tmp_path), Options(offline=True, baseline=baseline), now=NOW, environ={})
    assert exit_code(report) == exit_code(marked) == 0
    assert not report.passed
    with pytest.raises(PlanRefused, match="unqualified-table"):
        clear(report, TARGET)
