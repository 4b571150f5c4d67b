"""One apply at a time, and a process that dies at any moment; real processes against the sandbox."""

import signal

import pytest

from preflight.deploy.turn import alone
from preflight.errors import EnvironmentFailure, PlanRefused
from preflight.sandbox.faults import Fault
from preflight.workspace import wire
from tests.until import until

B = "/platform/v2/workspaces/5328"
LISTS = len(wire.COLLECTIONS)
"""Requests on the workspace before the first step."""
STEPS = 14
"""Requests on the workspace after the lists, for a connection, a data model and an active pipeline."""


def killed(disk, number, *, after):
    """An apply that got no answer to its n-th request on the workspace, and was killed then."""
    disk.sandbox.fail("*", f"{B}/*", Fault(hang=True, after=after), skip=number, times=999)
    process = disk.start("apply", "--yes")
    try:
        until(lambda: sum(path != "/oauth/token" for _, path in disk.sandbox.requests) > number)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    disk.sandbox.reset(disk.sandbox.state)


def converges(disk):
    disk.run("apply", "--yes")
    state = disk.sandbox.state
    assert [len(state.list(kind)) for kind in wire.COLLECTIONS] == [1, 1, 0, 1]
    assert state.get("pipelines", "contacts")["state"] == "active"
    disk.sandbox.reset(state)
    assert "= unchanged pipeline contacts" in disk.run("apply", "--yes")[0]
    assert disk.sandbox.writes == []


def test_how_many_requests_an_apply_takes(disk):
    disk.run("apply", "--yes")
    assert sum(path != "/oauth/token" for _, path in disk.sandbox.requests) == LISTS + STEPS


@pytest.mark.parametrize("number", [LISTS + 1, LISTS + STEPS - 2])
def test_a_killed_apply_converges(disk, number):
    killed(disk, number, after=True)
    converges(disk)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(LISTS + STEPS))
def test_an_apply_that_is_killed_anywhere_converges(disk, number, after):
    killed(disk, number, after=after)
    converges(disk)


def test_a_second_apply_is_refused_at_once_and_works_once_the_first_is_dead(disk):
    disk.sandbox.fail("POST", f"{B}/connections", Fault(hang=True))
    first = disk.start("apply", "--yes")
    try:
        until(lambda: disk.sandbox.writes)
        before = len(disk.sandbox.requests)
        _, err = disk.run("apply", "--yes", expect=6)
        assert f"Another apply to {disk.sandbox.api_url}/workspaces/5328 is running (process {first.pid})" in err
        assert len(disk.sandbox.requests) == before
        disk.run("plan")
    finally:
        first.kill()
        first.communicate()
    converges(disk)


def test_the_lock_is_for_one_target_and_ends_with_its_holder(tmp_path):
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    with (
        alone("a", environ),
        alone("b", environ),
        pytest.raises(PlanRefused, match="Another apply to a "),
        alone("a", environ),
    ):
        raise AssertionError
    with alone("a", environ):
        pass


def test_a_lock_that_cannot_be_had_is_no_lock(tmp_path):
    (tmp_path / "preflight").write_text("in the way")
    with pytest.raises(EnvironmentFailure, match="cannot be taken"), alone("a", {"XDG_STATE_HOME": str(tmp_path)}):
        raise AssertionError


def test_a_lock_is_not_written_through_a_link(tmp_path):
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    with alone("a", environ):
        pass
    [lock] = (tmp_path / "preflight" / "locks").iterdir()
    lock.unlink()
    (tmp_path / "precious").write_text("text")
    lock.symlink_to(tmp_path / "precious")
    with pytest.raises(EnvironmentFailure, match="cannot be taken"), alone("a", environ):
        raise AssertionError
    assert (tmp_path / "precious").read_text() == "text"
