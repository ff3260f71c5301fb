"""The app's own API: its events, its pages in browsers, and nothing of other customers."""

from __future__ import annotations

import jwt
import msgspec
import pytest

from server.settings import Api, Config
from tests.server.http.kit import SECRET, Server

PAGE = "https://shop.example"


async def test_allowed_event_is_the_customers_own(server: Server) -> None:
    reply = await server.call(
        "POST", "/v1/me/events", {"name": "app.opened", "id": "e-1"}, token=server.token("c-1")
    )
    assert (reply.status, reply.body["accepted"]) == (202, 1)
    (entry,) = await server.store.journal(after=0, limit=10)
    event = msgspec.msgpack.decode(entry.row.payload)
    assert (event["customer"], event["origin"], entry.row.source) == ("c-1", "app", "app:shop")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"name": "order.paid"}, "/name", "not_allowed"),
        ({"name": "app.opened", "customer": "c-2"}, "/customer", "unknown_field"),
        ({"name": "app.opened", "key": "k"}, "/key", "unknown_field"),
        ({"name": "app.opened", "data": {"n": 2**60}}, "/data/n", "integer_too_large"),
        ([{"name": "app.opened"}, {"name": "card.x"}], "/1/name", "reserved"),
    ],
)
async def test_other_events_are_refused_with_their_place(
    server: Server, body: object, pointer: str, code: str
) -> None:
    reply = await server.call("POST", "/v1/me/events", body, token=server.token("c-1"))
    assert reply.status == 422
    error = reply.body["errors"][0]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert await server.journal_names() == []


async def test_app_sends_a_bounded_number_at_once(server: Server) -> None:
    reply = await server.call(
        "POST", "/v1/me/events", [{"name": "app.opened"}] * 101, token=server.token("c-1")
    )
    assert (reply.status, reply.code) == (413, "too_large")


async def test_two_customers_use_the_same_id(server: Server) -> None:
    for customer in ("c-1", "c-2"):
        body = {"name": "app.opened", "id": "e-1"}
        reply = await server.call("POST", "/v1/me/events", body, token=server.token(customer))
        assert reply.body["accepted"] == 1


async def test_login_takes_over_what_the_token_says_in_custom_fields_too(server: Server) -> None:
    token = server.token("c-1", city="Ulm", tier="gold")
    reply = await server.call("GET", "/v1/me", token=token)
    assert (reply.status, reply.body["city"], reply.body["fields"]) == (200, "Ulm", {"tier": "gold"})


async def test_claim_that_no_profile_takes_keeps_nobody_out(server: Server) -> None:
    reply = await server.call("GET", "/v1/me", token=server.token("c-1", city=5, tier="gold"))
    assert (reply.status, reply.body["city"], reply.body["fields"]) == (200, None, {})


def forged(**changes: object) -> str:
    claims = {"sub": "c-1", "iat": 1_700_000_000, "exp": 4_000_000_000} | changes
    return jwt.encode(claims, "another secret that is long enough to sign", headers={"kid": "shop"})


async def test_forged_and_expired_tokens_are_refused_without_saying_why(server: Server) -> None:
    now_s = server.parts.clock.now() // 1_000
    expired = jwt.encode(
        {"sub": "c-1", "iat": now_s - 900, "exp": now_s - 300}, SECRET, headers={"kid": "shop"}
    )
    unsigned = jwt.encode({"sub": "c-1", "iat": now_s, "exp": now_s + 60}, "", algorithm="none")
    for token in (forged(), expired, unsigned, "a.b.c", server.token("c-1")[:-3]):
        reply = await server.call("GET", "/v1/me", token=token)
        assert (reply.status, reply.code) == (401, "unauthorized")
        assert "signature" not in reply.body["detail"]


async def test_card_of_another_customer_is_not_found(server: Server) -> None:
    await server.publish()
    await server.call(
        "POST", "/v1/events", {"name": "user.signed_up", "customer": "c-1", "data": {"plan": "pro"}}
    )
    (card,) = (await server.call("GET", "/v1/cards")).body["items"]
    mine = await server.call("GET", f"/v1/feed/cards/{card['id']}", token=server.token("c-1"))
    assert (mine.status, mine.body["id"]) == (200, card["id"])
    theirs = await server.call("GET", f"/v1/feed/cards/{card['id']}", token=server.token("c-2"))
    assert (theirs.status, theirs.code) == (404, "not_found")
    action = {"key": "k-1", "card": card["id"], "action": "submit", "button": "ok"}
    assert (await server.call("POST", "/v1/feed/actions", action, token=server.token("c-2"))).status == 404
    assert (await server.call("POST", "/v1/feed/actions", action, token=server.token("c-1"))).status == 200


async def test_container_is_known_by_its_etag(server: Server) -> None:
    token = server.token("c-1")
    first = await server.call("GET", "/v1/containers/home", token=token)
    again = await server.call("GET", "/v1/containers/home", token=token, If_None_Match=first.headers["ETag"])
    assert (first.status, again.status, again.raw) == (200, 304, b"")


async def test_any_page_may_call_the_apps_api_and_nothing_else(server: Server) -> None:
    preflight = await server.call(
        "OPTIONS", "/v1/me", role=None, Origin=PAGE, Access_Control_Request_Method="PATCH"
    )
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, PATCH"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    for token in (server.token("c-1"), "wrong"):
        reply = await server.call("GET", "/v1/me", token=token, Origin=PAGE)
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
    backends = await server.call("GET", "/v1/flows", Origin=PAGE)
    assert "Access-Control-Allow-Origin" not in backends.headers
    assert (await server.call("OPTIONS", "/v1/flows", role=None, Origin=PAGE)).status == 405


class TestOwnOrigins:
    @pytest.fixture
    def config(self) -> Config:
        return Config(api=Api(app_origins=(PAGE,)))

    async def test_other_pages_are_not_named(self, server: Server) -> None:
        own = await server.call("GET", "/v1/me", token=server.token("c-1"), Origin=PAGE)
        other = await server.call("GET", "/v1/me", token=server.token("c-1"), Origin="https://evil.example")
        assert (own.headers["Access-Control-Allow-Origin"], own.headers["Vary"]) == (PAGE, "Origin")
        assert "Access-Control-Allow-Origin" not in other.headers
        assert other.headers["Vary"] == "Origin"
