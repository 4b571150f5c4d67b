SELECT
  k.CUSTOMER_ID AS "customer_id",
  k.PAGE AS "last_page",
  k.CLICKED_AT
FROM SHOP.PUBLIC.CLICKS AS k
