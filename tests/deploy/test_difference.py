import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.config import EnvRef, Schedule, SyncMode
from preflight.deploy.difference import Change, differences
from preflight.workspace import wire

from . import projects

TEXT = st.text(min_size=1).filter(lambda text: set(text) != {"*"})
PIPELINES = st.builds(
    projects.pipeline,
    name=st.from_regex(wire.SLUG, fullmatch=True),
    state=st.sampled_from([None, "active", "paused"]),
    partner_feed_id=st.none() | st.integers(0),
    plan_id=st.none() | TEXT,
    plan_version=st.none() | st.integers(1),
    sync_mode=st.builds(
        SyncMode, st.sampled_from(["full", "incremental"]), from_=st.none() | st.datetimes(timezones=st.just(UTC))
    ),
)


def as_the_platform_holds_it(body):
    """The same resource in other words: enumerations in capitals, secrets masked, read-only fields and nulls added."""
    held = json.loads(msgspec.json.encode(body))
    held["state"] = held["state"].upper()
    held["partner_feed_key"] = "*" * 8
    held["partner_feed_id"] = held.get("partner_feed_id") and str(held["partner_feed_id"])
    return {**held, "status": "healthy", "created_on": "2026-01-01T00:00:00Z", "pipeline_type": "events", "end": None}


@given(PIPELINES)
def test_other_words_for_the_same_are_no_change(pipeline):
    body = wire.body(pipeline)
    assert differences("pipelines", body, as_the_platform_holds_it(body)) == ()


@given(PIPELINES, TEXT)
def test_a_change_is_seen_and_is_the_only_one(pipeline, name):
    held = as_the_platform_holds_it(wire.body(pipeline))
    old = held["name"]
    body = {**wire.body(pipeline), "name": name}
    assert differences("pipelines", body, held) == (() if name == old else (Change(("name",), old, name),))


def test_a_field_that_the_project_dropped_is_a_change():
    until = SyncMode("full", until=datetime(2027, 1, 1, tzinfo=UTC))
    held = wire.body(projects.pipeline(sync_mode=until))
    body = wire.body(projects.pipeline(sync_mode=SyncMode("full")))
    assert differences("pipelines", body, held) == (Change(("sync_mode", "until"), "2027-01-01T00:00:00Z", None),)


@pytest.mark.parametrize(
    ("kind", "body", "extra"),
    [
        ("connections", projects.connection(), {"state": "new", "unheard_of": 1}),
        ("connections", projects.connection(), {"config": {"storage_integration": "mp_us1"}}),
        ("pipelines", projects.pipeline(), {"plan_version": 4, "pipeline_type": "events"}),
        ("data_models", projects.data_model(), {"state": "active", "status": "valid"}),
    ],
)
def test_what_the_platform_fills_in_is_no_change(kind, body, extra):
    ours = wire.body(body)
    held = {**ours, **extra}
    if "config" in extra:
        held["config"] = {**ours["config"], **extra["config"]}
    assert differences(kind, ours, held) == ()


def test_a_reference_to_a_secret_is_never_compared():
    ours = {"id": "c", "config": {"user": EnvRef("USER_NAME"), "token": "x"}}
    assert differences("connections", ours, {"id": "c", "config": {"user": "canary", "token": "canary"}}) == ()


def test_a_whole_map_that_is_missing_is_told_field_by_field():
    body = wire.body(projects.pipeline(schedule=Schedule("once")))
    held = {**body, "schedule": None}
    assert differences("pipelines", body, held) == (Change(("schedule", "type"), None, "once"),)


def test_a_mapping_is_known_by_its_destination():
    ours = wire.body(projects.field_transformation(source="NEW_ID"))
    held = wire.body(projects.field_transformation(source="OLD_ID"))
    held["mappings"] = [*reversed(held["mappings"]), {"mapping_type": "static", "destination": "x", "value": "1"}]
    found = {change.name: (change.old, change.new) for change in differences("field_transformations", ours, held)}
    assert found == {
        "mappings.events.data.source_message_id.source": ("OLD_ID", "NEW_ID"),
        "mappings.x": ({"mapping_type": "static", "destination": "x", "value": "1"}, None),
    }
