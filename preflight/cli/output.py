"""Where results go: to stdout or files, in the formats that ``-o`` names, with colour where it is wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.errors import UsageError

if TYPE_CHECKING:
    from preflight.finding import Report

OUTPUT = "FORMAT[:PATH]"


def parse_outputs(outputs: Sequence[str]) -> list[tuple[str, Path | None]]:
    """Formats with their files (None: stdout); raises UsageError for a format that does not exist."""
    from preflight.report import FORMATS

    parsed: list[tuple[str, Path | None]] = []
    for output in outputs or ("text",):
        name, _, path = output.partition(":")
        if name not in FORMATS:
            raise UsageError(f"there is no output format {name!r}", remedy=f"write one of: {', '.join(FORMATS)}")
        parsed.append((name, Path(path) if path else None))
    return parsed


def write_report(report: Report, outputs: Sequence[tuple[str, Path | None]], color: str = "auto") -> None:
    """Write the report in each format; raises UsageError for a file that cannot be written."""
    from preflight.report import render

    for name, path in outputs:
        if path is None:
            write(render(report, name, color=wants_color(color), ascii_only=not _shows_unicode()))
            continue
        try:
            path.write_text(render(report, name), "utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", remedy="name another file") from None


def write(text: str) -> None:
    """Write a result to stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def wants_color(choice: str) -> bool:
    """Whether to use colour on stdout: as chosen, else as NO_COLOR, FORCE_COLOR and the terminal say."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _shows_unicode() -> bool:
    encoding = (sys.stdout.encoding or "ascii").lower()
    return encoding.startswith("utf")
