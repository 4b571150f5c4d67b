"""Reports: one writer a file, each a pure function from a ``Report`` to text.

A new format is a module with ``render(report, style)`` and one line in FORMATS.
"""

from __future__ import annotations

from importlib import import_module

from preflight.errors import UsageError
from preflight.finding import Report
from preflight.report.style import Style

FORMATS = {
    "text": "preflight.report.text",
    "json": "preflight.report.json_v1",
    "jsonl": "preflight.report.jsonl",
    "markdown": "preflight.report.markdown",
    "junit": "preflight.report.junit",
    "sarif": "preflight.report.sarif",
    "github": "preflight.report.github",
    "gitlab": "preflight.report.gitlab",
    "html": "preflight.report.html",
}
"""A format's name to the module whose ``render`` writes it; the module is imported when it is asked for."""


_SUFFIXES = {name: name for name in ("json", "jsonl", "sarif", "html")} | {
    "txt": "text",
    "md": "markdown",
    "xml": "junit",
}
"""The ends of files' names to the format that is meant by them."""


def require_format(name: str) -> None:
    """Raise UsageError where there is no format of that name."""
    if name not in FORMATS:
        from difflib import get_close_matches

        close = get_close_matches(name, FORMATS, n=1)
        remedy = f"write {close[0]}" if close else f"write one of: {', '.join(FORMATS)}"
        if meant := _SUFFIXES.get(name.rpartition(".")[2].lower() if "." in name else ""):
            remedy = f"write {meant}:{name}"
        raise UsageError(f"there is no output format {name!r}", remedy=remedy)


def render(report: Report, format_: str, style: Style | None = None) -> str:
    """The report in one of FORMATS, ending in a line break; ``style`` matters only to what a person reads."""
    require_format(format_)
    return import_module(FORMATS[format_]).render(report, style or Style())  # type: ignore[no-any-return]
