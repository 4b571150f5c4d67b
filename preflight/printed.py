"""What is kept beside a printed report: what stands where in it, and what it takes to judge a part of it anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from preflight.cache import key
from preflight.config import (
    Connection,
    DataModel,
    EnvRef,
    FieldTransformation,
    Introspect,
    LimitsConfig,
    LockConfig,
    Pipeline,
    Project,
    WorkspaceConfig,
)
from preflight.finding import Depth, Report, State, Subject, SubjectKind, Waiver
from preflight.location import Excerpt, Route, SourceFile, Span
from preflight.model import Provider
from preflight.report.repository import reached
from preflight.report.sheet import Sheet
from preflight.report.style import Style

SPEAKS = "preflight:"
"""What a comment that suppresses findings holds."""
_ENV = 1
"""The code of a reference to a variable among the values of MessagePack."""


class Judged(msgspec.Struct, frozen=True, array_like=True):
    """One subject whose query is a file of its own."""

    subject: Subject
    data_model: tuple[str, str, str]
    """Its id, name and type."""
    pipeline: Pipeline | None
    beyond: str
    """The digest of what is said of it that stands elsewhere than in its own words and file."""


class _Connection(msgspec.Struct, frozen=True, array_like=True):
    """A connection."""

    id: str
    name: str
    service_provider: Provider
    state: str | None
    config: Any
    introspect: Any


class Settings(msgspec.Struct, frozen=True, array_like=True):
    """What the project says beside its queries and pipelines."""

    root: str
    file: str
    workspace: WorkspaceConfig | None
    limits: LimitsConfig
    lock: LockConfig
    connections: tuple[_Connection, ...]
    field_transformations: tuple[FieldTransformation, ...]
    rules: dict[str, str]
    waivers: tuple[Waiver, ...]
    data_plans: tuple[tuple[str, str], ...]
    """Their paths and texts."""


class Outline(msgspec.Struct, frozen=True, array_like=True):
    """What stands where in a printed text, and what it takes to judge some of its subjects anew."""

    sheet: Sheet
    """Without the texts of its findings."""
    lengths: tuple[int, ...]
    """Of those texts, which follow one another behind the head."""
    speaks: bool
    """Whether a comment suppresses findings."""
    judged: dict[str, tuple[msgspec.Raw, ...]]
    """The subjects of each file: ``Judged``."""
    settings: msgspec.Raw
    """``Settings``."""


def outline(asked: Sequence[Any], project: Project, report: Report, sheet: Sheet, text: str) -> bytes | None:
    """What ``print_amended`` needs of a report that was printed as ``text``; None where the whole has to be checked."""
    pipelines, _, *narrowed = asked[:5]
    odd = (report.notes, sheet.trouble, pipelines, *narrowed)
    if any(odd) or report.depth is not Depth.STATIC or text != sheet.text(style_of(asked, project.root)):
        return None
    if any(connection.introspect.local is not None for connection in project.connections):
        return None
    lengths = tuple(len(text) for text in sheet.texts)
    speaks = bool(project.comments) or any(SPEAKS in model.sql.text for model in project.data_models)
    try:
        judged = _judged(project, report, speaks=speaks)
        return msgspec.msgpack.encode(Outline(replace(sheet, texts=()), lengths, speaks, judged, _settings(project)))
    except (ValueError, OverflowError):  # a text that no encoding has, a number of too many digits
        return None


def _judged(project: Project, report: Report, *, speaks: bool) -> dict[str, tuple[msgspec.Raw, ...]]:
    """The subjects whose query is a file of its own that suppresses nothing, by that file."""
    others = project.written_in | {plan.path for plan in project.data_plans}
    files: dict[Subject, tuple[DataModel, Pipeline | None]] = {}
    for subject in report.subjects:
        pipeline = project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        named = pipeline.data_model_id if pipeline is not None else subject.id
        judged = pipeline is not None or subject.kind is SubjectKind.DATA_MODEL
        model = project.data_model(named) if judged else None
        if model is not None and model.sql_file not in (None, *others) and SPEAKS not in model.sql.text:
            files[subject] = model, pipeline
    paths = {subject: model.sql.file.path for subject, (model, _) in files.items()}
    digests = beyond(report, paths, speaks=speaks)
    found: defaultdict[str, list[msgspec.Raw]] = defaultdict(list)
    for subject, (model, pipeline) in files.items():
        one = Judged(subject, (model.id, model.name, model.type), pipeline, digests[subject])
        found[paths[subject]].append(msgspec.Raw(msgspec.msgpack.encode(one)))
    return {path: tuple(judged) for path, judged in found.items()}


def beyond(report: Report, files: Mapping[Subject, str], *, speaks: bool) -> dict[Subject, str]:
    """For each of the subjects, which have these files, the digest of what else in a report hangs on it.

    These are its findings outside its file, the waivers that it takes, what is known of its columns, and, where
    comments suppress findings, the rules that are unproven: whether a suppression is of use hangs on them.
    """
    found: defaultdict[Subject, set[bytes]] = defaultdict(set)
    for finding in report.findings:
        for subject in (finding.subject, *finding.also):
            if subject in files and (finding.span is None or finding.span.path != files[subject]):
                found[subject].add(msgspec.msgpack.encode(replace(finding, subject=subject, also=())))
    for verdict in report.verdicts:
        if verdict.waiver is not None:
            found[verdict.subject].add(msgspec.msgpack.encode(verdict.waiver))
        if speaks and verdict.state is State.UNPROVEN:
            found[verdict.subject].add(verdict.code.encode())
    for subject in files:
        if subject.kind is SubjectKind.PIPELINE:
            columns = report.fates.get(subject.id), report.open_ends.get(subject.id)
            found[subject].add(msgspec.msgpack.encode(columns))
    return {subject: key(*sorted(found[subject])) if subject in found else "" for subject in files}


def _settings(project: Project) -> msgspec.Raw:
    connections = tuple(
        _Connection(
            c.id, c.name, c.service_provider, c.state, _packed(c.config), _packed(msgspec.structs.asdict(c.introspect))
        )
        for c in project.connections
    )
    settings = Settings(
        str(project.root),
        project.file,
        project.workspace,
        project.limits,
        project.lock,
        connections,
        project.field_transformations,
        dict(project.rules),
        project.waivers,
        tuple((plan.path, plan.text) for plan in project.data_plans),
    )
    return msgspec.Raw(msgspec.msgpack.encode(settings))


def project_of(
    settings: Settings,
    judged: Mapping[str, Iterable[Judged]],
    files: dict[str, SourceFile],
    locate: Callable[[Route], Span | None],
) -> Project:
    """The project, with the data models and pipelines of the files alone."""
    models: dict[str, DataModel] = {}
    pipelines: list[Pipeline] = []
    for path, some in judged.items():
        for one in some:
            models[one.data_model[0]] = DataModel(*one.data_model, sql=Excerpt.whole(files[path]), sql_file=path)
            pipelines += [one.pipeline] if one.pipeline is not None else []
    return Project(
        root=Path(settings.root),
        file=settings.file,
        workspace=settings.workspace,
        limits=settings.limits,
        lock=settings.lock,
        connections=tuple(map(_connection, settings.connections)),
        data_models=tuple(models.values()),
        field_transformations=settings.field_transformations,
        pipelines=tuple(pipelines),
        rules=settings.rules,
        waivers=settings.waivers,
        plugins=(),
        problems=(),
        broken=frozenset(),
        sources=files,
        locate=locate,
        data_plans=tuple(SourceFile(*plan) for plan in settings.data_plans),
    )


def _connection(kept: _Connection) -> Connection:
    introspect = Introspect(**_unpacked(kept.introspect))
    return Connection(kept.id, kept.name, kept.service_provider, _unpacked(kept.config), kept.state, introspect)


def _packed(value: Any) -> Any:
    """A free-form value as MessagePack has it: a reference to a variable is a kind of its own there."""
    if isinstance(value, EnvRef):
        return msgspec.msgpack.Ext(_ENV, value.env.encode())
    if isinstance(value, Mapping):
        return {name: _packed(one) for name, one in value.items()}
    return [_packed(one) for one in value] if isinstance(value, tuple) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, msgspec.msgpack.Ext):
        return EnvRef(bytes(value.data).decode())
    if isinstance(value, dict):
        return {name: _unpacked(one) for name, one in value.items()}
    return tuple(_unpacked(one) for one in value) if isinstance(value, list) else value


def style_of(asked: Sequence[Any], root: Path) -> Style:
    """How a text is shown that was asked for so, of the project in the folder ``root``."""
    color, encoding, width = asked[5:]
    return Style(color, encoding, width, folder=reached(root))
