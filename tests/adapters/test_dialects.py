"""One model written for four warehouses reads the same rows of the stand-in as SQL written by hand for DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from preflight.config import Connection, Introspect
from preflight.model import HistogramAsk, IteratorKind, Provider
from preflight_adapters import local
from preflight_adapters.local import LocalAdapter
from tests.adapters.stand_ins import build

DDL = """
CREATE SCHEMA sales;
CREATE TABLE sales.customers AS
  SELECT i AS customer_id, CASE WHEN i % 7 = 0 THEN NULL ELSE 'User' || i || '@Example.com' END AS email,
    CASE i % 4 WHEN 0 THEN 'DE' WHEN 1 THEN 'US' WHEN 2 THEN 'IN' END AS country,
    DATE '2025-01-31' + CAST(i AS INTEGER) AS joined, i % 5 = 0 AS deleted
  FROM range(40) AS r (i);
CREATE TABLE sales.orders AS
  SELECT i AS order_id, CASE WHEN i % 11 = 0 THEN NULL ELSE i % 45 END AS customer_id,
    CASE WHEN i % 6 = 0 THEN NULL ELSE CAST((i * 37) % 101 AS INTEGER) END AS points,
    CAST((i * 13) % 997 AS DECIMAL(10, 2)) AS amount,
    ['paid', 'open', 'void', 'PAID'][1 + i % 4] AS status,
    TIMESTAMP '2025-11-01 00:00:00' + to_minutes(i * 53) AS updated_at,
    CAST(i * 61 AS VARCHAR) AS code
  FROM range(600) AS r (i);
"""
ANCHOR = 1761955500  # 2025-11-01T00:05:00Z
NOW = 4102444800

CASES: dict[str, tuple[str, dict[str, str]]] = {
    "join and lower": (
        """SELECT o.updated_at AS u FROM sales.orders o INNER JOIN sales.customers c ON o.customer_id = c.customer_id
           WHERE NOT c.deleted AND lower(c.email) LIKE 'user1%'""",
        {
            "*": """SELECT LOWER(c.email) AS email, o.updated_at AS u
                    FROM {O} AS o JOIN {C} AS c ON c.customer_id = o.customer_id
                    WHERE c.deleted = FALSE AND LOWER(c.email) LIKE 'user1%'"""
        },
    ),
    "outer join with defaults": (
        """SELECT o.updated_at AS u FROM sales.orders o LEFT JOIN sales.customers c USING (customer_id)
           WHERE c.country IS NULL OR c.country = 'DE'""",
        {
            "snowflake": """SELECT o.updated_at AS u FROM {O} o LEFT JOIN {C} c USING (customer_id)
                WHERE NVL(c.country, 'DE') = 'DE'""",
            "bigquery": """SELECT o.updated_at AS u FROM {O} o LEFT JOIN {C} c USING (customer_id)
                WHERE IFNULL(c.country, 'DE') = 'DE'""",
            "redshift": """SELECT o.updated_at AS u FROM {O} o LEFT JOIN {C} c USING (customer_id)
                WHERE NVL(c.country, 'DE') = 'DE'""",
            "databricks": """SELECT o.updated_at AS u FROM {O} o LEFT JOIN {C} c USING (customer_id)
                WHERE COALESCE(c.country, 'DE') <=> 'DE'""",
        },
    ),
    "conditions": (
        """SELECT updated_at AS u FROM sales.orders
           WHERE (status = 'paid' AND amount > 400) OR (status = 'open' AND points BETWEEN 10 AND 60)""",
        {
            "snowflake": """SELECT updated_at AS u FROM {O}
                WHERE IFF(status = 'paid', amount > 400, status = 'open' AND points BETWEEN 10 AND 60)""",
            "bigquery": """SELECT updated_at AS u FROM {O}
                WHERE IF(status = 'paid', amount > 400, status = 'open' AND points BETWEEN 10 AND 60)""",
            "redshift": """SELECT updated_at AS u FROM {O}
                WHERE CASE status WHEN 'paid' THEN amount > 400 WHEN 'open' THEN points BETWEEN 10 AND 60 END""",
            "databricks": """SELECT updated_at AS u FROM {O}
                WHERE IF(status == 'paid', amount > 400, status = 'open' AND points BETWEEN 10 AND 60)""",
        },
    ),
    "latest of each": (
        """SELECT max(updated_at) AS u FROM sales.orders GROUP BY customer_id""",
        {
            "*": """SELECT o.updated_at AS u FROM {O} AS o
                    QUALIFY ROW_NUMBER() OVER (PARTITION BY o.customer_id ORDER BY o.updated_at DESC) = 1"""
        },
    ),
    "aggregates with a filter": (
        """SELECT u FROM (SELECT max(updated_at) AS u, count(*) AS n, sum(amount) AS s
             FROM sales.orders GROUP BY customer_id)
           WHERE n > 12 AND s > 5000""",
        {
            "*": """SELECT o.customer_id, COUNT(*) AS n, SUM(o.amount) / COUNT(*) AS mean, MAX(o.updated_at) AS u
                    FROM {O} AS o GROUP BY o.customer_id HAVING COUNT(*) > 12 AND SUM(o.amount) > 5000"""
        },
    ),
    "window in a common table": (
        """SELECT u FROM (SELECT updated_at AS u, lag(points) OVER (ORDER BY order_id) AS before, points
             FROM sales.orders)
           WHERE points > before""",
        {
            "*": """WITH steps AS (
                      SELECT o.updated_at AS u, o.points, LAG(o.points) OVER (ORDER BY o.order_id) AS points_before
                      FROM {O} AS o)
                    SELECT steps.u FROM steps WHERE steps.points > steps.points_before"""
        },
    ),
    "days since": (
        """SELECT updated_at AS u FROM sales.orders
           WHERE date_diff('day', CAST(updated_at AS DATE), DATE '2025-11-20') BETWEEN 3 AND 9""",
        {
            "snowflake": """SELECT updated_at AS u FROM {O}
                WHERE DATEDIFF(day, updated_at, '2025-11-20'::DATE) BETWEEN 3 AND 9""",
            "bigquery": """SELECT updated_at AS u FROM {O}
                WHERE DATE_DIFF(DATE '2025-11-20', DATE(updated_at), DAY) BETWEEN 3 AND 9""",
            "redshift": """SELECT updated_at AS u FROM {O}
                WHERE DATEDIFF(day, updated_at, '2025-11-20'::DATE) BETWEEN 3 AND 9""",
            "databricks": """SELECT updated_at AS u FROM {O}
                WHERE DATEDIFF(DATE '2025-11-20', CAST(updated_at AS DATE)) BETWEEN 3 AND 9""",
        },
    ),
    "truncated and moved": (
        """SELECT date_trunc('hour', updated_at) + INTERVAL 36 HOUR AS u FROM sales.orders
           WHERE date_trunc('month', updated_at) = TIMESTAMP '2025-11-01'""",
        {
            "snowflake": """SELECT DATEADD(hour, 36, DATE_TRUNC('hour', updated_at)) AS u FROM {O}
                WHERE DATE_TRUNC('month', updated_at) = '2025-11-01'::TIMESTAMP_NTZ""",
            "bigquery": """SELECT DATETIME_ADD(DATETIME_TRUNC(updated_at, HOUR), INTERVAL 36 HOUR) AS u FROM {O}
                WHERE DATETIME_TRUNC(updated_at, MONTH) = DATETIME '2025-11-01'""",
            "redshift": """SELECT DATEADD(hour, 36, DATE_TRUNC('hour', updated_at)) AS u FROM {O}
                WHERE DATE_TRUNC('month', updated_at) = '2025-11-01'::TIMESTAMP""",
            "databricks": """SELECT DATE_TRUNC('HOUR', updated_at) + INTERVAL 36 HOURS AS u FROM {O}
                WHERE DATE_TRUNC('MONTH', updated_at) = TIMESTAMP_NTZ '2025-11-01 00:00:00'""",
        },
    ),
    "parts of a date": (
        """SELECT updated_at AS u FROM sales.orders
           WHERE month(updated_at) = 11 AND day(updated_at) > 10 AND hour(updated_at) IN (3, 4, 5)""",
        {
            "snowflake": """SELECT updated_at AS u FROM {O}
                WHERE MONTH(updated_at) = 11 AND DATE_PART(day, updated_at) > 10 AND HOUR(updated_at) IN (3, 4, 5)""",
            "bigquery": """SELECT updated_at AS u FROM {O} WHERE EXTRACT(MONTH FROM updated_at) = 11
                AND EXTRACT(DAY FROM updated_at) > 10 AND EXTRACT(HOUR FROM updated_at) IN (3, 4, 5)""",
            "redshift": """SELECT updated_at AS u FROM {O} WHERE EXTRACT(month FROM updated_at) = 11
                AND DATE_PART(day, updated_at) > 10 AND EXTRACT(hour FROM updated_at) IN (3, 4, 5)""",
            "databricks": """SELECT updated_at AS u FROM {O}
                WHERE MONTH(updated_at) = 11 AND DAY(updated_at) > 10 AND HOUR(updated_at) IN (3, 4, 5)""",
        },
    ),
    "casts": (
        """SELECT updated_at AS u FROM sales.orders
           WHERE CAST(code AS INTEGER) % 7 = 3 AND CAST(order_id AS VARCHAR) LIKE '%1%'""",
        {
            "snowflake": "SELECT updated_at AS u FROM {O} WHERE code::INT % 7 = 3 AND order_id::VARCHAR LIKE '%1%'",
            "bigquery": """SELECT updated_at AS u FROM {O}
                WHERE MOD(CAST(code AS INT64), 7) = 3 AND CAST(order_id AS STRING) LIKE '%1%'""",
            "redshift": "SELECT updated_at AS u FROM {O} WHERE MOD(code::INT, 7) = 3 AND order_id::VARCHAR LIKE '%1%'",
            "databricks": """SELECT updated_at AS u FROM {O}
                WHERE CAST(code AS INT) % 7 = 3 AND CAST(order_id AS STRING) LIKE '%1%'""",
        },
    ),
    "an integer quotient": (
        """SELECT updated_at AS u FROM sales.orders WHERE points // 10 = 4""",
        {
            "snowflake": "SELECT updated_at AS u FROM {O} WHERE FLOOR(points / 10::FLOAT) = 4",
            "bigquery": "SELECT updated_at AS u FROM {O} WHERE DIV(points, 10) = 4",
            "redshift": "SELECT updated_at AS u FROM {O} WHERE points / 10 = 4",
            "databricks": "SELECT updated_at AS u FROM {O} WHERE points DIV 10 = 4",
        },
    ),
    "a quotient with a fraction": (
        """SELECT updated_at AS u FROM sales.orders WHERE points * 10 > 45 * 10 AND points * 10 <= 500""",
        {
            "snowflake": "SELECT updated_at AS u FROM {O} WHERE points / 10::FLOAT > 4.5 AND points / 10::FLOAT <= 5",
            "bigquery": "SELECT updated_at AS u FROM {O} WHERE points / 10 > 4.5 AND points / 10 <= 5",
            "redshift": "SELECT updated_at AS u FROM {O} WHERE points::FLOAT > 45 AND points::FLOAT <= 50",
            "databricks": "SELECT updated_at AS u FROM {O} WHERE points / 10 > 4.5 AND points / 10 <= 5",
        },
    ),
    "subqueries and sets": (
        """SELECT updated_at AS u FROM sales.orders
           WHERE customer_id IN (SELECT customer_id FROM sales.customers WHERE country = 'IN')
           UNION ALL SELECT updated_at FROM sales.orders o WHERE NOT EXISTS
             (SELECT 1 FROM sales.customers c WHERE c.customer_id = o.customer_id)""",
        {
            "*": """SELECT o.updated_at AS u FROM {O} AS o
                      WHERE o.customer_id IN (SELECT c.customer_id FROM {C} AS c WHERE c.country = 'IN')
                    UNION ALL
                    SELECT o.updated_at AS u FROM {O} AS o
                      WHERE NOT EXISTS (SELECT 1 FROM {C} AS c WHERE c.customer_id = o.customer_id)"""
        },
    ),
    "text functions": (
        """SELECT o.updated_at AS u FROM sales.orders o JOIN sales.customers c USING (customer_id)
           WHERE substr(c.email, 1, 5) = 'User2' OR length(c.email) = 17 OR c.country || '-' || o.status = 'DE-PAID'""",
        {
            "*": """SELECT o.updated_at AS u FROM {O} AS o JOIN {C} AS c ON o.customer_id = c.customer_id
                    WHERE LEFT(c.email, 5) = 'User2' OR LENGTH(c.email) = 17
                      OR c.country || '-' || o.status = 'DE-PAID'"""
        },
    ),
}

NULLS = {
    # The first row of each status by points: Snowflake and Redshift put NULL last, BigQuery and Databricks first.
    "snowflake": "NULLS LAST",
    "bigquery": "NULLS FIRST",
    "redshift": "NULLS LAST",
    "databricks": "NULLS FIRST",
}
DIALECTS = tuple(NULLS)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dialects") / "warehouse.duckdb", DDL)


@pytest.fixture(scope="module")
def adapters(file: Path) -> Iterator[dict[str, LocalAdapter]]:
    opened = {}
    for dialect in DIALECTS:
        connection = Connection("w", "W", Provider(dialect), {}, introspect=Introspect(local=file.name))
        opened[dialect] = local.connect(connection, root=file.parent, environ={}, record=lambda _: None)
    yield opened
    for adapter in opened.values():
        adapter.close()


@pytest.fixture(scope="module")
def by_hand(file: Path, adapters: Any) -> Iterator[Any]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{file}' AS hand (READ_ONLY); USE hand")
        yield connection


def expected(by_hand: Any, sql: str) -> dict[int, int]:
    hours = f"CAST(floor((epoch(u) - {ANCHOR}) / 3600) AS BIGINT)"
    return dict(by_hand.execute(f"SELECT {hours}, count(*) FROM ({sql}) WHERE u IS NOT NULL GROUP BY ALL").fetchall())


def counted(adapter: LocalAdapter, sql: str) -> dict[int, int]:
    names = {"{O}": "crm.sales.orders", "{C}": "crm.sales.customers"}
    for mark, name in names.items():
        sql = sql.replace(mark, name)
    found = adapter.histogram(HistogramAsk(sql, "u", IteratorKind.ZONELESS, ANCHOR, NOW))
    return {bucket.index: bucket.rows for bucket in found.buckets}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("case", CASES)
def test_the_same_rows_are_read(adapters: dict[str, LocalAdapter], by_hand: Any, case: str, dialect: str) -> None:
    hand, models = CASES[case]
    rows = expected(by_hand, hand)
    assert rows, "the case reads no row"
    assert counted(adapters[dialect], models.get(dialect) or models["*"]) == rows


@pytest.mark.parametrize("direction", ["", "DESC"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_null_is_ordered_as_the_warehouse_orders_it(
    adapters: dict[str, LocalAdapter], by_hand: Any, dialect: str, direction: str
) -> None:
    model = f"""SELECT o.updated_at AS u FROM {{O}} AS o
        QUALIFY ROW_NUMBER() OVER (PARTITION BY o.status ORDER BY o.points {direction}, o.order_id) = 1"""
    nulls = NULLS[dialect]
    if direction:
        nulls = {"NULLS LAST": "NULLS FIRST", "NULLS FIRST": "NULLS LAST"}[nulls]
    hand = f"""SELECT u FROM (SELECT updated_at AS u,
        row_number() OVER (PARTITION BY status ORDER BY points {direction} {nulls}, order_id) AS n
        FROM sales.orders) WHERE n = 1"""
    assert counted(adapters[dialect], model) == expected(by_hand, hand)
