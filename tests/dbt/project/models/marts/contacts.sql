select
  c.contact_id as "customer_id",
  c.email as "email",
  c.tier as "tier",
  c.updated_at as "updated_at"
from {{ ref('stg_contacts') }} as c
