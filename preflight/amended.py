"""A check of a project in which queries' files alone have changed: they are judged anew, the rest is printed as it was.

What rules say of a query hangs on its own text and on the project's YAML files, and what they say of the project and
its connections on those and on the columns that pipelines put out. So a new text of a query's file moves its own
findings and what became of its own subjects. Where anything beyond that moves, or may have moved, None is answered and
the whole is checked.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
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
from preflight.engine import Options, check
from preflight.errors import PreflightError
from preflight.finding import Depth, Report, Severity, Subject, SubjectKind
from preflight.location import Excerpt, Route, SourceFile, Span
from preflight.model import Provider
from preflight.report.repository import reached
from preflight.report.sheet import Sheet
from preflight.report.style import Style
from preflight.report.text import file_words, subject_words
from preflight.terminal import put
from preflight.unchanged import Before, Unchanged, file_line

_SPEAKS = "preflight:"
"""What a comment that suppresses findings holds: whether it is of use hangs on every subject."""
_ENV = 1
"""The code of a reference to a variable among the values of MessagePack."""


class _Judged(msgspec.Struct, frozen=True, array_like=True):
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


class _Settings(msgspec.Struct, frozen=True, array_like=True):
    """What the project says beside its queries and pipelines."""

    root: str
    file: str
    workspace: WorkspaceConfig | None
    limits: LimitsConfig
    lock: LockConfig
    connections: tuple[_Connection, ...]
    field_transformations: tuple[FieldTransformation, ...]
    rules: dict[str, str]


class _Outline(msgspec.Struct, frozen=True, array_like=True):
    """What stands where in a printed text, and what it takes to judge some of its subjects anew."""

    sheet: Sheet
    """Without the texts of its findings."""
    lengths: tuple[int, ...]
    """Of those texts, which follow one another behind the head."""
    judged: dict[str, tuple[msgspec.Raw, ...]]
    """The subjects of each file: ``_Judged``."""
    settings: msgspec.Raw
    """``_Settings``."""


def outline(asked: Sequence[Any], project: Project, report: Report, sheet: Sheet, text: str) -> bytes | None:
    """What ``print_amended`` needs of a report that was printed as ``text``; None where the whole has to be checked."""
    pipelines, _, *narrowed = asked[:5]
    others = (project.waivers, project.comments, project.data_plans, report.notes, sheet.trouble, pipelines, *narrowed)
    if any(others) or report.depth is not Depth.STATIC or text != sheet.text(_style(asked, project.root)):
        return None
    if any(connection.introspect.local is not None for connection in project.connections):
        return None
    if any(_SPEAKS in model.sql.text for model in project.data_models):
        return None
    lengths = tuple(len(file.text) for file in sheet.files)
    try:
        return msgspec.msgpack.encode(_Outline(_bare(sheet), lengths, _judged(project, report), _settings(project)))
    except (ValueError, OverflowError):  # a text that no encoding has, a number of too many digits
        return None


def _bare(sheet: Sheet) -> Sheet:
    """The sheet without the texts that stand in the report as well."""
    return replace(sheet, files=tuple(replace(file, text="") for file in sheet.files))


def _judged(project: Project, report: Report) -> dict[str, tuple[msgspec.Raw, ...]]:
    """The subjects whose query is a file of its own, by that file."""
    files: dict[Subject, tuple[DataModel, Pipeline | None]] = {}
    for subject in report.subjects:
        pipeline = project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        named = pipeline.data_model_id if pipeline is not None else subject.id
        judged = pipeline is not None or subject.kind is SubjectKind.DATA_MODEL
        model = project.data_model(named) if judged else None
        if model is not None and model.sql_file is not None and model.sql_file not in project.written_in:
            files[subject] = model, pipeline
    beyond = _beyond(report, {subject: model.sql.file.path for subject, (model, _) in files.items()})
    found: defaultdict[str, list[msgspec.Raw]] = defaultdict(list)
    for subject, (model, pipeline) in files.items():
        one = _Judged(subject, (model.id, model.name, model.type), pipeline, beyond[subject])
        found[model.sql.file.path].append(msgspec.Raw(msgspec.msgpack.encode(one)))
    return {path: tuple(judged) for path, judged in found.items()}


def _beyond(report: Report, files: Mapping[Subject, str]) -> dict[Subject, str]:
    """For each of the subjects the digest of its findings outside its file, and of what is known of its columns."""
    found: defaultdict[Subject, list[bytes]] = defaultdict(list)
    for finding in report.findings:
        for subject in (finding.subject, *finding.also):
            if subject in files and (finding.span is None or finding.span.path != files[subject]):
                found[subject].append(msgspec.msgpack.encode(replace(finding, subject=subject, also=())))
    digests: dict[Subject, str] = {}
    for subject in files:
        columns = report.fates.get(subject.id), report.open_ends.get(subject.id)
        known = msgspec.msgpack.encode(columns) if subject.kind is SubjectKind.PIPELINE else b""
        digests[subject] = key(known, *sorted(found[subject])) if known or found[subject] else ""
    return digests


def _settings(project: Project) -> msgspec.Raw:
    connections = tuple(
        _Connection(
            c.id, c.name, c.service_provider, c.state, _packed(c.config), _packed(msgspec.structs.asdict(c.introspect))
        )
        for c in project.connections
    )
    settings = _Settings(
        str(project.root),
        project.file,
        project.workspace,
        project.limits,
        project.lock,
        connections,
        project.field_transformations,
        dict(project.rules),
    )
    return msgspec.Raw(msgspec.msgpack.encode(settings))


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


# -- the way back ------------------------------------------------------------------------------------------------------


class _Moved(Exception):
    """Something that was taken to stand still does not."""


def print_amended(last: Unchanged) -> int | None:
    """Judge anew what hangs on the files that have changed, print the report, and return the exit code.

    None where nothing can be said without a look at the whole; nothing has been printed then.
    """
    before = last.before
    if before is None or (kept := last.read_outline(before)) is None:
        return None
    try:
        old = msgspec.msgpack.decode(kept, type=_Outline)
        text, new = _amended(last, before, old)
    except msgspec.DecodeError:
        last.cache.drop()
        return None
    except (_Moved, PreflightError):
        return None
    put(text)
    rank = Severity(last.asked[1]).rank
    code = 1 if any(new.sheet.counts.open[: rank + 1]) else 0
    last.amend(before, code, text, msgspec.msgpack.encode(new))
    return code


def _amended(last: Unchanged, before: Before, old: _Outline) -> tuple[str, _Outline]:
    """The text with what is said today of the files that have changed, and its outline.

    Raises _Moved where more has changed.
    """
    if not before.changed.keys() <= old.judged.keys():
        raise _Moved
    judged = {path: [msgspec.msgpack.decode(raw, type=_Judged) for raw in old.judged[path]] for path in before.changed}
    files = {path: SourceFile(path, _text(data)) for path, data in before.changed.items()}
    settings = msgspec.msgpack.decode(old.settings, type=_Settings)
    project = _project(settings, judged, files, before)
    of = {one.subject: path for path, some in judged.items() for one in some}
    now = datetime.fromtimestamp(last.now, UTC)
    report = check(project, Options(offline=True, only=frozenset(of)), now=now, environ=os.environ)
    _require_no_more(report, judged, _beyond(report, of))
    style = _style(last.asked, project.root)
    there = replace(report, findings=tuple(f for f in report.findings if f.span is not None and f.span.path in files))
    said = {words.subject: words for words in subject_words(report, style)}
    texts = _texts(before.text, old)
    found = {file.path: replace(file, text=text) for file, text in zip(old.sheet.files, texts, strict=True)}
    found = {path: words for path, words in found.items() if path not in files}
    found |= {words.path: words for words in file_words(there, style)}
    sheet = replace(
        old.sheet,
        files=tuple(found[path] for path in sorted(found)),
        subjects=tuple(said.get(words.subject, words) for words in old.sheet.subjects),
    )
    if (text := sheet.text(style)) != style.fit(text):
        raise _Moved
    lengths = tuple(len(file.text) for file in sheet.files)
    return text, replace(old, sheet=_bare(sheet), lengths=lengths)


def _text(data: bytes) -> str:
    """A query's text; raises _Moved for a file that the project's problems would name."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _Moved from None
    if text.startswith("\ufeff") or _SPEAKS in text:
        raise _Moved
    return text


def _require_no_more(report: Report, judged: Mapping[str, Iterable[_Judged]], beyond: Mapping[Subject, str]) -> None:
    """Raise _Moved where more than the files' findings and their subjects' own words has moved, or may have."""
    odd = (report.failures, report.bugs, report.clock_was_read, report.statements, report.interrupted)
    grammar = any(f.code.startswith("PF0") and f.severity is Severity.ERROR for f in report.findings)
    moved = any(one.beyond != beyond[one.subject] for some in judged.values() for one in some)
    if any(odd) or grammar or moved or report.depth is not Depth.STATIC:
        raise _Moved


def _texts(text: str, old: _Outline) -> Iterator[str]:
    """The texts of the old findings, file by file."""
    ends = accumulate((len(old.sheet.head), *old.lengths), lambda end, length: end + len("\n\n") + length)
    return (text[end - length : end] for length, end in zip(old.lengths, [*ends][1:], strict=True))


def _project(
    settings: _Settings, judged: Mapping[str, Iterable[_Judged]], files: dict[str, SourceFile], before: Before
) -> Project:
    """The project, of whose data models and pipelines it holds those of the files alone."""
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
        waivers=(),
        plugins=(),
        problems=(),
        broken=frozenset(),
        sources=files,
        locate=_locator(settings, before),
    )


def _connection(kept: _Connection) -> Connection:
    introspect = Introspect(**_unpacked(kept.introspect))
    return Connection(kept.id, kept.name, kept.service_provider, _unpacked(kept.config), kept.state, introspect)


def _locator(settings: _Settings, before: Before) -> Callable[[Route], Span | None]:
    """What finds a place in the YAML files, which are read when one is asked for."""
    read: list[Project] = []

    def locate(route: Route) -> Span | None:
        if not read:
            from preflight.config.files import Files
            from preflight.config.load import load_from

            read.append(load_from(Files(Path(settings.root)), settings.file))
            if not {file_line(name, file.text.encode()) for name, file in read[0].sources.items()} <= {*before.now}:
                raise _Moved
        return read[0].locate(route)

    return locate


def _style(asked: Sequence[Any], root: Path) -> Style:
    color, encoding, width = asked[5:]
    return Style(color, encoding, width, folder=reached(root, Path.cwd()))
