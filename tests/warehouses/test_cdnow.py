"""The CDNOW example's customers on each engine: the windows are those that the stand-in counts."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from preflight.config import Connection, Introspect
from preflight.model import Histogram, HistogramAsk, IteratorKind, Provider
from preflight_adapters import local
from servers.stand import Server
from tests.warehouses.opened import Opened

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cdnow"
COLUMNS = (
    ("customer_id", "integer"),
    ("orders", "integer"),
    ("spent", "decimal"),
    ("first_order", "date"),
    ("updated_at", "timestamp"),
)
ANCHOR = round(datetime(2026, 12, 1, 3, 5, tzinfo=UTC).timestamp())
NOW = round(datetime(2026, 11, 25, tzinfo=UTC).timestamp())


@pytest.fixture(scope="session")
def warehouse() -> Path:
    """The example's DuckDB file, built where it is not there yet."""
    spec = importlib.util.spec_from_file_location("cdnow_load", EXAMPLE / "load.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not module.WAREHOUSE.exists():
        module.build(module.fetch(), module.WAREHOUSE)
    return Path(module.WAREHOUSE)


@pytest.fixture(scope="session")
def customers(server: Server, warehouse: Path) -> int:
    """How many customers the engine's server holds."""
    names = ", ".join(f"CAST({name} AS VARCHAR)" if kind in _TEXTS else name for name, kind in COLUMNS)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(f"SELECT {names} FROM PUBLIC.CUSTOMERS ORDER BY CUSTOMER_ID").fetchall()
    server.load("customers", COLUMNS, rows)
    return len(rows)


_TEXTS = ("decimal", "date", "timestamp")


def counted_by_the_stand_in(warehouse: Path) -> Histogram:
    connection = Connection("w", "W", Provider.SNOWFLAKE, {}, introspect=Introspect(local=warehouse.name))
    adapter = local.connect(connection, root=warehouse.parent, environ={}, record=lambda _: None)
    try:
        sql = "SELECT c.customer_id, c.updated_at FROM shop.public.customers AS c"
        return adapter.histogram(HistogramAsk(sql, "UPDATED_AT", IteratorKind.ZONELESS, ANCHOR, NOW))
    finally:
        adapter.close()


def test_the_windows_of_the_example_are_those_of_the_stand_in(opened: Opened, customers: int, warehouse: Path) -> None:
    sql = f"SELECT c.customer_id, c.updated_at FROM {opened.server.name('customers')} AS c"
    ask = HistogramAsk(sql, opened.server.stored("updated_at"), IteratorKind.ZONELESS, ANCHOR, NOW)
    counted = opened.adapter.histogram(ask)
    assert counted.rows == customers == 23_570
    assert counted == counted_by_the_stand_in(warehouse)
