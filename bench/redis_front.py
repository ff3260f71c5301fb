"""The stack that one would build: aiohttp in front of Redis, which checks the id, appends, and changes state.

    python bench/redis_front.py PORT REDIS_PORT       POST /v1/events, one event · GET /healthz

Redis answers after its append-only file is synced (`appendfsync always`). A connection of our own speaks its
protocol: commands of one turn of the loop leave together, answers come in order.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import cast

import msgspec
import uvloop
from aiohttp import web

TAKE = b"""
if not redis.call('SET', 'id:' .. KEYS[1], '1', 'NX', 'EX', 604800) then return 0 end
redis.call('HINCRBY', 'state:' .. KEYS[2], 'count', 1)
redis.call('HSET', 'state:' .. KEYS[2], 'last', KEYS[1])
redis.call('XADD', 'events', 'MAXLEN', '~', 1000000, '*', 'body', ARGV[1])
return 1
"""


class Event(msgspec.Struct, gc=False):
    name: str
    customer: str
    id: str
    data: dict[str, object] = {}


EVENT = msgspec.json.Decoder(Event)


class Redis(asyncio.Protocol):
    """Sends commands, pairs the one-line answers with them."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._rest = b""
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if line[:1] == b"$":
                continue  # the length of the line that follows
            future = self._waiting.popleft()
            if line[:1] == b"-":
                future.set_exception(RuntimeError(line.decode()))
            else:
                future.set_result(line)

    def command(self, *parts: bytes) -> asyncio.Future[bytes]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._waiting.append(future)
        if not self._out:
            loop.call_soon(self._send)
        self._out.append(b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%b\r\n" % (len(p), p) for p in parts]))
        return future

    def _send(self) -> None:
        self._transport.write(b"".join(self._out))
        self._out.clear()


async def main(port: int, redis_port: int) -> None:
    _, redis = await asyncio.get_running_loop().create_connection(Redis, "127.0.0.1", redis_port)
    script = await redis.command(b"SCRIPT", b"LOAD", TAKE)

    async def events(request: web.Request) -> web.Response:
        raw = await request.read()
        event = EVENT.decode(raw)
        await redis.command(b"EVALSHA", script, b"2", event.id.encode(), event.customer.encode(), raw)
        return web.Response(status=202, body=b'{"accepted":1}', content_type="application/json")

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.add_routes([web.post("/v1/events", events), web.get("/healthz", health)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
