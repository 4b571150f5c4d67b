"""What the parts of the page share: how a text becomes HTML, and the colours of severities."""

from __future__ import annotations

from html import escape

from preflight.finding import Severity
from preflight.report.style import Style

TONES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_CLEAN = Style().clean


def text(value: str) -> str:
    """A text that was not written here, as HTML that shows it on one line."""
    return escape(_CLEAN(value))


def sentence(value: str) -> str:
    """A text with a capital at its start, as HTML."""
    return text(value[:1].upper() + value[1:])
