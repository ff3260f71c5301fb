"""Apps that lie: garbage frames, forged tokens, other customers' cards and cursors, over both ways in."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jwt
import msgspec
import pytest

from tests.badinput.conftest import Target
from tests.badinput.test_http import GROWTH_BYTES_MAX, MIB, refused
from tests.kill.process import APP, APP_SECRET
from tests.live_client import JSON, MSGPACK

pytestmark = [pytest.mark.slow]

ANSWER_S_MAX = 10.0
PUBLIC_KEY = (
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END"
)


# Nothing happens in it by itself: what is stored changes only by input.
OFFER = """
flow: offer
triggers: {made: {type: event, event: offer.made}}
start: show
steps:
  show: {type: send_card, card: offer, next: answer}
  answer: {type: wait, until: [{id: over, type: card, of: show, action: [completed, dismissed]}]}
cards: {offer: {title: Offer, body: [{type: headline, text: Offer}, {type: dismiss, label: "No"}]}}
"""


def forged() -> dict[str, str]:
    now = int(time.time())  # noqa: TID251 - what an operator's own backend would sign
    good = {"sub": "ann", "iat": now, "exp": now + 600}
    kid = {"kid": APP}

    def signed(claims: dict[str, Any], *, secret: str = APP_SECRET, **headers: Any) -> str:
        return jwt.encode(claims, secret, algorithm="HS256", headers={**kid, **headers})

    head, _, tail = signed(good).rpartition(".")
    return {
        "nothing": "",
        "a word": "token",
        "dots": "....",
        "not ASCII": "é.é.é",
        "very long": "a" * 100_000,
        "no signature": jwt.encode(good, "", algorithm="none", headers=kid),
        "another secret": signed(good, secret="another secret, which has 32 bytes too"),
        "cut signature": f"{head}.{tail[:-4]}",
        "empty signature": f"{head}.",
        "another app": signed(good, kid="other"),
        "a path as app": signed(good, kid="../../etc/passwd"),
        "another algorithm's key": signed(good, secret=PUBLIC_KEY, alg="HS256"),
        "expired": signed({**good, "iat": now - 700, "exp": now - 60}),
        "of the future": signed({**good, "iat": now + 600, "exp": now + 900}),
        "too long a life": signed({**good, "exp": now + 10**9}),
        "no expiry": signed({"sub": "ann", "iat": now}),
        "not valid yet": signed({**good, "nbf": now + 600}),
        "no customer": signed({"iat": now, "exp": now + 600}),
        "empty customer": signed({**good, "sub": ""}),
        "customer with a zero": signed({**good, "sub": "a\0b"}),
        "long customer": signed({**good, "sub": "x" * 129}),
        "claims that are no map": jwt.api_jws.encode(b"[1]", APP_SECRET, algorithm="HS256", headers=kid),
        "claims that are deep": jwt.api_jws.encode(b"[" * 3_000, APP_SECRET, algorithm="HS256", headers=kid),
    }


FORGED = forged()


@pytest.mark.parametrize("name", FORGED)
async def test_forged_token_opens_nothing(target: Target, name: str) -> None:
    token = FORGED[name]
    async with aiohttp.ClientSession(target.url) as session:
        if token.isascii() and len(token) < 8_000:
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get("/v1/feed?container=home", headers=headers) as response:
                problem = await refused(response, 401, None)
                assert problem["code"] == "unauthorized"
        async with session.ws_connect("/v1/live", protocols=(JSON,)) as socket:
            await socket.send_json({"type": "hello", "token": token})
            message = await socket.receive(timeout=ANSWER_S_MAX)
            assert message.type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 4401


async def test_keys_of_one_audience_open_nothing_of_another(target: Target) -> None:
    async with aiohttp.ClientSession(target.url) as session:
        async with session.get("/v1/instances", headers=target.app("ann")) as response:
            await refused(response, 401, None)
        async with session.get("/v1/feed?container=home", headers=target.backend) as response:
            await refused(response, 401, None)


# ── frames ─────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def connected(
    target: Target, customer: str, *, subprotocol: str = JSON
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession(target.url) as session,
        session.ws_connect("/v1/live", protocols=(subprotocol,), max_msg_size=0) as socket,
    ):
        hello = {"type": "hello", "token": target.server.token(customer)}
        if subprotocol == JSON:
            await socket.send_json(hello)
        else:
            await socket.send_bytes(msgspec.msgpack.encode(hello))
        welcome = await socket.receive(timeout=ANSWER_S_MAX)
        assert welcome.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}
        yield socket


ACT = {"type": "act", "id": 1, "key": "k", "card": "x", "action": "dismiss"}

# (case, frame, close code or None, code of the error)
TEXTS: list[tuple[str, str, int | None, str | None]] = [
    ("nothing", "", 4400, None),
    ("no JSON", "{", 4400, None),
    ("a list", "[]", 4400, None),
    ("a text", '"hello"', 4400, None),
    ("null", "null", 4400, None),
    ("deep", "[" * 100_000, 4400, None),
    ("deep map", '{"a":' * 50_000, 4400, None),
    ("NaN", '{"type":"track","id":NaN}', 4400, None),
    ("no type", "{}", None, None),
    ("another type", '{"type":"dance"}', None, "unknown_type"),
    ("a type that is none", '{"type":5}', None, None),
    ("a second hello", '{"type":"hello"}', None, None),
    ("no container", '{"type":"subscribe","id":1}', None, "bad_request"),
    ("unknown container", '{"type":"subscribe","id":1,"container":"nowhere"}', None, None),
    ("an id that is none", '{"type":"subscribe","id":"x","container":"*"}', None, "bad_request"),
    ("a huge id", '{"type":"subscribe","id":' + "9" * 400 + ',"container":"*"}', None, None),
    ("no key", json.dumps({**ACT, "key": ""}), None, "bad_request"),
    ("a long key", json.dumps({**ACT, "key": "k" * 65}), None, "bad_request"),
    ("unknown action", json.dumps({**ACT, "action": "burn"}), None, "bad_request"),
    ("values of another type", json.dumps({**ACT, "values": []}), None, "bad_request"),
    ("integer beyond 2^53", json.dumps({**ACT, "values": {"n": 2**60}}), None, "bad_request"),
    ("until when", json.dumps({**ACT, "action": "snooze", "until": "soon"}), None, "invalid_values"),
    ("for ever", json.dumps({**ACT, "action": "snooze", "for": "P99999999999Y"}), None, "invalid_values"),
    ("lone surrogate", '{"type":"act","id":1,"key":"\\ud800","card":"x","action":"dismiss"}', 0, None),
    ("101 reports", json.dumps({"type": "track", "id": 1, "key": "k", "events": [{}] * 101}), None, None),
]


async def heard(socket: aiohttp.ClientWebSocketResponse) -> aiohttp.WSMessage:
    return await socket.receive(timeout=ANSWER_S_MAX)


@pytest.mark.parametrize(("text", "close", "code"), [pytest.param(*row[1:], id=row[0]) for row in TEXTS])
async def test_bad_frames_are_answered_or_close(
    target: Target, text: str, close: int | None, code: str | None
) -> None:
    async with connected(target, "ann") as socket:
        await socket.send_str(text)
        message = await heard(socket)
        if close == 4400:
            assert message.type is aiohttp.WSMsgType.CLOSE, message
            assert socket.close_code == close
            return
        if message.type is aiohttp.WSMsgType.CLOSE:
            assert close == 0
            return
        error = message.json()
        assert error["type"] == "error", error
        assert code in (None, error["code"]), error
        assert "Traceback" not in message.data
        # The connection goes on.
        await socket.send_json({"type": "subscribe", "id": 9, "container": "*"})
        assert (await heard(socket)).json()["type"] == "feed"


PACKED = [
    b"",
    b"\xc1",
    b"\xdf\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\x91" * 100_000,
    b"\x81\xa4type\xa2\xff\xfe",
    b"\x01",
]


@pytest.mark.parametrize("frame", PACKED, ids=range(len(PACKED)))
async def test_bad_packed_frames_close(target: Target, frame: bytes) -> None:
    async with connected(target, "ann", subprotocol=MSGPACK) as socket:
        await socket.send_bytes(frame)
        assert (await heard(socket)).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4400


async def test_frames_of_the_wrong_kind_or_size_close(target: Target) -> None:
    async with connected(target, "ann") as socket:
        await socket.send_bytes(b"{}")
        await heard(socket)
        assert socket.close_code == 4400
    async with connected(target, "ann") as socket:
        await socket.send_str("x" * (MIB + 1))
        await heard(socket)
        assert socket.close_code == 1009


@pytest.mark.parametrize("sent", [b"\xff" * 64, b"\x81\x05hello", b"\x8f\x80abcd", b"\x09\xff" + b"\0" * 12])
async def test_bytes_that_are_no_frames_close(target: Target, sent: bytes) -> None:
    """After the handshake: reserved bits, no mask, unknown opcodes, a ping in pieces."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.server.port)
    writer.write(
        b"GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: flowdeck.v1.json\r\n\r\n"
    )
    async with asyncio.timeout(ANSWER_S_MAX):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.write_eof()
        await reader.read()
    writer.close()


async def test_garbage_does_not_grow_the_server(target: Target) -> None:
    async def rounds(count: int) -> None:
        for number in range(count):
            async with connected(target, f"ann-{number % 3}") as socket:
                await socket.send_str(TEXTS[number % 8][1] or "x" * MIB)
                await heard(socket)

    await rounds(30)
    before = target.memory_bytes()
    await rounds(150)
    assert target.memory_bytes() - before < GROWTH_BYTES_MAX


# ── other customers ────────────────────────────────────────────────────────────────────────────────────


async def test_nothing_of_one_customer_reaches_another(running: Target) -> None:
    async with aiohttp.ClientSession(running.url) as session:
        card = await offered(session, running, "bob")
        bobs = await feed(session, running, "bob", "*", None)
        assert [shown["id"] for shown in bobs["cards"]] == [card]
        before = running.stored()
        for since in (bobs["cursor"], bobs["cursor"][:-3], "!" * 40, "A" * 4_000):
            got = await feed(session, running, "eve", "*", since)
            assert (got["reset"], got["cards"], got["removed"]) == (True, [], [])
        async with session.get(f"/v1/feed/cards/{card}", headers=running.app("eve")) as response:
            await refused(response, 404, None)
        act = {"key": "k1", "card": card, "action": "dismiss"}
        async with session.post("/v1/feed/actions", json=act, headers=running.app("eve")) as response:
            problem = await refused(response, 404, None)
            assert "card" not in problem
    async with connected(running, "eve") as socket:
        await socket.send_json({"type": "act", "id": 1, **act, "key": "k2"})
        answer = (await heard(socket)).json()
        assert (answer["code"], "card" in answer) == ("not_found", False)
        report = {"card": card, "name": "displayed"}
        await socket.send_json({"type": "track", "id": 2, "key": "k3", "events": [report]})
        assert (await heard(socket)).json()["type"] == "ok"
        await socket.send_json({"type": "subscribe", "id": 3, "container": "*", "since": bobs["cursor"]})
        shown = (await heard(socket)).json()
        assert (shown["reset"], shown["cards"]) == (True, [])
    after = running.stored()
    assert (after["cards"], after["timeline"]) == (before["cards"], before["timeline"])


async def offered(session: aiohttp.ClientSession, target: Target, customer: str) -> str:
    headers = {**target.backend, "Content-Type": "application/yaml"}
    async with session.post("/v1/flows", data=OFFER, headers=headers) as response:
        assert response.status == 201, await response.text()
    async with session.post("/v1/flows/offer/publish", json={}, headers=target.backend) as response:
        assert response.status < 300, await response.text()
    event = {"name": "offer.made", "customer": customer, "data": {"n": 1}}
    async with session.post("/v1/events", json=event, headers=target.backend) as response:
        assert response.status == 202, await response.text()
    shown = await feed(session, target, customer, "*", None)
    card: str = shown["cards"][0]["id"]
    return card


async def feed(
    session: aiohttp.ClientSession, target: Target, customer: str, container: str, since: str | None
) -> dict[str, Any]:
    query = {"container": container} if since is None else {"container": container, "since": since}
    async with session.get("/v1/feed", params=query, headers=target.app(customer)) as response:
        assert response.status == 200, await response.text()
        frame: dict[str, Any] = await response.json()
        return frame
