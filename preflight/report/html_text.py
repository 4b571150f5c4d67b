"""What the parts of the page share: how a text becomes HTML, and the colours of severities."""

from __future__ import annotations

import re
from html import escape

from preflight.finding import Severity
from preflight.report.style import Style

TONES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_CLEAN = Style().clean
_SPECIAL = re.compile(r"""[&<>"']""")


def text(value: str) -> str:
    """A text that was not written here, as HTML that shows it on one line."""
    cleaned = _CLEAN(value)
    return escape(cleaned) if _SPECIAL.search(cleaned) else cleaned


def sentence(value: str) -> str:
    """A text with a capital at its start, as HTML."""
    return text(value[:1].upper() + value[1:])
