"""What a user sees of a bug of ours: two lines, and a file with the traceback."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback

from preflight import __version__
from preflight.cli.output import complain
from preflight.scrub import Scrubber

_SECRET = re.compile(r"PASS|PW(?!D$)|SECRET|TOKEN|KEY|CREDENTIAL|AUTH", re.IGNORECASE)
_SHORTEST = 4
"""Characters; shorter values are common text."""


def _scrubbed(text: str) -> str:
    """``text`` without the values of the variables that by their names hold secrets: it is meant to be sent to us."""
    values = (value for name, value in os.environ.items() if _SECRET.search(name) and len(value) >= _SHORTEST)
    return Scrubber(values)(text)


def report_bug(trace: str = "") -> int:
    """Keep the traceback (the current one unless given) in a file, say where, and answer 70."""
    text = _scrubbed(trace or traceback.format_exc())
    head = f"preflight {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n"
    try:
        with tempfile.NamedTemporaryFile("wb", prefix="preflight-bug-", suffix=".txt", delete=False) as file:
            file.write((head + text).encode("utf-8", "backslashreplace"))
        remedy = f"report it with the traceback in {file.name}"
    except OSError as error:
        remedy = f"report it; the traceback could not be kept: {error.strerror}"
    complain("this is a bug in preflight, not in your project", remedy)
    return 70
