"""Values that follow the grammar to the project's resources; and what only the whole can tell: ids and references."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from preflight.config import grammar as g
from preflight.config.excerpts import excerpt
from preflight.config.files import KEEP_INSIDE, Files, Refuse, within
from preflight.config.nodes import Mapping, Node, Scalar
from preflight.config.places import Place, Places
from preflight.config.problems import BAD, Suggestions
from preflight.config.project import (
    Connection,
    DataModel,
    FieldMapping,
    FieldTransformation,
    Introspect,
    Pipeline,
    Problem,
    Schedule,
    SyncMode,
)
from preflight.config.read import Reader
from preflight.location import Excerpt, Route, SourceFile, Span
from preflight.model import Provider

if TYPE_CHECKING:
    from preflight.config.dbt import DbtProject


class Resources:
    """The four kinds of resources as they are read, and the ids of those that a problem left out."""

    def __init__(self, files: Files, places: Places) -> None:
        self.connections: dict[str, Connection] = {}
        self.data_models: dict[str, DataModel] = {}
        self.field_transformations: dict[str, FieldTransformation] = {}
        self.pipelines: dict[str, Pipeline] = {}
        self.broken: set[tuple[str, str]] = set()
        self.dbt_folder: str | None = None
        """Where the dbt project is, as the project says it."""
        self.dbt: DbtProject | None = None
        self._files = files
        self._places = places
        self._wanted: list[tuple[str, str, str]] = []
        """(pipeline, field, id) of every reference as it is written, whatever else is wrong with the pipeline."""

    def add(self, reader: Reader, node: Node, kind: str, folder: str, what: str) -> None:
        """Read one resource of the list ``kind``; ``what`` names it in messages where it has no id."""
        identity = written(node, "id")
        values = reader.shape(node, g.LISTS[kind], identity or what)
        if identity is None:
            return
        key = kind, identity
        if first := self._places.items.get(key):
            span = first.file.span(first.node.entries["id"][1])  # type: ignore[union-attr]
            message = f"The id {identity} is used twice among the {kind}; first in {span.path}:{span.line}."
            at = node.entries["id"][1]  # type: ignore[union-attr]
            reader.add("duplicate-id", message, at, "Give one of the two another id.")
            return
        place = Place(reader, node, kind, folder)
        self._places.add(place, identity)
        if kind == "pipelines":
            named = ((field, written(node, field)) for field in _REFERENCES)
            self._wanted += [(identity, field, wanted) for field, wanted in named if wanted is not None]
        built = None if values is BAD else _BUILDERS[kind](self, place, values)
        if built is None:
            self.broken.add(key)
        else:
            getattr(self, kind)[identity] = built

    def unresolved(self, waivers: Iterable[dict[str, Any]]) -> Iterable[Problem]:
        """A problem for each id that a pipeline or a waiver names and that the project does not have."""
        suggest = Suggestions(budget=50)
        ids: dict[str, list[str]] = {kind: [] for kind in g.LISTS}
        for kind, id_ in self._places.items:
            if g.is_id(id_):
                ids[kind].append(id_)
        for kind, wanted, label, route in self._references(waivers):
            if (kind, wanted) in self._places.items:
                continue
            close = suggest.nearest(wanted, ids[kind])
            message = f"The project has no {label} with the id {wanted[:80]}."
            remedy = f"Write {close}." if close else f"Add it under `{kind}`."
            yield Problem("unresolved-reference", message, self._places.locate(route), remedy)

    def _references(self, waivers: Iterable[dict[str, Any]]) -> Iterable[tuple[str, str, str, Route]]:
        """The list, the id, what it is called and its place, of every reference."""
        for pipeline, field, wanted in self._wanted:
            label = field.removesuffix("_id").replace("_", " ")
            route = Route("pipelines", pipeline, (field,))
            yield _REFERENCES[field], wanted, label, route
        for index, waiver in enumerate(waivers):
            if "pipeline" in waiver:
                route = Route("", "", ("waivers", index, "pipeline"))
                yield "pipelines", waiver["pipeline"], "pipeline", route

    # -- one builder a kind --------------------------------------------------------------------------------------------

    def connection(self, place: Place, values: dict[str, Any]) -> Connection | None:
        """A connection; None where its stand-in lies outside the project's folder."""
        named = dict(values.pop("introspect", {}))
        fields = {key: named.pop(key) for key in list(named) if key in g.INTROSPECT.fields}
        local = fields.get("local", {})
        inside = True
        for catalog, name in {None: local}.items() if isinstance(local, str) else local.items():
            path = within(place.folder, name)
            if path is None or not self._files.contains(path):
                keys = ("introspect", "local", *([catalog] if catalog else ()))
                self._refuse(place, *keys)(f"{name} lies outside the project's folder.", KEEP_INSIDE, None)
                inside = False
        introspect = Introspect(**fields, options=named, folder=place.folder)
        provider = Provider(values.pop("service_provider"))
        return Connection(**values, service_provider=provider, introspect=introspect) if inside else None

    def data_model(self, place: Place, values: dict[str, Any]) -> DataModel | None:
        """A data model with its query's text; None where its file cannot be read."""
        name, query = values.pop("sql_file", None), values.pop("sql_query", None)
        if (model := values.pop("dbt_model", None)) is not None:
            return self._dbt_model(place, values, model)
        if name is None:
            scalar = place.node.entries["sql_query"][1]  # type: ignore[union-attr]
            assert isinstance(scalar, Scalar)  # noqa: S101 - its text was read
            return DataModel(**values, sql=excerpt(query, scalar, place.file.file))
        refuse = self._refuse(place, "sql_file")
        path = within(place.folder, name)
        if path is None:
            refuse(f"{name} lies outside the project's folder.", KEEP_INSIDE, None)
            return None
        file = self._files.read(path, refuse)
        return None if file is None else DataModel(**values, sql=Excerpt.whole(file), sql_file=path)

    def _dbt_model(self, place: Place, values: dict[str, Any], name: str) -> DataModel | None:
        from preflight.config import dbt

        span = self._places.locate(Route(place.kind, values["id"], ("dbt_model",)))
        try:
            self.dbt = self.dbt or dbt.find(self._files, self.dbt_folder)
            node = self.dbt.model(name)
        except dbt.DbtProblem as problem:
            place.file.found.append(Problem(problem.kind, problem.message, span, problem.remedy))
            return None
        if self.dbt.edited(node):
            message = f"{node.original_file_path} has changed since dbt compiled it."
            place.file.found.append(Problem("stale-dbt-manifest", message, span, "Run `dbt compile`."))
        file = SourceFile(self.dbt.path(node, self._files.root), node.compiled_code or "")
        self._files.sources[file.path] = file
        return DataModel(**values, sql=Excerpt.whole(file), dbt_model=node.unique_id)

    def _refuse(self, place: Place, *keys: str) -> Refuse:
        """What keeps a problem with a file at the key that names it, unless the fault has a place of its own."""
        named = self._places.locate(Route(place.kind, written(place.node, "id") or "", keys))

        def refuse(message: str, remedy: str, span: Span | None) -> None:
            place.file.found.append(Problem("unreadable-file", message, span or named, remedy))

        return refuse

    def field_transformation(self, _: Place, values: dict[str, Any]) -> FieldTransformation:
        """A field transformation."""
        mappings = tuple(FieldMapping(**mapping) for mapping in values.pop("mappings"))
        return FieldTransformation(**values, mappings=mappings)

    def pipeline(self, _: Place, values: dict[str, Any]) -> Pipeline:
        """A pipeline."""
        sync, schedule = values.pop("sync_mode"), values.pop("schedule")
        if "from" in sync:
            sync["from_"] = sync.pop("from")
        return Pipeline(**values, sync_mode=SyncMode(**sync), schedule=Schedule(**schedule))


_BUILDERS: dict[str, Callable[[Resources, Place, dict[str, Any]], Any]] = {
    "connections": Resources.connection,
    "data_models": Resources.data_model,
    "field_transformations": Resources.field_transformation,
    "pipelines": Resources.pipeline,
}
_REFERENCES = {
    "connection_id": "connections",
    "data_model_id": "data_models",
    "field_transformation_id": "field_transformations",
}


def written(node: Node, field: str) -> str | None:
    """What a field of a resource holds, if that is a text or a number, whatever else is wrong with it."""
    entry = node.entries.get(field) if isinstance(node, Mapping) else None
    scalar = entry[1] if entry else None
    return scalar.text if isinstance(scalar, Scalar) and scalar.value is not None and scalar.text else None
