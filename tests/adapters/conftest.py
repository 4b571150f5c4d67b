"""Stand-in files and the adapters that read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from preflight.config import Connection, Introspect
from preflight.model import Provider
from preflight_adapters import local
from preflight_adapters.local import LocalAdapter
from tests.adapters.stand_ins import Open, build


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Open]:
    """Builds ``warehouse.duckdb`` from DDL and opens it; closes what it opened."""
    opened: list[LocalAdapter] = []

    def open_file(
        ddl: str = "",
        dialect: str = "snowflake",
        *,
        files: str | Mapping[str, str] = "warehouse.duckdb",
        timeout_seconds: int | None = None,
        config: Mapping[str, str] | None = None,
    ) -> LocalAdapter:
        if ddl:
            build(tmp_path / "warehouse.duckdb", ddl)
        introspect = Introspect(local=files, timeout_seconds=timeout_seconds)
        connection = Connection("w", "W", Provider(dialect), config or {}, introspect=introspect)
        opened.append(local.connect(connection, root=tmp_path, environ={}, record=lambda _: None))
        return opened[-1]

    yield open_file
    for adapter in opened:
        adapter.close()
