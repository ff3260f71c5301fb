"""API keys of backends: making them, recognising them, and what their roles allow.

The store keeps rows, the ring keeps the live ones in memory; whoever changes a row gives the ring the new
set, and from then on the old key is refused.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from .callers import Principal, Refused
from .rows import ApiKeyRow, Role

KEY_PREFIX = "fd_"
KEY_RANDOM_BYTES = 32
# What we make is 46 characters; nothing longer is worth hashing.
KEY_CHARACTERS_MAX = 64


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the text is shown once, the row is stored."""

    text: str
    row: ApiKeyRow

    def __repr__(self) -> str:
        return f"NewKey(id={self.row.id!r})"


def digest(text: str) -> bytes:
    """SHA-256 is enough here: 256 random bits cannot be guessed, so there is nothing to slow down."""
    return hashlib.sha256(text.encode()).digest()


def new_key(*, id: str, name: str, roles: Iterable[Role], now: int) -> NewKey:
    text = KEY_PREFIX + secrets.token_urlsafe(KEY_RANDOM_BYTES)
    unique = tuple(dict.fromkeys(roles))
    assert unique, "a key without a role may do nothing"
    return NewKey(text, ApiKeyRow(id=id, name=name, digest=digest(text), roles=unique, created_at=now))


class KeyRing:
    """The API keys in memory: those that work, and enough of the revoked ones to say so in the log."""

    def __init__(self, rows: Iterable[ApiKeyRow] = ()) -> None:
        self._by_digest: dict[bytes, ApiKeyRow] = {}
        self._live: dict[str, Principal] = {}
        self.replace(rows)

    def replace(self, rows: Iterable[ApiKeyRow]) -> None:
        """Take the store's present rows; a key that is revoked or gone is refused from the next call on."""
        taken = list(rows)
        self._by_digest = {row.digest: row for row in taken}
        self._live = {
            row.id: Principal("key", row.id, frozenset(row.roles)) for row in taken if row.revoked_at is None
        }

    def authenticate(self, text: str) -> Principal | Refused:
        if len(text) > KEY_CHARACTERS_MAX or not text.isascii():
            return Refused("not an API key")
        # Constant-time enough: what is compared is a digest, and nobody can steer its leading bytes.
        row = self._by_digest.get(digest(text))
        if row is None:
            return Refused("unknown API key")
        return self._live.get(row.id) or Refused(f"API key {row.id} is revoked")

    def principal(self, id: str) -> Principal | None:
        """The live key with this id."""
        return self._live.get(id)

    @property
    def has_admin(self) -> bool:
        """Whether a live key may do everything: a server without one could not be operated."""
        return any(principal.may("admin") for principal in self._live.values())
