"""What a token that is signed by the right key must say: who the customer is, since when and until when.

The signature is `tokens.py`'s business; here everything is a value and `now` an argument.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from .callers import Refused
from .rows import AppKeyRow

MS_PER_S = 1_000
CUSTOMER_BYTES_MAX = 128
CLAIM_CHARACTERS_MAX = 1_024
CLAIM_ITEMS_MAX = 100
NOT_ACCEPTED = "The token is not accepted."
EXPIRED = "The token has expired."

ClaimValue: TypeAlias = str | int | float | bool | list[str]


@dataclass(frozen=True, slots=True)
class CustomerToken:
    """A customer as an app's token presents them. `claims` holds mapped claims by customer field."""

    customer: str
    app: str
    expires_at: int
    claims: Mapping[str, ClaimValue]


def read_claims(payload: bytes, row: AppKeyRow, *, now: int, leeway_s: int) -> CustomerToken | Refused:
    """Check a verified payload against its app key.

    The leeway is for issuers whose clocks run ahead of ours; a token ends when it says so.
    """
    try:
        claims = msgspec.json.decode(payload, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return _refused("payload is not a JSON object")
    try:
        expires_at = _times(claims, row, now=now, leeway_ms=leeway_s * MS_PER_S)
        _issued_for(claims, row)
        return CustomerToken(
            _customer(claims, row.customer_claim), row.name, expires_at, _mapped(claims, row.claims)
        )
    except _WrongError as wrong:
        return Refused(f"app key {row.name}: {wrong.reason}", wrong.detail)


class _WrongError(Exception):
    def __init__(self, reason: str, detail: str = NOT_ACCEPTED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def _refused(reason: str) -> Refused:
    return Refused(reason, NOT_ACCEPTED)


def _times(claims: Mapping[str, object], row: AppKeyRow, *, now: int, leeway_ms: int) -> int:
    issued_at = _instant(claims, "iat")
    expires_at = _instant(claims, "exp")
    if expires_at <= now:
        raise _WrongError("expired", EXPIRED)
    if issued_at > now + leeway_ms:
        raise _WrongError("iat is in the future")
    if expires_at <= issued_at:
        raise _WrongError("exp is not after iat")
    if expires_at - issued_at > row.max_age_s * MS_PER_S:
        raise _WrongError(f"exp is more than {row.max_age_s} s after iat", "The token is valid for too long.")
    if "nbf" in claims and _instant(claims, "nbf") > now + leeway_ms:
        raise _WrongError("nbf is in the future")
    return expires_at


def _instant(claims: Mapping[str, object], name: str) -> int:
    """A NumericDate (seconds, perhaps with a fraction) as ms."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _WrongError(f"{name} is missing or not a number")
    return math.floor(value * MS_PER_S)


def _issued_for(claims: Mapping[str, object], row: AppKeyRow) -> None:
    if row.issuers and claims.get("iss") not in row.issuers:
        raise _WrongError("iss is another issuer")
    if row.audience:
        audience = claims.get("aud")
        if row.audience not in (audience if isinstance(audience, list) else [audience]):
            raise _WrongError("aud is another audience")


def _customer(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _WrongError(f"{name} is missing or not printable text")
    if len(value.encode()) > CUSTOMER_BYTES_MAX:
        raise _WrongError(f"{name} has more than {CUSTOMER_BYTES_MAX} bytes")
    return value


def _mapped(claims: Mapping[str, object], mapping: Mapping[str, str]) -> dict[str, ClaimValue]:
    """A claim that is absent or null says nothing about its field."""
    present = ((claim, field, claims.get(claim)) for claim, field in mapping.items())
    return {field: _claim_value(claim, value) for claim, field, value in present if value is not None}


def _claim_value(name: str, value: object) -> ClaimValue:
    match value:
        case str() if len(value) <= CLAIM_CHARACTERS_MAX:
            return value
        case bool() | int() | float():
            return value
        case list() if len(value) <= CLAIM_ITEMS_MAX:
            return [_item(name, item) for item in value]
        case _:
            raise _WrongError(f"{name} is not a text, number, boolean or list of texts within its bounds")


def _item(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > CLAIM_CHARACTERS_MAX:
        raise _WrongError(f"{name} has an item that is not a short text")
    return value
