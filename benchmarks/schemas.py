"""S8: 5,000 tables with 40 columns each, out of preflight.lock, against sqlglot's schema of the same dictionary.

Both are made, and one query that joins twenty of the tables is qualified by each; it is parsed before. Run:
``python -m benchmarks.schemas``. Processor seconds inside one process; sqlglot without the extra.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Goal, Spread, finish
from benchmarks.places import python

TABLES, COLUMNS, JOINED, ROUNDS = 5_000, 40, 20, 5
_QUERY = """
import gc
gc.disable()  # as the command line has it
from time import process_time
joined = range(0, {tables}, {tables} // {joined})
items = ", ".join(f"T{{n}}.COLUMN_{{n % {columns}}} AS C{{n}}" for n in joined)
joins = " CROSS JOIN ".join(f"DB.PUBLIC.TABLE_{{n}} AS T{{n}}" for n in joined)
sql = f"SELECT {{items}} FROM {{joins}}"
"""
_LOCK = (
    _QUERY
    + """
from datetime import date
from preflight.config import Connection
from preflight.location import Excerpt, SourceFile
from preflight.lock import LockedAdapter
from preflight.lock.file import Lock, LockedTable, Seen, decode_skimmed, encode, settings
from preflight.model import Column, Kind, Provider, TableInfo, TableRef, Type
from preflight.query import parse
connection = Connection("c", "Connection", Provider.SNOWFLAKE, {{}})
seen = Seen(date(2026, 1, 1), "preflight", "described")
columns = tuple(Column(f"COLUMN_{{n}}", Type(Kind.TEXT, "VARCHAR")) for n in range({columns}))
tables = tuple(
    LockedTable("c", settings(connection), seen, TableInfo(TableRef(f"TABLE_{{n}}", "PUBLIC", "DB"), columns=columns))
    for n in range({tables})
)
data = encode(Lock(tables=tables)).encode()
query = parse(Excerpt.whole(SourceFile("q.sql", sql)), "snowflake", "q")
begin = process_time()
adapter = LockedAdapter(decode_skimmed(data), connection, seen.on)
outputs = query.outputs(tables={{use.ref: adapter.table(use.ref) for use in query.tables}})
print(process_time() - begin)
assert outputs.complete and [str(column.type) for column in outputs.columns] == ["VARCHAR"] * {joined}, outputs
"""
)
_MAPPING = (
    _QUERY
    + """
from sqlglot import parse_one
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema
columns = {{f"COLUMN_{{n}}": "VARCHAR" for n in range({columns})}}
tables = {{"DB": {{"PUBLIC": {{f"TABLE_{{n}}": dict(columns) for n in range({tables})}}}}}}
tree = parse_one(sql, read="snowflake")
begin = process_time()
schema = MappingSchema(tables, dialect="snowflake")
tree = annotate_types(qualify(tree, schema=schema, dialect="snowflake"), schema=schema, dialect="snowflake")
print(process_time() - begin)
assert [str(item.type) for item in tree.selects] == ["VARCHAR"] * {joined}, tree.sql("snowflake")
"""
)


def goals(*, peers: bool = False) -> Iterator[Goal]:  # noqa: ARG001 - sqlglot is the peer
    """The goal, as it is measured."""
    pairs = [(_seconds(_LOCK), _seconds(_MAPPING)) for _ in range(ROUNDS)]
    what = f"{TABLES:,} tables × {COLUMNS} columns from the lock, {JOINED} joined / MappingSchema(dict), CPU"
    yield Goal("S8", what, Spread.of(a / b for a, b in pairs), 0.3)


def _seconds(program: str) -> float:
    command = [python("pure"), "-c", program.format(tables=TABLES, columns=COLUMNS, joined=JOINED)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    sys.exit(finish(goals()))
