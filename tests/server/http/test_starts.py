"""Starts for an audience and for the rows of a table: a job, or what is wrong with its place and nobody."""

from __future__ import annotations

import pytest

from server.settings import Api, Config, Events
from tests.server.http.kit import WELCOME, Reply, Server

TYPED = """
flow: typed
variables:
  name: {type: string, required: true}
  n: {type: integer}
  share: {type: number, default: 0.5}
  big: {type: boolean}
  since: {type: date}
  tags: {type: list}
start: w
steps:
  w: {type: wait, until: [{id: t, type: time, after: P30D}]}
"""


@pytest.fixture
def config() -> Config:
    return Config(events=Events(app_events=("app.opened",)), api=Api(table_rows_max=250))


async def ended(server: Server, started: Reply) -> dict[str, object]:
    """The job of a start, when it has ended."""
    assert started.status == 202, started.raw
    while True:
        job = await server.call("GET", f"/v1/jobs/{started.body['job']}")
        if job.body["ended_at"] is not None:
            return dict(job.body)


async def customers(server: Server, *, test: bool = False) -> list[str]:
    """Of the instances that there are, in order of their names."""
    listed = await server.call("GET", f"/v1/instances?limit=500&test={str(test).lower()}")
    return sorted(one["customer"] for one in listed.body["items"])


async def people(server: Server) -> None:
    for id, profile in {
        "ann": {"tags": ["vip"]},
        "bob": {},
        "cyd": {"tags": ["vip"]},
        "tess": {"test": True, "tags": ["vip"]},
        "tom": {"test": True},
    }.items():
        await server.call("PUT", f"/v1/customers/{id}", profile)


@pytest.mark.parametrize(
    ("audience", "started"), [({"all": True}, ["ann", "bob", "cyd"]), ({"tag": "vip"}, ["ann", "cyd"])]
)
async def test_audience_is_started_by_a_job(
    server: Server, audience: dict[str, object], started: list[str]
) -> None:
    await server.publish()
    await people(server)
    body = {"audience": audience, "variables": {"plan": "pro"}, "invocation": "i-1"}
    reply = await server.call("POST", "/v1/flows/welcome/start", body, role="events")
    assert (reply.body["invocation"], reply.body["started"], reply.body["refused"]) == ("i-1", [], [])
    job = await ended(server, reply)
    assert (job["kind"], job["name"], job["state"], job["by"]) == (
        "start",
        "welcome",
        "done",
        server.key_ids["events"],
    )
    assert job["done"] == job["total"] == len(started)
    assert (job["failed"], job["error"]) == (0, None)
    assert await customers(server) == started
    (first, *_) = (await server.call("GET", "/v1/instances?invocation=i-1")).body["items"]
    shown = await server.call("GET", f"/v1/instances/{first['id']}")
    assert shown.body["variables"] == {"plan": "pro"}


async def test_segment_is_started(server: Server) -> None:
    await server.publish()
    rule = {"id": "townsfolk", "rule": 'customer.?city.orValue("") == "Ulm"'}
    assert (await server.call("POST", "/v1/segments", rule)).status == 201
    await people(server)
    await server.call("PATCH", "/v1/customers/bob", {"city": "Ulm"})
    body = {"audience": {"segment": "townsfolk"}}
    await ended(server, await server.call("POST", "/v1/flows/welcome/start", body))
    assert await customers(server) == ["bob"]


async def test_test_of_an_audience_runs_the_draft_for_test_customers(server: Server) -> None:
    await server.call("POST", "/v1/flows", WELCOME.encode(), Content_Type="application/yaml")
    await people(server)
    reply = await server.call("POST", "/v1/flows/welcome/test", {"audience": {"tag": "vip"}})
    assert (await ended(server, reply))["done"] == 1
    assert (await customers(server, test=True), await customers(server)) == (["tess"], [])


async def test_start_of_many_with_the_same_key_is_one_job(server: Server) -> None:
    await server.publish()
    await people(server)
    first, again = [
        await server.call("POST", "/v1/flows/welcome/start", {"audience": {"all": True}}, Idempotency_Key="k")
        for _ in range(2)
    ]
    assert again.body == first.body
    await ended(server, first)
    assert await customers(server) == ["ann", "bob", "cyd"]
    other = await server.call(
        "POST", "/v1/flows/welcome/start", {"audience": {"tag": "vip"}}, Idempotency_Key="k"
    )
    assert (other.status, other.code) == (422, "key_reused")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"audience": {}}, ["/audience"]),
        ({"audience": {"all": False}}, ["/audience"]),
        ({"audience": {"all": True, "tag": "vip"}}, ["/audience"]),
        ({"audience": {"tag": ""}}, ["/audience/tag"]),
        ({"audience": {"segment": "\n"}}, ["/audience/segment"]),
        ({"audience": {"segment": "gone"}}, ["/audience/segment"]),
        ({"audience": {"customers": ["a"]}}, ["/audience/customers"]),
        ({"targets": [{"customer": "a"}], "audience": {"all": True}}, ["/audience"]),
        ({"targets": [{"customer": "a"}], "variables": {"plan": "x"}}, ["/variables"]),
        (
            {"audience": {"all": True}, "variables": {"plan": 5, "plam": 1}},
            ["/variables/plan", "/variables/plam"],
        ),
        ({"audience": {"all": True}, "metadata": {"n": 2**60}}, ["/metadata/n"]),
        ({"audience": {"all": True}, "linked": True}, ["/linked"]),
        ({"audience": {"all": True}, "notification_data": {}}, ["/notification_data"]),
    ],
)
async def test_wrong_audience_is_located_and_makes_no_job(
    server: Server, body: object, pointers: list[str]
) -> None:
    await server.publish()
    reply = await server.call("POST", "/v1/flows/welcome/start", body)
    assert (reply.status, reply.pointers) == (422, pointers)
    assert (await server.call("GET", "/v1/jobs")).body["items"] == []


@pytest.mark.parametrize("change", ["pause", None])
async def test_flow_that_takes_no_starts_begins_no_job(server: Server, change: str | None) -> None:
    await server.publish()
    if change is None:
        await server.call("DELETE", "/v1/flows/welcome")
    else:
        await server.call("POST", f"/v1/flows/welcome/{change}")
    reply = await server.call("POST", "/v1/flows/welcome/start", {"audience": {"all": True}})
    assert reply.status == (404 if change is None else 409)


# --- tables --------------------------------------------------------------------------------------------


async def send(server: Server, table: str | bytes, *, path: str = "typed/start.csv", **headers: str) -> Reply:
    raw = table.encode() if isinstance(table, str) else table
    return await server.call("POST", f"/v1/flows/{path}", raw, **{"Content_Type": "text/csv"} | headers)


async def test_each_row_of_a_table_starts_an_instance_with_its_own_variables(server: Server) -> None:
    await server.publish(TYPED)
    table = (
        "\ufeffcustomer,key,name,n,big,since,tags\r\n"
        'ann,k-1,"Ann, the first",7,TRUE,2026-03-01,"[""a"", 1]"\r\n'
        "\r\n"
        'bob,,"two\nlines",,,,\r\n'
    )
    job = await ended(server, await send(server, table, path="typed/start.csv?invocation=i-1"))
    assert (job["state"], job["done"], job["total"], job["failed"]) == ("done", 2, 2, 0)
    listed = (await server.call("GET", "/v1/instances?invocation=i-1")).body["items"]
    shown = {one["customer"]: (await server.call("GET", f"/v1/instances/{one['id']}")).body for one in listed}
    assert (shown["ann"]["key"], shown["bob"]["key"]) == ("k-1", None)
    assert shown["ann"]["variables"] == {
        "name": "Ann, the first",
        "n": 7,
        "share": 0.5,
        "big": True,
        "since": "2026-03-01",
        "tags": ["a", 1],
    }
    assert (shown["bob"]["variables"]["name"], shown["bob"]["variables"]["n"]) == ("two\nlines", None)


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        (b"", {"/header/customer": "missing", "/header/name": "missing_variable"}),
        (b"customer,name\n", {"": "empty"}),
        (
            b"customer;name\nann;Ann\n",
            {
                "/header/customer;name": "unknown_variable",
                "/header/customer": "missing",
                "/header/name": "missing_variable",
            },
        ),
        (b"customer,name,nn,name\na,b,c,d\n", {"/header/nn": "unknown_variable", "/header/name": "repeated"}),
        (
            b"customer,name,n,key\nann,Ann,x,k\n,Bob,1,k\ncyd,,7.5,\xff\n",
            {
                "/0/n": "bad_variable",
                "/1/customer": "empty",
                "/2/key": "not_printable",
                "/2/n": "bad_variable",
                "/2/name": "missing_variable",
            },
        ),
        (b"customer,name\nann\nbob,Bob,x\n", {"/0": "cells", "/1": "cells"}),
        (b"customer,name\nann,caf\xe9\n", {"/0/name": "not_unicode"}),
        (b'customer,name\nann,"Ann"x\n', {"/0": "bad_csv"}),
        (b'customer,name\nann,Ann\nbob,"Bob', {"/1": "bad_csv"}),
        (b'customer,name,tags\nann,Ann,"[1152921504606846976]"\n', {"/0/tags/0": "integer_too_large"}),
    ],
)
async def test_wrong_table_is_located_and_starts_nobody(
    server: Server, table: bytes, wrong: dict[str, str]
) -> None:
    await server.publish(TYPED)
    reply = await send(server, table)
    assert (reply.status, reply.code) == (422, "invalid")
    assert {error["pointer"]: error["code"] for error in reply.body["errors"]} == wrong
    assert (await server.call("GET", "/v1/jobs")).body["items"] == []


async def test_no_more_faults_are_named_than_help(server: Server) -> None:
    await server.publish(TYPED)
    reply = await send(server, "customer,name\n" + ",Ann\n" * 240)
    assert (reply.status, len(reply.body["errors"])) == (422, 100)


@pytest.mark.parametrize(("rows", "status"), [(250, 202), (251, 413)])
async def test_table_has_so_many_rows_at_most(server: Server, rows: int, status: int) -> None:
    await server.publish(TYPED)
    reply = await send(server, "customer,name\n" + "".join(f"c{n:03},Ann\n" for n in range(rows)))
    assert reply.status == status
    if status == 202:
        assert (await ended(server, reply))["done"] == rows
        assert await customers(server) == [f"c{n:03}" for n in range(rows)]


async def test_table_that_is_too_long_or_no_table_is_refused(server: Server) -> None:
    await server.publish(TYPED)
    assert (await send(server, b"a" * (16 * 1024 * 1024 + 1))).status == 413
    assert (await send(server, "customer,name\n", Content_Type="application/json")).status == 415
    assert (await send(server, "customer,name\nann,Ann\n", path="typed/start.csv?invocation=")).pointers == [
        "/query/invocation"
    ]


async def test_table_with_the_same_key_is_one_job(server: Server) -> None:
    await server.publish(TYPED)
    table = "customer,name\nann,Ann\n"
    first = await send(server, table, Idempotency_Key="k")
    await ended(server, first)
    await server.call("DELETE", "/v1/flows/typed")
    assert (await send(server, table, Idempotency_Key="k")).body == first.body
    assert (await send(server, table + "bob,Bob\n", Idempotency_Key="k")).code == "key_reused"
    assert await customers(server) == ["ann"]


async def test_table_for_a_test_names_who_is_no_test_customer(server: Server) -> None:
    await server.publish(TYPED)
    await people(server)
    refused = await send(server, "customer,name\ntess,T\nann,A\nnobody,N\n", path="typed/test.csv")
    assert (refused.status, refused.pointers) == (422, ["/1/customer", "/2/customer"])
    taken = await send(server, "customer,name\ntess,T\ntom,T\n", path="typed/test.csv")
    assert (await ended(server, taken))["done"] == 2
    assert (await customers(server, test=True), await customers(server)) == (["tess", "tom"], [])
