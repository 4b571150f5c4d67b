SELECT
  v.view_id,
  v.customer_id,
  v.page,
  v.is_mobile,
  CAST(v.viewed_ms / 1000 AS BIGINT) AS viewed_s,
  v.viewed_at
FROM web.page_views AS v, shop.web.page_views AS w
WHERE v.view_id = w.view_id
