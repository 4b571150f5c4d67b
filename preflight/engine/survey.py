"""How a run's subjects are shared out: all at once in this process, or in pieces to processes of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from preflight.engine.judge import Judge
from preflight.engine.part import Batch, Part
from preflight.engine.workers import can_fork, in_processes
from preflight.facts import unwatched
from preflight.finding import Subject, SubjectKind

_PIECE = 120_000
"""Code points of SQL that one process takes: its trees take some 60 MB, and are never freed."""


def survey(judge: Judge, subjects: Sequence[Subject]) -> Batch:
    """Judge every subject; the parts are in the subjects' order.

    Work that waits for a network stays in this process: there the waiting is done at the same time.
    """
    with_sql = [subject for subject in subjects if subject.kind in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL)]
    pieces = list(_pieces(judge, with_sql))
    if len(pieces) < 2 or not _splits(judge, with_sql):
        return judge.batch(subjects)
    _warm_up(judge, with_sql)
    found: dict[Subject, Part] = {}
    batches: list[Batch] = []
    results = in_processes(pieces, lambda piece: msgspec.msgpack.encode(judge.batch(piece)), judge.options.workers)
    for piece, result in zip(pieces, results, strict=True):
        batch = judge.batch(piece) if result is None else msgspec.msgpack.decode(result, type=Batch)
        batches.append(batch)
        found.update(zip(piece, batch.parts, strict=True))
    outputs = {subject.id: part.outputs for subject, part in found.items() if part.outputs is not None}
    rest = [subject for subject in subjects if subject not in found]
    batches.insert(0, judge.batch(rest, outputs))
    found.update(zip(rest, batches[0].parts, strict=True))
    return _joined(batches, [found[subject] for subject in subjects])


def _splits(judge: Judge, subjects: Iterable[Subject]) -> bool:
    """Whether the subjects can be judged apart from one another, and in other processes."""
    if judge.lock is not None or judge.read_workspace is not None or judge.watch is not unwatched or not can_fork():
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
        parse(sql, dialect).outputs()


def _joined(batches: Sequence[Batch], parts: Iterable[Part]) -> Batch:
    return Batch(
        tuple(parts),
        tuple(dict.fromkeys(failure for batch in batches for failure in batch.failures)),
        {name: depth for batch in batches for name, depth in batch.depths.items()},
        tuple(asked for batch in batches for asked in batch.statements),
        any(batch.interrupted for batch in batches),
    )
