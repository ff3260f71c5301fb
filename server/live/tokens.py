"""Tokens of customers as they come over sockets; who often offers wrong ones has to wait."""

from __future__ import annotations

from typing import Protocol

from server.auth.callers import Refused
from server.auth.claims import CustomerToken
from server.auth.limits import RateLimiter


class Verifier(Protocol):
    """What is needed of `server.auth.tokens.TokenVerifier`."""

    def verify(self, token: str) -> CustomerToken | Refused: ...


class Tokens:
    """`failures` counts tokens that were not accepted, by address; requests over HTTP count there as well."""

    def __init__(self, verifier: Verifier, failures: RateLimiter) -> None:
        self._verifier = verifier
        self._failures = failures

    def verify(self, token: str, *, address: str) -> CustomerToken | Refused:
        verdict = self._verifier.verify(token)
        if isinstance(verdict, Refused) and self._failures.take(address) > 0:
            detail = "Too many tokens from this address were not accepted."
            return Refused(verdict.reason, detail, must_wait=True)
        return verdict
