"""What the store keeps about credentials: backends' API keys, and app keys that verify customers' tokens."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["events", "author", "operate", "admin"]
ROLES: Final[tuple[Role, ...]] = ("events", "author", "operate", "admin")

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256", "EdDSA"]
AppKeyKind: TypeAlias = Literal["HS256", "RS256", "ES256", "EdDSA", "JWKS"]

MAX_AGE_S_DEFAULT = 7 * 24 * 3600


class ApiKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """An API key: never its text, only the SHA-256 of it."""

    id: str
    name: str
    digest: bytes
    roles: tuple[Role, ...]
    created_at: int
    revoked_at: int | None = None


class AppKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one app's tokens are verified with. `name` is its identity, and the `kid` that a token may carry.

    `material` is the shared secret (HS256), a public key in PEM, or the address of a JWKS document. No
    issuer means any, an empty audience means that none is asked for. `claims` maps a claim of the token to a
    customer field.
    """

    name: str
    kind: AppKeyKind
    material: str
    issuers: tuple[str, ...] = ()
    audience: str = ""
    max_age_s: int = MAX_AGE_S_DEFAULT
    customer_claim: str = "sub"
    claims: dict[str, str] = {}
    created_at: int = 0

    def __repr__(self) -> str:
        """Without the material: rows end up in logs and traces."""
        return f"AppKeyRow(name={self.name!r}, kind={self.kind!r})"
