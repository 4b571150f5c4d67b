"""Runs a command for as long as whoever started this holds its stdin open, and so no longer than they live.

Usage: keep.py COMMAND [ARGUMENT]…, as the leader of a process group. The pipe ends with its holder, however that ends;
then the group is asked to end, and forced soon after.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

_GRACE_SECONDS = 10.0


def main() -> int:
    """The command's exit code."""
    abandoned = threading.Event()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        abandoned.set()
        os.killpg(0, signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda *_: None)  # who ends the group waits here for the command's end
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=watch, daemon=True).start()
    code = command.wait()
    if abandoned.is_set():
        os.killpg(0, signal.SIGKILL)
    return code


if __name__ == "__main__":
    sys.exit(main())
