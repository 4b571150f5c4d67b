"""A lock made of dbt's catalog: what the warehouse listed when dbt last made its docs."""

from __future__ import annotations

from collections.abc import Iterable

from preflight.config import Connection, DataModel, Project
from preflight.config.dbt import Catalog, CatalogEntry, DbtProblem, DbtProject, Node
from preflight.lock.file import Lock, LockedModel, LockedTable, Seen, settings, sql_digest
from preflight.model import Column, TableInfo, TableRef
from preflight.query import parse
from preflight.query.types import named_type

_BY = "dbt docs generate"
_KINDS = {"BASE TABLE": "table", "TABLE": "table", "VIEW": "view"}


def with_catalog(lock: Lock | None, project: Project, uses: Iterable[tuple[DataModel, Connection]]) -> Lock | None:
    """``lock`` with what the catalog of the project's dbt project adds; the lock's own word on anything stands."""
    catalog = _catalog(project)
    if catalog is None or catalog.metadata.generated_at is None:
        return lock
    seen = Seen(catalog.metadata.generated_at.date(), _BY, "metadata")
    models: dict[tuple[str, str], LockedModel] = {}
    tables: dict[tuple[str, str], LockedTable] = {}
    for data_model, connection in uses:
        dialect = connection.service_provider.value
        digest, sql = settings(connection), sql_digest(data_model.sql.text)
        for entry in (*catalog.nodes.values(), *catalog.sources.values()):
            table = LockedTable(connection.id, digest, seen, _table(entry, dialect))
            tables[table.key] = table
        entry_of = catalog.nodes.get(data_model.dbt_model or "")
        if entry_of is not None and _puts_out(data_model, dialect, entry_of):
            model = LockedModel(connection.id, data_model.id, digest, sql, seen, _columns(entry_of, dialect))
            models[model.key] = model
    if lock is None:
        return Lock(models=tuple(models.values()), tables=tuple(tables.values())) if models or tables else None
    current = {m.key for m in lock.models if (made := models.get(m.key)) is None or made.sql == m.sql}
    kept = [m for m in lock.models if m.key in current]
    return Lock(
        models=(*kept, *(m for key, m in models.items() if key not in current)),
        tables=(*lock.tables, *(t for key, t in tables.items() if key not in {locked.key for locked in lock.tables})),
        counts=lock.counts,
        access=lock.access,
    )


def _puts_out(data_model: DataModel, dialect: str, entry: CatalogEntry) -> bool:
    """Whether the query, as far as its text tells, puts out the columns that the relation had."""
    outputs = parse(data_model.sql, dialect, data_model.id).outputs()
    names = [column.name.casefold() for column in outputs.columns if column.name is not None]
    listed = [column.name.casefold() for column in entry.ordered]
    return names == listed if outputs.complete else set(names) <= set(listed)


def listed_columns(dbt: DbtProject, node: Node, dialect: str) -> tuple[Column, ...]:
    """A node's columns as the catalog lists them; none where there is no catalog. Raises DbtProblem."""
    catalog = dbt.catalog
    entry = catalog.nodes.get(node.unique_id) if catalog is not None else None
    return _columns(entry, dialect) if entry is not None else ()


def _catalog(project: Project) -> Catalog | None:
    try:
        return project.dbt.catalog if project.dbt is not None else None
    except DbtProblem:
        return None


def _columns(entry: CatalogEntry, dialect: str) -> tuple[Column, ...]:
    return tuple(Column(column.name, named_type(column.type, dialect)) for column in entry.ordered)


def _table(entry: CatalogEntry, dialect: str) -> TableInfo:
    about = entry.metadata
    ref = TableRef(about.name, about.schema, about.database or "")
    return TableInfo(ref, _KINDS.get(about.type.upper(), about.type.lower()), _columns(entry, dialect))
