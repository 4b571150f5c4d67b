SELECT
  c.CUSTOMER_ID AS "customer_id",
  c.ORDERS AS "orders",
  c.CDS AS "cds",
  c.SPENT AS "spent",
  c.FIRST_ORDER AS "first_order",
  c.LAST_ORDER AS "last_order",
  CASE WHEN c.SPENT >= 100 THEN 'gold' WHEN c.SPENT >= 30 THEN 'silver' ELSE 'bronze' END AS "tier",
  c.UPDATED_AT
FROM SHOP.PUBLIC.CUSTOMERS AS c
