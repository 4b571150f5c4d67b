"""What a user sees of a bug of ours: two lines, and a file with the traceback."""

from __future__ import annotations

import sys
import tempfile
import traceback

from preflight import __version__
from preflight.cli.output import complain


def report_bug(trace: str = "") -> int:
    """Keep the traceback (the current one unless given) in a file, say where, and answer 70."""
    text = trace or traceback.format_exc()
    head = f"preflight {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n"
    try:
        with tempfile.NamedTemporaryFile("wb", prefix="preflight-bug-", suffix=".txt", delete=False) as file:
            file.write((head + text).encode("utf-8", "backslashreplace"))
        remedy = f"report it with the traceback in {file.name}"
    except OSError as error:
        remedy = f"report it; the traceback could not be kept: {error.strerror}"
    complain("this is a bug in preflight, not in your project", remedy)
    return 70
