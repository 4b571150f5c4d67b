"""A project as values: what a user wrote, checked for its grammar, with the API's field names. No file is read here.

A resource with an error in its grammar is left out of its list; its problem says so, and its id stays in ``broken``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from preflight.finding import Waiver
from preflight.limits import DEFAULT_PROFILE, Override
from preflight.location import Excerpt, Route, SourceFile, Span
from preflight.model import Provider

if TYPE_CHECKING:
    from preflight.config.dbt import DbtProject


class EnvRef(msgspec.Struct, frozen=True):
    """``{env: NAME}``: the only way to a secret. It holds the variable's name, never its value."""

    env: str

    def read(self, environ: Mapping[str, str]) -> str | None:
        """The secret, or None where the variable is unset or empty."""
        return environ.get(self.env) or None


Value = str | int | float | bool | EnvRef | None | Mapping[str, "Value"] | tuple["Value", ...]
"""What may stand in a free-form map: a scalar, a reference to a secret, or either nested."""


class Problem(msgspec.Struct, frozen=True):
    """Something that breaks the project file's grammar; ``kind`` is the name of the rule that reports it."""

    kind: str
    message: str
    span: Span | None
    remedy: str


class Comment(msgspec.Struct, frozen=True):
    """A comment that may speak to preflight, and the stretch that it speaks of; offsets count in its text.

    At a line's end that is the line; on a line of its own the next item, with the lines of comment before it.
    """

    text: str
    """With the sign that begins it."""
    start: int
    end: int
    first: int
    last: int


class WorkspaceConfig(msgspec.Struct, frozen=True):
    """How to reach the workspace; None stands for ``MP_CLIENT_ID``, ``MP_CLIENT_SECRET`` and the documented URLs."""

    id: str
    account_id: str | None = None
    client_id: str | EnvRef | None = None
    client_secret: EnvRef | None = None
    api_url: str | None = None
    token_url: str | None = None
    timeout_seconds: int | None = None
    proxy: str | EnvRef | None = None
    ca_bundle: str | None = None
    """Relative to the project's folder."""
    token_cache: str | None = None
    """``memory`` or ``disk``."""
    routes: Mapping[str, str] = {}


class LimitsConfig(msgspec.Struct, frozen=True):
    """The chosen limit profile and the project's own values."""

    profile: str = DEFAULT_PROFILE
    overrides: Mapping[str, Override] = {}


class LockConfig(msgspec.Struct, frozen=True):
    """How ``preflight.lock`` is used."""

    max_age_days: int = 30
    """A fact that was read longer ago proves nothing."""

    def oldest(self, now: datetime) -> date:
        """The first day whose facts are not too old at ``now``."""
        return (now - timedelta(days=min(self.max_age_days, 36_500))).date()


class Introspect(msgspec.Struct, frozen=True):
    """How preflight itself reads the warehouse."""

    local: str | Mapping[str, str] | None = None
    """A DuckDB file, or one for each catalog, relative to ``folder``; read in place of the warehouse."""
    timeout_seconds: int | None = None
    maximum_bytes_billed: int | None = None
    sample_rows: int | None = None
    options: Mapping[str, Value] = {}
    """The driver's own options, by the driver's names."""
    folder: str = ""
    """Folder of the file that names this connection, relative to the project's."""


class Connection(msgspec.Struct, frozen=True):
    """A connection between mParticle and a warehouse."""

    id: str
    name: str
    service_provider: Provider
    config: Mapping[str, Value]
    state: str | None = None
    introspect: Introspect = Introspect()


class DataModel(msgspec.Struct, frozen=True):
    """A data model: one SQL query."""

    id: str
    name: str
    type: str
    sql: Excerpt
    """The query's text, whether it stands in the YAML or in a file of its own."""
    sql_file: str | None = None
    """Relative to the project's folder, where it is a file of its own."""
    dbt_model: str | None = None
    """The dbt model's unique id, where its compiled SQL is the query."""


class FieldMapping(msgspec.Struct, frozen=True):
    """One mapping of a field transformation, as written; the rules judge whether it is complete."""

    mapping_type: str
    source: str | None = None
    destination: str | None = None
    value: str | None = None


class FieldTransformation(msgspec.Struct, frozen=True):
    """How an event pipeline's columns become members of an event batch."""

    id: str
    name: str
    destination_type: str
    mappings: tuple[FieldMapping, ...]


class SyncMode(msgspec.Struct, frozen=True):
    """Which rows a run reads. Times are aware and in UTC."""

    type: str
    track_by: str | None = None
    iterator_field: str | None = None
    iterator_data_type: str | None = None
    time_zone: str | None = None
    from_: datetime | None = None
    until: datetime | None = None


class Schedule(msgspec.Struct, frozen=True):
    """When a pipeline runs. Times are aware and in UTC."""

    type: str
    frequency: str | None = None
    delay: str | int | float | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None


class Pipeline(msgspec.Struct, frozen=True):
    """A pipeline: a data model, read over a connection, on a schedule, into a feed."""

    id: str
    name: str
    connection_id: str
    data_model_id: str
    sync_mode: SyncMode
    schedule: Schedule
    environment: str
    field_transformation_id: str | None = None
    partner_feed_id: int | None = None
    partner_feed_key: EnvRef | None = None
    plan_id: str | None = None
    plan_version: int | None = None
    state: str | None = None

    @property
    def active(self) -> bool:
        """Whether it takes one of the workspace's slots once it is applied: only ``paused`` does not."""
        return (self.state or "active") != "paused"

    @property
    def is_event(self) -> bool:
        """Whether it loads events, which need a field transformation, rather than user profiles."""
        return self.field_transformation_id is not None


class Project(msgspec.Struct, frozen=True, dict=True):
    """``preflight.yml`` and the files that it includes."""

    root: Path
    """The project's folder, absolute."""
    file: str
    """The project file, relative to ``root``."""
    workspace: WorkspaceConfig | None
    limits: LimitsConfig
    connections: tuple[Connection, ...]
    data_models: tuple[DataModel, ...]
    field_transformations: tuple[FieldTransformation, ...]
    pipelines: tuple[Pipeline, ...]
    rules: Mapping[str, str]
    """A rule's name to ``off``, ``error``, ``warning`` or ``info``."""
    waivers: tuple[Waiver, ...]
    plugins: tuple[str, ...]
    problems: tuple[Problem, ...]
    """Everything that breaks the grammar, in file order."""
    broken: frozenset[tuple[str, str]]
    """(list name, id) of each resource that a problem left out."""
    sources: Mapping[str, SourceFile]
    """Every file that was read, by its path relative to ``root``."""
    locate: Callable[[Route], Span | None]
    """Where a route points: the value, else its key, else the resource's ``id`` line, else None."""
    data_plans: tuple[SourceFile, ...] = ()
    """The files of the data plans, as they are."""
    lock: LockConfig = LockConfig()
    dbt: DbtProject | None = None
    """The dbt project, where a data model is a model of it."""
    comments: Mapping[str, tuple[Comment, ...]] = {}
    """The YAML files' comments that may speak to preflight, by path."""
    patterns: tuple[str, ...] = ()
    """Every pattern that files were looked for by, relative to ``root``."""
    written_in: frozenset[str] = frozenset()
    """The paths of the YAML files among ``sources``."""

    def connection(self, id: str) -> Connection | None:  # noqa: A002 - the API's word
        """The connection with this id."""
        return self._by_id[Connection].get(id)  # type: ignore[return-value]

    def data_model(self, id: str) -> DataModel | None:  # noqa: A002
        """The data model with this id."""
        return self._by_id[DataModel].get(id)  # type: ignore[return-value]

    def field_transformation(self, id: str) -> FieldTransformation | None:  # noqa: A002
        """The field transformation with this id."""
        return self._by_id[FieldTransformation].get(id)  # type: ignore[return-value]

    def pipeline(self, id: str) -> Pipeline | None:  # noqa: A002
        """The pipeline with this id."""
        return self._by_id[Pipeline].get(id)  # type: ignore[return-value]

    @cached_property
    def _by_id(self) -> Mapping[type, Mapping[str, Connection | DataModel | FieldTransformation | Pipeline]]:
        """Every resource of each kind; of equal ids the first."""
        return {
            Connection: {c.id: c for c in reversed(self.connections)},
            DataModel: {m.id: m for m in reversed(self.data_models)},
            FieldTransformation: {t.id: t for t in reversed(self.field_transformations)},
            Pipeline: {p.id: p for p in reversed(self.pipelines)},
        }
