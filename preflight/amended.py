"""A check of a project in which queries' files alone have changed: they are judged anew, the rest is printed as it was.

What rules say of a query hangs on its own text and on the project's YAML files, and what they say of the project and
its connections on those and on the columns that pipelines put out. So a new text of a query's file moves its own
findings and what became of its own subjects. Where anything beyond that moves, or may have moved, None is answered and
the whole is checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

import msgspec
from msgspec.structs import replace

from preflight.config import Project
from preflight.engine import Options, check
from preflight.errors import PreflightError
from preflight.finding import Depth, Report, Severity, Subject
from preflight.location import Route, SourceFile, Span
from preflight.printed import SPEAKS, Judged, Outline, Settings, beyond, project_of, style_of
from preflight.report.text import file_words, subject_words
from preflight.terminal import put
from preflight.unchanged import Before, Unchanged, file_line


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
        old = msgspec.msgpack.decode(kept, type=Outline)
        text, new = _amended(last, before, old)
    except msgspec.DecodeError:
        last.cache.drop()
        return None
    except (_Moved, PreflightError):
        return None
    rank = Severity(last.asked[1]).rank
    code = 1 if any(new.sheet.counts.open[: rank + 1]) else 0
    kept = msgspec.msgpack.encode(new)
    put(text)
    last.amend(before, code, text, kept)
    return code


def _amended(last: Unchanged, before: Before, old: Outline) -> tuple[str, Outline]:
    """The text with what is said today of the files that have changed, and its outline.

    Raises _Moved where more has changed.
    """
    if not before.changed.keys() <= old.judged.keys():
        raise _Moved
    judged = {path: [msgspec.msgpack.decode(raw, type=Judged) for raw in old.judged[path]] for path in before.changed}
    files = {path: SourceFile(path, _text(data)) for path, data in before.changed.items()}
    settings = msgspec.msgpack.decode(old.settings, type=Settings)
    project = project_of(settings, judged, files, _locator(settings, before))
    of = {one.subject: path for path, some in judged.items() for one in some}
    now = datetime.fromtimestamp(last.now, UTC)
    report = check(project, Options(offline=True, only=frozenset(of)), now=now, environ=os.environ)
    _require_no_more(report, judged, beyond(report, of, speaks=old.speaks))
    style = style_of(last.asked, project.root)
    there = replace(report, findings=tuple(f for f in report.findings if f.span is not None and f.span.path in files))
    said = {words.subject: words for words in subject_words(report, style)}
    found = {words.path: (words, text) for words, text in zip(old.sheet.files, _texts(before.text, old), strict=True)}
    found = {path: one for path, one in found.items() if path not in files}
    found |= {words.path: (words, text) for words, text in file_words(there, style)}
    in_order = [found[path] for path in sorted(found)]
    sheet = replace(
        old.sheet,
        files=tuple(words for words, _ in in_order),
        texts=tuple(text for _, text in in_order),
        subjects=tuple(said.get(words.subject, words) for words in old.sheet.subjects),
    )
    if (text := sheet.text(style)) != style.fit(text):
        raise _Moved
    lengths = tuple(len(text) for text in sheet.texts)
    return text, replace(old, sheet=replace(sheet, texts=()), lengths=lengths)


def _text(data: bytes) -> str:
    """A query's text; raises _Moved for a file that the project's problems would name."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _Moved from None
    if text.startswith("\ufeff") or SPEAKS in text:
        raise _Moved
    return text


def _require_no_more(report: Report, judged: Mapping[str, Iterable[Judged]], now: Mapping[Subject, str]) -> None:
    """Raise _Moved where more than the files' findings and their subjects' own words has moved, or may have."""
    odd = (report.failures, report.bugs, report.clock_was_read, report.statements, report.interrupted)
    grammar = any(f.code.startswith("PF0") and f.severity is Severity.ERROR for f in report.findings)
    moved = any(one.beyond != now[one.subject] for some in judged.values() for one in some)
    if any(odd) or grammar or moved or report.depth is not Depth.STATIC:
        raise _Moved


def _texts(text: str, old: Outline) -> Iterator[str]:
    """The texts of the old findings, file by file."""
    ends = accumulate((len(old.sheet.head), *old.lengths), lambda end, length: end + len("\n\n") + length)
    return (text[end - length : end] for length, end in zip(old.lengths, [*ends][1:], strict=True))


def _locator(settings: Settings, before: Before) -> Callable[[Route], Span | None]:
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
