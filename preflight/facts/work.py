"""Doing independent pieces of work on several threads, in order of their numbers, until all is done or interrupted."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

_LOOK = 0.02  # seconds between two looks for an interrupt
_STOP_SECONDS = 20.0


def spread(count: int, workers: int, do: Callable[[int], None], stop: Callable[[], None]) -> bool:
    """Call ``do`` with each number below ``count``; whether it was interrupted before the end.

    With one worker everything runs in the calling thread, where an interrupt ends the call that runs. With more,
    ``stop`` is called then, which must make the calls that run return soon. No further number is begun. Raises the
    first exception that ``do`` raised.
    """
    try:
        if workers > 1:
            _Crew(count, workers, do, stop).work()
        else:
            for number in range(count):
                do(number)
    except KeyboardInterrupt:
        return True
    return False


class _Crew:
    def __init__(self, count: int, workers: int, do: Callable[[int], None], stop: Callable[[], None]) -> None:
        self._numbers = iter(range(count))
        self._do = do
        self._stop = stop
        self._guard = threading.Lock()
        self._over = False
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._one, name=f"facts-{number}", daemon=True) for number in range(workers)
        ]

    def work(self) -> None:
        for thread in self._threads:
            thread.start()
        try:
            self._wait()
        except KeyboardInterrupt:
            self._over = True
            self._stop()
            self._wait(_STOP_SECONDS)
            raise
        if self._errors:
            raise self._errors[0]

    def _wait(self, seconds: float = math.inf) -> None:
        until = time.monotonic() + seconds
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < until:
            for thread in self._threads:
                thread.join(_LOOK)

    def _one(self) -> None:
        while (number := self._next()) is not None:
            try:
                self._do(number)
            except BaseException as error:  # raised again in the thread that asked for the work
                self._errors.append(error)

    def _next(self) -> int | None:
        with self._guard:
            return None if self._over or self._errors else next(self._numbers, None)
