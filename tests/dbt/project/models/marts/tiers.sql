{{ config(materialized='ephemeral') }}
select distinct r.tier as "tier", max(r.updated_at) as updated_at from {{ source('shop_raw', 'raw_contacts') }} as r group by r.tier
