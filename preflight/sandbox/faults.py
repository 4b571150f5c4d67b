"""What can go wrong on purpose between a client and the sandbox."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from preflight.errors import UsageError


class Fault(msgspec.Struct, frozen=True):
    """One way to spoil an answer: exactly one of ``status``, ``hang``, ``reset``, ``truncate``, ``slow`` is meant."""

    status: int = 0
    body: str = '{"statusCode": 500, "errors": [{"message": "Injected."}]}'
    headers: tuple[tuple[str, str], ...] = ()
    hang: bool = False
    """Never answer; the client has to give up."""
    reset: bool = False
    """Break the connection."""
    truncate: bool = False
    """Send half of the true answer, then break the connection."""
    slow: bool = False
    """Send the true answer a byte at a time."""
    after: bool = False
    """Do what the request asks for first, and spoil the answer only."""


def parsed(text: str) -> tuple[str, str, Fault, int]:
    """``METHOD PATH KIND[*TIMES]`` as method and path patterns, the fault, and how often it strikes.

    KIND is a status, ``hang``, ``reset``, ``truncate`` or ``slow``; ``after-`` before it lets the request take effect
    first. Raises UsageError.
    """
    parts = text.split()
    if len(parts) == 3:
        kind, _, times = parts[2].partition("*")
        name = kind.removeprefix("after-")
        after = name != kind or name == "truncate"
        if not times or times.isdigit():
            count = int(times or 1)
            if name.isdigit() and 400 <= int(name) <= 599:
                return parts[0], parts[1], Fault(status=int(name), after=after), count
            if name in _KINDS:
                fault = msgspec.structs.replace(_KINDS[name], after=after)
                return parts[0], parts[1], fault, count
    raise UsageError(
        f"{text!r} is no fault",
        remedy="write METHOD PATH KIND, as in 'POST */connections after-500' or 'GET * hang*2'; "
        f"KIND is a status or one of {', '.join(_KINDS)}",
    )


_KINDS = {
    "hang": Fault(hang=True),
    "reset": Fault(reset=True),
    "truncate": Fault(truncate=True),
    "slow": Fault(slow=True),
}


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
