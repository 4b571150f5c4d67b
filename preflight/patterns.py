"""Regular expressions that are compiled when they are first used: most runs need few of them, and compiling is slow."""

from __future__ import annotations

import re
from functools import cached_property
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
