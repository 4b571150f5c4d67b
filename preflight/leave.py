"""The end of the process, without the taking down of every module and tree that Python does by itself."""

from __future__ import annotations

import atexit
import os
import sys
import threading


def leave(code: int) -> int:
    """Flush what was written, run what was registered for the end, and end with ``code``.

    Returns ``code`` where the usual way must be taken: a thread still runs, or a stream does not take its last words.
    """
    if threading.active_count() > 1:
        return code
    atexit._run_exitfuncs()  # noqa: SLF001 - multiprocessing ends its processes in the same way
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return code
    os._exit(code)
