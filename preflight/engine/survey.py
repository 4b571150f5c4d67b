"""How a run's subjects are shared out: all at once in this process, or in pieces to processes of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import msgspec

from preflight.cache import Cache
from preflight.engine.judge import Judge
from preflight.engine.kept import Kept, may_keep
from preflight.engine.part import Batch, Part, pack, unpack
from preflight.engine.workers import can_fork, in_processes
from preflight.facts import unwatched
from preflight.finding import Subject, SubjectKind
from preflight.query import Outputs

_PIECE = 150_000
"""Code points of SQL that one process takes: its trees take some 20 MB, or 50 with types, and are never freed."""


def survey(judge: Judge, subjects: Sequence[Subject], cache: Cache | None = None) -> Batch:
    """Judge every subject, or take from the cache what was said of it; the parts are in the subjects' order."""
    if cache is None or not may_keep(judge):
        return _survey(judge, subjects, {})
    kept = Kept(judge, cache)
    known = kept.read(subjects)
    asked = [subject for subject in subjects if subject not in known]
    batch = _survey(judge, asked, _outputs(known))
    found = dict(zip(asked, batch.parts, strict=True))
    kept.write(found, batch)
    found |= known
    return msgspec.structs.replace(batch, parts=tuple(found[subject] for subject in subjects))


def _survey(judge: Judge, subjects: Sequence[Subject], known: Mapping[str, Outputs]) -> Batch:
    """Judge every subject; ``known`` are outputs that were found before.

    Work that waits for a network stays in this process: there the waiting is done at the same time.
    """
    with_sql = [subject for subject in subjects if subject.kind in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL)]
    pieces = list(_pieces(judge, with_sql))
    if len(pieces) < 2 or not _splits(judge, with_sql):
        return judge.batch(subjects, known)
    _warm_up(judge, with_sql)
    found: dict[Subject, Part] = {}
    batches: list[Batch] = []
    watch, judge.watch = judge.watch, unwatched
    results = in_processes(pieces, lambda piece: pack(judge.batch(piece)), judge.options.workers)
    for piece, result in zip(pieces, results, strict=True):
        batch = judge.batch(piece) if result is None else unpack(result, Batch)
        batches.append(batch)
        found.update((subject, judge.unpacked(subject, part)) for subject, part in zip(piece, batch.parts, strict=True))
    judge.watch = watch
    outputs = {**known, **_outputs(found)}
    rest = [subject for subject in subjects if subject not in found]
    batches.insert(0, judge.batch(rest, outputs))
    found.update(zip(rest, batches[0].parts, strict=True))
    return _joined(batches, [found[subject] for subject in subjects])


def _outputs(parts: Mapping[Subject, Part]) -> dict[str, Outputs]:
    return {subject.id: part.outputs for subject, part in parts.items() if part.outputs is not None}


def _splits(judge: Judge, subjects: Iterable[Subject]) -> bool:
    """Whether the subjects can be judged apart from one another, and in other processes."""
    if judge.lock is not None or judge.read_workspace is not None or not can_fork():
        return False
    connections = (judge.parts(subject)[1] for subject in subjects)
    return judge.options.offline or all(c is None or c.introspect.local is not None for c in connections)


def _pieces(judge: Judge, subjects: Iterable[Subject]) -> Iterator[list[Subject]]:
    """The subjects in runs of about the same length of SQL, whatever the number of workers."""
    piece: list[Subject] = []
    length = 0
    for subject in subjects:
        data_model, _ = judge.parts(subject)
        piece.append(subject)
        length += len(data_model.sql.text) if data_model is not None else 0
        if length >= _PIECE:
            yield piece
            piece, length = [], 0
    if piece:
        yield piece


def _warm_up(judge: Judge, subjects: Iterable[Subject]) -> None:
    """Read a query in each dialect here, so that no other process has to import what reads it."""
    from preflight.location import Excerpt, SourceFile
    from preflight.query import parse

    connections = (judge.parts(subject)[1] for subject in subjects)
    sql = Excerpt.whole(SourceFile("", "SELECT t.a FROM (SELECT 1 AS a) AS t"))
    for dialect in sorted({connection.service_provider.value for connection in connections if connection is not None}):
        columns = parse(sql, dialect).outputs().columns
        list(map(attrgetter("type"), columns))  # inferring types is what imports the most


def _joined(batches: Sequence[Batch], parts: Iterable[Part]) -> Batch:
    return Batch(
        tuple(parts),
        tuple(dict.fromkeys(failure for batch in batches for failure in batch.failures)),
        {name: depth for batch in batches for name, depth in batch.depths.items()},
        tuple(asked for batch in batches for asked in batch.statements),
        any(batch.interrupted for batch in batches),
    )
