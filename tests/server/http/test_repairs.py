"""Repairs over HTTP: one instance, or all that a filter finds, which is previewed first."""

from __future__ import annotations

import pytest

from actors.testing import Robot
from rules.inputs import Response
from tests.server.http.kit import Reply, Server

BOOKING = """
flow: book
triggers: {go: {type: event, event: go}}
start: ask
steps:
  ask: {type: request, url: "https://example.org/", next: pay}
  pay: {type: request, url: "https://example.org/", next: w}
  w: {type: wait, until: [{id: t, type: time, after: P30D}]}
"""


async def failed(server: Server, *customers: str) -> list[str]:
    """Instances that failed at their first request, with 500."""
    if (await server.call("GET", "/v1/flows/book")).status == 404:
        await server.publish(BOOKING)
    ids = []
    for customer in customers:
        robot(server).answers.append(Response(status=500))
        reply = await server.call("POST", "/v1/events", {"name": "go", "customer": customer})
        (id,) = reply.body["results"][0]["started"]
        await until(server, id, "failed")
        ids.append(id)
    return ids


def robot(server: Server) -> Robot:
    performer = server.parts.engine.around.performer
    assert isinstance(performer, Robot)
    return performer


async def until(server: Server, id: str, status: str, *, step: str = "ask") -> None:
    """Until the instance has that status, and stands at that step."""
    while True:
        shown = (await server.call("GET", f"/v1/instances/{id}")).body
        if shown["status"] == status and [token["step"] for token in shown["tokens"]] == [step]:
            return


async def ended(server: Server, reply: Reply) -> dict[str, object]:
    assert reply.status == 202, reply.raw
    assert reply.headers["Location"] == f"/v1/jobs/{reply.body['id']}"
    while True:
        job = (await server.call("GET", reply.headers["Location"])).body
        if job["ended_at"] is not None:
            return dict(job)


# --- one -----------------------------------------------------------------------------------------------


async def test_retried_instance_asks_again_under_the_same_key(server: Server) -> None:
    (id,) = await failed(server, "ann")
    reply = await server.call("POST", f"/v1/instances/{id}/retry", role="operate")
    assert (reply.status, reply.body["status"], reply.body["error"]) == (200, "running", None)
    await until(server, id, "running", step="w")
    first, again, _ = robot(server).keys
    assert first == again


async def test_fresh_retry_of_a_step_asks_under_another_key(server: Server) -> None:
    (id,) = await failed(server, "ann")
    reply = await server.call("POST", f"/v1/instances/{id}/retry", {"step": "ask", "fresh": True})
    assert reply.status == 200
    await until(server, id, "running", step="w")
    assert len(set(robot(server).keys)) == 3


@pytest.mark.parametrize("to", ["w", ["w"]])
async def test_skipped_step_is_left_where_it_is_told_to(server: Server, to: object) -> None:
    (id,) = await failed(server, "ann")
    reply = await server.call("POST", f"/v1/instances/{id}/skip", {"step": "ask", "to": to})
    assert (reply.status, reply.body["status"]) == (200, "running")
    await until(server, id, "running", step="w")
    assert len(robot(server).keys) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "pointers"),
    [
        ("retry", {"step": "gone"}, 422, ["/step"]),
        ("skip", {"to": ["w", "gone"]}, 422, ["/to/1"]),
        ("skip", {"to": "gone"}, 422, ["/to/0"]),
        ("retry", {"to": "w"}, 422, ["/to"]),
        ("retry", {"step": ""}, 422, ["/step"]),
        ("skip", {"to": ["w"] * 101}, 422, ["/to"]),
        ("skip", {"step": "pay"}, 409, []),
    ],
)
async def test_repair_that_cannot_be_done_is_located_and_changes_nothing(
    server: Server, path: str, body: object, status: int, pointers: list[str]
) -> None:
    (id,) = await failed(server, "ann")
    before = await server.call("GET", f"/v1/instances/{id}/timeline")
    reply = await server.call("POST", f"/v1/instances/{id}/{path}", body)
    assert (reply.status, [error["pointer"] for error in reply.body.get("errors", ())]) == (status, pointers)
    assert (await server.call("GET", f"/v1/instances/{id}/timeline")).body == before.body


@pytest.mark.parametrize("path", ["retry", "skip"])
async def test_what_has_not_failed_or_is_not_there_cannot_be_repaired(server: Server, path: str) -> None:
    (id,) = await failed(server, "ann")
    await server.call("POST", f"/v1/instances/{id}/skip", {"to": "w"})
    assert (await server.call("POST", f"/v1/instances/{id}/{path}")).code == "conflict"
    await server.call("POST", f"/v1/instances/{id}/cancel")
    assert (await server.call("POST", f"/v1/instances/{id}/{path}")).code == "conflict"
    assert (await server.call("POST", f"/v1/instances/none/{path}")).code == "not_found"
    assert (await server.call("POST", f"/v1/instances/{id}/{path}", role="events")).code == "forbidden"


# --- many ----------------------------------------------------------------------------------------------


async def test_many_are_previewed_and_then_retried(server: Server) -> None:
    ids = await failed(server, "ann", "bob")
    running = await server.call("POST", "/v1/events", {"name": "go", "customer": "cyd"})
    body = {"filter": {"flow": "book"}}
    preview = await server.call("POST", "/v1/instances/retry?dry_run=true", body)
    assert (preview.status, preview.body["total"]) == (200, 2)
    assert preview.body["counts"] == [
        {"status": "failed", "step": "ask", "error": "unexpected_response", "count": 2}
    ]
    assert [one["id"] for one in preview.body["sample"]] == ids[::-1]
    assert (await server.call("GET", "/v1/jobs")).body["items"] == []
    job = await ended(server, await server.call("POST", "/v1/instances/retry", body))
    assert (job["kind"], job["name"], job["done"], job["total"]) == ("instances", "retry", 2, 2)
    for id in (*ids, running.body["results"][0]["started"][0]):
        await until(server, id, "running", step="w")


async def test_many_are_skipped_by_the_code_of_their_error(server: Server) -> None:
    ids = await failed(server, "ann", "bob")
    other = {"filter": {"error": "timeout"}, "to": "w"}
    assert (await ended(server, await server.call("POST", "/v1/instances/skip", other)))["total"] == 0
    body = {"filter": {"error": "unexpected_response", "step": "ask"}, "step": "ask", "to": "w"}
    assert (await ended(server, await server.call("POST", "/v1/instances/skip", body)))["done"] == 2
    for id in ids:
        await until(server, id, "running", step="w")
    listed = await server.call("GET", "/v1/instances?error=unexpected_response")
    assert listed.body["items"] == []


async def test_many_are_cancelled_and_a_key_cancels_once(server: Server) -> None:
    (id,) = await failed(server, "ann")
    body = {"filter": {"customer": "ann"}}
    first = await server.call("POST", "/v1/instances/cancel", body, Idempotency_Key="k")
    assert (await ended(server, first))["done"] == 1
    assert (await server.call("GET", f"/v1/instances/{id}")).body["status"] == "cancelled"
    again = await server.call("POST", "/v1/instances/cancel", body, Idempotency_Key="k")
    assert (again.status, again.body["id"]) == (202, first.body["id"])
    preview = await server.call("POST", "/v1/instances/cancel?dry_run=true", body)
    assert preview.body == {"total": 0, "counts": [], "sample": []}


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("retry", {}, ["/filter"]),
        ("retry", {"filter": {"flow": 1}}, ["/filter/flow"]),
        ("retry", {"filter": {"cursor": "1"}}, ["/filter/cursor"]),
        ("retry", {"filter": {"status": "running"}}, ["/filter/status"]),
        ("skip", {"filter": {"status": "completed"}}, ["/filter/status"]),
        ("cancel", {"filter": {"status": "expired"}}, ["/filter/status"]),
        ("cancel", {"filter": {}, "step": "ask"}, ["/step"]),
    ],
)
async def test_wrong_filter_is_located_and_makes_no_job(
    server: Server, path: str, body: object, pointers: list[str]
) -> None:
    reply = await server.call("POST", f"/v1/instances/{path}", body)
    assert (reply.status, reply.pointers) == (422, pointers)
    assert (await server.call("GET", "/v1/jobs")).body["items"] == []


async def test_sample_of_a_preview_is_small(server: Server) -> None:
    ids = await failed(server, *[f"c{number}" for number in range(12)])
    preview = await server.call("POST", "/v1/instances/cancel?dry_run=true", {"filter": {}})
    assert preview.body["total"] == 12
    assert [one["id"] for one in preview.body["sample"]] == ids[:1:-1]
