"""Where results go: to stdout or files, in the formats that ``-o`` names, with colour where it is wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preflight.errors import UsageError
from preflight.terminal import aside, encoding, put, wants_color, width

if TYPE_CHECKING:
    from preflight.finding import Report
    from preflight.report.sheet import Sheet

OUTPUT = "FORMAT[:PATH]"


def parse_outputs(outputs: Sequence[str]) -> list[tuple[str, Path | None]]:
    """Formats with their files (None: stdout); raises UsageError for an unknown format and for two on one place."""
    from preflight.report import require_format

    return _places(outputs, require_format)


def _places(outputs: Sequence[str], require: Callable[[str], None]) -> list[tuple[str, Path | None]]:
    """Each form with its file (None: stdout); ``require`` raises for a form that there is not."""
    parsed: list[tuple[str, Path | None]] = []
    for output in outputs or ("text",):
        name, colon, path = output.partition(":")
        require(name)
        if colon and not path:
            raise UsageError(f"{output!r} names no file", remedy=f"write {name}:FILE, or {name} for stdout")
        target = Path(path) if path else None
        if target in [used for _, used in parsed]:
            raise UsageError(f"two results would go to {target or 'stdout'}", remedy="give one a file: -o json:FILE")
        parsed.append((name, target))
    return parsed


def write_report(
    report: Report, outputs: Sequence[tuple[str, Path | None]], color: str = "auto", root: Path | None = None
) -> None:
    """Write the report in each format; raises UsageError for a file it cannot write.

    ``root`` is the project's folder, without which paths stay relative to it; in text they lead there from here. With
    the format ``github`` the step's summary is written too, where GITHUB_STEP_SUMMARY names its file.
    """
    from preflight.report import render
    from preflight.report.repository import Repository, reached, repository
    from preflight.report.style import Style

    here = repository(root, os.environ) if root else Repository()
    folder = reached(root, Path.cwd()) if root else ""
    for name, path in outputs:
        if path is None:
            style = Style(wants_color(color), encoding(), width(), here, folder)
            put(style.fit(render(report, name, style)))
        else:
            _write_file(path, render(report, name, Style(repository=here, folder=folder)))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and any(name == "github" for name, _ in outputs):
        _write_file(Path(summary), render(report, "markdown", Style(repository=here)), mode="a")


def write_text(report: Report, color: str, root: Path) -> tuple[Sheet, str]:
    """Write the text report to stdout, and return it in pieces and as it was written."""
    from preflight.report.repository import reached
    from preflight.report.style import Style
    from preflight.report.text import sheet

    style = Style(wants_color(color), encoding(), width(), folder=reached(root, Path.cwd()))
    pieces = sheet(report, style)
    printed = style.fit(pieces.text(style))
    put(printed)
    return pieces, printed


def _write_file(path: Path, text: str, mode: str = "w") -> None:
    try:
        with path.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", remedy="name another file") from None


def write_forms(outputs: Sequence[str], text: str, document: dict[str, Any]) -> None:
    """Write a result that is no report, as ``text`` or ``document`` in JSON, to where ``outputs`` say.

    Raises UsageError as ``parse_outputs``, for another format, and for a file that cannot be written.
    """
    import json

    forms = {"text": text, "json": json.dumps(document, indent=2) + "\n"}
    parsed = parse_outputs(outputs)
    for name, _ in parsed:
        if name not in forms:
            raise UsageError(f"this command does not write {name}", remedy="write one of: text, json")
    for name, path in parsed:
        if path is None:
            write(forms[name])
        else:
            _write_file(path, forms[name])


def write_texts(outputs: Sequence[str], forms: Mapping[str, Callable[[], str]]) -> None:
    """Write a result that is no report in forms of its own, to where ``outputs`` say (text to stdout, unless given).

    Raises UsageError for another form, for two on one place, and for a file that cannot be written.
    """

    def require(name: str) -> None:
        if name not in forms:
            raise UsageError(f"this command does not write {name}", remedy=f"write one of: {', '.join(forms)}")

    parsed = _places(outputs, require)
    for name, target in parsed:
        if target is None:
            write(forms[name]())
        else:
            _write_file(target, forms[name]())


def append(path: Path, text: str) -> None:
    """Add to a file's end; raises UsageError where it cannot be written."""
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", remedy="name another file") from None


def write(text: str) -> None:
    """Write a result to stdout, with ASCII for what it cannot show.

    A reader that has gone away ends the output and nothing else: the exit code stays what the command found.
    """
    from preflight.report.style import Style

    put(Style(encoding=encoding()).fit(text))


def write_statements(report: Report) -> None:
    """Write every statement to stderr, with what it was for, what it rests on, and what it took."""
    from preflight.report.statements import statements_text
    from preflight.report.style import Style

    aside(Style(encoding=sys.stderr.encoding or "ascii").fit(statements_text(report.statements)))


def end_if_interrupted(report: Report) -> None:
    """Raise KeyboardInterrupt where the user ended the run: what was known by then has been printed."""
    if report.interrupted:
        raise KeyboardInterrupt


def complain(message: str, remedy: str = "") -> None:
    """Write an error to stderr: what is wrong, and what to do about it."""
    from preflight.report.style import Style

    style = Style(encoding=sys.stderr.encoding or "ascii")
    aside(f"error: {style.clean(message)}\n" + (f"help: {style.clean(remedy)}\n" if remedy else ""))


def remark(message: str) -> None:
    """Write something to stderr that a reader has to know and that is no error."""
    from preflight.report.style import Style

    aside(f"note: {Style(encoding=sys.stderr.encoding or 'ascii').clean(message)}\n")
