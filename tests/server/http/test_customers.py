"""Customers: as backends write them, and as an app sees its own."""

from __future__ import annotations

import pytest

from tests.server.http.kit import Server


async def test_put_creates_and_replaces(server: Server) -> None:
    first = await server.call(
        "PUT", "/v1/customers/c-1", {"first_name": "Ada", "tags": ["vip"]}, role="events"
    )
    assert (first.status, first.body["first_name"], first.body["tags"]) == (200, "Ada", ["vip"])
    second = await server.call("PUT", "/v1/customers/c-1", {"city": "London"})
    assert (second.body["first_name"], second.body["tags"], second.body["city"]) == (None, [], "London")
    assert second.body["created_at"] == first.body["created_at"]
    # What was read may be sent back as it is.
    assert (await server.call("PUT", "/v1/customers/c-1", second.body)).status == 200


async def test_patch_merges_and_null_removes(server: Server) -> None:
    await server.call(
        "PUT", "/v1/customers/c-1", {"first_name": "Ada", "fields": {"tier": "gold", "points": 5}}
    )
    reply = await server.call("PATCH", "/v1/customers/c-1", {"first_name": None, "fields": {"points": None}})
    assert (reply.body["first_name"], reply.body["fields"]) == (None, {"tier": "gold"})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"timezone": "Mars/Base"}, "/timezone"),
        ({"first_nmae": "x"}, "/first_nmae"),
        ({"id": "other"}, "/id"),
        ({"fields": {"points": 2**60}}, "/fields/points"),
        ({"tags": "vip"}, "/tags"),
    ],
)
async def test_wrong_profile_is_located_and_changes_nothing(
    server: Server, body: object, pointer: str
) -> None:
    await server.call("PUT", "/v1/customers/c-1", {"city": "London"})
    reply = await server.call("PATCH", "/v1/customers/c-1", body)
    assert (reply.status, reply.pointers) == (422, [pointer])
    assert (await server.call("GET", "/v1/customers/c-1")).body["city"] == "London"


@pytest.mark.parametrize("id", ["%0A", "x" * 129, "%C3%A4" * 65])
async def test_id_that_none_can_have_is_refused(server: Server, id: str) -> None:
    reply = await server.call("PUT", f"/v1/customers/{id}", {})
    assert (reply.status, reply.pointers) == (422, ["/path/customer"])


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null"])
async def test_profile_is_an_object(server: Server, body: bytes) -> None:
    assert (await server.call("PUT", "/v1/customers/c-1", body)).status == 422


async def test_list_is_filtered_and_paged(server: Server) -> None:
    for n in range(4):
        await server.call(
            "PUT", f"/v1/customers/c-{n}", {"name": f"Name {n}", "tags": ["even"] if n % 2 == 0 else []}
        )
    first = await server.call("GET", "/v1/customers?limit=3")
    rest = await server.call("GET", f"/v1/customers?limit=3&cursor={first.body['next_cursor']}")
    assert sorted(one["id"] for one in first.body["items"] + rest.body["items"]) == [
        "c-0",
        "c-1",
        "c-2",
        "c-3",
    ]
    even = await server.call("GET", "/v1/customers?tag=even")
    assert sorted(one["id"] for one in even.body["items"]) == ["c-0", "c-2"]
    assert [one["id"] for one in (await server.call("GET", "/v1/customers?q=name+3")).body["items"]] == [
        "c-3"
    ]
    assert (await server.call("GET", "/v1/customers/none")).status == 404


async def test_login_creates_the_customer_and_takes_over_what_the_token_says(server: Server) -> None:
    me = await server.call("GET", "/v1/me", token=server.token("c-7", city="Bonn", role="admin"))
    assert (me.status, me.body["id"], me.body["city"], me.body["fields"]) == (200, "c-7", "Bonn", {})
    assert (await server.call("GET", "/v1/customers/c-7")).body["city"] == "Bonn"


async def test_app_changes_its_own_profile_but_not_what_rules_rely_on(server: Server) -> None:
    token = server.token("c-1")
    changed = await server.call(
        "PATCH", "/v1/me", {"first_name": "Ada", "preferences": {"topics": {"news": False}}}, token=token
    )
    assert (changed.status, changed.body["first_name"], changed.body["preferences"]["topics"]) == (
        200,
        "Ada",
        {"news": False},
    )
    for name, value in {
        "tags": ["vip"],
        "test": True,
        "fields": {"tier": "gold"},
        "id": "c-2",
        "segments": [],
    }.items():
        refused = await server.call("PATCH", "/v1/me", {name: value}, token=token)
        assert (refused.status, refused.pointers) == (422, [f"/{name}"])
    assert (await server.call("GET", "/v1/customers/c-1")).body["tags"] == []
