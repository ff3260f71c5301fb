"""Real sockets: handshakes, both subprotocols, sizes, cuts, slow readers, the end of the server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from server.settings import Config
from tests.live_client import JSON, MSGPACK, LiveClient, Mirror
from tests.server.http.kit import Server, serving

from .setting import CONTAINERS, OFFERS

pytestmark = pytest.mark.slow


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(Config(containers=CONTAINERS)) as server:
        await server.publish(OFFERS)
        yield server


def app(server: Server, customer: str = "c-42", **options: Any) -> LiveClient:
    return LiveClient(
        server.client, server.url, lambda: server.token(customer), chance=random.Random(1), **options
    )


async def offer(server: Server, item: str = "tea", customer: str = "c-42", **data: object) -> None:
    body = {"name": "offer.made", "customer": customer, "data": {"item": item, **data}}
    assert (await server.call("POST", "/v1/events", body, role="events")).status == 202


async def raw(server: Server, subprotocol: str = JSON) -> aiohttp.ClientWebSocketResponse:
    return await server.client.ws_connect(f"{server.url}/v1/live", protocols=(subprotocol,))


def titles(client: LiveClient) -> list[str]:
    return sorted(card["view"]["title"] for card in client.mirror.cards.values())


@pytest.mark.parametrize("subprotocol", [JSON, MSGPACK])
async def test_card_arrives_and_its_action_closes_it(server: Server, subprotocol: str) -> None:
    async with app(server, subprotocol=subprotocol) as client:
        await client.until(lambda: client.mirror.is_whole)
        await offer(server)
        await client.until(lambda: titles(client) == ["Offer tea"])
        (card,) = client.mirror.cards.values()
        answer = await client.act(
            card["id"], "submit", button="take", values={"note": "hot"}, seq=card["seq"]
        )
        assert (answer["type"], answer["card"]["values"]) == ("ok", {"note": "hot"})
        await client.until(lambda: not client.mirror.cards)
        assert (client.mirror.total, client.mirror.unseen) == (0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-WebSocket-Protocol": "soap"},
        {},
        {"Sec-WebSocket-Protocol": JSON, "Upgrade": "h2c"},
        {"Sec-WebSocket-Protocol": JSON, "Sec-WebSocket-Version": "3"},
    ],
)
async def test_handshake_that_is_none_is_a_400(server: Server, headers: dict[str, str]) -> None:
    usual = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    async with server.client.get(f"{server.url}/v1/live", headers=usual | headers) as answer:
        assert answer.status == 400
        assert (await answer.json(content_type=None))["code"] == "bad_request"


async def test_first_subprotocol_that_is_known_is_taken(server: Server) -> None:
    offered = ("flowdeck.v9.cbor", MSGPACK, JSON)
    async with server.client.ws_connect(f"{server.url}/v1/live", protocols=offered) as ws:
        assert ws.protocol == MSGPACK


async def test_no_extension_is_agreed_on(server: Server) -> None:
    """Frames are written whole, beside aiohttp's own writer: it must not compress."""
    async with server.client.ws_connect(f"{server.url}/v1/live", protocols=(JSON,), compress=15) as ws:
        assert not ws.compress


async def test_token_may_come_with_the_handshake(server: Server) -> None:
    headers = {"Authorization": f"Bearer {server.token('c-42')}"}
    async with server.client.ws_connect(f"{server.url}/v1/live", protocols=(JSON,), headers=headers) as ws:
        await ws.send_json({"type": "hello"})
        assert (await ws.receive_json())["customer"] == "c-42"


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        (WSMsgType.TEXT, b'{"type":"hello","token":"forged"}', 4401),
        (WSMsgType.TEXT, b"nonsense", 4400),
        (WSMsgType.TEXT, b'"\xff"', 4400),
        (WSMsgType.BINARY, b'{"type":"hello"}', 4400),
        (WSMsgType.TEXT, b" " * (1024 * 1024 + 1), 1009),
    ],
)
async def test_wrong_frames_close_with_their_code(
    server: Server, kind: WSMsgType, data: bytes, code: int
) -> None:
    ws = await raw(server)
    await ws.send_frame(data, kind)
    message = await ws.receive()
    assert message.type is WSMsgType.CLOSE
    assert ws.close_code == code


async def test_frame_of_just_the_allowed_size_is_read(server: Server) -> None:
    ws = await raw(server)
    start = b'{"type":"dance","id":1,"x":"'
    await ws.send_frame(start + b"x" * (1024 * 1024 - len(start) - 2) + b'"}', WSMsgType.TEXT)
    assert (await ws.receive_json())["code"] == "unknown_type"
    await ws.close()


async def test_close_says_why(server: Server) -> None:
    ws = await raw(server)
    await ws.send_json({"type": "hello"})
    message = await ws.receive()
    assert (message.type, message.extra) == (
        WSMsgType.CLOSE,
        "There is no token, neither in the hello nor in a header",
    )


async def test_cut_app_comes_back_to_what_it_missed(server: Server) -> None:
    async with app(server) as client:
        await client.until(lambda: client.mirror.is_whole)
        await offer(server, "tea")
        await client.until(lambda: titles(client) == ["Offer tea"])
        client.cut()
        await offer(server, "milk")
        await client.until(lambda: client.connects == 2 and titles(client) == ["Offer milk", "Offer tea"])
        assert client.mirror.resets == 1


async def test_app_that_does_not_read_is_caught_up_in_one_go(server: Server) -> None:
    """Its buffers, the network's and the server's fill up; then it reads on."""
    ws = await raw(server)
    await ws.send_json({"type": "hello", "token": server.token("c-42")})
    await ws.send_json({"type": "subscribe", "id": 1, "container": "*"})
    assert [(await ws.receive_json())["type"] for _ in range(2)] == ["welcome", "feed"]
    assert ws._response.connection is not None
    transport = ws._response.connection.transport
    assert transport is not None
    transport.pause_reading()
    count, more = 300, "x" * 7_000
    for start in range(0, count, 100):
        items = [{"item": str(number), "more": more} for number in range(start, start + 100)]
        events = [{"name": "offer.made", "customer": "c-42", "data": item} for item in items]
        assert (await server.call("POST", "/v1/events", events, role="events")).status == 202
    for _ in range(4):
        events = [{"name": "offer.changed", "key": str(number)} for number in range(count)]
        assert (await server.call("POST", "/v1/events", events, role="events")).status == 202
    async with app(server) as other:
        await other.until(lambda: len(other.mirror.cards) == count)
        await other.until(lambda: all("!!!!" in title for title in titles(other)))
        transport.resume_reading()
        mirror = Mirror()
        while mirror.cards != other.mirror.cards:
            mirror.apply(await asyncio.wait_for(ws.receive_json(), 10))
    assert mirror.resets == 0
    assert mirror.frames < 5 * count, "what was queued was dropped"
    await ws.close()


async def test_stopping_server_says_goodbye() -> None:
    async with aiohttp.ClientSession() as client:
        async with serving(Config(containers=CONTAINERS)) as server:
            ws = await client.ws_connect(f"{server.url}/v1/live", protocols=(JSON,))
            await ws.send_json({"type": "hello", "token": server.token("c-42")})
            assert (await ws.receive_json())["type"] == "welcome"
            goodbye = asyncio.get_running_loop().create_task(ws.receive())
        assert (await goodbye).type is WSMsgType.CLOSE
        assert ws.close_code == 1001


async def test_isolation_on_one_server(server: Server) -> None:
    async with app(server) as mine, app(server, "c-43") as theirs:
        await mine.until(lambda: mine.mirror.is_whole)
        await theirs.until(lambda: theirs.mirror.is_whole)
        await offer(server)
        await mine.until(lambda: len(mine.mirror.cards) == 1)
        (card,) = mine.mirror.cards
        assert (await theirs.act(card, "dismiss"))["code"] == "not_found"
        assert not theirs.mirror.cards
        cursor = mine.mirror.cursor
        assert (await theirs.ask(type="subscribe", container="nowhere"))["code"] == "not_found"
        ws = await raw(server)
        await ws.send_json({"type": "hello", "token": server.token("c-43")})
        await ws.send_json({"type": "subscribe", "id": 1, "container": "*", "since": cursor})
        await ws.receive_json()
        feed = await ws.receive_json()
        assert (feed["reset"], feed["cards"]) == (True, [])
        await ws.close()


async def test_gone_apps_leave_nothing_behind(server: Server) -> None:
    hub = server.parts.engine.hub
    for _ in range(3):
        async with app(server) as client:
            await client.until(lambda client=client: client.mirror.is_whole)  # type: ignore[misc]
            assert hub.subscriber_count() == 1
    for _ in range(500):
        await asyncio.sleep(0.01 if hub.subscriber_count() else 0)
    assert not hub.subscriber_count()
