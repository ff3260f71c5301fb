"""Segments over HTTP: written by authors, looked at by operators, tried before they are used."""

from __future__ import annotations

from typing import Any

import pytest

from server.settings import Config, Flows
from tests.server.http.kit import Reply, Server

GOLD = {"id": "gold", "rule": 'customer.?tier.orValue("") == "gold"', "name": "Gold", "description": "Best."}
FLOW = b"""
flow: gold-flow
triggers: {moved: {type: segment, segment: gold, change: enter}}
start: w
steps: {w: {type: wait, until: [{id: t, type: time, after: P1D}]}}
"""
YAML = {"Content_Type": "application/yaml"}


@pytest.fixture
def config() -> Config:
    return Config(flows=Flows(constants={"least": 2}))


async def settled(server: Server, id: str) -> Any:
    """The segment once everyone was held against its rule; None once it is gone."""
    while True:
        reply = await server.call("GET", f"/v1/segments/{id}")
        if reply.status == 404:
            return None
        if reply.body["state"] not in ("settling", "removing"):
            return reply.body


async def create(server: Server, **fields: object) -> Reply:
    return await server.call("POST", "/v1/segments", {**GOLD, **fields}, role="author")


async def customers(server: Server, *tiers: str) -> None:
    for number, tier in enumerate(tiers):
        await server.call("PUT", f"/v1/customers/c-{number}", {"fields": {"tier": tier}})


async def test_segment_is_created_and_read(server: Server) -> None:
    await customers(server, "gold", "tin", "gold")
    created = await create(server)
    assert (created.status, created.headers["Location"]) == (201, "/v1/segments/gold")
    assert (created.body["state"], created.body["progress"]["done"]) == ("settling", 0)
    segment = await settled(server, "gold")
    assert segment == {
        **GOLD,
        "state": "ready",
        "problem": None,
        "progress": None,
        "created_at": segment["created_at"],
        "updated_at": segment["updated_at"],
    }
    members = await server.call("GET", "/v1/segments/gold/members", role="operate")
    assert [one["id"] for one in members.body["items"]] == ["c-2", "c-0"]
    assert members.body["items"][0]["segments"] == ["gold"]
    found = await server.call("GET", "/v1/customers?segment=gold")
    assert found.body == members.body


async def test_members_and_segments_come_in_pages_newest_first(server: Server) -> None:
    await customers(server, *["gold"] * 3)
    for id in ("gold", "other", "third"):
        await create(server, id=id)
        await settled(server, id)
    first = await server.call("GET", "/v1/segments?limit=2", role="operate")
    rest = await server.call("GET", f"/v1/segments?limit=2&cursor={first.body['next_cursor']}")
    shown = [one["id"] for one in first.body["items"] + rest.body["items"]]
    assert sorted(shown) == ["gold", "other", "third"]
    assert rest.body["next_cursor"] is None
    page = await server.call("GET", "/v1/segments/gold/members?limit=2")
    last = await server.call("GET", f"/v1/segments/gold/members?limit=2&cursor={page.body['next_cursor']}")
    assert [one["id"] for one in page.body["items"] + last.body["items"]] == ["c-2", "c-1", "c-0"]


async def test_rule_is_changed_and_names_are_changed_without_it(server: Server) -> None:
    await customers(server, "gold", "tin")
    await create(server)
    await settled(server, "gold")
    named = await server.call("PATCH", "/v1/segments/gold", {"name": "Best"}, role="author")
    assert (named.body["name"], named.body["state"]) == ("Best", "ready")
    changed = await server.call("PATCH", "/v1/segments/gold", {"rule": "true"})
    assert (changed.body["state"], changed.body["description"]) == ("settling", "Best.")
    await settled(server, "gold")
    members = await server.call("GET", "/v1/segments/gold/members")
    assert len(members.body["items"]) == 2


@pytest.mark.parametrize("fire", [False, True])
async def test_triggers_hear_of_a_new_rule_only_if_they_are_to(server: Server, fire: bool) -> None:
    await customers(server, "gold")
    await create(server, rule="false")
    await settled(server, "gold")
    assert (await server.call("POST", "/v1/flows", FLOW, **YAML)).status == 201
    assert (await server.call("POST", "/v1/flows/gold-flow/publish", {})).status == 201
    await server.call("PATCH", "/v1/segments/gold", {"rule": GOLD["rule"], "fire": fire})
    await settled(server, "gold")
    started = await server.call("GET", "/v1/instances?flow=gold-flow")
    assert len(started.body["items"]) == fire


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rule": "customer.tier = 1"}, "/rule"),
        ({"rule": 'events("a", "P1M").count() > 1'}, "/rule"),
        ({"rule": "vars.n > 1"}, "/rule"),
        ({"rule": ""}, "/rule"),
        ({"rule": "x" * 2_049}, "/rule"),
        ({"id": "Not a key"}, "/id"),
        ({"id": "x" * 65}, "/id"),
        ({"name": "x" * 201}, "/name"),
        ({"frie": True}, "/frie"),
    ],
)
async def test_wrong_segment_is_located_and_changes_nothing(
    server: Server, body: dict[str, object], pointer: str
) -> None:
    reply = await create(server, **body)
    assert (reply.status, reply.pointers) == (422, [pointer])
    assert (await server.call("GET", "/v1/segments")).body["items"] == []


async def test_error_in_a_rule_says_where_and_what_to_do(server: Server) -> None:
    reply = await create(server, rule='events("order.paid", "P30D").cout() > 3')
    assert reply.body["errors"] == [
        {
            "pointer": "/rule",
            "code": "unknown_name",
            "message": 'There is no function "cout" here; did you mean "count"? (At character 30.)',
        }
    ]


async def test_firing_without_a_rule_is_refused(server: Server) -> None:
    await create(server)
    reply = await server.call("PATCH", "/v1/segments/gold", {"fire": True})
    assert (reply.status, reply.pointers) == (422, ["/fire"])


async def test_id_is_taken_once_and_the_same_key_gives_the_same_answer(server: Server) -> None:
    first = await server.call("POST", "/v1/segments", GOLD, Idempotency_Key="k")
    await settled(server, "gold")
    again = await server.call("POST", "/v1/segments", GOLD, Idempotency_Key="k")
    assert (again.status, again.body["created_at"]) == (201, first.body["created_at"])
    taken = await create(server)
    assert (taken.status, taken.code) == (409, "key_exists")


@pytest.mark.parametrize(
    ("method", "path", "body", "role"),
    [
        ("POST", "/v1/segments", GOLD, "operate"),
        ("PATCH", "/v1/segments/gold", {"name": "x"}, "events"),
        ("DELETE", "/v1/segments/gold", None, "operate"),
        ("GET", "/v1/segments", None, "events"),
        ("GET", "/v1/segments/gold/members", None, "author"),
        ("POST", "/v1/segments/preview", {"rule": "true"}, "author"),
    ],
)
async def test_authors_write_and_operators_look(
    server: Server, method: str, path: str, body: object, role: str
) -> None:
    assert (await server.call(method, path, body, role=role)).code == "forbidden"


@pytest.mark.parametrize("path", ["/v1/segments/none", "/v1/segments/none/members"])
async def test_there_is_no_other_segment(server: Server, path: str) -> None:
    assert (await server.call("GET", path)).status == 404
    if not path.endswith("members"):
        assert (await server.call("PATCH", path, {"name": "x"})).status == 404
        assert (await server.call("DELETE", path)).status == 404


async def test_used_segment_stays_and_the_flows_that_use_it_are_named(server: Server) -> None:
    await create(server)
    await server.call("POST", "/v1/flows", FLOW, **YAML)
    await server.call("POST", "/v1/flows/gold-flow/publish", {})
    reply = await server.call("DELETE", "/v1/segments/gold")
    assert (reply.status, reply.code) == (409, "conflict")
    assert "gold-flow" in reply.body["detail"]


async def test_removed_segment_lets_its_members_go(server: Server) -> None:
    await customers(server, "gold")
    await create(server)
    await settled(server, "gold")
    reply = await server.call("DELETE", "/v1/segments/gold", role="author")
    assert (reply.status, reply.body["state"]) == (202, "removing")
    assert await settled(server, "gold") is None
    assert (await server.call("GET", "/v1/customers/c-0")).body["segments"] == []


async def test_flow_that_names_an_unknown_segment_is_told_so_and_not_published(server: Server) -> None:
    verdict = await server.call("POST", "/v1/flows/validate", FLOW, **YAML)
    errors = [each for each in verdict.body["problems"] if each["severity"] == "error"]
    assert [(each["code"], each["pointer"]) for each in errors] == [
        ("unknown_segment", "/triggers/moved/segment")
    ]
    assert (await server.call("POST", "/v1/flows", FLOW, **YAML)).status == 201
    for query in ("", "?dry_run=true"):
        refused = await server.call("POST", f"/v1/flows/gold-flow/publish{query}", {})
        assert (refused.status, refused.pointers) == (422, ["/triggers/moved/segment"])
    await create(server)
    assert (await server.call("POST", "/v1/flows/validate", FLOW, **YAML)).body["valid"] is True
    assert (await server.call("POST", "/v1/flows/gold-flow/publish", {})).status == 201


# --- previews ------------------------------------------------------------------------------------------


async def preview(server: Server, rule: str) -> Reply:
    return await server.call("POST", "/v1/segments/preview", {"rule": rule}, role="operate")


async def test_preview_counts_members_and_names_what_fails(server: Server) -> None:
    await customers(server, "gold", "tin", "gold")
    await server.call("PUT", "/v1/customers/c-3", {})
    await server.call("PUT", "/v1/customers/tess", {"test": True, "fields": {"tier": "gold"}})
    reply = await preview(server, 'customer.tier == "gold"')
    assert (reply.body["looked_at"], reply.body["members"], reply.body["failed"]) == (4, 2, 1)
    assert reply.body["examples"] == ["c-2", "c-0"]
    (error,) = reply.body["errors"]
    assert error["customer"] == "c-3"
    assert "tier" in error["message"]
    assert (await server.call("GET", "/v1/segments")).body["items"] == []


async def test_preview_uses_what_is_counted_and_says_what_is_not(server: Server) -> None:
    await create(server, rule='events("paid", "P1D").count() > 1')
    for _ in range(2):
        await server.call("POST", "/v1/events", {"name": "paid", "customer": "c-0"})
    rule = 'events("paid", "PT1H").count() >= constants.least || events("other", "P7D").count() > 0'
    reply = await preview(server, rule)
    assert (reply.body["members"], reply.body["examples"]) == (1, ["c-0"])
    assert reply.body["events"] == [
        {"event": "other", "period_s": 604_800, "counted": False},
        {"event": "paid", "period_s": 3_600, "counted": True},
    ]


async def test_preview_of_what_is_no_rule_is_refused_with_its_place(server: Server) -> None:
    reply = await preview(server, "customer.tier ==")
    assert (reply.status, reply.pointers) == (422, ["/rule"])
