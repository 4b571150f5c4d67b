SELECT
  l.customer_id,
  l.tier AS loyalty_tier,
  l.points AS "loyalty_points",
  CURRENT_TIMESTAMP() AS updated_at
FROM crm.loyalty AS l
