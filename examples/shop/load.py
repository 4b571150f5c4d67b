"""Builds the stand-in warehouses of the shop: one small DuckDB file for each of its four warehouses.

The rows are made up by arithmetic and end at the given day: for one day they are always the same.

Run: ``python examples/shop/load.py [DAY]``, the day as YYYY-MM-DD, today unless given. Needs duckdb.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
CUSTOMERS, ORDERS, VIEWS = 500, 2_000, 6_000

WAREHOUSES = {
    "snowflake": """
CREATE SCHEMA CRM;
CREATE TABLE CRM.CUSTOMERS AS
SELECT
  'C' || lpad(i::VARCHAR, 6, '0') AS CUSTOMER_ID,
  'customer' || i || '@shop.example' AS EMAIL,
  ['Bonn', 'Kiel', 'Ulm'][1 + i % 3] AS CITY,
  i % 7 = 0 AS NEWSLETTER,
  until_day() - INTERVAL (1 + i * 7919 % 1727999) SECOND AS UPDATED_AT,
FROM range({customers}) AS r(i);
""",
    "bigquery": """
CREATE SCHEMA shop;
CREATE TABLE shop.orders AS
SELECT
  'o-' || i AS order_id,
  'C' || lpad((i % {customers})::VARCHAR, 6, '0') AS customer_id,
  (5 + i * 37 % 200)::DOUBLE AS total,
  ['EUR', 'CHF'][1 + i % 2] AS currency,
  timezone('UTC', until_day() - INTERVAL (1 + i * 1237 % 1727999) SECOND) AS ordered_at,
FROM range({orders}) AS r(i);
""",
    "redshift": """
CREATE SCHEMA web;
CREATE TABLE web.page_views AS
SELECT
  'v-' || i AS view_id,
  'C' || lpad((i % {customers})::VARCHAR, 6, '0') AS customer_id,
  ['Home', 'Search', 'Product', 'Cart'][1 + i % 4] AS page,
  i % 5 = 0 AS is_mobile,
  (epoch_ms(until_day()) - 1000 * (1 + i * 421 % 1727999))::BIGINT AS viewed_ms,
  until_day() - INTERVAL (1 + i * 421 % 1727999) SECOND AS viewed_at,
FROM range({views}) AS r(i);
""",
    "databricks": """
CREATE SCHEMA crm;
CREATE TABLE crm.loyalty AS
SELECT
  'C' || lpad(i::VARCHAR, 6, '0') AS customer_id,
  ['bronze', 'silver', 'gold'][1 + i % 3] AS tier,
  (i * 31 % 5000)::INTEGER AS points,
  timezone('UTC', until_day() - INTERVAL (1 + i * 6271 % 1727999) SECOND) AS updated_at,
FROM range({customers}) AS r(i);
""",
}
"""A warehouse's tables; ``until_day()`` is the first instant after the rows."""


def build(folder: Path, day: date) -> None:
    """Write the four files into ``folder``."""
    for name, statements in WAREHOUSES.items():
        path = folder / f"{name}.duckdb"
        path.unlink(missing_ok=True)
        text = statements.format(customers=CUSTOMERS, orders=ORDERS, views=VIEWS)
        with duckdb.connect(str(path)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"CREATE TEMP MACRO until_day() AS TIMESTAMP '{day}'")
            connection.execute(text)


if __name__ == "__main__":
    try:
        wanted = date.fromisoformat(sys.argv[1]) if len(sys.argv) > 1 else datetime.now(UTC).date()
    except ValueError:
        sys.exit(f"{sys.argv[1]} is no day: write it as YYYY-MM-DD")
    build(HERE, wanted)
    sys.stdout.write(f"{', '.join(f'{name}.duckdb' for name in WAREHOUSES)}: rows up to {wanted}\n")
