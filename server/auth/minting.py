"""Makes customers' tokens for trying things out (`flowdeck token`); real ones come from elsewhere."""

from __future__ import annotations

import jwt

from .claims import MS_PER_S
from .rows import AppKeyRow


class NotMintable(Exception):
    """The token cannot be made with this app key; the text says why."""


def mint_token(row: AppKeyRow, customer: str, *, now: int, ttl_s: int) -> str:
    """A JWT for this customer that the app key accepts; of apps other than HS256 we hold no private key."""
    if row.kind != "HS256":
        raise NotMintable(f"app key {row.name} is for {row.kind}: only its own backend can sign tokens")
    if not 0 < ttl_s <= row.max_age_s:
        raise NotMintable(f"app key {row.name} takes tokens of 1 to {row.max_age_s} seconds")
    issued_at = now // MS_PER_S
    claims: dict[str, object] = {row.customer_claim: customer, "iat": issued_at, "exp": issued_at + ttl_s}
    if row.issuers:
        claims["iss"] = row.issuers[0]
    if row.audience:
        claims["aud"] = row.audience
    return jwt.encode(claims, row.material, algorithm="HS256", headers={"kid": row.name})
