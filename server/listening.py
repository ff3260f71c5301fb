"""Binds the server's address and takes connections, over TLS if it is configured, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from server.ending import REQUESTS_SHARE
from server.http.connection import Connection
from server.settings import Server

BACKLOG: Final = 4_096
HEADER_BYTES_MAX: Final = 16 * 1024
"""Of one header, so that a token of the largest size fits."""
KEEPALIVE_S: Final = 75.0


@contextlib.asynccontextmanager
async def listening(app: web.Application, settings: Server) -> AsyncIterator[str]:
    """The address, as long as calls are taken. On the way out calls under way get their answers."""
    requests_s = settings.stop_s * REQUESTS_SHARE
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=requests_s)
    await runner.setup()
    try:
        server = await bound(runner, settings)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            scheme = "https" if settings.tls_cert else "http"
            yield f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def bound(runner: web.AppRunner, settings: Server) -> asyncio.Server:
    """Listens with connections of our own, which no site of aiohttp offers."""
    loop, manager = asyncio.get_running_loop(), runner.server
    assert manager is not None, "the runner is set up"

    def connection() -> Connection:
        return Connection(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # as a runner may: none is kept
            keepalive_timeout=KEEPALIVE_S,
            auto_decompress=False,  # only for whoever may call, and never further than a body may grow
            max_field_size=HEADER_BYTES_MAX,
        )

    return await loop.create_server(
        connection,
        settings.host,
        settings.port,
        ssl=tls_context(settings),
        backlog=BACKLOG,
        reuse_address=True,
    )


def tls_context(settings: Server) -> ssl.SSLContext | None:
    if not settings.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    return context
