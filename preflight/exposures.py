"""The pipelines as dbt exposures, with the columns that each reads, so that a dbt change that drops one is seen.

The shape of ``referenced_columns`` is Elementary's, https://docs.elementary-data.com/data-tests/exposure-tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from preflight.config import DataModel, Pipeline, Project
from preflight.config.dbt import CatalogEntry, DbtProject, Node
from preflight.errors import UsageError
from preflight.query import Query, parse


class Exposure(msgspec.Struct, frozen=True):
    """One pipeline, the dbt nodes that it reads, and of each the columns with their types (empty: not known)."""

    pipeline: Pipeline
    reads: Mapping[str, Mapping[str, str]]
    """A node's Jinja reference to its columns."""


def exposures(project: Project, dbt: DbtProject) -> tuple[Exposure, ...]:
    """Every pipeline that reads something of the dbt project, by id; raises DbtProblem."""
    found = []
    for pipeline in sorted(project.pipelines, key=lambda one: one.id):
        data_model = project.data_model(pipeline.data_model_id)
        connection = project.connection(pipeline.connection_id)
        if data_model is None or connection is None:
            continue
        query = parse(data_model.sql, connection.service_provider.value, data_model.id)
        if reads := _reads(data_model, query, dbt):
            found.append(Exposure(pipeline, reads))
    return tuple(found)


def _reads(data_model: DataModel, query: Query, dbt: DbtProject) -> dict[str, dict[str, str]]:
    node = dbt.manifest.nodes.get(data_model.dbt_model or "")
    if node is not None and node.resource_type == "model":
        names = [column.name for column in query.outputs().columns if column.name is not None]
        return {node.ref: _typed(names, _entry(dbt, node))}
    by_table = {_table(n.relation_name): n for n in _nodes(dbt) if n.relation_name}
    aliases = {query.place(table): table.alias_or_name for table in query.nodes("Table")}
    sources: dict[str, list[Node]] = {}
    for use in query.tables:
        if read := by_table.get(tuple(part.casefold() for part in use.ref.parts)):
            sources.setdefault(aliases.get(use.place, use.ref.name).casefold(), []).append(read)
    return _columns(query, sources, dbt)


def _columns(query: Query, sources: Mapping[str, list[Node]], dbt: DbtProject) -> dict[str, dict[str, str]]:
    """The columns of each node; a name without a table is the only table's, or of each that is known to have it."""
    nodes = {node.unique_id: node for named in sources.values() for node in named}
    names: dict[str, list[str]] = {name: [] for name in nodes}
    for column in query.nodes("Column"):
        qualifier = column.text("table")
        if qualifier:
            owners: Iterable[Node] = sources.get(qualifier.casefold(), ())
        else:
            owners = nodes.values() if len(query.tables) == 1 else _owners(nodes.values(), column.name, dbt)
        for owner in owners:
            if type(column.this).__name__ == "Star" and (entry := _entry(dbt, owner)):
                names[owner.unique_id] += [listed.name for listed in entry.ordered]
            elif column.name not in ("", "*"):
                names[owner.unique_id].append(column.name)
    if any(type(star.parent).__name__ == "Select" for star in query.nodes("Star")):
        for name, node in nodes.items():
            entry = _entry(dbt, node)
            names[name] += [listed.name for listed in entry.ordered] if entry else []
    return {nodes[name].ref: _typed(found, _entry(dbt, nodes[name])) for name, found in names.items()}


def _owners(nodes: Iterable[Node], name: str, dbt: DbtProject) -> Iterator[Node]:
    for node in nodes:
        entry = _entry(dbt, node)
        if entry is not None and any(column.casefold() == name.casefold() for column in entry.columns):
            yield node


def _typed(names: Iterable[str], entry: CatalogEntry | None) -> dict[str, str]:
    types = {name.casefold(): column.type for name, column in entry.columns.items()} if entry else {}
    by_folded = {name.casefold(): name for name in names}
    return {name: types.get(folded, "") for folded, name in sorted(by_folded.items())}


def _entry(dbt: DbtProject, node: Node) -> CatalogEntry | None:
    catalog = dbt.catalog
    return None if catalog is None else catalog.nodes.get(node.unique_id) or catalog.sources.get(node.unique_id)


def _nodes(dbt: DbtProject) -> Iterator[Node]:
    yield from (node for node in dbt.manifest.nodes.values() if node.resource_type in ("model", "seed", "snapshot"))
    yield from dbt.manifest.sources.values()


def _table(relation: str) -> tuple[str, ...]:
    """A relation's parts without quotes and case."""
    parts = re.findall(r'"([^"]+)"|`([^`]+)`|([^."`]+)', relation)
    return tuple(piece.casefold() for part in parts for text in part if text for piece in _inside(text, part))


def _inside(text: str, part: tuple[str, ...]) -> list[str]:
    return text.split(".") if part[1] else [text]


def render(found: Iterable[Exposure], owner: str) -> str:
    """A dbt properties file; every text is in JSON's quotes, which YAML reads alike."""
    lines = ["version: 2", "", "exposures:"]
    names: dict[str, str] = {}
    for exposure in found:
        pipeline = exposure.pipeline
        name = re.sub(r"\W", "_", pipeline.id)
        if name in names:
            raise UsageError(
                f"the pipelines {names[name]} and {pipeline.id} would both be the exposure {name}",
                remedy="give one of them another id",
            )
        names[name] = pipeline.id
        lines += [
            f"  - name: {name}",
            f"    label: {_quoted(pipeline.name)}",
            "    type: application",
            f"    owner: {{name: {_quoted(owner)}}}",
            f"    description: {_quoted(f'mParticle Warehouse Sync pipeline {pipeline.id} ({pipeline.environment}).')}",
            "    depends_on:",
            *(f"      - {_quoted(ref)}" for ref in sorted(exposure.reads)),
            "    config:",
            "      meta:",
            "        referenced_columns:",
        ]
        for ref, columns in sorted(exposure.reads.items()):
            for column, type_ in columns.items():
                typed = f", data_type: {_quoted(type_)}" if type_ else ""
                lines.append(f"          - {{column_name: {_quoted(column)}{typed}, node: {_quoted(ref)}}}")
    return "\n".join(lines if names else ["version: 2", "", "exposures: []"]) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
