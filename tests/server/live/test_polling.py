"""The feed without a socket: the same pages, actions and containers over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from actors.ports import CardFilter
from server.settings import Config, Events, Live
from tests.live_client import Mirror
from tests.server.http.kit import Reply, Server, serving

from .setting import CONTAINERS, OFFERS

pytestmark = pytest.mark.slow


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    config = Config(
        containers=CONTAINERS,
        live=Live(connections_per_customer=2, page_cards=2),
        events=Events(app_events=("app.opened",)),
    )
    async with serving(config) as server:
        await server.publish(OFFERS)
        yield server


async def call(server: Server, method: str, path: str, body: object = None, **headers: str) -> Reply:
    customer = headers.pop("customer", "c-42")
    return await server.call(method, path, body, token=server.token(customer), **headers)


async def offer(server: Server, item: str = "tea", customer: str = "c-42", **data: object) -> None:
    body = {"name": "offer.made", "customer": customer, "data": {"item": item, **data}}
    assert (await server.call("POST", "/v1/events", body, role="events")).status == 202


async def poll(server: Server, mirror: Mirror, *, container: str = "*", wait: int = 0) -> None:
    """To the end of what there is."""
    mirror.is_whole = False
    while not mirror.is_whole:
        since = f"&since={mirror.cursor}" if mirror.cursor else ""
        reply = await call(server, "GET", f"/v1/feed?container={container}&wait={wait}{since}")
        assert reply.status == 200, reply.raw
        assert reply.body["type"] == "feed"
        mirror.apply(reply.body)


async def only_card(server: Server) -> dict[str, Any]:
    mirror = Mirror()
    await poll(server, mirror)
    (card,) = mirror.cards.values()
    return card


async def test_poll_reads_page_by_page_and_then_what_changed(server: Server) -> None:
    for item in ("tea", "milk", "rice"):
        await offer(server, item)
    mirror = Mirror()
    await poll(server, mirror)
    assert (len(mirror.cards), mirror.frames, mirror.resets, mirror.total) == (3, 2, 1, 3)
    await offer(server, "salt")
    await poll(server, mirror)
    assert (len(mirror.cards), mirror.resets) == (4, 1)


async def test_long_poll_is_answered_at_a_change(server: Server) -> None:
    mirror = Mirror()
    await poll(server, mirror, container="promo")
    polling = asyncio.get_running_loop().create_task(poll(server, mirror, container="promo", wait=30))
    await offer(server, "milk", "c-43", stream="promo")
    await offer(server, "tea")
    await asyncio.sleep(0.05)
    assert not polling.done(), "what concerns others answers nobody"
    await offer(server, "rice", stream="promo")
    await asyncio.wait_for(polling, 5)
    assert [card["view"]["title"] for card in mirror.cards.values()] == ["Offer rice"]


async def test_poll_has_the_cards_of_its_platform(server: Server) -> None:
    await offer(server, "tea", stream="mobile")
    await offer(server, "milk")
    seen = {
        platform: [card["view"]["title"] for card in (await call(server, "GET", path)).body["cards"]]
        for platform in ("ios", "web", "")
        for path in [f"/v1/feed?container=home{platform and f'&platform={platform}'}"]
    }
    assert seen == {
        "ios": ["Offer tea", "Offer milk"],
        "web": ["Offer milk"],
        "": ["Offer milk"],
    }


async def test_long_poll_ends_with_its_time(server: Server) -> None:
    mirror = Mirror()
    await poll(server, mirror)
    cursor = mirror.cursor
    await poll(server, mirror, wait=1)
    assert (mirror.cursor, mirror.frames) == (cursor, 2)


async def test_polls_are_bounded_for_each_customer(server: Server) -> None:
    mirror = Mirror()
    await poll(server, mirror)
    waiting = [
        asyncio.get_running_loop().create_task(
            call(server, "GET", f"/v1/feed?container=*&wait=20&since={mirror.cursor}")
        )
        for _ in range(2)
    ]
    await asyncio.sleep(0.1)
    refused = await call(server, "GET", "/v1/feed?container=*")
    assert (refused.status, refused.code) == (429, "too_many")
    assert (await call(server, "GET", "/v1/feed?container=*", customer="c-43")).status == 200
    await offer(server)
    assert [reply.status for reply in await asyncio.gather(*waiting)] == [200, 200]


async def test_poll_in_messagepack(server: Server) -> None:
    await offer(server)
    reply = await call(server, "GET", "/v1/feed?container=home", Accept="application/msgpack")
    assert reply.headers["Content-Type"] == "application/msgpack"
    assert msgspec.msgpack.decode(reply.raw)["cards"][0]["view"]["title"] == "Offer tea"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "invalid"),
        ("?container=attic", 404, "not_found"),
        ("?container=home&wait=61", 422, "invalid"),
        ("?container=home&platform=tv", 422, "invalid"),
        ("?container=home&sinse=x", 422, "invalid"),
    ],
)
async def test_wrong_poll_is_refused(server: Server, query: str, status: int, code: str) -> None:
    reply = await call(server, "GET", f"/v1/feed{query}")
    assert (reply.status, reply.code) == (status, code)


async def test_foreign_or_broken_cursor_is_a_reset(server: Server) -> None:
    mirror = Mirror()
    await offer(server)
    await poll(server, mirror)
    for customer, since in (("c-43", mirror.cursor), ("c-42", "x")):
        reply = await call(server, "GET", f"/v1/feed?container=*&since={since}", customer=customer)
        assert reply.body["reset"]
        assert len(reply.body["cards"]) == (customer == "c-42")


# ── actions ────────────────────────────────────────────────────────────────────────────────────────────


async def test_action_over_http_acts_once_for_a_key(server: Server) -> None:
    await offer(server)
    card = await only_card(server)
    body = {"key": "k", "card": card["id"], "action": "submit", "button": "keep", "values": {"note": "a"}}
    first = await call(server, "POST", "/v1/feed/actions", body)
    again = await call(server, "POST", "/v1/feed/actions", body)
    assert (first.status, first.body["code"], first.body["card"]["values"]) == (200, "ok", {"note": "a"})
    assert again.body == first.body
    reused = await call(server, "POST", "/v1/feed/actions", body | {"values": {"note": "b"}})
    assert (reused.status, reused.code) == (422, "key_reused")


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (
            {"action": "submit", "button": "take", "values": {"note": "x" * 11}},
            422,
            "invalid_values",
            "/values/note",
        ),
        ({"action": "snooze", "for": "soon"}, 422, "invalid_values", "/for"),
        ({"action": "unsnooze"}, 403, "not_allowed", None),
        ({"action": "link", "element": "take"}, 422, "invalid_values", "/element"),
        ({"action": "eat"}, 422, "invalid", "/action"),
        ({"action": "dismiss", "card": "nobody's"}, 404, "not_found", None),
        ({"action": "dismiss", "key": ""}, 422, "invalid", "/key"),
        ({"action": "dismiss", "colour": "red"}, 422, "invalid", "/colour"),
        ({"action": "submit", "values": {"a": 2**60}}, 422, "invalid", "/values/a"),
        ({}, 422, "invalid", "/action"),
        ({"events": [{"card": "c", "name": "displayed"}]}, 422, "invalid", "/events"),
    ],
)
async def test_action_over_http_ends_with_its_status(
    server: Server, body: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    await offer(server)
    card = await only_card(server)
    reply = await call(server, "POST", "/v1/feed/actions", {"key": "k", "card": card["id"], **body})
    assert (reply.status, reply.code) == (status, code)
    if pointer is not None:
        assert pointer in reply.pointers


async def test_closed_card_is_a_conflict_with_how_it_is(server: Server) -> None:
    await offer(server)
    card = await only_card(server)
    dismiss = {"card": card["id"], "action": "dismiss"}
    assert (await call(server, "POST", "/v1/feed/actions", {"key": "k", **dismiss})).status == 200
    reply = await call(server, "POST", "/v1/feed/actions", {"key": "l", **dismiss})
    assert (reply.status, reply.code, reply.body["card"]["status"]) == (409, "card_closed", "dismissed")


@pytest.mark.parametrize(
    ("event", "status", "pointer"),
    [
        ({"name": "displayed"}, 200, None),
        ({"name": "custom", "event": "app.opened", "data": {"a": 1}}, 200, None),
        ({"name": "custom", "event": "paid"}, 422, "/events/0/event"),
        ({"name": "dismiss"}, 422, "/events/0/name"),
        ({"name": "video", "data": {"at": 2**60}}, 422, "/events/0/data/at"),
    ],
)
async def test_reports_over_http(
    server: Server, event: dict[str, Any], status: int, pointer: str | None
) -> None:
    await offer(server)
    card = await only_card(server)
    body = {"key": "k", "events": [{"card": card["id"], **event}]}
    reply = await call(server, "POST", "/v1/feed/actions", body)
    assert reply.status == status, reply.raw
    if pointer is None:
        assert reply.body == {"code": "ok"}
    else:
        assert pointer in reply.pointers


async def test_poll_says_that_the_customer_was_seen(server: Server) -> None:
    before = await server.call("GET", "/v1/customers/c-7")
    assert before.status == 404
    assert (await call(server, "GET", "/v1/feed?container=home", customer="c-7")).status == 200
    me = await call(server, "GET", "/v1/me", customer="c-7")
    seen = me.body["activity"]
    assert seen["first_seen_at"] == seen["last_seen_at"] is not None
    assert (await server.call("GET", "/v1/customers/c-7")).body["activity"] == seen


# ── one card, one container ────────────────────────────────────────────────────────────────────────────


async def test_card_is_its_customers_only(server: Server) -> None:
    await offer(server)
    card = await only_card(server)
    path = f"/v1/feed/cards/{card['id']}"
    assert (await call(server, "GET", path)).body == card
    for foreign in (
        await call(server, "GET", path, customer="c-43"),
        await call(server, "GET", "/v1/feed/cards/x"),
    ):
        assert (foreign.status, foreign.code) == (404, "not_found")


async def test_embargoed_card_is_not_there_yet(server: Server) -> None:
    await offer(server, later=True)
    (row,), _ = await server.store.cards(CardFilter())
    assert (await call(server, "GET", f"/v1/feed/cards/{row.card.id}")).status == 404


async def test_container_is_told_once_for_each_version(server: Server) -> None:
    reply = await call(server, "GET", "/v1/containers/promo")
    assert reply.body == {
        "id": "promo",
        "title": "",
        "stream": "promo",
        "limit": 50,
        "themes": {},
        "strings": {},
    }
    etag = reply.headers["ETag"]
    for given in (etag, f'"x", W/{etag}', "*"):
        known = await call(server, "GET", "/v1/containers/promo", If_None_Match=given)
        assert (known.status, known.raw, known.headers["ETag"]) == (304, b"", etag)
    other = await call(server, "GET", "/v1/containers/home", If_None_Match=etag)
    assert other.status == 200
    assert (await call(server, "GET", "/v1/containers/attic")).code == "not_found"


@pytest.mark.parametrize("path", ["/v1/feed?container=home", "/v1/feed/cards/x", "/v1/containers/home"])
async def test_without_a_token_there_is_nothing(server: Server, path: str) -> None:
    assert (await server.call("GET", path, role=None)).status == 401
    assert (await server.call("GET", path, token="forged")).status == 401
