"""Connected apps for the benchmarks: one WebSocket a customer, to the product or to its peers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import jwt
from product import Product

APP = "bench"
SECRET = "of benchmarks only, and at least 32 bytes long"
AT_ONCE = 50
PROTOCOL = "flowdeck.v1.json"

Heard = Callable[[str], None]


def register(product: Product) -> None:
    """Let the server take the tokens that `token` makes."""
    product.command("apps", "create", APP, "--hs256", SECRET)


def token(customer: str) -> str:
    now = int(time.time())
    return jwt.encode({"sub": customer, "iat": now, "exp": now + 3_600}, SECRET, headers={"kid": APP})


@asynccontextmanager
async def connected(
    base: str, customers: Sequence[str], heard: Heard, *, is_product: bool
) -> AsyncIterator[None]:
    """Apps of these customers at the server `base`, subscribed; `heard` gets each frame that comes after."""
    room = asyncio.Semaphore(AT_ONCE)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def open_one(customer: str) -> asyncio.Task[None]:
            async with room:
                url = base + ("/v1/live" if is_product else f"/live?customer={customer}")
                socket = await session.ws_connect(
                    url, protocols=(PROTOCOL,) if is_product else (), compress=0
                )
                if is_product:
                    await subscribe(socket, customer)
                return asyncio.create_task(listen(socket, heard))

        tasks = await asyncio.gather(*[open_one(customer) for customer in customers])
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def subscribe(socket: aiohttp.ClientWebSocketResponse, customer: str) -> None:
    await socket.send_json({"type": "hello", "token": token(customer), "client": {"sdk": "bench/1"}})
    await expect(socket, "welcome")
    await socket.send_json({"type": "subscribe", "id": 1, "container": "*"})
    while (await expect(socket, "feed"))["more"]:
        pass


async def expect(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, object]:
    frame: dict[str, object] = json.loads(await socket.receive_str(timeout=30))
    if frame["type"] != kind:
        raise SystemExit(f"expected {kind}, got {frame}")
    return frame


async def listen(socket: aiohttp.ClientWebSocketResponse, heard: Heard) -> None:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            heard(message.data)
