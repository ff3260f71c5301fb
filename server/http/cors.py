"""CORS for the app's own API: web pages of the allowed origins may call it; nothing else is open to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web

PREFLIGHT_KEPT_S: Final = 7_200  # the longest that browsers keep one
EXPOSED: Final = "ETag, Retry-After, X-Request-Id"
SENT: Final = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"


class Cors:
    """`origins` are scheme, host and port each, or "*" for all. Credentials are tokens, never cookies."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._all = "*" in origins
        self._origins = frozenset(origins)

    def headers(self, request: web.Request) -> Mapping[str, str]:
        """What stands on an answer to this request."""
        origin = request.headers.get("Origin")
        if origin is None:
            return {} if self._all else {"Vary": "Origin"}
        if self._all:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
        if origin not in self._origins:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }

    def preflight(self, methods: Sequence[str]) -> Mapping[str, str]:
        """What a browser that asks whether it may is told beside `headers`."""
        return {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": SENT,
            "Access-Control-Max-Age": str(PREFLIGHT_KEPT_S),
        }
