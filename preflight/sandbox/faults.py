"""What can go wrong on purpose between a client and the sandbox."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One way to spoil an answer: exactly one of ``status``, ``hang``, ``reset`` and ``truncate`` is meant."""

    status: int = 0
    body: str = '{"statusCode": 500, "errors": [{"message": "Injected."}]}'
    headers: tuple[tuple[str, str], ...] = ()
    hang: bool = False
    """Never answer; the client has to give up."""
    reset: bool = False
    """Break the connection."""
    truncate: bool = False
    """Send half of the true answer, then break the connection."""
    after: bool = False
    """Do what the request asks for first, and spoil the answer only."""


class Planned:
    """A fault that lets ``skip`` matching requests pass and spoils the ``times`` that follow."""

    def __init__(self, method: str, path: str, fault: Fault, *, skip: int, times: int) -> None:
        self._method = method
        self._path = path
        self.fault = fault
        self._skip = skip
        self._times = times

    @property
    def pattern(self) -> str:
        """The method and path that it waits for."""
        return f"{self._method} {self._path}"

    @property
    def left(self) -> int:
        """How many requests it would still spoil."""
        return self._times

    def takes(self, method: str, path: str) -> bool:
        """Whether this request is spoilt; it is counted."""
        if not self._times or not fnmatchcase(method, self._method) or not fnmatchcase(path, self._path):
            return False
        if self._skip:
            self._skip -= 1
            return False
        self._times -= 1
        return True
