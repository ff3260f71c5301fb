insert into app_keys (
    name, kind, material, issuers, audience, max_age_s, customer_claim, claims, created_at
)
values (:name, :kind, :material, :issuers, :audience, :max_age_s, :customer_claim, :claims, :created_at)
on conflict (name) do nothing
