"""Customers' tokens: JWTs signed by the operator's own backend, verified with the app keys.

PyJWT does the cryptography; the time is ours, and so is what a token must say (`claims.py`). Verdicts that
were good are remembered until they expire or an app key changes: an app that polls pays for a signature
once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice

from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from .apps import AppKeyRing, VerifyingKey
from .callers import Refused
from .claims import EXPIRED, NOT_ACCEPTED, CustomerToken, read_claims
from .rows import AppKeyRow

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
# A token without `kid` makes us try keys, at up to 0.12 ms each: this many cost less than 4 ms of the loop.
KEYS_TRIED_MAX = 32

_JWS = PyJWS(algorithms=ALGORITHMS, options={"verify_signature": True, "enforce_minimum_key_length": True})


class TokenVerifier:
    """Says which customer a token stands for. `missed_kid` is called when a token names an unknown key."""

    def __init__(
        self,
        ring: AppKeyRing,
        *,
        now: Callable[[], int],
        leeway_s: int,
        token_bytes_max: int,
        cache_max: int,
        missed_kid: Callable[[], None],
    ) -> None:
        self._ring = ring
        self._now = now
        self._leeway_s = leeway_s
        self._token_bytes_max = token_bytes_max
        self._cache_max = cache_max
        self._missed_kid = missed_kid
        # By digest: the table of verdicts is no place to keep tokens.
        self._verified: OrderedDict[bytes, CustomerToken] = OrderedDict()
        self._generation = ring.generation

    def verify(self, token: str) -> CustomerToken | Refused:
        """Never raises for what a client sent."""
        if len(token) > self._token_bytes_max or not token.isascii():
            return Refused("too long or not ASCII", NOT_ACCEPTED)
        if self._generation != self._ring.generation:
            self._verified.clear()
            self._generation = self._ring.generation
        now = self._now()
        token_digest = hashlib.sha256(token.encode()).digest()
        if (known := self._verified.get(token_digest)) is not None:
            return self._remembered(token_digest, known, now)
        verdict = self._check(token, now)
        if isinstance(verdict, CustomerToken):
            self._remember(token_digest, verdict)
        return verdict

    def _remembered(self, token_digest: bytes, known: CustomerToken, now: int) -> CustomerToken | Refused:
        if known.expires_at <= now:
            del self._verified[token_digest]
            return Refused(f"app key {known.app}: expired", EXPIRED)
        self._verified.move_to_end(token_digest)
        return known

    def _remember(self, token_digest: bytes, verdict: CustomerToken) -> None:
        self._verified[token_digest] = verdict
        if len(self._verified) > self._cache_max:
            self._verified.popitem(last=False)

    def _check(self, token: str, now: int) -> CustomerToken | Refused:
        try:
            header = _JWS.get_unverified_header(token)
        except PyJWTError:
            return Refused("not a JWT", NOT_ACCEPTED)
        candidates = list(
            islice(self._ring.candidates(header.get("alg"), header.get("kid")), KEYS_TRIED_MAX + 1)
        )
        if not candidates:
            return self._no_candidate(header.get("alg"), header.get("kid"))
        return self._try(candidates, token, now)

    def _try(
        self, candidates: list[tuple[AppKeyRow, VerifyingKey]], token: str, now: int
    ) -> CustomerToken | Refused:
        """The first key that fits in every way wins: two apps may share a key and differ in audience."""
        refused = Refused("the signature fits no app key", NOT_ACCEPTED)
        for row, key in candidates[:KEYS_TRIED_MAX]:
            payload = _signed_payload(token, key)
            if payload is None:
                continue
            verdict = read_claims(payload, row, now=now, leeway_s=self._leeway_s)
            if isinstance(verdict, CustomerToken):
                return verdict
            refused = verdict
        if len(candidates) > KEYS_TRIED_MAX:
            return Refused(
                f"{refused.reason}; more than {KEYS_TRIED_MAX} keys fit, send a kid", refused.detail
            )
        return refused

    def _no_candidate(self, algorithm: object, kid: str | None) -> Refused:
        if kid is not None:
            self._missed_kid()
        # Bounded and quoted: the header is a stranger's text on its way to a log.
        return Refused(f"no app key for alg {algorithm!r:.40} and kid {kid!r:.80}", NOT_ACCEPTED)


def _signed_payload(token: str, key: VerifyingKey) -> bytes | None:
    """The payload, if this key signed it with its own algorithm."""
    try:
        payload = _JWS.decode_complete(token, key.key, algorithms=[key.algorithm])["payload"]
    except PyJWTError:
        return None
    assert isinstance(payload, bytes)
    return payload
