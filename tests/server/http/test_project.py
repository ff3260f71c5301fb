"""The project over HTTP, and what it changes for events, apps and flows (HTTP API, Flows)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.http.kit import Reply, Server
from tests.server.http.test_sources import SOURCE, events, send, sourced

PROJECT = """\
# What we sell.
event_schemas:
  order.paid:
    type: object
    additionalProperties: false
    required: [total]
    properties: {total: {type: number}}
app_events: [cart.viewed]
"""
FLOW = """\
flow: thanks
triggers: {paid: {type: event, event: order.paid, when: event.data.WHAT > 3.0}}
start: done
steps: {done: {type: end}}
"""
YAML = {"Content_Type": "application/yaml"}


async def put(server: Server, text: str = PROJECT, path: str = "/v1/project", **headers: str) -> Reply:
    return await server.call("PUT", path, text.encode(), **YAML, **headers)


def places(reply: Reply) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in reply.body["errors"]]


async def test_it_comes_back_as_it_was_written(server: Server) -> None:
    reply = await put(server)
    assert (reply.status, reply.body["revision"], reply.headers["ETag"]) == (200, 1, '"1"')
    read = await server.call("GET", "/v1/project", Accept="application/yaml")
    assert (read.raw.decode(), read.headers["ETag"]) == (PROJECT, '"1"')
    as_json = await server.call("GET", "/v1/project", Accept="application/json")
    assert as_json.body["app_events"] == ["cart.viewed"]


async def test_before_the_first_there_is_an_empty_one(server: Server) -> None:
    reply = await server.call("GET", "/v1/project", Accept="application/json")
    assert (reply.status, reply.body, reply.headers["ETag"]) == (200, {}, '"0"')
    assert (await put(server, If_Match='"0"')).status == 200


async def test_the_second_of_two_editors_is_told(server: Server) -> None:
    await put(server)
    assert (await put(server, If_Match='"1"')).body["revision"] == 2
    assert (await put(server, If_Match='"1"')).code == "precondition_failed"


async def test_what_is_wrong_has_a_place_and_changes_nothing(server: Server) -> None:
    reply = await put(server, "event_schemas:\n  order.paid: {type: text}\n")
    assert (reply.status, places(reply)) == (422, [("/event_schemas/order.paid", "bad_schema")])
    assert reply.body["errors"][0]["line"] == 2
    assert (await server.call("GET", "/v1/project", Accept="application/json")).body == {}


async def test_a_dry_run_checks_and_writes_nothing(server: Server) -> None:
    reply = await put(server, path="/v1/project?dry_run=true")
    assert (reply.status, reply.body["revision"]) == (200, 0)
    assert (await server.call("GET", "/v1/project", Accept="application/json")).body == {}


@pytest.mark.parametrize(("role", "status"), [("author", 403), ("operate", 200)])
async def test_who_may_write_it(server: Server, role: str, status: int) -> None:
    assert (await server.call("PUT", "/v1/project", PROJECT.encode(), role=role, **YAML)).status == status


PAID = {"name": "order.paid", "customer": "ann"}
LINES = b'{"name": "x"}\n\n{"name": "order.paid", "data": {"total": "5"}}\n'
CLOUD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "order.paid", "data": {"total": []}}
DOOR: list[tuple[str, object, dict[str, str], list[str]]] = [
    ("one that fits", {**PAID, "data": {"total": 5}}, {}, []),
    ("one without its data", PAID, {}, ["/data"]),
    ("one of many", [{"name": "other"}, {**PAID, "data": {"total": "5"}}], {}, ["/1/data/total"]),
    ("a line", LINES, {"Content_Type": "application/x-ndjson"}, ["/2/data/total"]),
    ("a CloudEvent", CLOUD, {"Content_Type": "application/cloudevents+json"}, ["/data/total"]),
    ("CloudEvents", [CLOUD], {"Content_Type": "application/cloudevents-batch+json"}, ["/0/data/total"]),
    (
        "a CloudEvent in headers",
        {"total": []},
        {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/s", "ce_type": "order.paid"},
        ["/data/total"],
    ),
]


@pytest.mark.parametrize(("what", "body", "headers", "expected"), DOOR, ids=[each[0] for each in DOOR])
async def test_events_are_held_against_their_schema(
    server: Server, what: str, body: object, headers: dict[str, str], expected: list[str]
) -> None:
    await put(server)
    reply = await server.call("POST", "/v1/events", body, **headers)
    if not expected:
        assert reply.status == 202, what
        return
    assert (reply.status, places(reply)) == (422, [(place, "not_as_schema") for place in expected]), what
    assert await events(server) == []


async def test_apps_may_send_the_events_it_names(server: Server) -> None:
    body = {"name": "cart.viewed"}
    refused = await server.call("POST", "/v1/me/events", body, token=server.token("ann"))
    assert places(refused) == [("/name", "not_allowed")]
    await put(server)
    taken = await server.call("POST", "/v1/me/events", body, token=server.token("ann"))
    assert (taken.status, taken.body["accepted"]) == (202, 1)


async def test_events_of_sources_are_held_against_their_schema(server: Server) -> None:
    path = await sourced(server, SOURCE)
    await put(server, "event_schemas: {shop.paid: {properties: {total: {maximum: 5}}}}")
    refused = await send(server, path, {"type": "paid", "user": "ann", "total": 6})
    assert (refused.status, places(refused)) == (422, [("/events/0/data/total", "not_as_schema")])
    assert (await send(server, path, {"type": "paid", "user": "ann", "total": 5})).status == 202


async def created(server: Server, what: str) -> Reply:
    text = FLOW.replace("WHAT", what)
    return await server.call("POST", "/v1/flows", text.encode(), **YAML)


async def test_a_flow_that_reads_what_its_event_has_not_is_not_published(server: Server) -> None:
    await put(server)
    assert (await created(server, "totl")).status == 201
    refused = await server.call("POST", "/v1/flows/thanks/publish", {})
    assert (refused.status, places(refused)) == (422, [("/triggers/paid/when", "unknown_name")])
    dry = await server.call("POST", "/v1/flows/thanks/publish?dry_run=true", {})
    assert places(dry) == places(refused)
    text = FLOW.replace("WHAT", "totl").encode()
    checked = await server.call("POST", "/v1/flows/validate", text, **YAML)
    problems: list[dict[str, Any]] = checked.body["problems"]
    assert [each["code"] for each in problems] == ["unknown_name"]


async def test_one_that_was_published_before_runs_on(server: Server) -> None:
    await created(server, "totl")
    assert (await server.call("POST", "/v1/flows/thanks/publish", {})).status == 201
    await put(server)
    reply = await server.call("POST", "/v1/events", {**PAID, "data": {"total": 5}})
    assert (reply.status, reply.body["accepted"]) == (202, 1)
