"""The pytest plugin as pytest runs it: what is collected, and what each verdict becomes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import duckdb  # noqa: F401 - it cannot be loaded twice
import pytest

import preflight
import preflight_adapters.local
import preflight_rules
from tests.cli.command import BROKEN, CLEAN, PROJECT, environment, project

pytest_plugins = ["pytester"]

# pytester forgets the modules that a run in this process imports; ours are imported here, so that none exists twice.
for package in (preflight, preflight_rules, preflight_adapters.local):
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)

INI = "[pytest]\naddopts = -p preflight.pytest_plugin\n"
OFFLINE = ("--preflight", "--preflight-offline")
ALLOW = "--preflight-allow-unproven"


@pytest.fixture
def here(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A pytester that loads no installed plugin but ours, by its module; in a process of its own it finds us too."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.delenv("MP_CLIENT_ID", raising=False)
    pytester.makeini(INI)
    return pytester


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Each item's outcome by what stands behind the file's name."""
    found = {}
    for line in result.outlines:
        if "preflight.yml::" in line and "%]" in line:
            name, outcome = line.split("preflight.yml::")[1].split()[:2]
            found[name] = outcome
    return found


def test_nothing_is_collected_unless_it_is_asked_for(here: pytest.Pytester) -> None:
    project(here.path)
    here.makepyfile("def test_one(): pass")
    here.runpytest().assert_outcomes(passed=1)


def test_each_verdict_has_an_outcome_and_unproven_is_no_pass(here: pytest.Pytester) -> None:
    project(here.path, BROKEN)
    result = here.runpytest(*OFFLINE, "-v")
    found = outcomes(result)
    assert found["contacts::PF107-trailing-semicolon"] == "FAILED"
    assert found["contacts::PF104-common-table-expression"] == "PASSED"
    assert found["contacts::PF401-window-over-record-limit"] == "FAILED"
    assert found["contacts::PF501-mapping-source-missing-from-output"] == "SKIPPED"
    assert found["contacts::PF105-unqualified-table"] == "PASSED"
    result.stdout.fnmatch_lines(["error[[]PF107[]] trailing-semicolon: *", " --> models/model.sql:1:65"])
    result.stdout.fnmatch_lines(["unproven: window-over-record-limit", "  because the run is offline*"])
    assert result.ret == 1
    assert "Traceback" not in result.stdout.str()


def test_unproven_may_be_allowed_and_is_still_no_pass(here: pytest.Pytester) -> None:
    project(here.path)
    result = here.runpytest(*OFFLINE, ALLOW, "-v", "-rx")
    assert result.ret == 0
    assert outcomes(result)["contacts::PF401-window-over-record-limit"] == "XFAIL"
    result.stdout.fnmatch_lines(["XFAIL *PF401* - unproven: the run is offline*"])


def test_an_item_is_selected_by_its_id_its_name_and_its_marker(here: pytest.Pytester) -> None:
    project(here.path)
    here.makepyfile("def test_one(): pass")
    by_id = here.runpytest(*OFFLINE, "preflight.yml::contacts::PF104-common-table-expression")
    by_id.assert_outcomes(passed=1)
    by_name = here.runpytest(*OFFLINE, "-k", "contacts and PF104")
    assert by_name.parseoutcomes()["passed"] == 1
    by_marker = here.runpytest(*OFFLINE, ALLOW, "-m", "preflight")
    assert by_marker.parseoutcomes()["deselected"] == 1


def test_the_place_is_the_subjects_line_in_the_project_file(here: pytest.Pytester) -> None:
    project(here.path)
    items, _ = here.inline_genitems("--preflight")
    item = next(item for item in items if item.name.startswith("PF104"))
    line = PROJECT.splitlines().index("  - id: contacts")
    assert item.reportinfo() == (here.path / "preflight.yml", line, "pipeline contacts: PF104-common-table-expression")


def test_a_waived_finding_is_an_expected_failure(here: pytest.Pytester) -> None:
    waivers = "waivers: [{rule: trailing-semicolon, owner: me, reason: a test, expires: 2999-01-01}]\n"
    project(here.path, BROKEN, PROJECT + waivers)
    result = here.runpytest(*OFFLINE, "-rx", "-k", "PF107")
    result.assert_outcomes(xfailed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["*waived until 2999-01-01 by me: a test"])


def test_a_warning_does_not_fail_but_is_shown(here: pytest.Pytester) -> None:
    project(here.path, BROKEN, PROJECT + "rules: {trailing-semicolon: warning}\n")
    result = here.runpytest(*OFFLINE, "-rP", "-k", "PF107")
    assert result.parseoutcomes()["passed"] == 1
    result.stdout.fnmatch_lines(["warning[[]PF107[]] trailing-semicolon: *"])


def test_a_broken_project_fails_with_its_problem(here: pytest.Pytester) -> None:
    project(here.path, CLEAN, PROJECT.replace("frequency: daily", "frequency: dayly"))
    result = here.runpytest(*OFFLINE, "-v", "-k", "PF0")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["error[[]PF0*dayly*", "*--> preflight.yml:19:43"])


def test_of_an_unreadable_project_the_syntax_alone_fails(here: pytest.Pytester) -> None:
    project(here.path, text="version: 1\n\tworkspace: 1\n")
    found = outcomes(here.runpytest(*OFFLINE, "-v", "-k", "PF0"))
    assert [name for name, outcome in found.items() if outcome == "FAILED"] == ["project::PF001-broken-yaml"]
    assert found["project::PF003-unknown-key"] == "XFAIL"


def test_a_missing_plugin_is_a_collection_error_without_a_traceback(here: pytest.Pytester) -> None:
    project(here.path, CLEAN, PROJECT + "plugins: [no-such-plugin]\n")
    result = here.runpytest("--preflight")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["error: the plugin 'no-such-plugin' is not installed", "help: *"])
    assert "Traceback" not in result.stdout.str()


def test_a_crashing_rule_fails(here: pytest.Pytester) -> None:
    project(here.path)
    here.makeconftest(
        """
        import msgspec, preflight_rules
        def crash(context):
            raise ZeroDivisionError
            yield
        preflight_rules.RULES = tuple(
            msgspec.structs.replace(rule, check=crash) if rule.code == "PF102" else rule
            for rule in preflight_rules.RULES
        )
        """
    )
    result = here.runpytest_subprocess(*OFFLINE, ALLOW, "-k", "PF102")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["the rule multiple-statements crashed, which is a bug", "*ZeroDivisionError*"])


# -- where the project is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["sync", "sync/preflight.yml"])
@pytest.mark.parametrize("way", ["option", "ini"])
def test_a_project_outside_of_the_tests_is_named(here: pytest.Pytester, path: str, way: str) -> None:
    project(here.path / "sync")
    (here.path / "tests").mkdir()
    (here.path / "tests" / "test_one.py").write_text("def test_one(): pass", "utf-8")
    named = [f"--preflight-project={path}"]
    if way == "ini":
        here.makeini(f"{INI}testpaths = tests\npreflight_project = {path}\n")
        here.runpytest().assert_outcomes(passed=1)
        named = ["--preflight"]
    result = here.runpytest(*named, "--preflight-offline", ALLOW, "-v", "tests")
    assert "sync/preflight.yml::contacts::PF104-common-table-expression PASSED" in result.stdout.str()
    assert "test_one.py::test_one PASSED" in result.stdout.str()


def test_a_project_is_collected_once(here: pytest.Pytester) -> None:
    project(here.path)
    arguments = ("--preflight", "--preflight-project", ".", ".", "--preflight-offline", ALLOW, "-v")
    names = [
        line.split()[0] for line in here.runpytest(*arguments).outlines if "preflight.yml::" in line and "%]" in line
    ]
    assert len(names) == len(set(names)) > 10


def test_a_project_file_may_have_another_name(here: pytest.Pytester) -> None:
    (project(here.path) / "preflight.yml").rename(here.path / "sync.yml")
    result = here.runpytest("--preflight-project", "sync.yml", "--preflight-offline", ALLOW, "-v")
    assert "sync.yml::contacts::PF104-common-table-expression PASSED" in result.stdout.str()


def test_a_project_that_is_not_there_is_a_usage_error(here: pytest.Pytester) -> None:
    result = here.runpytest("--preflight-project", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*preflight: there is no project file *nowhere"])


def test_a_suppressed_error_fails_no_test_and_is_no_pass(here: pytest.Pytester) -> None:
    project(here.path, BROKEN.replace(";", "; -- preflight: ignore[trailing-semicolon] cut off by the job"))
    result = here.runpytest("--preflight", "--preflight-offline", ALLOW, "-rx", "-k", "trailing")
    result.assert_outcomes(xfailed=1)
    assert "suppressed" in result.stdout.str()


# -- fixtures ----------------------------------------------------------------------------------------------------------


def test_the_fixtures_check_a_project_and_run_a_sandbox(here: pytest.Pytester) -> None:
    project(here.path, BROKEN)
    here.makepyfile(
        """
        from urllib.error import HTTPError
        from urllib.request import urlopen
        import pytest

        def test_report(preflight):
            report = preflight(".", offline=True)
            assert report.select("trailing-semicolon")
            assert not report.passed
            assert not preflight(".", offline=True, select=("PF104",)).findings

        def test_sandbox(mparticle_sandbox):
            with pytest.raises(HTTPError) as refused:
                urlopen(f"{mparticle_sandbox.api_url}/workspaces/5328/inputs/data-warehouse/pipelines")
            assert refused.value.code in (401, 404)
            refused.value.close()
        """
    )
    here.runpytest().assert_outcomes(passed=2)


PROJECT_TESTS = """
    import pytest
    from preflight.testing import assert_proven

    DDL = '''CREATE SCHEMA PUBLIC; CREATE TABLE PUBLIC.CONTACTS AS
             SELECT i AS CUSTOMER_ID, TIMESTAMP '2026-11-20 12:00:00' AS UPDATED_AT FROM range(1, {rows}) AS r(i)'''

    def test_it_is_proven(preflight_warehouse, preflight_report):
        preflight_warehouse.execute(DDL.format(rows=4))
        assert preflight_report.depth.value == "local"
        assert not preflight_report.findings("duplicate-output-column")
        preflight_report.assert_proven("window-over-record-limit", "PF6")
        assert [c.name for c in preflight_warehouse.adapter().describe("SELECT 1 AS a").columns] == ["A"]

    def test_an_empty_table_is_found(preflight_warehouse, preflight_report):
        preflight_warehouse.execute(DDL.format(rows=1))
        assert preflight_report.findings("empty-result")
        with pytest.raises(AssertionError, match="empty-result"):
            preflight_report.assert_proven("empty-result")

    def test_what_is_unproven_is_not_proven(preflight_report):
        report = preflight_report(offline=True)
        assert not report.passed
        with pytest.raises(AssertionError, match="because the run is offline"):
            assert_proven(report.report, "window-over-record-limit")
        with pytest.raises(LookupError):
            report.assert_proven("no-such-rule")

    def test_the_project(preflight_project):
        assert [pipeline.id for pipeline in preflight_project.pipelines] == ["contacts"]

    @pytest.mark.preflight_project("other")
    def test_another_project(preflight_project):
        assert [pipeline.id for pipeline in preflight_project.pipelines] == ["others"]
"""


def test_a_test_fills_a_warehouse_and_asks_a_report(here: pytest.Pytester) -> None:
    project(here.path)
    project(here.path / "tests" / "other", text=PROJECT.replace("id: contacts", "id: others"))
    here.makepyfile(**{"tests/test_sync": PROJECT_TESTS})
    here.runpytest("--strict-markers", "tests").assert_outcomes(passed=5)


def test_without_a_project_the_fixture_says_so(here: pytest.Pytester) -> None:
    here.makepyfile("def test_one(preflight_project): pass")
    result = here.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["there is no preflight.yml in*", "help: name it with --preflight-project*"])
    result.stdout.no_fnmatch_line("*def preflight_project*")


def test_a_broken_project_is_what_an_assertion_fails_with(here: pytest.Pytester) -> None:
    project(here.path, text=PROJECT.replace("start_time", "start_tme"))
    here.makepyfile("def test_one(preflight_report): preflight_report(offline=True).assert_proven('PF4')")
    result = here.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*nothing was judged by PF4", "*error[[]PF003[]] unknown-key: *"])


def test_a_failed_comparison_says_how_the_report_ends(here: pytest.Pytester) -> None:
    project(here.path, BROKEN)
    here.makepyfile("def test_one(preflight_report): assert preflight_report(offline=True).passed")
    here.runpytest().stdout.fnmatch_lines(["*<report on the whole project: 1 error, 0 warnings, 3 infos>*"])


def test_a_findings_path_leads_from_where_pytest_was_started(here: pytest.Pytester) -> None:
    project(here.path / "sync", BROKEN)
    result = here.runpytest(*OFFLINE, "-k", "PF107")
    result.stdout.fnmatch_lines([" --> sync/models/model.sql:1:65"])


def test_the_sandbox_answers_the_report_and_its_faults_must_be_met(here: pytest.Pytester) -> None:
    project(here.path, text=PROJECT + "workspace: 5328\n")
    here.makepyfile(
        """
        import pytest
        from preflight.sandbox.faults import Fault

        def test_slots(preflight_sandbox, preflight_report):
            preflight_report.assert_proven("too-many-active-pipelines")

        def test_a_fault(preflight_sandbox, preflight_report):
            preflight_sandbox.fail("POST", "/oauth/token", Fault(status=401))
            assert preflight_report.report.failures

        def test_unmet(preflight_sandbox):
            preflight_sandbox.fail("GET", "/never", Fault(status=500))

        @pytest.mark.preflight_sandbox(strict=False)
        def test_unmet_and_allowed(preflight_sandbox):
            preflight_sandbox.fail("GET", "/never", Fault(status=500))
        """
    )
    result = here.runpytest("--strict-markers")
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*faults were planned and never met: GET /never"])


# -- marks -------------------------------------------------------------------------------------------------------------


def test_items_are_marked_by_what_they_read(here: pytest.Pytester) -> None:
    project(here.path, text=PROJECT.replace("data_models:", "    introspect: {local: nowhere.duckdb}\ndata_models:"))
    offline = here.runpytest("--preflight", "-m", "preflight_offline", "-v")
    assert offline.ret == 0
    assert outcomes(offline)["contacts::PF104-common-table-expression"] == "PASSED"
    live = here.runpytest("--preflight", "-m", "preflight_live", "-v", "-k", "PF401")
    assert outcomes(live)["contacts::PF401-window-over-record-limit"] == "FAILED"


def test_skip_and_xfail_marks_of_a_conftest_hold(here: pytest.Pytester) -> None:
    project(here.path, BROKEN)
    here.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if "PF107" in item.name:
                    item.add_marker(pytest.mark.xfail(reason="known", strict=True))
                if "PF104" in item.name:
                    item.add_marker(pytest.mark.skip(reason="not here"))
        """
    )
    result = here.runpytest(*OFFLINE, "-v", "-k", "PF107 or PF104")
    found = outcomes(result)
    assert found["contacts::PF107-trailing-semicolon"] == "XFAIL"
    assert found["contacts::PF104-common-table-expression"] == "SKIPPED"
    assert result.ret == 0


def test_one_worker_judges_a_project_where_files_are_kept_together(here: pytest.Pytester) -> None:
    project(here.path / "sync", BROKEN)
    result = here.runpytest_subprocess(
        *("-p", "xdist.plugin", "-n", "2", "--dist", "loadfile", "-v", "--preflight-project", "sync"),
        *("--preflight-offline", ALLOW, "--strict-markers"),
    )
    workers = {line.split("]")[0] for line in result.outlines if "preflight.yml::" in line and line.startswith("[gw")}
    assert len(workers) == 1


# -- as it is installed ------------------------------------------------------------------------------------------------


def test_it_runs_on_several_workers(here: pytest.Pytester) -> None:
    project(here.path / "sync", BROKEN)
    result = here.runpytest_subprocess(
        *("-p", "xdist.plugin", "-n", "2", "--preflight-project", "sync", "--preflight-offline", ALLOW)
    )
    counted = result.parseoutcomes()
    assert counted["failed"] == 1
    assert counted["passed"] > 10
    result.stdout.fnmatch_lines(["error[[]PF107[]] trailing-semicolon: *"])


def test_it_is_found_by_its_entry_point_and_can_be_left_out(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(pytester.path)
    metadata = pytester.mkdir("installed") / "mparticle_preflight-0.0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mparticle-preflight\nVersion: 0.0.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text("[pytest11]\npreflight = preflight.pytest_plugin\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(metadata.parent), *sys.path]))
    there = pytester.runpytest_subprocess(*OFFLINE, ALLOW, folder)
    assert there.ret == 0
    assert there.parseoutcomes()["passed"] > 10
    absent = pytester.runpytest_subprocess("-p", "no:preflight", "--preflight", folder)
    assert absent.ret == pytest.ExitCode.USAGE_ERROR
    absent.stderr.fnmatch_lines(["*unrecognized arguments: --preflight*"])


def test_loading_it_imports_nothing_of_ours() -> None:
    probe = (
        "import sys, json, pytest; before = set(sys.modules); import preflight.pytest_plugin;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environment(), cwd=Path("/")
    )
    brought = set(json.loads(done.stdout))
    assert {name for name in brought if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "preflight",
        "preflight.pytest_plugin",
    }
