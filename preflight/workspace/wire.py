"""Every path and every body shape of the mParticle API that preflight relies on, each with its mark. No I/O.

Nothing else in preflight may spell a path or a body field of the API. Sources: ``OV``
https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ and ``REF``
https://docs.mparticle.com/developers/warehouse-sync-api/reference/, with the latter's 2023 source where v2 is silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, assert_never
from urllib.parse import quote

import msgspec

from preflight.config import Connection, DataModel, EnvRef, FieldTransformation, Pipeline, Value
from preflight.config.secrets import is_secret_name
from preflight.errors import EnvironmentFailure
from preflight.model import Provider

TOKEN_URL = "https://sso.auth.mparticle.com/oauth/token"  # noqa: S105 - an address, no password
AUDIENCE = "https://api.mparticle.com"
GRANT_TYPE = "client_credentials"
API_URL = "https://api.mparticle.com/platform/v2"
SLUG = re.compile(r"[A-Za-z0-9_-]+")
"""What an id may hold, by REF."""


PROVIDERS = tuple(provider.label for provider in Provider)
"""How ``service_provider`` is spelled: Snowflake and Redshift V2, the other two INF by analogy."""


class Mark(Enum):
    """Where a path or a field was seen."""

    V2 = "V2"
    """On a public v2 page."""
    V1 = "V1"
    """In the 2023 source of the docs; v2 shows nothing that contradicts it."""
    INF = "INF"
    """Inferred from its neighbours, seen nowhere."""


class Collection(msgspec.Struct, frozen=True):
    """Where the resources of one kind are, below the workspace's own path."""

    path: str
    mark: Mark
    fallbacks: tuple[str, ...] = ()
    """Other paths that may be right, in the order in which to probe them."""

    @property
    def candidates(self) -> tuple[str, ...]:
        """All paths, the likeliest first."""
        return (self.path, *self.fallbacks)


COLLECTIONS: Mapping[str, Collection] = {
    "connections": Collection("connections", Mark.V2),
    "data_models": Collection("data-models", Mark.V1, ("models",)),
    "field_transformations": Collection("field-transformations", Mark.INF, ("fieldtransformations",)),
    "pipelines": Collection("data-pipelines", Mark.INF, ("pipelines",)),
}
"""By the project's list names, in the order in which resources are created."""


PLANS = "plans"
"""Where data plans are, below the workspace's own path. V1, of the Data Planning API's second version."""


def plan_path(plan: str, version: int | None) -> str:
    """The path of a data plan, or of one of its versions, below the workspace's own."""
    return f"{PLANS}/{quote(plan, safe='')}" + ("" if version is None else f"/versions/{version}")


class Action(Enum):
    """What can be done with a collection: the method, and what follows the collection's path."""

    LIST = ("GET", "")
    CREATE = ("POST", "")
    GET = ("GET", "/{id}")
    UPDATE = ("PUT", "/{id}")
    """A full replacement with the parameters of a create."""
    DELETE = ("DELETE", "/{id}")
    STATUS = ("GET", "/{id}/status")
    """Pipelines only; answers 404 for about a minute after a pipeline was created."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.value[0]

    def suffix(self, id: str) -> str:  # noqa: A002 - the API's word
        """What follows the collection's path for the resource ``id``."""
        return self.value[1].replace("{id}", id)


def mark(kind: str, action: Action) -> Mark:
    """The mark of one action: only lists of a v2 page's own path are V2, the rest follows the v1 pattern."""
    collection = COLLECTIONS[kind].mark
    return Mark.V1 if collection is Mark.V2 and action is not Action.LIST else collection


FIELDS: Mapping[str, Mapping[str, Mark]] = {
    "connections": {
        **dict.fromkeys(("name", "state", "service_provider", "config"), Mark.V2),
        **dict.fromkeys(
            (
                "config.account_identifier",
                "config.region",
                "config.warehouse",
                "config.database",
                "config.role",
                "config.user",
                "config.password",
                "config.storage_integration",
                "config.aws_iam_user_arn",
                "config.aws_external_id",
                "config.host",
                "config.aws_iam_role_arn",
            ),
            Mark.V2,
        ),
        **dict.fromkeys(
            ("config.project_id", "config.dataset_id", "config.service_account_id", "config.service_account_key"),
            Mark.V1,
        ),
        "config.port": Mark.INF,
    },
    "data_models": dict.fromkeys(("name", "type", "sql_query"), Mark.V1),
    "field_transformations": dict.fromkeys(("name", "destination_type", "mappings"), Mark.V2),
    "pipelines": {
        **dict.fromkeys(
            (
                "name",
                "connection_id",
                "data_model_id",
                "partner_feed_id",
                "partner_feed_key",
                "environment",
                "schedule.frequency",
                "schedule.start_time",
                "schedule.end_time",
            ),
            Mark.V1,
        ),
        **dict.fromkeys(("state", "sync_mode.type", "sync_mode.from", "sync_mode.until"), Mark.V2),
        **dict.fromkeys(
            (
                "field_transformation_id",
                "plan_id",
                "plan_version",
                "schedule.type",
                "schedule.delay",
                "sync_mode.track_by",
                "sync_mode.iterator_field",
                "sync_mode.iterator_data_type",
                "sync_mode.time_zone",
            ),
            Mark.INF,
        ),
    },
}
"""The fields that a client may set, by dotted path, besides ``id``."""

READ_ONLY = frozenset(
    {"created_on", "created_by", "last_modified_on", "last_modified_by", "status", "errors", "workspace_id"}
)
"""Top-level fields that only the platform sets."""

SERVER_SET = frozenset(
    {
        "state",
        "plan_version",
        "config.storage_integration",
        "config.port",
        "schedule.delay",
        "sync_mode.track_by",
        "sync_mode.time_zone",
    }
)
"""Fields, by dotted path, that the platform may fill in where a client leaves them out."""

_SECRET_NAME = re.compile(r"password|passphrase|secret|token|private_key|service_account_key|partner_feed_key", re.I)
Resource = Connection | DataModel | FieldTransformation | Pipeline
Body = dict[str, Value]


def kind(resource: Resource) -> str:
    """The project's list name for this resource."""
    match resource:
        case Connection():
            return "connections"
        case DataModel():
            return "data_models"
        case FieldTransformation():
            return "field_transformations"
        case Pipeline():
            return "pipelines"
    assert_never(resource)


def body(resource: Resource) -> Body:
    """The body that creates or replaces this resource: only what the user set, secrets still as references.

    A pipeline without a ``state`` is meant to run, so ``active`` is said for it.
    """
    match resource:
        case Connection():
            fields: Body = {"service_provider": resource.service_provider.label, "config": dict(resource.config)}
            return _present({"id": resource.id, "name": resource.name, "state": resource.state, **fields})
        case DataModel():
            return {"id": resource.id, "name": resource.name, "type": resource.type, "sql_query": resource.sql.text}
        case FieldTransformation():
            mappings = tuple(_present(msgspec.structs.asdict(mapping)) for mapping in resource.mappings)
            return {
                "id": resource.id,
                "name": resource.name,
                "destination_type": resource.destination_type,
                "mappings": mappings,
            }
        case Pipeline():
            return _pipeline(resource)
    assert_never(resource)


def _pipeline(pipeline: Pipeline) -> Body:
    fields: Body = {
        name: getattr(pipeline, name) for name in ("id", *FIELDS["pipelines"]) if "." not in name and name != "state"
    }
    mode, schedule = pipeline.sync_mode, pipeline.schedule
    fields["state"] = pipeline.state or "active"
    fields["sync_mode"] = _present(
        {
            "type": mode.type,
            "track_by": mode.track_by,
            "iterator_field": mode.iterator_field,
            "iterator_data_type": mode.iterator_data_type,
            "time_zone": mode.time_zone,
            "from": _time(mode.from_),
            "until": _time(mode.until),
        }
    )
    fields["schedule"] = _present(
        {
            "type": schedule.type,
            "frequency": schedule.frequency,
            "delay": schedule.delay,
            "start_time": _time(schedule.start_time),
            "end_time": _time(schedule.end_time),
        }
    )
    return _present(fields)


def _present(fields: Mapping[str, Value]) -> Body:
    return {name: value for name, value in fields.items() if value is not None}


def _time(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None


def references(value: Value) -> Iterator[EnvRef]:
    """Every reference to a secret in a body, in order."""
    match value:
        case EnvRef():
            yield value
        case Mapping():
            for item in value.values():
                yield from references(item)
        case tuple():
            for item in value:
                yield from references(item)


def reveal(body: Body, environ: Mapping[str, str]) -> dict[str, Any]:
    """The body with its secrets in it, for the very send; raises EnvironmentFailure naming each unset variable."""
    unset = sorted({reference.env for reference in references(body) if reference.read(environ) is None})
    if unset:
        names = ", ".join(unset)
        raise EnvironmentFailure(
            f"{body.get('id')} needs secrets that are not set: {names}.", remedy=f"Set {names} in the environment."
        )
    return {name: _revealed(value, environ) for name, value in body.items()}


def _revealed(value: Value, environ: Mapping[str, str]) -> object:
    match value:
        case EnvRef():
            return value.read(environ)
        case Mapping():
            return {name: _revealed(item, environ) for name, item in value.items()}
        case tuple():
            return [_revealed(item, environ) for item in value]
    return value


def secret(name: str) -> bool:
    """Whether a field of this name holds a secret, whoever wrote it: wider than what a project may call one."""
    return _SECRET_NAME.search(name) is not None or is_secret_name(name)
