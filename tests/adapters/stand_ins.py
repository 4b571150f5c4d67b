"""Building stand-in files for the tests of adapters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from preflight_adapters.local import LocalAdapter

Open = Callable[..., LocalAdapter]


_built: dict[str, bytes] = {}


def build(file: Path, ddl: str) -> Path:
    """Write the DuckDB file that ``ddl`` makes; the same DDL is run once."""
    if ddl not in _built:
        with duckdb.connect(str(file)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(ddl)
        _built[ddl] = file.read_bytes()
    file.write_bytes(_built[ddl])
    return file
