select
  id as contact_id,
  {{ clean('email') }} as email,
  tier,
  updated_at
from {{ ref('raw_contacts') }}
