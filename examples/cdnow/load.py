"""Builds the example's stand-in warehouse, ``cdnow.duckdb``, from the CDNOW purchase log.

The log holds the 69,659 purchases that 23,570 customers of a CD shop made in 1997 and 1998. The wheel of the package
lifetimes ships it; it is read out of the wheel, which is fetched once into a cache folder and never installed. The log
knows days only: the time of day is made up from the row's number. ``CLICKS`` is made up altogether, as a view that
computes enough rows to pass the platform's limits.

Run: ``python examples/cdnow/load.py``. Needs pip and duckdb, and the network the first time.
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

HERE = Path(__file__).resolve().parent
WAREHOUSE = HERE / "cdnow.duckdb"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or HERE.parents[1] / ".cache") / "preflight-examples"
PACKAGE = "lifetimes==0.11.3"
WHEELS = "[Ll]ifetimes-0.11.3-*.whl"
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
CREATE VIEW PUBLIC.CLICKS AS
SELECT
  (i % 23570 + 1)::INTEGER AS CUSTOMER_ID,
  (i % 40)::SMALLINT AS PAGE,
  TIMESTAMP '1998-06-01 00:30:00.125' + INTERVAL (i // 4) SECOND AS CLICKED_AT,
FROM range(24_000_000) AS r(i)
UNION ALL
SELECT (i % 23570 + 1)::INTEGER, 0::SMALLINT, TIMESTAMP '1998-12-24 18:25:00.125' + INTERVAL (i % 3000) SECOND
FROM range(1_500_000) AS r(i);
"""
"""CLICKS: four a second for 69 days, and 1,500,000 in 50 minutes of a Christmas sale."""


def fetch() -> str:
    """The log's text, out of the cached wheel or a freshly fetched one; ends the program where there is neither."""
    wheel = next(CACHE.glob(WHEELS), None) or download()
    try:
        data = zipfile.ZipFile(wheel).read(MEMBER)
    except (zipfile.BadZipFile, KeyError):
        sys.exit(f"{wheel} is damaged: delete it and run this again")
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"{MEMBER} in {wheel} is not the file that this example was written for")
    return data.decode("ascii")


def download() -> Path:
    """Fetch the wheel into the cache, where it appears as a whole."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", folder]
        code = subprocess.run([sys.executable, "-m", "pip", "download", *options, PACKAGE], check=False).returncode
        wheel = next(Path(folder).glob(WHEELS), None)
        if code or wheel is None:
            sys.exit(f"{PACKAGE} could not be fetched: run this once with network, or put its wheel into {CACHE}")
        return wheel.replace(CACHE / wheel.name)


def build(text: str, path: Path) -> None:
    """Write the DuckDB file beside ``path`` and move it there when it is whole."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".load-") as folder:
        log, new = Path(folder) / "log.csv", Path(folder) / path.name
        rows = [line.split() for line in text.splitlines() if line.strip()]
        log.write_text("".join(",".join(row) + "\n" for row in [("customer", "day", "cds", "dollars"), *rows[1:]]))
        with duckdb.connect(str(new)) as connection:
            connection.execute("CREATE TEMP TABLE log AS FROM read_csv(?, header = 1, all_varchar = 1)", [str(log)])
            connection.execute(BUILD)
            counts = connection.execute("SELECT count(*), count(DISTINCT CUSTOMER_ID) FROM PUBLIC.PURCHASES").fetchone()
        if counts != (PURCHASES, CUSTOMERS):
            sys.exit(f"expected {PURCHASES} purchases of {CUSTOMERS} customers, found {counts}")
        new.replace(path)


if __name__ == "__main__":
    build(fetch(), WAREHOUSE)
    sys.stdout.write(f"{WAREHOUSE.name}: {PURCHASES:,} purchases of {CUSTOMERS:,} customers, 25,500,000 clicks\n")
