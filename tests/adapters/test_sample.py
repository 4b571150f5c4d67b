from __future__ import annotations

from decimal import Decimal

from preflight.source import Capability, Level, Sampler
from tests.adapters.stand_ins import Open

DDL = """
CREATE SCHEMA public;
CREATE TABLE public.t AS SELECT i AS id, 'n' || i AS name, 1.5::DECIMAL(4, 2) AS price, ['a', NULL] AS tags,
  TIMESTAMPTZ '2026-01-01 01:00:00+01' AS at, DATE '2026-01-02' AS day, {'k': 1} AS thing, 'x'::BLOB AS bytes
FROM range(5) AS r (i);
"""


def test_it_gives_a_few_rows_as_plain_values(stand_in: Open) -> None:
    adapter = stand_in(DDL)
    assert adapter.support[Capability.SAMPLE].level is Level.FULL
    assert isinstance(adapter, Sampler)
    rows = adapter.sample("SELECT t.* FROM crm.public.t AS t ORDER BY t.id", 2)
    assert len(rows) == 2
    assert rows[1][:4] == (1, "n1", Decimal("1.50"), ["a", None])
    assert all(isinstance(value, str) for value in rows[0][4:])
    assert rows[0][4].startswith("2026-01-01 00:00:00+00")


def test_equal_names_and_few_rows_do_no_harm(stand_in: Open) -> None:
    rows = stand_in(DDL).sample("SELECT t.id, t.id FROM crm.public.t AS t WHERE t.id = 3", 100)
    assert rows == ((3, 3),)
