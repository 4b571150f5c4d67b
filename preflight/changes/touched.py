"""Which pipelines and data models a change touches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from preflight import lock as locks
from preflight.changes.git import Base, CommittedFiles, changed
from preflight.config import Connection, DataModel, Project
from preflight.config.dbt import DbtProblem, DbtProject, Node
from preflight.config.load import load_from
from preflight.engine.digest import fingerprint
from preflight.finding import Subject, SubjectKind


def before(project: Project, at: Base) -> Project | None:
    """The project as the commit has it; None where it has none."""
    files = CommittedFiles(project.root, at)
    return load_from(files, project.file) if files.holds(project.file) else None


def touched(project: Project, at: Base) -> frozenset[Subject]:
    """The project, and of the rest what may be proven otherwise than at the commit."""
    return _touched(project, at) | {Subject(SubjectKind.PROJECT)}


def _touched(project: Project, at: Base) -> frozenset[Subject]:
    """The connections, the pipelines, and the data models without one."""
    names = changed(at)
    if not names:
        return frozenset()
    old = before(project, at)
    moved = {name for name in names if (at.top / name).is_relative_to(project.root)}
    ours = {os.path.relpath(at.top / name, project.root) for name in moved}
    if old is None or _whole(old) != _whole(project) or locks.NAME in ours:
        return frozenset(_all(project))
    changed_models = {m.id for m in project.data_models if _model(m) != _model(old.data_model(m.id))}
    changed_models |= set(_by_dbt(project, {(at.top / name).resolve() for name in names}))
    found = [Subject(SubjectKind.DATA_MODEL, name) for name in changed_models]
    for pipeline in project.pipelines:
        transformation = pipeline.field_transformation_id
        was, connection = old.pipeline(pipeline.id), project.connection(pipeline.connection_id)
        if (
            was is None
            or fingerprint(was) != fingerprint(pipeline)
            or pipeline.data_model_id in changed_models
            or _print(connection) != _print(old.connection(pipeline.connection_id))
            or (connection is not None and not ours.isdisjoint(_stand_ins(connection)))
            or (
                transformation is not None
                and _print(project.field_transformation(transformation))
                != _print(old.field_transformation(transformation))
            )
        ):
            found.append(Subject(SubjectKind.PIPELINE, pipeline.id))
            found.append(Subject(SubjectKind.CONNECTION, pipeline.connection_id))
    found += [
        Subject(SubjectKind.CONNECTION, c.id)
        for c in project.connections
        if fingerprint(c) != _print(old.connection(c.id))
    ]
    return frozenset(found)


def _whole(project: Project) -> str:
    """The fingerprint of what every verdict may rest on."""
    settings = (project.workspace, project.limits, project.lock, project.rules, project.waivers, project.plugins)
    return fingerprint(settings)


def _all(project: Project) -> Iterator[Subject]:
    yield from (Subject(SubjectKind.PIPELINE, pipeline.id) for pipeline in project.pipelines)
    yield from (Subject(SubjectKind.DATA_MODEL, model.id) for model in project.data_models)
    yield from (Subject(SubjectKind.CONNECTION, connection.id) for connection in project.connections)


def _print(value: msgspec.Struct | None) -> Any:
    return None if value is None else fingerprint(value)


def _model(model: DataModel | None) -> tuple[str, str] | None:
    """A data model's settings and text; where the text stands does not matter."""
    if model is None:
        return None
    return fingerprint([model.name, model.type]), sha256(model.sql.text.encode()).hexdigest()


def _stand_ins(connection: Connection) -> Iterable[str]:
    local = connection.introspect.local or {}
    named = [local] if isinstance(local, str) else local.values()
    return (os.path.normpath(Path(connection.introspect.folder) / name) for name in named)


# -- dbt ---------------------------------------------------------------------------------------------------------------


def _by_dbt(project: Project, names: set[Path]) -> Iterator[str]:
    """The data models whose dbt model is made of a file that has changed, however far up."""
    dbt = project.dbt
    if dbt is None:
        return
    try:
        nodes = dbt.manifest.nodes
    except DbtProblem:
        return
    settings = {(dbt.folder / name).resolve() for name in ("dbt_project.yml", "packages.yml", "dependencies.yml")}
    for model in project.data_models:
        node = nodes.get(model.dbt_model or "")
        if node is None:
            continue
        files = {file for ancestor in dbt.ancestors(node) for file in _files(dbt, ancestor)}
        if not names.isdisjoint(files | settings):
            yield model.id


def _files(dbt: DbtProject, node: Node) -> Iterator[Path]:
    """The files that a node is written in: its own, its properties' and those of its macros."""
    paths = [node.original_file_path, (node.patch_path or "").partition("://")[2]]
    paths += [macro.original_file_path for name in node.depends_on.macros if (macro := dbt.manifest.macros.get(name))]
    yield from ((dbt.folder / path).resolve() for path in paths if path and "\0" not in path)
