"""Instances are moved to other versions over HTTP: with a publish, by hand, by filter; tried, and undone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.http.kit import WELCOME, Server

RENAMED = WELCOME.replace("  answer:\n", "  reply:\n").replace("next: answer", "next: reply")
MAP = {"steps": {"answer": "reply"}}


async def running(server: Server, count: int = 3) -> list[str]:
    """Ids of instances of version 1."""
    await server.publish()
    targets = [{"customer": f"c{number}"} for number in range(count)]
    started = await server.call("POST", "/v1/flows/welcome/start", {"targets": targets})
    return [one["instance"] for one in started.body["started"]]


async def save(server: Server, document: str) -> None:
    saved = await server.call(
        "PUT",
        "/v1/flows/welcome/draft",
        document.encode(),
        Content_Type="application/yaml",
        If_Match="*",
    )
    assert saved.status == 200, saved.raw


async def publish(server: Server, document: str, **body: Any) -> dict[str, Any]:
    await save(server, document)
    published = await server.call("POST", "/v1/flows/welcome/publish", body)
    assert published.status == 201, published.raw
    return published.body  # type: ignore[no-any-return]


async def ended(server: Server, job: str) -> dict[str, Any]:
    while True:
        reply = await server.call("GET", f"/v1/jobs/{job}")
        if reply.body["state"] not in ("waiting", "running"):
            return reply.body  # type: ignore[no-any-return]


async def versions(server: Server, ids: list[str]) -> list[int]:
    return [(await server.call("GET", f"/v1/instances/{id}")).body["version"] for id in ids]


async def test_a_publish_that_migrates_names_the_job_that_moves_what_runs(server: Server) -> None:
    ids = await running(server)
    published = await publish(server, RENAMED, running="migrate", map=MAP)
    assert published["version"] == 2
    job = await ended(server, published["job"])
    assert (job["kind"], job["name"], job["state"], job["done"], job["failed"]) == (
        "migrate",
        "welcome",
        "done",
        3,
        0,
    )
    assert job["moves"] == {"moved": 3, "stayed": {}, "listed": []}
    assert await versions(server, ids) == [2, 2, 2]
    shown = await server.call("GET", f"/v1/instances/{ids[0]}")
    assert [token["step"] for token in shown.body["tokens"]] == ["reply"]


async def test_who_cannot_move_is_listed_in_the_job(server: Server) -> None:
    ids = await running(server)
    job = await ended(server, (await publish(server, RENAMED, running="migrate"))["job"])
    assert (job["state"], job["failed"], job["moves"]["stayed"]) == ("done", 3, {"no_step": 3})
    first = job["moves"]["listed"][0]
    assert (first["instance"], first["reason"], first["step"]) == (ids[0], "no_step", "answer")
    assert '"answer"' in first["message"]
    listed = await server.call("GET", "/v1/jobs?kind=migrate")
    assert "moves" not in listed.body["items"][0]


async def test_a_dry_run_of_a_publish_tells_what_would_move_and_changes_nothing(server: Server) -> None:
    await running(server)
    await save(server, RENAMED)
    for map, moved, stayed in (({}, 0, {"no_step": 3}), (MAP, 3, {})):
        body = {"running": "migrate", "map": map}
        reply = await server.call("POST", "/v1/flows/welcome/publish?dry_run=true", body)
        assert (reply.status, reply.body["version"]) == (200, 2)
        (version,) = reply.body["migrated"]
        assert (version["version"], version["running"], version["tried"]) == (1, 3, 3)
        assert (version["moved"], version["stayed"]) == (moved, stayed)
        assert len(version["examples"]) == 3 - moved
    assert (await server.call("GET", "/v1/flows/welcome")).body["published"] == 1
    assert (await server.call("GET", "/v1/jobs")).body["items"] == []


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"running": "migrate", "map": {"steps": {"nowhere": "reply"}}}, "/map/steps/nowhere"),
    ({"running": "migrate", "map": {"steps": {"answer": "nowhere"}}}, "/map/steps/answer"),
    ({"running": "migrate", "map": {"variables": {"plan": 3}}}, "/map/variables/plan"),
    ({"running": "migrate", "map": {"step": {}}}, "/map/step"),
    ({"running": "keep", "map": MAP}, "/map"),
    ({"map": MAP}, "/map"),
]


@pytest.mark.parametrize(("body", "pointer"), WRONG)
@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_a_map_that_does_not_fit_is_located_and_publishes_nothing(
    server: Server, body: dict[str, Any], pointer: str, dry_run: str
) -> None:
    await running(server, 1)
    await save(server, RENAMED)
    reply = await server.call("POST", f"/v1/flows/welcome/publish?dry_run={dry_run}", body)
    assert (reply.status, reply.code, reply.pointers) == (422, "invalid", [pointer])
    assert (await server.call("GET", "/v1/flows/welcome")).body["published"] == 1


# --- by hand -------------------------------------------------------------------------------------------


async def test_one_instance_moves_or_says_why_it_stays(server: Server) -> None:
    (id,) = await running(server, 1)
    await publish(server, RENAMED)
    address = f"/v1/instances/{id}/migrate"
    stays = await server.call("POST", address)
    assert (stays.status, stays.code, stays.body["reason"], stays.body["step"]) == (
        409,
        "conflict",
        "no_step",
        "answer",
    )
    tried = await server.call("POST", address + "?dry_run=true", {"map": MAP})
    assert [(one["moved"], one["stayed"]) for one in tried.body["versions"]] == [(1, {})]
    assert await versions(server, [id]) == [1]
    moved = await server.call("POST", address, {"map": MAP}, role="operate")
    assert (moved.status, moved.body["id"], moved.body["version"]) == (200, id, 2)
    timeline = await server.call("GET", f"/v1/instances/{id}/timeline")
    assert timeline.body["items"][-1]["input"] == {"type": "migrated", "before": 1, "version": 2}
    back = await server.call("POST", address, {"map": {"steps": {"reply": "answer"}}, "to": 1})
    assert back.body["version"] == 1


async def test_many_instances_move_by_filter_in_a_job(server: Server) -> None:
    ids = await running(server)
    await publish(server, RENAMED)
    body = {"filter": {"flow": "welcome", "customer": "c1", "version": 1}, "map": MAP}
    tried = await server.call("POST", "/v1/instances/migrate?dry_run=true", body)
    assert [(one["running"], one["moved"]) for one in tried.body["versions"]] == [(1, 1)]
    begun = await server.call("POST", "/v1/instances/migrate", body, Idempotency_Key="once")
    assert (begun.status, begun.body["kind"]) == (202, "migrate")
    assert begun.headers["Location"] == f"/v1/jobs/{begun.body['id']}"
    again = await server.call("POST", "/v1/instances/migrate", body, Idempotency_Key="once")
    assert again.body["id"] == begun.body["id"]
    assert (await ended(server, begun.body["id"]))["done"] == 1
    assert await versions(server, ids) == [1, 2, 1]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/instances/nobody/migrate", {}, 404),
        ("/v1/instances/migrate", {"filter": {"flow": "nothing"}}, 404),
        ("/v1/instances/migrate", {"filter": {"flow": "welcome"}, "to": 9}, 404),
        ("/v1/instances/migrate", {"filter": {"flow": "welcome", "status": "completed"}}, 422),
        ("/v1/instances/migrate", {"filter": {}}, 422),
        ("/v1/jobs/nothing/undo", None, 404),
    ],
)
async def test_what_is_not_there_is_told(server: Server, path: str, body: object, status: int) -> None:
    await server.publish()
    assert (await server.call("POST", path, body)).status == status
    assert (await server.call("POST", path, body, role="author")).code == "forbidden"


# --- and back ------------------------------------------------------------------------------------------


async def test_a_migration_is_undone_once(server: Server) -> None:
    ids = await running(server)
    job = (await publish(server, RENAMED, running="migrate", map=MAP))["job"]
    await ended(server, job)
    await server.call("POST", f"/v1/instances/{ids[1]}/cancel")
    undoing = await server.call("POST", f"/v1/jobs/{job}/undo")
    assert (undoing.status, undoing.body["kind"]) == (202, "undo")
    assert undoing.headers["Location"] == f"/v1/jobs/{undoing.body['id']}"
    undone = await ended(server, undoing.body["id"])
    assert (undone["done"], undone["failed"], undone["total"]) == (2, 1, 3)
    assert undone["moves"]["stayed"] == {"ended": 1}
    assert await versions(server, ids) == [1, 2, 1]
    assert (await server.call("POST", f"/v1/jobs/{job}/undo")).code == "conflict"
    assert (await server.call("POST", f"/v1/jobs/{undoing.body['id']}/undo")).code == "conflict"
