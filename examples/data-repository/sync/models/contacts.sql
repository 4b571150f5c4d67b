SELECT
  c.customer_id AS customer_id,
  c.email AS email,
  c.city AS city,
  c.updated_at AS updated_at
FROM `crm.sales.contacts` AS c
