"""Runs recursive work on deep syntax trees safely: a raised recursion limit, on a stack that holds it.

sqlglot recurses some twenty frames a level; with Python's default limit it gives up at 48 nested parentheses. Shallow
work runs in place. Deep work runs in a thread of its own with a stack large enough that the limit is met first.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SHALLOW = 20
"""Nesting up to which the default limit suffices."""
_LIMIT = 25_000
_STACK = 512 * 1024 * 1024
_lock = threading.Lock()


class TooDeepError(Exception):
    """The work recursed deeper than the raised limit."""


def run(work: Callable[[], T], depth: int) -> T:
    """The result of ``work`` on text nested ``depth`` deep; raises TooDeepError, or what ``work`` raises."""
    if depth <= SHALLOW:
        try:
            return work()
        except RecursionError:
            pass
    return _run_deep(work)


def _run_deep(work: Callable[[], T]) -> T:
    results: list[T] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:  # handed to the caller's thread
            errors.append(error)

    with _lock:  # the limit and the stack size are the process's
        limit, stack = sys.getrecursionlimit(), threading.stack_size(_STACK)
        sys.setrecursionlimit(max(limit, _LIMIT))
        try:
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        finally:
            sys.setrecursionlimit(limit)
            threading.stack_size(stack)
    if errors:
        if isinstance(errors[0], RecursionError):
            raise TooDeepError from None
        raise errors[0]
    return results[0]
