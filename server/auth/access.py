"""Access tokens for backends (OAuth 2.0 client credentials): a short-lived stand-in for an API key.

They live in memory only: a restart forgets them, their holders get a 401 and ask again. They are never worth
more than their key – one that is revoked takes its tokens with it at once.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .callers import Principal, Refused
from .keys import KEY_RANDOM_BYTES, KeyRing, digest
from .rows import ROLES, Role

ACCESS_PREFIX = "fdt_"
ACCESS_CHARACTERS_MAX = 64
MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What the token endpoint answers; the text is not kept."""

    text: str
    roles: frozenset[Role]
    expires_at: int

    def __repr__(self) -> str:
        return f"AccessToken(expires_at={self.expires_at})"


@dataclass(frozen=True, slots=True)
class _Issued:
    key_id: str
    roles: frozenset[Role]
    expires_at: int


class BackendAuth:
    """Recognises backends by API key or access token, and exchanges the one for the other."""

    def __init__(
        self, ring: KeyRing, *, now: Callable[[], int], access_token_s: int, access_tokens_max: int
    ) -> None:
        self._ring = ring
        self._now = now
        self._life_ms = access_token_s * MS_PER_S
        self._tokens_max = access_tokens_max
        # By digest, in order of issue, which is the order of expiry.
        self._issued: OrderedDict[bytes, _Issued] = OrderedDict()

    def authenticate(self, text: str) -> Principal | Refused:
        """Who holds this API key or access token."""
        if not text.startswith(ACCESS_PREFIX):
            return self._ring.authenticate(text)
        if len(text) > ACCESS_CHARACTERS_MAX or not text.isascii():
            return Refused("not an access token")
        issued = self._issued.get(digest(text))
        if issued is None:
            return Refused("unknown access token")
        if issued.expires_at <= self._now():
            return Refused(
                f"access token of API key {issued.key_id} has expired", "The access token has expired."
            )
        if (key := self._ring.principal(issued.key_id)) is None:
            return Refused(f"API key {issued.key_id} is revoked")
        return Principal("key", key.id, issued.roles)

    def issue(self, client_id: str, client_secret: str, scope: str = "") -> AccessToken | Refused:
        """Exchange a key's id and text for a token that has its roles, or only those that `scope` names."""
        key = self._ring.authenticate(client_secret)
        if isinstance(key, Refused):
            return key
        if key.id != client_id:
            return Refused(f"API key {key.id} does not belong to the client id")
        wanted = set(scope.split())
        roles = frozenset(role for role in ROLES if role in wanted and key.may(role)) if wanted else key.roles
        if wanted - roles:
            return Refused(
                f"API key {key.id} lacks a role in the scope", "The scope is more than the key allows."
            )
        return self._remember(key.id, roles)

    def _remember(self, key_id: str, roles: frozenset[Role]) -> AccessToken:
        now = self._now()
        while self._issued and self._oldest_is_spare(now):
            self._issued.popitem(last=False)
        text = ACCESS_PREFIX + secrets.token_urlsafe(KEY_RANDOM_BYTES)
        issued = _Issued(key_id, roles, now + self._life_ms)
        self._issued[digest(text)] = issued
        return AccessToken(text, roles, issued.expires_at)

    def _oldest_is_spare(self, now: int) -> bool:
        # A full table forgets the oldest token: its holder asks again.
        oldest = next(iter(self._issued.values()))
        return oldest.expires_at <= now or len(self._issued) >= self._tokens_max
