SELECT
  v.view_id,
  v.customer_id,
  v.page,
  v.is_mobile,
  v.viewed_ms,
  v.viewed_at
FROM shop.web.page_views AS v
