SELECT
  c.CUSTOMER_ID AS "customer_id",
  c.EMAIL AS "email",
  c.CITY AS "$city",
  c.NEWSLETTER AS "newsletter",
  c.UPDATED_AT
FROM SHOP.CRM.CUSTOMERS AS c
