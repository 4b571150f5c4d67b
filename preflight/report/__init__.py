"""Reports: one writer a file, each a pure function from a ``Report`` to text."""

from __future__ import annotations

from importlib import import_module

from preflight.errors import UsageError
from preflight.finding import Report

FORMATS = {"text": "preflight.report.text", "json": "preflight.report.json_v1"}
"""A format's name to the module whose ``render`` writes it."""


def render(report: Report, format_: str, *, color: bool = False, ascii_only: bool = False) -> str:
    """The report as text in one of FORMATS; ``color`` and ``ascii_only`` matter to ``text`` alone."""
    if format_ not in FORMATS:
        raise UsageError(f"there is no format {format_!r}", remedy=f"write one of: {', '.join(FORMATS)}")
    writer = import_module(FORMATS[format_])
    if format_ == "text":
        return writer.render(report, color=color, ascii_only=ascii_only)  # type: ignore[no-any-return]
    return writer.render(report)  # type: ignore[no-any-return]
