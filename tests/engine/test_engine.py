from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import preflight
from preflight import registry
from preflight.config import load
from preflight.engine import Options, check, clear, exit_code
from preflight.errors import EnvironmentFailure, PlanRefused, ProofMissing, UsageError
from preflight.finding import Depth, Fault, Grade, Inapplicable, Outcome, Report, Severity, State, Unproven
from preflight.model import Remote, WorkspaceState
from preflight.rule import Context, Fact, Rule, rule
from tests.rules.cases import NOW, Case, write

DDL = (
    "CREATE SCHEMA public; CREATE TABLE public.contacts AS"
    " SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:00:00' AS updated_at FROM range(1, 4) AS r(i)"
)
TARGET = "http://127.0.0.1:1/platform/v2/workspaces/1"
EMPTY = WorkspaceState(TARGET, stand_in=True)

Run = Callable[..., Report]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The report on the base project of the rules' cases, with the given keys laid over it."""

    def judge(
        options: Options | None = None, *, state: WorkspaceState | None = EMPTY, now: datetime = NOW, **keys: Any
    ) -> Report:
        keys = {
            "warehouse": DDL,
            "sql": 'SELECT c.customer_id AS "customer_id", c.updated_at FROM crm.public.contacts AS c',
        } | keys
        for stale in tmp_path.glob("*.duckdb"):
            stale.unlink()
        write(Case("", "", {k: v for k, v in keys.items() if v is not None}, ""), tmp_path)
        return check(load(tmp_path), options, now=now, environ={}, read_workspace=(lambda: state) if state else None)

    return judge


def names(report: Report) -> set[str]:
    return {finding.name for finding in report.findings}


# -- verdicts and depth ------------------------------------------------------------------------------------------------


def test_a_clean_run_on_a_stand_in(run: Run) -> None:
    report = run(connection={"config": {"private_key": {"env": "SNOWFLAKE_KEY"}}})
    assert report.findings == ()
    assert report.unproven == ()
    assert report.passed
    assert report.depth is Depth.LOCAL
    assert report.weakest.stand_in
    assert exit_code(report) == 0
    assert [column.name for column in report.schemas["pipeline"].columns] == ["customer_id", "UPDATED_AT"]


def test_without_a_warehouse_nothing_that_needs_one_passes(run: Run) -> None:
    report = run(warehouse=None)
    assert report.depth is Depth.STATIC
    unproven = {verdict.name for verdict in report.unproven}
    assert {"window-over-record-limit", "missing-table", "object-column"} <= unproven
    assert not report.passed
    assert exit_code(report) == 0
    assert exit_code(report, require=("all",)) == 4
    assert exit_code(report, require=("PF4",)) == 4
    assert exit_code(report, require=("too-many-columns",)) == 0


def test_every_rule_has_a_verdict_for_every_subject_that_it_judges(run: Run) -> None:
    report = run()
    judged = {(verdict.code, verdict.subject) for verdict in report.verdicts}
    expected = {(r.code, s) for r in registry.rules() for s in report.subjects if r.scope.covers(s.kind)}
    assert judged == expected


def test_a_broken_pipeline_does_not_stop_the_others(run: Run) -> None:
    report = run(
        project="""\
version: 1
connections:
  - {id: w, name: W, service_provider: snowflake, config: {database: CRM}, introspect: {local: warehouse.duckdb}}
data_models: [{id: m, name: M, type: sql, sql_query: "SELECT c.customer_id, c.updated_at FROM crm.public.contacts c"}]
pipelines:
  - {id: bad, name: Bad, connection_id: w, data_model_id: m, partner_feed_id: 7, environment: nowhere}
  - id: good
    name: Good
    connection_id: w
    data_model_id: m
    partner_feed_id: 7
    environment: development
    sync_mode: {type: incremental, iterator_field: updated_at, iterator_data_type: timestamp_ntz, time_zone: UTC}
    schedule: {type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z}
"""
    )
    assert exit_code(report) == 2
    assert "wrong-value" in names(report)
    assert any(v.name == "window-over-record-limit" and v.state is State.PASS for v in report.verdicts)


def test_a_missing_stand_in_is_the_environments_fault(run: Run) -> None:
    report = run(warehouse=None, connection={"introspect": {"local": "absent.duckdb"}})
    assert [failure.subject for failure in report.failures] == ["connection warehouse"]
    assert "absent.duckdb" in report.failures[0].cause
    assert exit_code(report) == 3


def test_a_workspace_that_does_not_answer(run: Run, tmp_path: Path) -> None:
    run()

    def refuse() -> WorkspaceState:
        raise EnvironmentFailure("nobody answers", remedy="start it")

    report = check(load(tmp_path), now=NOW, environ={}, read_workspace=refuse)
    assert report.failures[0].remedy == "start it"
    assert exit_code(report) == 3


def test_a_model_that_no_pipeline_uses_is_judged_by_itself(run: Run) -> None:
    text = """\
version: 1
connections: [{id: w, name: W, service_provider: redshift, config: {host: h}}]
data_models: [{id: m, name: M, type: sql, sql_query: SELECT a FROM contacts;}]
"""
    report = run(project=text, warehouse=None)
    assert {"unqualified-table", "trailing-semicolon"} <= names(report)
    two = text.replace("data_models", "  #\ndata_models").replace(
        "connections: [", "connections: [{id: x, name: X, service_provider: bigquery, config: {region: eu}}, "
    )
    report = run(project=two, warehouse=None)
    assert any("which warehouse's SQL" in verdict.reason for verdict in report.unproven)


def test_an_empty_project_is_nothing_to_check(run: Run) -> None:
    assert exit_code(run(project="version: 1\n", warehouse=None)) == 5


def test_the_same_finding_of_two_pipelines_is_told_once(run: Run) -> None:
    second = {"id": "second", "name": "S", "connection_id": "warehouse", "data_model_id": "model", "partner_feed_id": 8}
    report = run(sql="SELECT c.customer_id, c.updated_at FROM contacts AS c", warehouse=None)
    assert len(report.select("unqualified-table")) == 1
    base = run(sql="SELECT c.customer_id, c.updated_at FROM contacts AS c", warehouse=None, top={"rules": {}})
    assert base.select("PF105")
    text = """\
version: 1
connections: [{id: warehouse, name: W, service_provider: snowflake, config: {database: CRM}}]
data_models: [{id: model, name: M, type: sql, sql_query: SELECT c.customer_id FROM contacts AS c}]
pipelines:
  - &no {}
""".replace("  - &no {}\n", "")
    for pipeline in ("first", second["id"]):
        text += f"""\
  - id: {pipeline}
    name: P
    connection_id: warehouse
    data_model_id: model
    partner_feed_id: 7
    environment: development
    sync_mode: {{type: full}}
    schedule: {{type: once}}
"""
    merged = run(project=text, warehouse=None).select("unqualified-table")
    assert len(merged) == 1
    assert [merged[0].subject.id, *(subject.id for subject in merged[0].also)] == ["first", "second"]


# -- settings, selection, waivers --------------------------------------------------------------------------------------

STAR = "SELECT c.* FROM crm.public.contacts AS c"


def test_a_severity_of_ones_own(run: Run) -> None:
    assert exit_code(run(sql=STAR)) == 0
    assert exit_code(run(sql=STAR), fail_on=Severity.WARNING) == 1
    assert exit_code(run(sql=STAR, top={"rules": {"select-star": "error"}})) == 1
    assert "select-star" not in names(run(sql=STAR, top={"rules": {"PF108": "off"}}))


def test_the_grammar_cannot_be_switched_off(run: Run) -> None:
    report = run(top={"rules": {"unknown-key": "off"}, "wavers": []})
    assert "unknown-key" in names(report)
    assert exit_code(report) == 2


def test_select_and_ignore(run: Run) -> None:
    report = run(Options(select=("PF1",)), sql=STAR)
    assert {verdict.code[:3] for verdict in report.verdicts} == {"PF0", "PF1", "PF9"}
    assert "select-star" not in names(run(Options(ignore=("select-star",)), sql=STAR))
    with pytest.raises(UsageError, match="no rule is called 'selct-star'") as error:
        run(Options(select=("selct-star",)))
    assert error.value.remedy == "write select-star"
    with pytest.raises(UsageError, match="no pipeline has the id 'pipelin'") as error:
        run(Options(pipelines=("pipelin",)))
    assert error.value.remedy == "write pipeline"


def test_a_waiver_covers_a_finding_until_its_day(run: Run) -> None:
    waiver = {"rule": "common-table-expression", "owner": "data", "reason": "tried", "expires": "2026-11-24"}
    sql = "WITH c AS (SELECT customer_id, updated_at FROM crm.public.contacts) SELECT c.* FROM c"
    report = run(sql=sql, top={"waivers": [waiver]})
    finding = report.select("common-table-expression")[0]
    assert finding.waiver is not None
    assert exit_code(report) == 0
    assert report.waivers[0].owner == "data"
    assert clear(report, TARGET).waivers == report.waivers
    later = run(sql=sql, top={"waivers": [waiver]}, now=datetime(2026, 11, 25, tzinfo=UTC))
    assert exit_code(later) == 1
    assert "expired-override" in names(later)


def test_a_waiver_for_another_pipeline_covers_nothing(run: Run) -> None:
    waiver = {"rule": "unqualified-table", "pipeline": "other", "owner": "d", "reason": "r", "expires": "2027-01-01"}
    report = run(sql="SELECT a.customer_id, a.updated_at FROM contacts AS a", top={"waivers": [waiver]})
    assert report.select("unqualified-table")[0].waiver is None


# -- the clearance -----------------------------------------------------------------------------------------------------


def test_a_clean_run_is_cleared_for_its_target_alone_and_on_loopback(run: Run) -> None:
    clearance = clear(run(), TARGET)
    assert clearance.target == TARGET
    assert clearance.pipelines == ("pipeline",)
    assert clearance.loopback_only


def test_an_error_that_stands_is_not_cleared(run: Run) -> None:
    with pytest.raises(PlanRefused, match="unqualified-table"):
        clear(run(sql="SELECT a.customer_id, a.updated_at FROM contacts AS a"), TARGET)


def test_what_is_unproven_is_not_cleared(run: Run) -> None:
    with pytest.raises(ProofMissing, match="window-over-record-limit"):
        clear(run(warehouse=None), TARGET)
    with pytest.raises(ProofMissing, match="too-many-active-pipelines"):
        clear(run(state=None), TARGET)


@pytest.mark.parametrize("setting", ["off", "warning", "info"])
def test_no_setting_opens_the_gate(run: Run, setting: str) -> None:
    bad = "SELECT a.customer_id, a.updated_at FROM contacts AS a"
    report = run(sql=bad, top={"rules": {"unqualified-table": setting, "missing-table": setting}})
    with pytest.raises((PlanRefused, ProofMissing)):
        clear(report, TARGET)


def test_a_selection_that_leaves_a_guard_out_is_not_cleared(run: Run) -> None:
    with pytest.raises(ProofMissing, match="did not run"):
        clear(run(Options(ignore=("PF40",))), TARGET)


def test_a_sixth_pipeline_is_not_cleared(run: Run) -> None:
    live = tuple(Remote(f"p{number}", {"state": "active"}) for number in range(5))
    with pytest.raises(PlanRefused, match="too-many-active-pipelines"):
        clear(run(state=WorkspaceState(TARGET, pipelines=live)), TARGET)


def test_only_the_engine_makes_a_clearance() -> None:
    root = Path(preflight.__file__).parents[1]
    makers: list[str] = []
    for path in [*root.glob("preflight/**/*.py"), *root.glob("adapters/preflight_adapters/**/*.py")]:
        calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
        names_ = [getattr(call.func, "id", getattr(call.func, "attr", "")) for call in calls]
        makers += [path.relative_to(root).as_posix()] * names_.count("Clearance")
    assert makers == ["preflight/engine/clearance.py"]


def test_the_digests_say_what_moved(run: Run) -> None:
    before = run().digests
    assert before.moved(run().digests) == ()
    assert before.moved(run(pipeline={"name": "Other"}).digests) == ("config",)
    assert before.moved(run(top={"limits": {"profile": "observed-2026-08"}}).digests) == ("limits",)
    changed = run(sql='SELECT c.customer_id AS "customer_id", c.updated_at FROM crm.public.contacts AS c -- x')
    assert before.moved(changed.digests) == ("sql",)
    wider = DDL.replace("i AS customer_id", "i::TEXT AS customer_id")
    assert before.moved(run(warehouse=wider).digests) == ("schema",)


# -- rules that misbehave ----------------------------------------------------------------------------------------------


def _with_rule(monkeypatch: pytest.MonkeyPatch, extra: Rule) -> None:
    ours = registry.rules()
    monkeypatch.setattr(registry, "rules", lambda plugins=(): (*ours, extra))


def test_a_rule_that_crashes_is_a_bug_and_the_run_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    @rule("XX001", Severity.ERROR)
    def crash(ctx: Context) -> Iterator[Outcome]:
        raise ZeroDivisionError

    _with_rule(monkeypatch, crash)
    report = run()
    assert [bug.rule for bug in report.bugs] == ["crash"]
    assert "ZeroDivisionError" in report.bugs[0].traceback
    assert exit_code(report) == 70
    assert any(v.name == "crash" and v.state is State.UNPROVEN for v in report.verdicts)
    assert any(v.name == "window-over-record-limit" and v.state is State.PASS for v in report.verdicts)
    with pytest.raises(ProofMissing):
        clear(report, TARGET)


def test_a_fact_that_was_not_declared_is_a_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    @rule("XX001", Severity.ERROR, uses={Fact.SCHEMA})
    def peek(ctx: Context) -> Iterator[Outcome]:
        ctx.histogram  # noqa: B018 - reading is the point
        yield from ()

    _with_rule(monkeypatch, peek)
    assert "without declaring it" in run().bugs[0].traceback


def test_findings_beat_unproven_and_unproven_beats_inapplicable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    @rule("XX001", Severity.WARNING)
    def several(ctx: Context) -> Iterator[Outcome]:
        yield Inapplicable("not here")
        yield Unproven("not known")
        if ctx.pipeline.name == "Wrong":
            yield Fault("It is wrong.", ctx.at("name"), "Mend it.")

    _with_rule(monkeypatch, several)
    ended = {v.name: v for v in run().verdicts}["several"]
    assert (ended.state, ended.reason) == (State.UNPROVEN, "not known")
    report = run(pipeline={"name": "Wrong"})
    assert {v.name: v for v in report.verdicts}["several"].state is State.FINDINGS
    span = report.select("several")[0].span
    assert span is not None
    assert report.sources[span.path].text[span.start : span.end] == "Wrong"


def test_the_weakest_basis_is_the_lowest_grade_and_any_stand_in(run: Run) -> None:
    report = run()
    assert report.weakest.grade is Grade.METADATA
    replaced = msgspec.structs.replace(report.weakest, stand_in=False)
    assert replaced != report.weakest
