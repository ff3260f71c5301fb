"""The credentials that a running server accepts: read from the store, again whenever one of them changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import aiohttp

from server.auth.access import BackendAuth
from server.auth.apps import AppKeyRing
from server.auth.jwks import JwksFetcher, JwksSchedule
from server.auth.keys import KeyRing
from server.auth.rows import ApiKeyRow, AppKeyRow
from server.auth.tokens import TokenVerifier
from server.clock import SystemClock
from server.settings import Auth


class KeyStore(Protocol):
    async def api_keys(self) -> Sequence[ApiKeyRow]: ...

    async def app_keys(self) -> Sequence[AppKeyRow]: ...


class Credentials:
    """Backends' and apps' keys, and what recognises both. `fetcher` is a task for whoever runs the server."""

    def __init__(self, settings: Auth, *, clock: SystemClock, session: aiohttp.ClientSession) -> None:
        self.keys = KeyRing()
        self.apps = AppKeyRing()
        self.fetcher = JwksFetcher(
            self.apps,
            session,
            clock,
            JwksSchedule(
                refresh_s=settings.jwks_refresh_s,
                retry_s=settings.jwks_retry_s,
                stale_s_max=settings.jwks_stale_s_max,
                timeout_s=settings.jwks_timeout_s,
                document_bytes_max=settings.jwks_bytes_max,
            ),
        )
        self.backends = BackendAuth(
            self.keys,
            now=clock.now,
            access_token_s=settings.access_token_s,
            access_tokens_max=settings.access_tokens_max,
        )
        self.verifier = TokenVerifier(
            self.apps,
            now=clock.now,
            leeway_s=settings.leeway_s,
            token_bytes_max=settings.token_bytes_max,
            cache_max=settings.token_cache_max,
            missed_kid=self.fetcher.nudge,
        )

    async def read(self, store: KeyStore) -> None:
        """Take the store's present keys: a new one works, a revoked one is refused, from now on."""
        self.keys.replace(await store.api_keys())
        self.apps.replace(await store.app_keys())
        self.fetcher.nudge()
