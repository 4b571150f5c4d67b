"""S7: counting 40 million rows by hour, for all intervals and windows. Run: ``python -m benchmarks.audit [ROWS]``.

The rows lie in a DuckDB file, uniformly at random over two years. preflight's part is its stand-in adapter's one
statement and the roll-up into hourly, daily, weekly and monthly windows; the baseline the plain hourly histogram. All
have the same threads, and the memory that the adapter's sessions begin with.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.measure import Goal, Spread, cost, finish, in_turn, peak, ratio
from benchmarks.places import WORK, python
from preflight_adapters.local.connect import FIRST_MEMORY, THREADS

ROWS, ROUNDS = 40_000_000, 3
_OPEN = f"""
import duckdb, sys
from time import process_time
data, rows = sys.argv[1:]
session = duckdb.connect(data, read_only=True, config={{"threads": {THREADS}, "memory_limit": "{FIRST_MEMORY}"}})
session.execute("SET enable_progress_bar = false")
begin = process_time()
"""
_CLOSE = """
print(process_time() - begin)
"""
HOURLY = (
    _OPEN
    + """
found = session.execute("SELECT date_trunc('hour', seen_at), count(*) FROM visits GROUP BY 1").fetchall()
assert sum(count for _, count in found) == int(rows)
"""
    + _CLOSE
)
PANDAS = (
    _OPEN
    + """
hours = session.execute("SELECT seen_at FROM visits").df()["seen_at"].dt.floor("h").value_counts()
assert int(hours.sum()) == int(rows)
"""
    + _CLOSE
)
OURS = (
    """
import sys
from pathlib import Path
from time import process_time
from preflight.config import Connection, Introspect
from preflight.model import HistogramAsk, IteratorKind, Provider, Window
from preflight.schedule import FREQUENCIES, Tally, boundary, number_at
from preflight_adapters.local import connect
data, rows = sys.argv[1:]
file = Path(data)
statements = []
local = Introspect(local=file.name)
connection = Connection(id="c", name="C", service_provider=Provider.SNOWFLAKE, config={}, introspect=local)
adapter = connect(connection, root=file.parent, environ={}, record=statements.append)
sql = "SELECT v.seen_at FROM main.visits AS v"
adapter.describe(sql)
now, anchor, first_row = 1_735_689_600, 1_704_067_500, 1_672_531_200
begin = process_time()
histogram = adapter.histogram(HistogramAsk(sql, "SEEN_AT", IteratorKind.ZONELESS, anchor, now))
tally = Tally(histogram)
for frequency in FREQUENCIES:
    for number in range(number_at(frequency, anchor, first_row), number_at(frequency, anchor, now)):
        instant = boundary(frequency, anchor, number)
        if frequency != "monthly" or (instant - anchor) % 3600 == 0:
            tally.count(Window(instant, boundary(frequency, anchor, number + 1)))
"""
    + _CLOSE
    + """
assert histogram.rows == int(rows)
assert sum(asked.purpose == "histogram" for asked in statements) == 1
"""
)
_MAKE = """
import duckdb, sys
data, rows = sys.argv[1:]
session = duckdb.connect(data)
session.execute("SELECT setseed(0.5)")
session.execute(
    "CREATE TABLE visits AS SELECT range AS id,"
    " TIMESTAMP '2023-01-01' + to_microseconds((random() * 63072000000000)::BIGINT) AS seen_at"
    " FROM range(?)", [int(rows)]
)
"""


def goals(*, peers: bool = False, rows: int = ROWS) -> Iterator[Goal]:  # noqa: ARG001 - pandas is there anyway
    """The goals, as they are measured."""
    interpreter = python("pure")
    data = WORK / f"visits-{rows}.duckdb"
    if not data.exists():
        cost([interpreter, "-c", _MAKE, data, str(rows)])

    def seconds(program: str) -> float:
        """The processor's seconds of a program's own work, its start left out."""
        done = subprocess.run([interpreter, "-c", program, data, str(rows)], check=True, capture_output=True, text=True)
        return float(done.stdout)

    seconds(OURS)
    pairs = [(seconds(OURS), seconds(HOURLY)) for _ in range(ROUNDS)]
    what = f"{rows / 1e6:g} M rows, all intervals and windows / one hourly histogram, CPU"
    yield Goal("S7", what, Spread.of(a / b for a, b in pairs), 1.15)
    run = [partial(cost, [interpreter, "-c", program, data, str(rows)]) for program in (PANDAS, OURS)]
    memory = in_turn(*run, 1)
    note = f"ours {peak(b for _, b in memory).median:.0f} MiB"
    yield Goal("S7", "peak memory of pandas / ours", ratio(memory, "mebibytes"), 10, least=True, note=note)


if __name__ == "__main__":
    sys.exit(finish(goals(rows=int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)))
