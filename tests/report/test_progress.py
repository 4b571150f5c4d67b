"""The line on stderr that says what a slow run waits for, on a real pseudo-terminal."""

from __future__ import annotations

import time
from io import StringIO
from pathlib import Path
from typing import TextIO

import pytest

from preflight.cli import progress
from preflight.cli.progress import watching
from preflight.finding import Subject, SubjectKind
from tests.cli.command import BROKEN, environment, project, run_apart
from tests.report.screen import Terminal, terminal
from tests.until import PATIENCE_SECONDS

CLICKS = Subject(SubjectKind.PIPELINE, "clicks")


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(progress, "_REDRAW_SECONDS", 0.02)


@pytest.mark.usefixtures("_soon")
def test_a_slow_run_says_what_it_waits_for_and_leaves_nothing_behind() -> None:
    with terminal() as (screen, stream):
        with watching(stream) as watch:
            watch(CLICKS, "count")
            screen.shows("pipeline clicks: counting its windows, 0 s")
            watch(Subject(SubjectKind.PROJECT), "workspace")
            screen.shows("reading the workspace, ")
            watch(CLICKS, "a step of a plugin")
            screen.shows("pipeline clicks: a step of a plugin, ")
        assert screen.states()[-1] == ""


def test_a_run_that_ends_before_the_line_is_due_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", PATIENCE_SECONDS)
    with terminal() as (screen, stream):
        with watching(stream) as watch:
            watch(CLICKS, "count")
        assert screen.states() == []


@pytest.mark.usefixtures("_soon")
def test_the_line_is_erased_when_the_run_is_interrupted() -> None:
    def interrupted(screen: Terminal, stream: TextIO) -> None:
        with watching(stream) as watch:
            watch(CLICKS, "profile")
            screen.shows("profiling")
            raise KeyboardInterrupt

    with terminal() as (screen, stream):
        with pytest.raises(KeyboardInterrupt):
            interrupted(screen, stream)
        assert screen.states()[-1] == ""


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("columns", [10, 30])
def test_a_long_line_stays_on_one_line_and_steers_nothing(columns: int) -> None:
    with terminal(columns) as (screen, stream):
        with watching(stream) as watch:
            watch(Subject(SubjectKind.PIPELINE, "\x1b[2J\n" + "x" * 200), "count")
            screen.shows("pipeline")
        states = screen.states()
    assert all(len(state) < columns and state.isprintable() for state in states)


@pytest.mark.usefixtures("_soon")
def test_without_a_terminal_nothing_is_said() -> None:
    stream = StringIO()
    with watching(stream) as watch:
        watch(CLICKS, "count")
        time.sleep(0.1)
    assert stream.getvalue() == ""


def test_a_check_whose_stderr_is_no_terminal_is_silent(tmp_path: Path) -> None:
    done = run_apart("check", "--offline", project(tmp_path, BROKEN), env=environment())
    assert done.stderr == ""
