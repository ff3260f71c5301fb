select name, kind, material, issuers, audience, max_age_s, customer_claim, claims, created_at
from app_keys order by name
