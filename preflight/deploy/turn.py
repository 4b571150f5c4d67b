"""One apply at a time to a target, on this machine: a lock that the operating system drops with its process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from preflight.errors import EnvironmentFailure, PlanRefused
from preflight.folders import state_folder


@contextmanager
def alone(target: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Hold the lock on ``target``; raises PlanRefused at once where another process holds it.

    A process that died holds nothing: its file stays, and is taken over. Raises EnvironmentFailure where no lock can
    be had at all.
    """
    path = state_folder(environ) / "locks" / f"{sha256(target.encode()).hexdigest()[:32]}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        file = os.fdopen(os.open(path, flags, 0o600), "r+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise _failed(path, error) from None
    with file:
        _take(file, path, target)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n{target}\n")
        file.flush()
        yield


def _take(file: IO[str], path: Path, target: str) -> None:
    try:
        _lock(file.fileno())
    except BlockingIOError:
        process = file.readline().strip()
        who = f" (process {process})" if process.isdigit() else ""
        raise PlanRefused(
            f"Another apply to {target} is running{who}.", remedy="Wait until it has ended, and run apply again."
        ) from None
    except OSError as error:
        raise _failed(path, error) from None


def _failed(path: Path, error: OSError) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"The lock {path} cannot be taken: {error.strerror}.",
        remedy="Set XDG_STATE_HOME to a folder on this machine that can be written.",
    )


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """An offset past the text: a locked byte cannot be read by others there."""

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            raise BlockingIOError from None
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
