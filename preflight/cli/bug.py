"""What a user sees of a bug of ours: two lines, and a file with the traceback."""

from __future__ import annotations

import sys
import tempfile
import traceback

from preflight import __version__


def report_bug(trace: str = "") -> int:
    """Keep the traceback (the current one unless given) in a file, say where, and answer 70."""
    text = trace or traceback.format_exc()
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="preflight-bug-", suffix=".txt", delete=False
    ) as file:
        file.write(f"preflight {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n{text}")
    sys.stderr.write(f"error: this is a bug in preflight, not in your project\nhelp: report it with {file.name}\n")
    return 70
