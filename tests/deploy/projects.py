"""Small projects as values, and the clearances that the engine would give for them."""

from datetime import UTC, datetime
from pathlib import Path

from preflight.config import (
    Connection,
    DataModel,
    EnvRef,
    FieldMapping,
    FieldTransformation,
    LimitsConfig,
    Pipeline,
    Project,
    Schedule,
    SyncMode,
    WorkspaceConfig,
)
from preflight.finding import Basis, Clearance, Digests, Grade
from preflight.location import Excerpt, SourceFile
from preflight.model import Provider

CANARY = 'canary-7f3a\n"secret" & more'
"""A secret that must show up nowhere but in what the workspace stores."""
SECRETS = {"SNOWFLAKE_PASSWORD": CANARY, "FEED_KEY": "canary-feed-key"}


def connection(**changes):
    fields = {
        "id": "crm",
        "name": "CRM connection",
        "service_provider": Provider.SNOWFLAKE,
        "config": {"account_identifier": "xy98765", "user": "SVC", "password": EnvRef("SNOWFLAKE_PASSWORD")},
    }
    return Connection(**{**fields, **changes})


def data_model(name="contacts", sql="SELECT customer_id, updated_at FROM contacts"):
    return DataModel(name, f"{name} model", "sql", Excerpt.whole(SourceFile(f"models/{name}.sql", sql)))


def field_transformation(name="orders", source="ORDER_ID"):
    mapping = FieldMapping("column", source=source, destination="events.data.source_message_id")
    return FieldTransformation(name, "Orders", "event_batch", (mapping, FieldMapping("ignore", source="NOISE")))


def pipeline(name="contacts", **changes):
    fields = {
        "id": name,
        "name": f"{name} pipeline",
        "connection_id": "crm",
        "data_model_id": "contacts",
        "environment": "development",
        "partner_feed_key": EnvRef("FEED_KEY"),
        "state": "active",
        "sync_mode": SyncMode("incremental", iterator_field="UPDATED_AT", iterator_data_type="timestamp_ntz"),
        "schedule": Schedule("interval", "daily", start_time=datetime(2026, 12, 1, 3, 5, tzinfo=UTC)),
    }
    return Pipeline(**{**fields, **changes})


def project(*pipelines, connections=None, data_models=None, field_transformations=()):
    return Project(
        root=Path("/nowhere"),
        file="preflight.yml",
        workspace=None,
        limits=LimitsConfig(),
        connections=connections or (connection(),),
        data_models=data_models or (data_model(),),
        field_transformations=field_transformations,
        pipelines=pipelines or (pipeline(),),
        rules={},
        waivers=(),
        plugins=(),
        problems=(),
        broken=frozenset(),
        sources={},
        locate=lambda route: None,
    )


def events_project():
    """All four kinds of resources."""
    return project(pipeline(field_transformation_id="orders"), field_transformations=(field_transformation(),))


def workspace(sandbox, **changes):
    """How a project names the sandbox."""
    fields = {"id": sandbox.workspace, "api_url": sandbox.api_url, "token_url": sandbox.token_url}
    return WorkspaceConfig(**{**fields, **changes})


def clearance(target, *pipelines, basis=None):
    """What only the engine makes outside of tests: here it is built as a value, to try every one of its shapes."""
    digests = Digests(config="", sql="", schema="", limits="", rules="")
    return Clearance(target, digests, basis or Basis(Grade.COUNTED), pipelines=pipelines or ("contacts",))
