"""What the handlers work with, put together once by `server/app.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from actors.ports import Clock, Store
from server.auth.access import BackendAuth
from server.auth.limits import RateLimiter
from server.auth.tokens import TokenVerifier
from server.settings import Config

if TYPE_CHECKING:
    from actors.engine import Engine
    from server.observe import Meters


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often somebody may call, by API key, customer or webhook address; and be refused, by address."""

    backends: RateLimiter
    apps: RateLimiter
    failures: RateLimiter
    hooks: RateLimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One server's parts. `simulations` has a place for each that may be played at once."""

    config: Config
    clock: Clock
    store: Store
    engine: Engine
    backends: BackendAuth
    apps: TokenVerifier
    rates: Rates
    meters: Meters
    simulations: asyncio.Semaphore
    version: Mapping[str, object]


PARTS: Final = web.AppKey("parts", Parts)
OPENAPI: Final = web.AppKey("openapi", dict[str, Any])
"""The document of this application's routes."""
DOCS: Final = web.AppKey("docs", bytes)
"""The same to read, as HTML."""
