"""Jobs are seen and stopped by operators, and by those who made them."""

from __future__ import annotations

import pytest

from tests.server.http.kit import Server

EVERYBODY = {"audience": {"all": True}}


async def start(server: Server, *, role: str = "admin", flow: str = "welcome") -> str:
    reply = await server.call("POST", f"/v1/flows/{flow}/start", EVERYBODY, role=role)
    return str(reply.body["job"])


async def test_jobs_are_listed_newest_first_and_filtered(server: Server) -> None:
    await server.publish()
    ids = [await start(server, role=role) for role in ("admin", "events", "admin")]
    listed = await server.call("GET", "/v1/jobs?limit=2")
    rest = await server.call("GET", f"/v1/jobs?cursor={listed.body['next_cursor']}")
    assert [one["id"] for one in listed.body["items"] + rest.body["items"]] == ids[::-1]
    done: list[object] = []
    while len(done) < 3:
        done = (await server.call("GET", "/v1/jobs?state=done&kind=start&name=welcome")).body["items"]
    assert (await server.call("GET", "/v1/jobs?state=stopped")).body["items"] == []
    assert (await server.call("GET", "/v1/jobs?kind=trigger")).body["items"] == []
    wrong = await server.call("GET", "/v1/jobs?state=asleep")
    assert (wrong.status, wrong.pointers) == (422, ["/query/state"])


async def test_who_may_only_start_sees_the_own_jobs_alone(server: Server) -> None:
    await server.publish()
    others, own = await start(server), await start(server, role="events")
    listed = await server.call("GET", "/v1/jobs", role="events")
    assert [one["id"] for one in listed.body["items"]] == [own]
    for method in ("GET", "DELETE"):
        assert (await server.call(method, f"/v1/jobs/{own}", role="events")).status == 200
        assert (await server.call(method, f"/v1/jobs/{others}", role="events")).code == "not_found"
        assert (await server.call(method, f"/v1/jobs/{own}", role="operate")).status == 200
        assert (await server.call(method, f"/v1/jobs/{own}", role="author")).code == "forbidden"


async def test_stopped_job_stays_where_it_is(server: Server) -> None:
    await server.publish()
    for number in range(300):
        await server.call("PUT", f"/v1/customers/c{number}", {})
    job = await start(server)
    stopped = await server.call("DELETE", f"/v1/jobs/{job}")
    assert (stopped.status, stopped.body["state"]) == (200, "stopped")
    assert stopped.body["ended_at"] is not None
    again = await server.call("DELETE", f"/v1/jobs/{job}")
    assert again.body == stopped.body
    started = await server.call("GET", "/v1/instances?limit=500")
    assert len(started.body["items"]) == stopped.body["done"] < 300


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_job_that_is_not_there_is_not_found(server: Server, method: str) -> None:
    assert (await server.call(method, "/v1/jobs/none")).code == "not_found"
