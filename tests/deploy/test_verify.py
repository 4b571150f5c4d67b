"""The latest runs against the counted windows: the sandbox says how they went, DuckDB holds the rows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.deploy.verify import Run, run_of
from preflight.sandbox.faults import Fault
from preflight.sandbox.state import Health, State

DAY = ("2026-11-20T00:30:00Z", "2026-11-21T00:30:00Z")
ROWS = 25
"""Rows of that day, one of them on its last instant."""
STATUS = "/platform/v2/workspaces/5328/data-pipelines/contacts/status"


@pytest.fixture
def applied(disk):
    disk.run("apply", "--yes")
    return disk


def ran(disk, count=ROWS, mapped=None, batches=None, /, *, window=DAY, **more):
    numbers = {"extracted": count, "mapped": count if mapped is None else mapped}
    numbers["batches"] = numbers["mapped"] if batches is None else batches
    disk.sandbox.state.run("contacts", **{"start": window[0], "end": window[1], **numbers, **more})


def verified(disk, expect, *arguments):
    out, _ = disk.run("verify", "--timeout", "0", *arguments, expect=expect)
    return out


def test_a_run_that_read_what_was_counted(applied):
    ran(applied)
    out = verified(applied, 0)
    assert (
        "pipeline contacts: as counted (run 1, success, 2026-11-20T00:30:00Z to 2026-11-21T00:30:00Z, 25 rows)" in out
    )
    entry = json.loads(verified(applied, 0, "-o", "json"))["pipelines"][0]
    assert (entry["outcome"], entry["rows_counted"], entry["run"]["records_mapped"]) == ("proven", ROWS, ROWS)


@pytest.mark.parametrize("count", ["25", " 25", 25.0])
def test_counts_as_text_are_counts(applied, count):
    ran(applied, count)
    verified(applied, 0)


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((ROWS - 1,), "half-open"),
        ((ROWS - 2,), "will never be read"),
        ((ROWS + 3,), "have left its interval"),
        ((ROWS, ROWS - 4), "lost in mapping"),
        ((ROWS, ROWS, ROWS - 4), "merged, dropped or split"),
        ((0,), "0 records were extracted, and 25 rows"),
    ],
)
def test_a_difference_is_explained(applied, numbers, says):
    ran(applied, *numbers)
    assert says in verified(applied, 1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"extracted": None}, "does not say records_extracted"),
        ({"mapped": None}, "does not say records_mapped"),
        ({"batches": "many"}, "does not say event_batches_generated"),
        ({"start": None}, "does not say which interval"),
        ({"start": "yesterday"}, "does not say which interval"),
        ({"start": "2026-11-20T00:30:00"}, "does not say which interval"),
        ({"start": "2026-11-20T00:31:00Z"}, "no bounds that were counted"),
        ({"end": "2026-11-21T00:30:00.5Z"}, "no bounds that were counted"),
        ({"end": "2026-11-19T00:30:00Z"}, "no bounds that were counted"),
        ({"end": "2099-11-21T00:30:00Z"}, "is not over"),
        ({"state": "resting"}, "not documented"),
        ({"state": "running"}, "its run 1 is running"),
    ],
)
def test_what_is_not_known_is_unproven(applied, changes, says):
    ran(applied, **changes)
    out = verified(applied, 4)
    assert says in out
    assert "unproven" in out


def test_no_run_and_no_status_are_unproven(applied):
    assert "it has not run yet" in verified(applied, 4)
    applied.sandbox.fail("GET", STATUS, Fault(status=404), times=99)
    assert "no status for it yet" in verified(applied, 4)


def test_a_failed_run_and_a_faulted_connection_differ(applied):
    ran(applied, state="failed")
    assert "its run 1 has failed" in verified(applied, 1)
    ran(applied)
    applied.sandbox.state.health["crm"] = Health("faulted")
    assert "calls its connection crm faulted" in verified(applied, 1)


def test_a_pipeline_that_is_not_there_or_paused_differs(disk):
    assert "does not hold it" in verified(disk, 1)
    disk.run("apply", "--yes")
    held = dict(disk.sandbox.state.stored("pipelines", "contacts"))
    disk.sandbox.state.replace("pipelines", "contacts", {**held, "state": "paused"})
    assert "not active in the workspace" in verified(disk, 1)


def test_a_single_request_that_has_ended_is_as_meant(disk):
    disk.pipeline["schedule"] = {"type": "once"}
    disk.pipeline["sync_mode"]["until"] = "2026-11-30T00:00:00Z"
    disk.write()
    disk.run("apply", "--yes")
    held = dict(disk.sandbox.state.stored("pipelines", "contacts"))
    disk.sandbox.state.replace("pipelines", "contacts", {**held, "state": "paused"})
    ran(disk, window=("2026-11-20T00:00:00Z", "2026-11-21T01:00:00Z"))
    verified(disk, 0)


def test_the_first_minutes_are_waited_for(disk):
    disk.sandbox.reset(State(client_id="id", client_secret="canary-client-secret", warm_up=0.8))
    disk.run("apply", "--yes")
    ran(disk)
    assert "as counted" in disk.run("verify")[0]
    assert disk.sandbox.requests.count(("GET", STATUS)) > 1


def test_a_full_sync_is_held_against_all_rows(disk):
    disk.pipeline["sync_mode"] = {"type": "full"}
    disk.pipeline["schedule"]["frequency"] = "monthly"
    disk.write()
    disk.run("apply", "--yes")
    ran(disk, 48, window=(None, None))
    verified(disk, 0)
    ran(disk, 47)
    assert "reads what there is at its time" in verified(disk, 1)


def test_rows_that_cannot_be_counted_leave_it_unproven(applied):
    ran(applied)
    (applied.folder / "stand-in.duckdb").unlink()
    out, err = applied.run("verify", "--timeout", "0", expect=3)
    assert "unproven: its rows were not counted" in out
    assert "connection crm" in err


def test_one_pipeline_of_several(applied):
    ran(applied)
    applied.document["pipelines"].append({**applied.pipeline, "id": "other"})
    applied.write()
    verified(applied, 0, "--pipeline", "contacts")
    verified(applied, 2, "--pipeline", "nobody")
    assert "pipeline other: differs" in verified(applied, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x), max_leaves=3
)
KEYS = st.sampled_from(
    [*Run.__struct_fields__, "pipeline_run_state", "records_extracted", "data_interval_start", "data_interval_end"]
)


@given(JSON | st.dictionaries(KEYS, JSON | st.just("2026-11-20T00:30:00Z")))
def test_whatever_a_run_says_is_read(value):
    run = run_of(value)
    assert run is None or run.extracted is None or run.extracted >= 0
