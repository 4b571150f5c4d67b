"""``preflight ci`` under each service's variables, and the files that run it there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight.cli import COMMANDS
from preflight.report import FORMATS
from tests.changes.repository import edit, git, repository
from tests.cli.command import BROKEN, PROJECT, environment, project, run

HERE = Path(__file__).parents[2]
CI = ("GITHUB_ACTIONS", "GITHUB_BASE_REF", "GITHUB_STEP_SUMMARY", "GITLAB_CI", "TF_BUILD")


def variables(**given: str) -> dict[str, str]:
    """An environment of one service."""
    clean = {name: value for name, value in environment().items() if name not in CI and not name.startswith("CI_")}
    return clean | given


def test_without_credentials_the_run_is_offline_and_says_so(tmp_path: Path) -> None:
    done = run("ci", project(tmp_path), env=variables())
    assert done.returncode == 0
    assert "note: no credential that the project names is set" in done.stderr
    assert "offline" in done.stdout


def test_with_a_credential_the_warehouse_is_asked(tmp_path: Path) -> None:
    text = PROJECT.replace("service_provider: snowflake", "service_provider: redshift")
    done = run("ci", project(tmp_path, text=text), env=variables(SNOWFLAKE_PASSWORD="x"))
    assert "no credential" not in done.stderr
    assert "the run is offline" not in done.stdout


def test_findings_have_the_exit_code_of_check(tmp_path: Path) -> None:
    assert run("ci", project(tmp_path, BROKEN), env=variables()).returncode == 1
    assert run("ci", project(tmp_path), "--require", "PF4", env=variables()).returncode == 4
    assert run("ci", project(tmp_path, text="version: 1\n"), env=variables()).returncode == 5


def test_azure_gets_the_steps_issues(tmp_path: Path) -> None:
    done = run("ci", project(tmp_path, BROKEN), cwd=tmp_path, env=variables(TF_BUILD="True"))
    assert done.returncode == 1
    issue = "##vso[task.logissue type=error;sourcepath=models/model.sql;linenumber=1;columnnumber=65;code=PF107;]"
    assert done.stdout.startswith(issue)


def test_gitlab_gets_the_files_that_its_reports_name(tmp_path: Path) -> None:
    done = run("ci", project(tmp_path, BROKEN), cwd=tmp_path, env=variables(GITLAB_CI="true"))
    assert done.returncode == 1
    template = yaml.safe_load((HERE / "ci" / "gitlab.yml").read_text("utf-8"))
    reports = template[".preflight"]["artifacts"]["reports"].values()
    if "gitlab" in FORMATS:
        assert all((tmp_path / name).is_file() for name in reports)


@pytest.mark.parametrize(
    "given",
    [
        {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main"},
        {"GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
        {"TF_BUILD": "True", "SYSTEM_PULLREQUEST_TARGETBRANCHNAME": "main"},
    ],
)
def test_a_pull_requests_comment_tells_the_payload(tmp_path: Path, given: dict[str, str]) -> None:
    root = repository(tmp_path)
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(tmp_path, "checkout", "-q", "-b", "feature")
    edit(root / "models/model.sql", "c.CUSTOMER_ID", 'c.CUSTOMER_ID, c.TIER AS "tier"')
    summary, comment = tmp_path / "summary.md", tmp_path / "comment.md"
    env = variables(**given, GITHUB_STEP_SUMMARY=str(summary))
    done = run("ci", root, "--comment", comment, cwd=tmp_path, env=env)
    assert done.returncode == 0
    row = "| `contacts` | added | column `tier` |  | `custom attribute` |"
    assert row in comment.read_text("utf-8")
    assert row in summary.read_text("utf-8")


def test_a_base_that_was_not_fetched_does_not_stop_the_check(tmp_path: Path) -> None:
    root = repository(tmp_path)
    done = run("ci", root, env=variables(GITHUB_ACTIONS="true", GITHUB_BASE_REF="main"))
    assert done.returncode == 0
    assert "note: the payload is not compared: git knows no commit 'origin/main'" in done.stderr


# -- the files that run it ---------------------------------------------------------------------------------------------


def action() -> dict[str, Any]:
    return yaml.safe_load((HERE / "action.yml").read_text("utf-8"))  # type: ignore[no-any-return]


def test_the_actions_inputs_never_enter_a_script_but_by_variables() -> None:
    for step in action()["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert subprocess.run(["bash", "-n"], input=step["run"], text=True, check=False).returncode == 0


def test_the_actions_check_runs_as_it_is_written(tmp_path: Path) -> None:
    step = next(step for step in action()["runs"]["steps"] if step["name"] == "Check")
    bin_ = tmp_path / "preflight" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "preflight").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m preflight "$@"\n', "utf-8")
    (bin_ / "preflight").chmod(0o755)
    project(tmp_path / "my project", BROKEN)
    env = variables(
        RUNNER_TEMP=str(tmp_path),
        GITHUB_OUTPUT=str(tmp_path / "output"),
        PROJECT="my project",
        FAIL_ON="error",
        REQUIRE="",
        GITHUB_ACTIONS="true",
    )
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text("utf-8") == "exit-code=1\n"
    assert "PF107" in done.stdout or "trailing-semicolon" in done.stdout


@pytest.mark.parametrize(
    ("version", "installed"), [("", "{action}[local]"), ("0.3.0", "mparticle-preflight[local]==0.3.0")]
)
def test_the_action_installs_its_own_commit_unless_a_version_is_asked_for(
    tmp_path: Path, version: str, installed: str
) -> None:
    step = next(step for step in action()["runs"]["steps"] if step["name"] == "Install preflight")
    programs, venv, home = tmp_path / "programs", tmp_path / "preflight" / "bin", tmp_path / "my action"
    for program in (programs / "python", venv / "pip"):
        program.parent.mkdir(parents=True)
        program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', "utf-8")
        program.chmod(0o755)
    env = {"PATH": f"{programs}:/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(home)}
    command = ["bash", "-eu", "-o", "pipefail", "-c", step["run"]]
    env |= {"VERSION": version, "EXTRAS": "local"}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == installed.format(action=home)


def test_a_hook_takes_the_projects_folder(tmp_path: Path) -> None:
    project(tmp_path / "sync", BROKEN)
    for hook in yaml.safe_load((HERE / ".pre-commit-hooks.yaml").read_text("utf-8")):
        _, command, *arguments = hook["entry"].split()
        assert run(command, *arguments, "sync", cwd=tmp_path).returncode == (1 if command == "check" else 7)


def test_gitlabs_script_runs_as_it_is_written(tmp_path: Path) -> None:
    job = yaml.safe_load((HERE / "ci" / "gitlab.yml").read_text("utf-8"))[".preflight"]
    bin_ = tmp_path / ".preflight-venv" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "preflight").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m preflight "$@"\n', "utf-8")
    (bin_ / "preflight").chmod(0o755)
    project(tmp_path)
    env = variables(GITLAB_CI="true", PREFLIGHT_PROJECT=".")
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(job["script"])], cwd=tmp_path, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("hook", yaml.safe_load((HERE / ".pre-commit-hooks.yaml").read_text("utf-8")))
def test_a_hook_runs_in_a_project_and_fails_where_it_should(tmp_path: Path, hook: dict[str, Any]) -> None:
    program, command, *arguments = hook["entry"].split()
    assert (program, command in COMMANDS, hook["pass_filenames"]) == ("preflight", True, False)
    files = re.compile(hook["files"])
    assert all(
        files.search(name) for name in ("preflight.yml", "sync/preflight.lock", "models/a.sql", "pipelines/b.yml")
    )
    assert not files.search("README.md")
    project(tmp_path, BROKEN)
    assert run(command, *arguments, cwd=tmp_path).returncode == (1 if command == "check" else 7)


@pytest.mark.slow
def test_pre_commit_installs_and_runs_the_hooks(tmp_path: Path) -> None:
    program = os.environ.get("PREFLIGHT_TEST_PRE_COMMIT") or shutil.which("pre-commit")
    if program is None:
        pytest.skip("pre-commit is not installed: set PREFLIGHT_TEST_PRE_COMMIT")
    git(project(tmp_path), "init", "-q")
    git(tmp_path, "add", "-A")
    done = subprocess.run(
        [program, "try-repo", str(HERE), "preflight-check", "--all-files", "--verbose"],
        cwd=tmp_path,
        env=environment(PRE_COMMIT_HOME=str(tmp_path / "cache"), PYTHONPATH=""),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "preflight static" in done.stdout
