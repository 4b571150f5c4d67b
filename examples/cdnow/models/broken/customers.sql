WITH spenders AS (
  SELECT c.CUSTOMER_ID, c.ORDERS, c.SPENT, c.UPDATED_AT FROM CUSTOMERS AS c WHERE c.SPENT > 0
)
SELECT
  s.CUSTOMER_ID AS "custmer_id",
  s.ORDERS AS "orders",
  s.SPENT AS "spent",
  ROUND(s.SPENT / s.ORDERS, 2) AS "spent",
  s.UPDATED_AT
FROM spenders AS s
