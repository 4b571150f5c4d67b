"""Asking something once, though several threads want to know it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Once(Generic[Value]):
    """Answers by key. Whoever asks second waits for the first; an answer that was an exception is asked for again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._answers: dict[Hashable, Value] = {}

    def get(self, key: Hashable, ask: Callable[[], Value]) -> Value:
        """The answer to ``key``, from ``ask`` where there is none yet."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._answers:
                self._answers[key] = ask()
            return self._answers[key]
