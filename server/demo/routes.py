"""Serves the demo page, its files and `/demo/session`. Everything else the page needs is the public API."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from ..addresses import is_loopback
from .session import Demo

STATIC: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Nothing inline, nothing from elsewhere; sockets to this server are 'self' as well.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, demo: Demo) -> None:
    """Put the demo under `/demo`, and send whoever opens the bare address there."""
    app.router.add_get("/", _to_demo)
    app.router.add_get("/demo", _file(STATIC / "index.html"))
    app.router.add_get("/demo/session", _session(demo))
    for path in sorted(STATIC.iterdir()):
        if path.suffix in TYPES:
            app.router.add_get(f"/demo/static/{path.name}", _file(path))


async def _to_demo(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/demo")


def _file(path: Path) -> Handler:
    """A file, read once: there are few, they are small, and a request can name no other."""
    body = path.read_bytes()
    etag = hashlib.sha256(body).hexdigest()[:16]
    headers = CIMultiDict(HEADERS | {"Content-Type": TYPES[path.suffix], "Cache-Control": "no-cache"})

    async def serve(request: web.Request) -> web.StreamResponse:
        known = request.if_none_match or ()
        unchanged = any(tag.value == etag for tag in known)
        answer = web.Response(status=304) if unchanged else web.Response(body=body, headers=headers)
        answer.etag = etag
        return answer

    return serve


def _session(demo: Demo) -> Handler:
    encode = msgspec.json.Encoder().encode

    async def serve(request: web.Request) -> web.StreamResponse:
        if not _asked_by_own_page(request):
            return web.json_response({"detail": "Only the demo page may ask."}, status=403, headers=HEADERS)
        session = demo.session(request.query.get("customer"))
        if session is None:
            return web.json_response({"detail": "No such customer."}, status=404, headers=HEADERS)
        headers = HEADERS | {"Cache-Control": "no-store"}
        return web.Response(body=encode(session), content_type="application/json", headers=headers)

    return serve


def _asked_by_own_page(request: web.Request) -> bool:
    """Another site in the same browser must not get them, nor by a name of its own for this host."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    local = request.transport.get_extra_info("sockname") if request.transport else None
    is_local = isinstance(local, tuple) and is_loopback(str(local[0]))
    return not is_local or is_loopback(request.url.host or "")
