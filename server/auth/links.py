"""Signed links: who holds one may read what it names until it expires."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from typing import Final
from uuid import UUID

KEY_BYTES: Final = 32
_ID_BYTES: Final = 16
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 16
"""Of SHA-256: nobody tries so many."""
_TOKEN_BYTES: Final = _ID_BYTES + _TIME_BYTES + _SIGNATURE_BYTES
TOKEN_CHARACTERS: Final = (_TOKEN_BYTES * 8 + 5) // 6


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def sign(key: bytes, id: str, *, expires_at: int) -> str:
    """The token of what has this id, a UUID, until then (ms)."""
    named = UUID(id).bytes + expires_at.to_bytes(_TIME_BYTES, "big")
    return base64.urlsafe_b64encode(named + _signature(key, named)).rstrip(b"=").decode()


def read(key: bytes, token: str, *, now: int) -> str | None:
    """The id that a token names; None for one that we did not sign, or that has expired."""
    if len(token) != TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    named, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(key, named)):
        return None
    expires_at = int.from_bytes(named[_ID_BYTES:], "big")
    return str(UUID(bytes=named[:_ID_BYTES])) if expires_at > now else None


def _signature(key: bytes, named: bytes) -> bytes:
    return hmac.digest(key, named, "sha256")[:_SIGNATURE_BYTES]
