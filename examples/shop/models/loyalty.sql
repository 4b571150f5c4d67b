SELECT
  l.customer_id,
  l.tier AS loyalty_tier,
  l.points AS loyalty_points,
  l.updated_at
FROM shop.crm.loyalty AS l
