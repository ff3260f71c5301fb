"""JWKS documents: an identity provider's public keys, parsed strictly and fetched on a schedule.

A key that no longer stands in the document is gone with the next fetch. If fetching fails, the last good
keys stay for a bounded time; a token that names an unknown key brings the next fetch forward, but not by
much.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from .apps import AppKeyError, AppKeyRing, VerifyingKey, algorithm_for
from .rows import Algorithm

KEYS_MAX = 32
KEY_ID_CHARACTERS_MAX = 256
_KINDS: tuple[tuple[str, str | None, Algorithm], ...] = (
    ("RSA", None, "RS256"),
    ("EC", "P-256", "ES256"),
    ("OKP", "Ed25519", "EdDSA"),
)

_log = structlog.get_logger(__name__)


class Clock(Protocol):
    def monotonic(self) -> float: ...


class JwksError(Exception):
    """A JWKS document that cannot be used, or fetched; the text says why."""


def parse_jwks(document: bytes) -> tuple[VerifyingKey, ...]:
    """The keys that we can verify with; others are left out, as RFC 7517 §5 asks.

    A symmetric or private key makes the whole document suspect: what is published cannot be secret.
    """
    try:
        decoded = msgspec.json.decode(document, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise JwksError("it is not a JSON object") from error
    members = decoded.get("keys")
    if not isinstance(members, list) or len(members) > KEYS_MAX:
        raise JwksError(f"it has no list of at most {KEYS_MAX} keys")
    parsed = (_verifying_key(member) for member in members)
    keys = tuple(key for key in parsed if key is not None)
    if not keys:
        raise JwksError("it has no key of RSA, P-256 or Ed25519 for signatures")
    return keys


def _verifying_key(jwk: object) -> VerifyingKey | None:
    if not isinstance(jwk, dict):
        return None
    if jwk.get("kty") == "oct" or "d" in jwk:
        raise JwksError("it holds a secret or private key")
    said = (jwk.get("kty"), jwk.get("crv"))
    algorithm = next((algorithm for *kind, algorithm in _KINDS if said == tuple(kind)), None)
    if algorithm is None or jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm:
        return None
    kid = jwk.get("kid")
    if kid is not None and not (isinstance(kid, str) and len(kid) <= KEY_ID_CHARACTERS_MAX):
        return None
    return _loaded(jwk, algorithm, kid)


def _loaded(jwk: dict[str, object], algorithm: Algorithm, kid: str | None) -> VerifyingKey | None:
    try:
        key = PyJWK(jwk, algorithm).key
        fits = algorithm_for(key) == algorithm
    except (PyJWTError, AppKeyError, ValueError, TypeError, KeyError):
        return None
    assert fits, "kty and curve chose the algorithm"
    assert isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey)
    return VerifyingKey(algorithm, key, kid)


@dataclass(slots=True)
class _Source:
    """One address: when it was last tried and last read, monotonic seconds."""

    tried_at: float | None = None
    read_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JwksSchedule:
    """How often documents are fetched, how large they may be, and how long the last good one serves."""

    refresh_s: int
    retry_s: int
    stale_s_max: int
    timeout_s: int
    document_bytes_max: int


class JwksFetcher:
    """Keeps the ring's JWKS keys fresh. `run` is one task, owned by whoever starts it."""

    def __init__(
        self, ring: AppKeyRing, session: aiohttp.ClientSession, clock: Clock, schedule: JwksSchedule
    ) -> None:
        self._ring = ring
        self._session = session
        self._clock = clock
        self._schedule = schedule
        self._sources: dict[str, _Source] = {}
        self._nudged = asyncio.Event()
        self._unknown_key = False

    def nudge(self) -> None:
        """An app key was added, or a token named a key that we do not have: look again soon."""
        self._unknown_key = True
        self._nudged.set()

    async def run(self) -> None:
        """Fetch what is due, for ever; ends by being cancelled."""
        while True:
            self._nudged.clear()
            await self.refresh()
            try:
                async with asyncio.timeout(self._schedule.retry_s):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def refresh(self) -> None:
        """Fetch every document that is due, in turn, and drop keys that are too old to be trusted."""
        looked_for, self._unknown_key = self._unknown_key, False
        wanted = self._ring.addresses()
        self._sources = {address: self._sources.get(address, _Source()) for address in wanted}
        for address, source in self._sources.items():
            if self._is_due(source, looked_for):
                await self._fetch_into(address, source)
            elif looked_for and source.tried_at is not None:
                # Too soon for this one: leave the wish standing for the next round.
                self._unknown_key = True

    def _is_due(self, source: _Source, looked_for: bool) -> bool:
        if source.tried_at is None:
            return True
        failed = source.read_at != source.tried_at
        interval_s = self._schedule.retry_s if looked_for or failed else self._schedule.refresh_s
        return self._clock.monotonic() - source.tried_at >= interval_s

    async def _fetch_into(self, address: str, source: _Source) -> None:
        source.tried_at = now = self._clock.monotonic()
        try:
            keys = parse_jwks(await self._fetch(address))
        except (JwksError, aiohttp.ClientError, OSError, UnicodeError) as error:
            # UnicodeError: a host name that DNS cannot spell. A time-out is an OSError.
            stale = source.read_at is None or now - source.read_at > self._schedule.stale_s_max
            _log.warning(
                "jwks_failed", address=address, error=str(error) or type(error).__name__, dropped=stale
            )
            if stale:
                self._ring.set_fetched(address, ())
            return
        source.read_at = now
        self._ring.set_fetched(address, keys)

    async def _fetch(self, address: str) -> bytes:
        """No redirects: the address was checked, where it points to was not."""
        timeout = aiohttp.ClientTimeout(total=self._schedule.timeout_s)
        async with self._session.get(address, timeout=timeout, allow_redirects=False) as answer:
            if answer.status != 200:
                raise JwksError(f"the answer has status {answer.status}")
            body = bytearray()
            async for chunk in answer.content.iter_chunked(16_384):
                body += chunk
                if len(body) > self._schedule.document_bytes_max:
                    raise JwksError(f"it has more than {self._schedule.document_bytes_max} bytes")
            return bytes(body)
