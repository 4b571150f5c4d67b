"""Room and quiet for sqlglot: it recurses some twenty frames for each bracket, and warns by ``logging``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

SHALLOW = 20
"""Nesting that Python's own recursion limit holds, with room for the caller's frames."""
_FRAMES = 30_000
_STACK_BYTES = 512 * 1024 * 1024
"""Address space, not memory: pages are taken as they are touched."""

_lock = threading.Lock()


class Held:
    """A setting of the whole process that is changed while any thread needs it; the last one restores it."""

    def __init__(self, change: Callable[[], Callable[[], None]]) -> None:
        self._change = change
        self._users = 0
        self._restore: Callable[[], None] = lambda: None

    def __enter__(self) -> None:
        with _lock:
            if self._users == 0:
                self._restore = self._change()
            self._users += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with _lock:
            self._users -= 1
            if self._users == 0:
                self._restore()


def _raise_limit() -> Callable[[], None]:
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _FRAMES))
    return lambda: sys.setrecursionlimit(usual)


def _silence() -> Callable[[], None]:
    import logging

    logger = logging.getLogger("sqlglot")
    usual = logger.disabled
    logger.disabled = True

    def restore() -> None:
        logger.disabled = usual

    return restore


_raised_limit = Held(_raise_limit)
quiet = Held(_silence)
"""Keeps sqlglot's warnings from the user's terminal, as a context manager: what it falls back on is judged here."""


def run(depth: int, work: Callable[[], T]) -> T:
    """``work()``, with room for SQL nested ``depth`` deep; raises RecursionError where even that is not enough.

    Shallow work runs where it is called and is tried again with room if it runs out; so ``work`` must bear a repeat.
    """
    if depth <= SHALLOW:
        try:
            return work()
        except RecursionError:
            pass
    return _run_with_room(work)


def sqlglot_errors() -> tuple[type[Exception], ...]:
    """What sqlglot raises over a text: its own errors, and those that hostile text draws out of its insides."""
    from sqlglot.errors import SqlglotError

    return (SqlglotError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


def _run_with_room(work: Callable[[], T]) -> T:
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            with _raised_limit:
                results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body, name="deep-sql", daemon=True)
    try:
        _start(thread)
    except RuntimeError as error:
        raise RecursionError(f"no room for a deep stack: {error}") from error
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _start(thread: threading.Thread) -> None:
    """Start ``thread`` with a big stack; the size is a setting of the process."""
    with _lock:
        usual = threading.stack_size(_STACK_BYTES)
        try:
            thread.start()
        finally:
            threading.stack_size(usual)
