"""S8: 5,000 tables with 40 columns each, out of preflight.lock, against sqlglot's schema of the same dictionary.

Run: ``python -m benchmarks.schemas``. Processor seconds inside one process; sqlglot without the extra.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Goal, Spread, finish
from benchmarks.places import python

TABLES, COLUMNS, ROUNDS = 5_000, 40, 5
_LOCK = """
import gc
gc.disable()  # as the command line has it
from datetime import date
from time import process_time
from preflight.lock.file import Lock, LockedTable, Seen, decode, encode
from preflight.model import Column, Kind, TableInfo, TableRef, Type
seen = Seen(date(2026, 1, 1), "preflight", "described")
columns = tuple(Column(f"COLUMN_{{n}}", Type(Kind.TEXT, "VARCHAR")) for n in range({columns}))
tables = tuple(
    LockedTable("c", "s", seen, TableInfo(TableRef("DB", "PUBLIC", f"TABLE_{{n}}"), columns=columns))
    for n in range({tables})
)
data = encode(Lock(tables=tables)).encode()
begin = process_time()
assert len(decode(data).tables) == {tables}
print(process_time() - begin)
"""
_MAPPING = """
import gc
gc.disable()
from time import process_time
from sqlglot.schema import MappingSchema
columns = {{f"COLUMN_{{n}}": "VARCHAR" for n in range({columns})}}
tables = {{"DB": {{"PUBLIC": {{f"TABLE_{{n}}": dict(columns) for n in range({tables})}}}}}}
begin = process_time()
MappingSchema(tables, dialect="snowflake")
print(process_time() - begin)
"""


def goals(*, peers: bool = False) -> Iterator[Goal]:  # noqa: ARG001 - sqlglot is the peer
    """The goal, as it is measured."""
    pairs = [(_seconds(_LOCK), _seconds(_MAPPING)) for _ in range(ROUNDS)]
    what = f"{TABLES:,} tables × {COLUMNS} columns from the lock / MappingSchema(dict), CPU"
    yield Goal("S8", what, Spread.of(a / b for a, b in pairs), 0.3)


def _seconds(program: str) -> float:
    command = [python("pure"), "-c", program.format(tables=TABLES, columns=COLUMNS)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    sys.exit(finish(goals()))
