import json
from datetime import UTC, datetime

import pytest

from preflight.config import (
    Connection,
    DataModel,
    EnvRef,
    FieldMapping,
    FieldTransformation,
    Pipeline,
    Schedule,
    SyncMode,
)
from preflight.errors import EnvironmentFailure
from preflight.location import Excerpt, SourceFile
from preflight.model import Provider
from preflight.workspace import wire
from preflight.workspace.meaning import comparable
from preflight.workspace.wire import Action, Mark


def pipeline(**changes):
    fields = {"id": "p", "name": "P", "connection_id": "c", "data_model_id": "m", "environment": "production"}
    rest = {"sync_mode": SyncMode("full"), "schedule": Schedule("once")}
    return Pipeline(**{**fields, **rest, **changes})


@pytest.mark.parametrize(
    ("provider", "spelled"),
    [("snowflake", "Snowflake"), ("bigquery", "BigQuery"), ("redshift", "Redshift"), ("databricks", "Databricks")],
)
def test_a_connection_as_v2_spells_it(provider, spelled):
    config = {"region": "eu", "password": EnvRef("PW")}
    body = wire.body(Connection("c", "C", Provider(provider), config))
    assert body == {"id": "c", "name": "C", "service_provider": spelled, "config": config}


def test_a_data_model_carries_its_text_verbatim():
    text = "SELECT 1 AS a  -- ünïcode\n"
    model = DataModel("m", "M", "sql", Excerpt.whole(SourceFile("m.sql", text)))
    assert wire.body(model) == {"id": "m", "name": "M", "type": "sql", "sql_query": text}


def test_a_field_transformation_leaves_out_what_a_mapping_does_not_have():
    mappings = (FieldMapping("static", destination="a", value="x"), FieldMapping("ignore", source="b"))
    assert wire.body(FieldTransformation("t", "T", "event_batch", mappings))["mappings"] == (
        {"mapping_type": "static", "destination": "a", "value": "x"},
        {"mapping_type": "ignore", "source": "b"},
    )


def test_a_pipeline_sends_only_what_the_user_set_and_its_state():
    assert wire.body(pipeline()) == {
        "id": "p",
        "name": "P",
        "connection_id": "c",
        "data_model_id": "m",
        "environment": "production",
        "state": "active",
        "sync_mode": {"type": "full"},
        "schedule": {"type": "once"},
    }


def test_times_go_out_in_utc():
    start = datetime(2026, 12, 1, 3, 5, tzinfo=UTC)
    body = wire.body(
        pipeline(
            schedule=Schedule("interval", "daily", start_time=start), sync_mode=SyncMode("incremental", from_=start)
        )
    )
    assert body["schedule"]["start_time"] == "2026-12-01T03:05:00Z"
    assert body["sync_mode"]["from"] == "2026-12-01T03:05:00Z"


def test_every_field_that_is_sent_has_a_mark():
    full = pipeline(
        sync_mode=SyncMode("incremental", "date", "A", "date", "UTC", datetime.now(UTC), datetime.now(UTC)),
        schedule=Schedule("interval", "daily", 5, datetime.now(UTC), datetime.now(UTC)),
        field_transformation_id="t",
        partner_feed_id=7,
        plan_id="x",
        plan_version=1,
        partner_feed_key=EnvRef("K"),
    )
    sent = wire.body(full)
    names = {f"{name}.{inner}" for name in ("sync_mode", "schedule") for inner in sent[name]}
    names |= {name for name in sent if name not in ("id", "sync_mode", "schedule")}
    assert names == set(wire.FIELDS["pipelines"])


def test_what_no_page_shows_is_marked_inferred():
    assert wire.mark("connections", Action.LIST) is Mark.V2
    assert wire.mark("connections", Action.CREATE) is Mark.V1
    assert wire.mark("data_models", Action.CREATE) is Mark.V1
    assert wire.mark("pipelines", Action.LIST) is Mark.INF
    assert wire.mark("field_transformations", Action.UPDATE) is Mark.INF


def test_secrets_are_revealed_wherever_they_stand():
    body = {"id": "c", "config": {"password": EnvRef("A"), "deep": (EnvRef("B"), {"x": EnvRef("A")})}}
    assert wire.reveal(body, {"A": "1", "B": "2"}) == {
        "id": "c",
        "config": {"password": "1", "deep": ["2", {"x": "1"}]},
    }


def test_every_unset_variable_is_named_at_once():
    body = {"id": "c", "a": EnvRef("SET"), "b": EnvRef("EMPTY"), "c": EnvRef("UNSET")}
    with pytest.raises(EnvironmentFailure) as caught:
        wire.reveal(body, {"SET": "canary", "EMPTY": ""})
    assert "EMPTY, UNSET" in caught.value.message
    assert "SET" in caught.value.remedy
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        ("connections", {"service_provider": "Snowflake"}, {"service_provider": "SNOWFLAKE"}),
        ("connections", {"config": {"a": 1, "password": EnvRef("X")}}, {"config": {"a": 1}}),
        ("connections", {"config": {"a": 1, "password": "x"}}, {"config": {"a": 1, "password": "********"}}),
        ("connections", {"name": "x"}, {"name": "x", "status": "healthy", "errors": [], "created_on": "…"}),
        ("pipelines", {"partner_feed_id": 7}, {"partner_feed_id": "7"}),
        ("pipelines", {"name": "x"}, {"name": "x", "plan_id": None}),
        (
            "pipelines",
            {"schedule": {"start_time": "2026-12-01T03:05:00Z"}},
            {"schedule": {"start_time": "2026-12-01T04:05:00.000+01:00"}},
        ),
        ("data_models", {"sql_query": "SELECT 1\n"}, {"sql_query": "SELECT 1"}),
        ("data_models", {"type": "sql", "sql_query": "SELECT 1"}, {"type": "sql", "config": {"sql_query": "SELECT 1"}}),
        (
            "field_transformations",
            {
                "mappings": (
                    {"mapping_type": "column", "source": "a", "destination": "b"},
                    {"mapping_type": "ignore", "source": "c"},
                )
            },
            {
                "mappings": [
                    {"mapping_type": "Ignore", "source": "c", "destination": None},
                    {"mapping_type": "column", "source": "a", "destination": "b", "value": None},
                ]
            },
        ),
    ],
)
def test_what_means_the_same_compares_equal(kind, ours, theirs):
    assert comparable(kind, {"id": "x", **ours}) == comparable(kind, {"id": "x", **theirs})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"name": "x"}, {"name": "X"}),
        ({"config": {"database": "CRM"}}, {"config": {"database": "crm"}}),
        ({"sql_query": "SELECT 'a  b'"}, {"sql_query": "SELECT 'a b'"}),
        ({"partner_feed_id": 7}, {"partner_feed_id": 8}),
        ({"schedule": {"start_time": "2026-12-01T03:05:00Z"}}, {"schedule": {"start_time": "2026-12-01T03:05:00.5Z"}}),
        ({"mappings": [{"source": "a", "destination": "b"}] * 2}, {"mappings": [{"source": "a", "destination": "b"}]}),
    ],
)
def test_what_differs_in_meaning_does_not(ours, theirs):
    assert comparable("pipelines", ours) != comparable("pipelines", theirs)


@pytest.mark.parametrize(
    "odd", [{"schedule": 3}, {"mappings": "x"}, {"mappings": [1, None]}, {"config": []}, {"from": 7}]
)
def test_an_odd_body_of_the_platform_is_only_another_meaning(odd):
    for kind in wire.COLLECTIONS:
        assert comparable(kind, odd) == comparable(kind, json.loads(json.dumps(odd)))
