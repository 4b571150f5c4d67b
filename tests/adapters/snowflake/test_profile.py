"""The profile's own SQL, rendered for DuckDB and run there, counts what the stand-in counts."""

from __future__ import annotations

from pathlib import Path

import duckdb
import sqlglot

from preflight.model import Kind, ProfileAsk, ProfileColumn, Type
from preflight_adapters.local import profile as local_profile
from preflight_adapters.snowflake import profile

VALUES = """
  ('c1', ' Ann@Example.com', 9007199254740993, 1.5, 'NaN'::DOUBLE, 'long text'),
  ('c1', 'bob@example.com', 1, 2.5, 1.5::DOUBLE, ' '),
  ('unknown', 'no address', NULL, -1.0, NULL, NULL),
  ('', NULL, -3, 99.9, 'inf'::DOUBLE, ''),
  (NULL, E'\\t', 3, 0, -2.25::DOUBLE, 'x')
"""
COLUMNS = (
    ProfileColumn("ID", Type(Kind.TEXT), "customer_id"),
    ProfileColumn("EMAIL", Type(Kind.TEXT), "email"),
    ProfileColumn("BIG", Type(Kind.INTEGER)),
    ProfileColumn("SPENT", Type(Kind.DECIMAL)),
    ProfileColumn("SCORE", Type(Kind.FLOAT)),
    ProfileColumn("NOTE", Type(Kind.TEXT)),
)


def test_it_counts_what_the_stand_in_counts(tmp_path: Path) -> None:
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE people AS SELECT * FROM (VALUES {VALUES})")
        for sample in (None, 5, 9):
            ask = ProfileAsk("SELECT * FROM people", COLUMNS, sample)
            [text] = sqlglot.transpile(profile.statement(ask), read="snowflake", write="duckdb")
            [row] = engine.execute(text.replace("REGEXP_MATCHES(", "REGEXP_FULL_MATCH(")).fetchall()
            [wanted] = engine.execute(local_profile.statement(ask, "SELECT * FROM people")).fetchall()
            assert profile.values(ask, row) == local_profile.values(ask, wanted)


def test_a_list_of_anything_is_measured_by_its_scalars() -> None:
    text = profile.statement(ProfileAsk("SELECT 1", (ProfileColumn("L", Type(Kind.ARRAY)),)))
    assert "MAX(ARRAY_SIZE(c0))" in text
    assert "TYPEOF(e) NOT IN ('ARRAY', 'OBJECT')" in text
    structs = ProfileColumn("L", Type(Kind.ARRAY, element=Type(Kind.STRUCT)))
    assert "TRANSFORM" not in profile.statement(ProfileAsk("SELECT 1", (structs,)))
