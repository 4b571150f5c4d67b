SELECT
  o.order_id,
  o.customer_id,
  CAST(o.total AS STRING) AS total,
  o.currency,
  UNIX_MILLIS(o.ordered_at) AS ordered_ms,
  o.ordered_at
FROM `acme-shop`.shop.orders AS o
LIMIT 1000
