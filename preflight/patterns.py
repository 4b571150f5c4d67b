"""Regular expressions that are compiled when they are first used: most runs need few of them, and compiling is slow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import get_ident
from typing import Any, cast


class _Lazy:
    def __init__(self, pattern: str, flags: int) -> None:
        self.source = pattern, flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(*self.source)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.compiled, name)


def lazy(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """What ``re.compile`` returns, later."""
    return cast("re.Pattern[str]", _Lazy(pattern, int(flags)))


@contextmanager
def deferred() -> Iterator[None]:
    """Make ``re.compile`` lazy while this thread imports a library that compiles more than is used of it.

    Not for two threads at once: it belongs at the top of a module, of which Python imports one at a time.
    """
    importing, at_once = get_ident(), re.compile

    def compile_(pattern: Any, flags: int = 0) -> Any:
        return (lazy if get_ident() == importing else at_once)(pattern, flags)

    re.compile = compile_
    try:
        yield
    finally:
        re.compile = at_once
