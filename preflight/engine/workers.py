"""Work in forked processes that live for one job each, so that nothing they made has ever to be taken down.

Syntax trees are cyclic, and finding out that they are garbage costs a third of a check: a process that ends without
looking is the cheapest collector.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def can_fork() -> bool:
    """Whether processes can be forked here without harm: not beside other threads, and not on macOS.

    The libraries of macOS do not bear it.
    """
    return hasattr(os, "fork") and sys.platform != "darwin" and threading.active_count() == 1


def in_processes(jobs: Sequence[T], work: Callable[[T], bytes], workers: int) -> Iterator[bytes | None]:
    """``work`` of each job, in the jobs' order, by up to ``workers`` processes at once; None: that process failed.

    Whatever ends this early ends the processes too.
    """
    gc.freeze()
    running: dict[int, _Process] = {}
    done: dict[int, bytes | None] = {}
    waiting = iter(range(len(jobs)))
    try:
        for number in range(len(jobs)):
            while number not in done:
                while len(running) < workers and (begun := next(waiting, None)) is not None:
                    process = _Process(begun, jobs[begun], work)
                    running[process.pipe] = process
                for pipe in select.select([*running], [], [])[0]:
                    if running[pipe].read():
                        process = running.pop(pipe)
                        done[process.number] = process.result()
            yield done.pop(number)
    finally:
        for process in running.values():
            process.kill()


class _Process:
    def __init__(self, number: int, job: T, work: Callable[[T], bytes]) -> None:
        self.number = number
        self._pieces: list[bytes] = []
        self.pipe, end = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(end)
            return
        code = 1
        try:
            gc.disable()
            result = memoryview(work(job))
            while result:
                result = result[os.write(end, result) :]
            code = 0
        finally:
            os._exit(code)

    def read(self) -> bool:
        """Take what has come; whether that was all."""
        piece = os.read(self.pipe, 1 << 20)
        self._pieces.append(piece)
        return not piece

    def result(self) -> bytes | None:
        os.close(self.pipe)
        _, status = os.waitpid(self._pid, 0)
        return b"".join(self._pieces) if status == 0 else None

    def kill(self) -> None:
        import signal

        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.close(self.pipe)
        os.waitpid(self._pid, 0)
