"""Builds the demo's stand-in warehouse: the CDNOW purchase log in a DuckDB file.

The log holds 69,659 purchases of 23,570 customers in 1997 and 1998. The wheel of the package lifetimes ships it; it is
taken out of the wheel, which is fetched once into a cache folder and not installed. The log has days only, so a time of
day is made up from the row's number. ``CLICKS`` is made up as a whole: enough rows to pass the platform's limits.

Run: ``python examples/cdnow/load.py``. Needs duckdb.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
WAREHOUSE = HERE / "cdnow.duckdb"
PACKAGE = "lifetimes==0.11.3"
MEMBER = "lifetimes/datasets/CDNOW_master.txt"
SHA256 = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
PURCHASES, CUSTOMERS = 69_659, 23_570

BUILD = """
CREATE SCHEMA PUBLIC;
CREATE TABLE PUBLIC.PURCHASES AS
SELECT
  i AS PURCHASE_ID,
  customer::INTEGER AS CUSTOMER_ID,
  cds::INTEGER AS CDS,
  dollars::DECIMAL(10, 2) AS AMOUNT,
  strptime(day, '%Y%m%d') + INTERVAL (8 * 3600 + i * 7 % 43200) SECOND AS PURCHASED_AT,
FROM (SELECT row_number() OVER () AS i, * FROM log);
CREATE TABLE PUBLIC.CUSTOMERS AS
SELECT
  CUSTOMER_ID,
  count(*)::INTEGER AS ORDERS,
  sum(CDS)::INTEGER AS CDS,
  sum(AMOUNT)::DECIMAL(10, 2) AS SPENT,
  min(PURCHASED_AT)::DATE AS FIRST_ORDER,
  max(PURCHASED_AT)::DATE AS LAST_ORDER,
  max(PURCHASED_AT) AS UPDATED_AT,
FROM PUBLIC.PURCHASES GROUP BY CUSTOMER_ID;
CREATE TABLE PUBLIC.CLICKS AS
SELECT (i % 23570 + 1)::INTEGER AS CUSTOMER_ID, TIMESTAMP '1998-06-01 00:30:00' + INTERVAL (i // 4) SECOND AS CLICKED_AT
FROM range(24_000_000) AS r(i)
UNION ALL
SELECT (i % 23570 + 1)::INTEGER, TIMESTAMP '1998-12-24 18:25:00' + INTERVAL (i % 3000) SECOND
FROM range(1_500_000) AS r(i);
"""


def fetch() -> str:
    """The log's text, from the cached wheel or a freshly fetched one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "preflight-examples"
    cache.mkdir(parents=True, exist_ok=True)
    if not list(cache.glob("*ifetimes-0.11.3*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache), PACKAGE]
        if subprocess.run(command, check=False).returncode:
            sys.exit(
                f"{PACKAGE} could not be fetched: connect to the package registry once, or put its wheel into {cache}"
            )
    wheel = next(iter(cache.glob("*ifetimes-0.11.3*.whl")))
    data = zipfile.ZipFile(wheel).read(MEMBER)
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"{MEMBER} in {wheel} is not the file that this example was written for")
    return data.decode("ascii")


def build(text: str, path: Path) -> None:
    """Write the DuckDB file; the old one is replaced when the new one is whole."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(new)) as connection:
        log = Path(folder) / "log.csv"
        rows = (line.split() for line in text.splitlines()[1:] if line.strip())
        log.write_text("customer,day,cds,dollars\n" + "".join(",".join(row) + "\n" for row in rows))
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"CREATE TEMP TABLE log AS FROM read_csv('{log}', all_varchar = true)")
        connection.execute(BUILD)
        counted = connection.execute(
            "SELECT (SELECT count(*) FROM PUBLIC.PURCHASES), (SELECT count(*) FROM PUBLIC.CUSTOMERS)"
        ).fetchone()
    if counted != (PURCHASES, CUSTOMERS):
        sys.exit(f"expected {PURCHASES} purchases of {CUSTOMERS} customers, found {counted}")
    new.replace(path)


if __name__ == "__main__":
    if not WAREHOUSE.exists():
        build(fetch(), WAREHOUSE)
    sys.stdout.write(f"{WAREHOUSE.name}: {PURCHASES:,} purchases of {CUSTOMERS:,} customers, 25,500,000 clicks\n")
