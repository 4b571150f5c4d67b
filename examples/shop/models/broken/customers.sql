SELECT
  c.CUSTOMER_ID AS "custmer_id",
  c.EMAIL AS "email",
  c.CITY AS "$cty",
  c.NEWSLETTER AS "newsletter",
  'gold' AS "loyalty_tier",
  c.UPDATED_AT
FROM SHOP.CRM.CUSTOMERS AS c
ORDER BY c.CUSTOMER_ID
