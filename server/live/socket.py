"""The WebSocket of the live protocol on aiohttp: moves bytes between it and a `Connection`, and closes it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from server.errors import ApiError
from server.http import answers
from server.http.callers import SCHEME, address_of
from server.http.serving import id_of

from .codec import Codec
from .connection import Connection
from .live import LIVE

CLOSE_S_MAX: Final = 2.0
"""How long a client may take to answer a close."""
REASON_BYTES_MAX: Final = 123
"""What fits into a close frame beside its code."""


async def live(request: web.Request) -> web.StreamResponse:
    """`GET /v1/live`."""
    shared = request.app[LIVE]
    codec = _chosen(request, shared.codecs)
    if codec is None:
        error = ApiError("bad_request", f"Offer one of the subprotocols {', '.join(shared.codecs)}.")
        return answers.refusal(request, error, request_id=id_of(request))
    ws = web.WebSocketResponse(
        protocols=(codec.subprotocol,),
        heartbeat=shared.settings.heartbeat_s,
        timeout=CLOSE_S_MAX,
        # Cards are small and a compressor costs each connection more memory than all the rest.
        compress=False,
        # aiohttp refuses what is not smaller than this.
        max_msg_size=shared.settings.frame_bytes_max + 1,
        decode_text=False,
    )
    if not ws.can_prepare(request):
        error = ApiError("bad_request", "Open a WebSocket here.")
        return answers.refusal(request, error, request_id=id_of(request))
    ws.headers.update({**answers.STANDING, answers.REQUEST_ID: id_of(request)})
    transport = SocketTransport(ws, request, await ws.prepare(request))
    connection = Connection(
        shared,
        codec,
        transport,
        id=secrets.token_hex(8),
        address=address_of(request, behind_proxy=shared.behind_proxy),
        header_token=_bearer(request),
    )
    try:
        await _receive(ws, connection)
    finally:
        await connection.ended()
        transport.finish()
    return ws


async def _receive(ws: web.WebSocketResponse[bool], connection: Connection) -> None:
    while True:
        await connection.room()
        message = await ws.receive()
        if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
            data = message.data
            payload = data.encode() if isinstance(data, str) else data
            connection.receive(payload, is_text=message.type is WSMsgType.TEXT)
        else:
            return


def _chosen(request: web.Request, codecs: Mapping[str, Codec]) -> Codec | None:
    """The first that the client offers and we know."""
    offers = request.headers.getall("Sec-WebSocket-Protocol", [])
    names = (name.strip() for offer in offers for name in offer.split(","))
    return next((codecs[name] for name in names if name in codecs), None)


def _bearer(request: web.Request) -> str | None:
    given = request.headers.get("Authorization", "")
    if given[: len(SCHEME)].lower() != SCHEME:
        return None
    return given[len(SCHEME) :].strip() or None


class SocketTransport:
    """`connection.Transport` on an open WebSocket: whole frames go to its TCP transport as they are."""

    __slots__ = ("_tcp", "_writer", "_ws")

    def __init__(
        self, ws: web.WebSocketResponse[bool], request: web.Request, writer: AbstractStreamWriter
    ) -> None:
        self._ws = ws
        self._writer = writer
        self._tcp = request.transport

    def write(self, frame: bytes) -> None:
        if self._tcp is not None and not self._tcp.is_closing():
            self._tcp.write(frame)

    def waiting_bytes(self) -> int:
        tcp = self._tcp
        return 0 if tcp is None or tcp.is_closing() else tcp.get_write_buffer_size()

    async def drained(self) -> None:
        await self._writer.drain()

    async def close(self, code: int, reason: str) -> None:
        text = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
        # Without waiting for room: a client that reads nothing would never be closed.
        await self._ws.close(code=code, message=text.encode(), drain=False)

    def abort(self) -> None:
        if self._tcp is not None:
            self._tcp.abort()

    def finish(self) -> None:
        """What the client did not take by now it never will: nobody waits for it any longer."""
        if self._tcp is not None and self._tcp.get_write_buffer_size():
            self._tcp.abort()
