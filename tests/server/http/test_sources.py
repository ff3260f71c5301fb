"""Sources: third parties' webhooks that become ordinary events (HTTP API, "Events and starts")."""

from __future__ import annotations

from typing import Any

import pytest

from rules.limits import SOURCE_ITEMS_MAX
from tests.server.http.kit import Reply, Server

SECRET = "a secret of theirs"
SOURCE: dict[str, Any] = {
    "auth": {"type": "bearer", "credential": "shop"},
    "events": [
        {
            "name": "shop.{{ body.type }}",
            "when": "body.type != 'ping'",
            "customer": "=body.user",
            "key": "=body.?order.orValue(null)",
            "data": {"total": "=body.?total.orValue(0.0)", "from": "{{ headers['x-shop'] }}"},
        },
        {"name": "shop.item", "each": "=body.?items.orValue([])", "customer": "=body.user", "data": "=item"},
    ],
}


async def sourced(server: Server, source: dict[str, Any] | None = None) -> str:
    await server.call("PUT", "/v1/credentials/shop", {"type": "bearer", "secret": SECRET})
    reply = await server.call("PUT", "/v1/sources/shop", source or SOURCE, role="author")
    assert reply.status == 200, reply.raw
    return str(reply.body["path"])


async def send(server: Server, path: str, body: object, **headers: str) -> Reply:
    given = {"Authorization": f"Bearer {SECRET}", **headers}
    return await server.call("POST", path, body, role=None, **given)


async def events(server: Server) -> list[tuple[str, str | None]]:
    entries = await server.store.journal(after=0, limit=1_000)
    return [(entry.row.name, entry.row.customer) for entry in entries if entry.row.kind == "event"]


async def test_a_request_becomes_events(server: Server) -> None:
    path = await sourced(server)
    body = {"type": "paid", "user": "ann", "order": "o-1", "items": [{"sku": "a"}, {"sku": "b"}]}
    reply = await send(server, path, body, X_Shop="north")
    assert (reply.status, reply.body["status"]) == (202, "accepted")
    assert [one["status"] for one in reply.body["results"]] == ["accepted"] * 3
    assert await events(server) == [("shop.paid", "ann"), ("shop.item", "ann"), ("shop.item", "ann")]


async def test_a_request_may_become_no_event(server: Server) -> None:
    path = await sourced(server)
    reply = await send(server, path, {"type": "ping", "user": "ann"})
    assert (reply.status, reply.body["status"]) == (202, "ignored")


async def test_its_events_come_from_a_webhook_and_start_flows_that_take_those(server: Server) -> None:
    path = await sourced(server)
    trigger = "{type: event, event: shop.paid, origins: [webhook]}"
    await server.publish(f"flow: f\ntriggers: {{t: {trigger}}}\nstart: e\nsteps: {{e: {{type: end}}}}\n")
    (result,) = (await send(server, path, {"type": "paid", "user": "ann"})).body["results"]
    assert len(result["started"]) == 1


async def test_a_repeat_is_known_by_the_requests_id(server: Server) -> None:
    path = await sourced(server)
    body = {"type": "paid", "user": "ann", "items": [{"sku": "a"}]}
    for status in ("accepted", "duplicate"):
        reply = await send(server, path, body, webhook_id="m-1")
        assert [one["status"] for one in reply.body["results"]] == [status] * 2


async def test_who_does_not_prove_himself_is_refused(server: Server) -> None:
    path = await sourced(server)
    assert (await send(server, path, {"type": "paid"}, Authorization="Bearer wrong")).code == "unauthorized"
    assert await events(server) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"user": "ann"}, "/events/0/when"),
        ({"type": "paid", "user": {"a": 1}}, "/events/0/customer"),
        ({"type": "paid", "user": "ann", "items": 5}, "/events/1/each"),
        ({"type": "paid", "user": "ann", "items": [5]}, "/events/1/data"),
        ({"type": "x\ny", "user": "ann"}, "/events/0/name"),
    ],
)
async def test_a_request_that_the_mapping_cannot_read_becomes_nothing(
    server: Server, body: object, pointer: str
) -> None:
    path = await sourced(server)
    reply = await send(server, path, body)
    assert (reply.status, reply.pointers) == (422, [pointer])
    assert await events(server) == []


async def test_names_of_the_servers_own_events_are_refused(server: Server) -> None:
    path = await sourced(server, {**SOURCE, "events": [{"name": "=body.name"}]})
    reply = await send(server, path, {"name": "card.created"})
    assert (reply.code, reply.pointers) == ("invalid", ["/events/0/name"])


async def test_a_request_becomes_a_bounded_number_of_events(server: Server) -> None:
    path = await sourced(server, {**SOURCE, "events": [{"name": "n", "each": "=body"}] * 3})
    most = [1] * (SOURCE_ITEMS_MAX // 2)
    reply = await send(server, path, most)
    assert (reply.status, len(most) > 0) == (422, True)


async def test_paused_and_unknown_sources_are_the_same_404(server: Server) -> None:
    path = await sourced(server)
    assert (await send(server, "/v1/sources/nothing", {})).code == "not_found"
    assert (await server.call("PUT", "/v1/sources/shop", {**SOURCE, "paused": True})).status == 200
    assert (await send(server, path, {"type": "paid", "user": "ann"})).code == "not_found"


async def test_a_new_mapping_keeps_the_address_and_rotating_changes_it(server: Server) -> None:
    path = await sourced(server)
    assert await sourced(server) == path
    rotated = (await server.call("POST", "/v1/sources/shop/rotate")).body["path"]
    assert rotated != path
    assert (await send(server, path, {"type": "ping", "user": "ann"})).code == "not_found"
    assert (await send(server, rotated, {"type": "ping", "user": "ann"})).status == 202
    assert (await server.call("DELETE", "/v1/sources/shop")).status == 200
    assert (await send(server, rotated, {"type": "ping", "user": "ann"})).code == "not_found"


BAD = [
    ({}, ["missing_key", "missing_key"]),
    ({**SOURCE, "auth": {"type": "none", "credential": "x"}}, ["choose_one"]),
    ({**SOURCE, "events": []}, ["bad_value"]),
    ({**SOURCE, "events": [{"name": "n", "when": "body.x >"}]}, ["syntax_error"]),
    ({**SOURCE, "events": [{"name": "n", "data": "=item"}]}, ["unknown_name"]),
    ({**SOURCE, "nope": 1}, ["unknown_key"]),
]


@pytest.mark.parametrize(("source", "codes"), BAD)
async def test_a_mapping_that_cannot_be_used_is_refused_with_all_that_is_wrong(
    server: Server, source: dict[str, Any], codes: list[str]
) -> None:
    reply = await server.call("PUT", "/v1/sources/shop", source)
    assert reply.status == 422
    assert [problem["code"] for problem in reply.body["errors"]] == codes
