"""How the tests of Redshift open an adapter."""

from __future__ import annotations

from typing import Protocol

from preflight.source import Asked
from preflight_adapters.redshift import RedshiftAdapter


class Open(Protocol):
    """Opens an adapter with options of its own."""

    def __call__(self, asked: list[Asked] | None = None, **introspect: object) -> RedshiftAdapter: ...
