"""Doing independent pieces of work on several threads, in order of their numbers, until all is done or interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_LOOK = 0.02  # seconds between two looks for an interrupt
_AGAIN = 0.5  # seconds between two calls of ``stop``
_STOP_SECONDS = 20.0


def spread(count: int, workers: int, do: Callable[[int], None], stop: Callable[[], None]) -> bool:
    """Call ``do`` with each number below ``count``; whether it was interrupted before the end.

    With one worker everything runs in the calling thread, where an interrupt ends the call that runs. With more,
    ``stop`` is called then, again and again until the calls that run have returned: it must end whatever they wait for
    at that moment. No further number is begun. Raises the first exception that ``do`` raised.
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
        try:
            for thread in self._threads:
                thread.start()
            self._wait()
        except KeyboardInterrupt:
            self._over = True
            self._end()
            raise
        if self._errors:
            raise self._errors[0]

    def _alive(self) -> list[threading.Thread]:
        return [thread for thread in self._threads if thread.is_alive()]

    def _wait(self) -> None:
        while alive := self._alive():
            for thread in alive:
                thread.join(_LOOK)

    def _end(self) -> None:
        """Stop what runs, and what follows it in the same calls, until these have returned."""
        until = time.monotonic() + _STOP_SECONDS
        while (alive := self._alive()) and time.monotonic() < until:
            self._stop()
            alive[0].join(_AGAIN)

    def _one(self) -> None:
        while (number := self._next()) is not None:
            try:
                self._do(number)
            except BaseException as error:  # raised again in the thread that asked for the work
                self._errors.append(error)

    def _next(self) -> int | None:
        with self._guard:
            return None if self._over or self._errors else next(self._numbers, None)
