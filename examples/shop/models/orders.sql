SELECT
  o.order_id,
  o.customer_id,
  o.total,
  o.currency,
  UNIX_MILLIS(o.ordered_at) AS ordered_ms,
  o.ordered_at
FROM `acme-shop`.shop.orders AS o
