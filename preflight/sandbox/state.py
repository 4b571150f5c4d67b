"""What the sandbox holds and what it refuses, without HTTP: one workspace's resources, runs, tokens and health."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import inf
from time import monotonic
from typing import Any

import msgspec

from preflight.sandbox.store import Store
from preflight.workspace import wire

ACTIVE_PIPELINES = 5
"""The platform's own cap, by OV. It is not the project's limit: the sandbox plays the other side."""
_RUNS = "runs"
"""What the store calls pipelines' latest runs."""
_REFERENCES = {
    "connection_id": "connections",
    "data_model_id": "data_models",
    "field_transformation_id": "field_transformations",
}
_REQUIRED = {
    "connections": ("id", "name", "service_provider", "config"),
    "data_models": ("id", "name", "type", "sql_query"),
    "field_transformations": ("id", "name", "destination_type", "mappings"),
    "pipelines": ("id", "name", "connection_id", "data_model_id", "environment", "sync_mode", "schedule"),
}


class Refused(Exception):
    """The platform answers ``status`` with ``message``."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Health(msgspec.Struct, frozen=True):
    """What a connection says of itself."""

    status: str | None = "healthy"
    errors: tuple[str, ...] = ()


class State:
    """One workspace. ``clock`` counts seconds; ``warm_up`` is how long a new pipeline has no status.

    With a ``store`` its resources and runs are those of the file and are kept in it; tokens and health never are.
    """

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_lifetime: int = 28800,
        warm_up: float = 0.0,
        clock: Callable[[], float] = monotonic,
        store: Store | None = None,
    ) -> None:
        self.credentials = (client_id, client_secret)
        self.token_lifetime = token_lifetime
        self.warm_up = warm_up
        self.health: dict[str, Health] = {}
        """By connection id, where it is not healthy."""
        self.plans: dict[str, dict[str, Any]] = {}
        """Data plans by their id, as the API returns them; nothing but a test sets them."""
        self._clock = clock
        self._tokens: dict[str, float] = {}
        self._held: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in wire.COLLECTIONS}
        self._created: dict[str, float] = {}
        self._runs: dict[str, dict[str, Any]] = {}
        self._store = store
        for kind, name, body in store.all() if store else ():
            (self._runs if kind == _RUNS else self._held[kind])[name] = body

    def token(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A new token for a client-credentials request."""
        if asked.get("grant_type") != wire.GRANT_TYPE or asked.get("audience") != wire.AUDIENCE:
            raise Refused(403, "Client is not authorized for this grant type and audience.")
        for name, wanted in zip(("client_id", "client_secret"), self.credentials, strict=True):
            given = asked.get(name)
            if not isinstance(given, str) or not given or (wanted is not None and given != wanted):
                raise Refused(401, "Unauthorized")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._clock() + self.token_lifetime
        return {"access_token": token, "expires_in": self.token_lifetime, "token_type": "Bearer"}

    def accepts(self, token: str) -> bool:
        """Whether the token was given out and has not expired."""
        return self._tokens.get(token, -1.0) > self._clock()

    def expire_tokens(self) -> None:
        """Let every token that was given out expire now."""
        self._tokens.clear()

    def list(self, kind: str) -> list[dict[str, Any]]:
        """The resources of one kind as a reader sees them, in the order of their creation."""
        return [self._shown(kind, held) for held in self._held[kind].values()]

    def get(self, kind: str, id: str) -> dict[str, Any]:  # noqa: A002 - the API's word
        """One resource as a reader sees it."""
        return self._shown(kind, self._one(kind, id))

    def stored(self, kind: str, id: str) -> Mapping[str, Any]:  # noqa: A002
        """One resource as it was sent, secrets included: for tests, never over HTTP."""
        return self._one(kind, id)

    def create(self, kind: str, body: Any) -> dict[str, Any]:
        """Hold a new resource."""
        fields = self._checked(kind, body)
        if fields["id"] in self._held[kind]:
            raise Refused(409, f"{kind} {fields['id']} already exists.")
        now = _now()
        audit = {"created_on": now, "created_by": "sandbox", "last_modified_on": now, "last_modified_by": "sandbox"}
        self._keep(kind, fields["id"], {**fields, **audit})
        self._created[fields["id"]] = self._clock()
        return self.get(kind, fields["id"])

    def replace(self, kind: str, id: str, body: Any) -> dict[str, Any]:  # noqa: A002
        """Replace a resource wholly."""
        before = self._one(kind, id)
        fields = self._checked(kind, body)
        if fields["id"] != id:
            raise Refused(400, f"The id {fields['id']} in the body is not the id {id} in the path.")
        kept = {name: before[name] for name in ("created_on", "created_by")}
        self._keep(kind, id, {**fields, **kept, "last_modified_on": _now(), "last_modified_by": "sandbox"})
        return self.get(kind, id)

    def delete(self, kind: str, id: str) -> None:  # noqa: A002
        """Drop a resource that no pipeline refers to."""
        self._one(kind, id)
        for pipeline in self._held["pipelines"].values():
            if any(pipeline.get(name) == id and of == kind for name, of in _REFERENCES.items()):
                raise Refused(400, f"{kind} {id} is used by pipeline {pipeline['id']}.")
        for of in (kind, _RUNS) if kind == "pipelines" else (kind,):
            (self._runs if of == _RUNS else self._held[of]).pop(id, None)
            if self._store:
                self._store.drop(of, id)

    def latest_run(self, id: str) -> dict[str, Any] | None:  # noqa: A002
        """A pipeline's latest run, as its status shows it."""
        return self._runs.get(id)

    def run(
        self,
        id: str,  # noqa: A002
        *,
        state: str = "success",
        start: str | None = None,
        end: str | None = None,
        extracted: int | str | None = None,
        mapped: int | str | None = None,
        batches: int | str | None = None,
    ) -> None:
        """Let a pipeline's latest run be this one; the sandbox reads no warehouse, so its counts are given to it."""
        self._one("pipelines", id)
        before = self._runs.get(id) or {}
        run = {
            "pipeline_run_id": before.get("pipeline_run_id", 0) + 1,
            "id": id,
            "pipeline_run_type": "scheduled",
            "pipeline_run_state": state,
            "is_externally_triggered": False,
            "logical_date": start,
            "data_interval_start": start,
            "data_interval_end": end,
            "records_extracted": extracted,
            "records_mapped": mapped,
            "event_batches_generated": batches,
        }
        self._keep(_RUNS, id, run)

    def status(self, id: str) -> dict[str, Any]:  # noqa: A002
        """A pipeline's status; there is none while the pipeline warms up."""
        pipeline = self._one("pipelines", id)
        if self._clock() < self._created.get(id, -inf) + self.warm_up:
            raise Refused(404, f"The status of pipeline {id} was not found.")
        healthy = self.health.get(pipeline["connection_id"], Health()).status == "healthy"
        return {
            "pipeline_id": id,
            "is_active": _active(pipeline),
            "is_faulted": False,
            "is_connection_active": True,
            "is_connection_faulted": not healthy,
            "latest_pipeline_run": self._runs.get(id),
        }

    def plan(self, id: str, version: int | None) -> dict[str, Any]:  # noqa: A002
        """A data plan, or one of its versions."""
        plan = self.plans.get(id)
        if plan is None:
            raise Refused(404, f"The specified plan ID {id} was not found.")
        if version is None:
            return plan
        for held in plan["data_plan_versions"]:
            if held["version"] == version:
                return {"data_plan_id": id, **held}
        raise Refused(404, f"The specified version {version} in plan ID {id} was not found.")

    def _keep(self, kind: str, id: str, body: dict[str, Any]) -> None:  # noqa: A002
        if self._store:
            self._store.put(kind, id, body)
        (self._runs if kind == _RUNS else self._held[kind])[id] = body

    def _one(self, kind: str, id: str) -> dict[str, Any]:  # noqa: A002
        if id not in self._held[kind]:
            raise Refused(404, f"{kind} {id} was not found.")
        return self._held[kind][id]

    def _checked(self, kind: str, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise Refused(400, "The body is not a JSON object.")
        missing = [name for name in _REQUIRED[kind] if body.get(name) in (None, "")]
        if missing:
            raise Refused(400, f"Missing: {', '.join(missing)}.")
        if not isinstance(body["id"], str) or not wire.SLUG.fullmatch(body["id"]):
            raise Refused(400, "The id may hold letters, digits, _ and - alone.")
        if kind == "connections" and body["service_provider"] not in wire.PROVIDERS:
            raise Refused(400, "The service_provider is not known.")
        if kind == "connections" and not isinstance(body["config"], dict):
            raise Refused(400, "The config is not an object.")
        if kind == "pipelines":
            self._check_pipeline(body)
        return {name: value for name, value in body.items() if name not in wire.READ_ONLY}

    def _check_pipeline(self, body: Mapping[str, Any]) -> None:
        for name, kind in _REFERENCES.items():
            referred = body.get(name)
            if referred is not None and (not isinstance(referred, str) or referred not in self._held[kind]):
                raise Refused(400, f"{name} {referred} was not found.")
        if body.get("partner_feed_id") is None and body.get("partner_feed_key") is None:
            raise Refused(400, "Missing: partner_feed_id or partner_feed_key.")
        others = sum(_active(held) for held in self._held["pipelines"].values() if held["id"] != body["id"])
        if _active(body) and others >= ACTIVE_PIPELINES:
            raise Refused(400, f"The workspace already has {others} active pipelines.")

    def _shown(self, kind: str, held: Mapping[str, Any]) -> dict[str, Any]:
        shown = _masked(held)
        if kind == "connections":
            health = self.health.get(held["id"], Health())
            shown["status"] = health.status
            shown["errors"] = [{"message": error} for error in health.errors]
        return shown


def _masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Secrets as the platform shows them: left out of a config, as asterisks elsewhere."""
    shown: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "config" and isinstance(value, Mapping):
            shown[name] = {key: item for key, item in value.items() if not wire.secret(key)}
        else:
            shown[name] = "*" * 10 if wire.secret(name) else value
    return shown


def _active(pipeline: Mapping[str, Any]) -> bool:
    return str(pipeline.get("state") or "active").lower() == "active"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
