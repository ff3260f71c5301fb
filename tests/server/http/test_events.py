"""The event door: every way in, and every way to be refused, with the place and with nothing stored."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from server.settings import Api, Config
from tests.server.http.kit import Reply, Server

NDJSON = "application/x-ndjson"
CLOUD = "application/cloudevents+json"
CLOUD_BATCH = "application/cloudevents-batch+json"
MSGPACK = "application/msgpack"


def cloud(**changes: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/shop",
        "type": "order.paid",
        "subject": "c-1",
    } | changes


async def test_one_event_is_accepted_and_starts_its_flow(server: Server) -> None:
    await server.publish()
    reply = await server.call(
        "POST",
        "/v1/events",
        {"name": "user.signed_up", "customer": "c-1", "id": "e-1", "data": {"plan": "pro"}},
    )
    assert reply.status == 202
    assert (reply.body["accepted"], reply.body["duplicates"]) == (1, 0)
    (result,) = reply.body["results"]
    assert (result["id"], result["status"], len(result["started"])) == ("e-1", "accepted", 1)
    instance = await server.call("GET", f"/v1/instances/{result['started'][0]}")
    assert instance.body["variables"] == {"plan": "pro"}


async def test_repeat_is_a_duplicate_and_another_body_a_conflict(server: Server) -> None:
    event = {"name": "order.paid", "customer": "c-1", "id": "e-1", "data": {"total": 1}}
    statuses = []
    for body in (event, event, event | {"data": {"total": 2}}):
        reply = await server.call("POST", "/v1/events", body)
        statuses.append(reply.body["results"][0]["status"])
    assert statuses == ["accepted", "duplicate", "conflict"]
    assert await server.journal_names() == ["order.paid"]


async def test_same_id_from_another_key_is_another_event(server: Server) -> None:
    event = {"name": "order.paid", "customer": "c-1", "id": "e-1"}
    await server.call("POST", "/v1/events", event, role="admin")
    reply = await server.call("POST", "/v1/events", event, role="events")
    assert reply.body["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "media_type", "ids"),
    [
        (b'{"name":"a","id":"1"}', "application/json", ["1"]),
        (b'[{"name":"a","id":"1"},{"name":"b","id":"2"}]', "application/json; charset=utf-8", ["1", "2"]),
        (b' \n[{"name":"a","id":"1"}]', "application/json", ["1"]),
        (b'{"name":"a","id":"1"}\n\n{"name":"b","id":"2"}\n', NDJSON, ["1", "2"]),
        (msgspec.msgpack.encode({"name": "a", "id": "1"}), MSGPACK, ["1"]),
        (
            msgspec.msgpack.encode([{"name": "a", "id": str(n)} for n in range(20)]),
            MSGPACK,
            [str(n) for n in range(20)],
        ),
        (msgspec.json.encode(cloud()), CLOUD, ["e-1"]),
        (msgspec.json.encode([cloud(), cloud(id="e-2")]), CLOUD_BATCH, ["e-1", "e-2"]),
    ],
)
async def test_every_way_in(server: Server, body: bytes, media_type: str, ids: list[str]) -> None:
    reply = await server.call("POST", "/v1/events", body, Content_Type=media_type)
    assert reply.status == 202, reply.raw
    assert [result["id"] for result in reply.body["results"]] == ids
    assert len(await server.journal_names()) == len(ids)


async def stored(server: Server) -> dict[str, Any]:
    (entry,) = await server.store.journal(after=0, limit=10)
    return msgspec.msgpack.decode(entry.row.payload, type=dict[str, Any])


async def test_cloud_event_takes_our_names(server: Server) -> None:
    event = cloud(
        customer="c-9",
        partitionkey="P-1",
        time="2026-01-02T03:04:05Z",
        data={"total": 5},
        datacontenttype="application/json",
        other="left alone",
    )
    await server.call("POST", "/v1/events", event, Content_Type=CLOUD)
    taken = await stored(server)
    assert {name: taken[name] for name in ("name", "customer", "key", "source", "time", "data")} == {
        "name": "order.paid",
        "customer": "c-9",
        "key": "P-1",
        "source": "/shop",
        "time": 1_767_323_045_000,
        "data": {"total": 5},
    }


async def test_binary_cloud_event_has_its_attributes_in_headers(server: Server) -> None:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": "e%201",
        "ce_source": "/shop",
        "ce_type": "order.paid",
        "ce_subject": "c-1",
    }
    reply = await server.call("POST", "/v1/events", {"total": 5}, **headers)
    assert reply.status == 202, reply.raw
    taken = await stored(server)
    assert (taken["id"], taken["name"], taken["customer"], taken["data"]) == (
        "e 1",
        "order.paid",
        "c-1",
        {"total": 5},
    )


@pytest.mark.parametrize(
    ("headers", "pointer"),
    [({"ce_source": "/s", "ce_type": "t"}, "/id"), ({"ce_source": "/s", "ce_id": "1"}, "/type")],
)
async def test_binary_cloud_event_without_an_attribute_is_wrong_there(
    server: Server, headers: dict[str, str], pointer: str
) -> None:
    reply = await server.call("POST", "/v1/events", {"total": 5}, ce_specversion="1.0", **headers)
    assert (reply.status, reply.code, reply.pointers) == (422, "invalid", [pointer])


async def test_cloud_events_source_scopes_the_id(server: Server) -> None:
    for source in ("/a", "/b"):
        reply = await server.call("POST", "/v1/events", cloud(source=source), Content_Type=CLOUD)
        assert reply.body["accepted"] == 1


DEEP = b'{"name":"a","data":' + b'{"x":' * 40 + b"1" + b"}" * 41
MALFORMED = [
    b"",
    b"{",
    b'{"name":"a"',
    b'{"name":"a"}x',
    b'{"name":"\xff"}',
    b'{"name":"a","data":{"x":NaN}}',
    b'{"name":"a","data":{"x":"\\ud800"}}',
    b"[" * 50_000,
    b'{"name":"a","data":' + b'{"x":' * 50_000,
    b"\xef\xbb\xbf{}",
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
async def test_malformed_body_is_refused(server: Server, body: bytes) -> None:
    reply = await server.call("POST", "/v1/events", body)
    assert reply.status in (400, 422)
    assert reply.code in ("bad_request", "invalid")
    assert await server.journal_names() == []


WRONG: list[tuple[object, str, str]] = [
    ({}, "/name", "missing"),
    ({"name": 1}, "/name", "wrong_value"),
    ({"name": ""}, "/name", "empty"),
    ({"name": "a\nb"}, "/name", "not_printable"),
    ({"name": "ä" * 65}, "/name", "too_long"),
    ({"name": "card.created"}, "/name", "reserved"),
    ({"name": "flow.x"}, "/name", "reserved"),
    ({"name": "a", "nmae": 1}, "/nmae", "unknown_field"),
    ({"name": "a", "x/y~z": 1}, "/x~1y~0z", "unknown_field"),
    ({"name": "a", "id": "x" * 129}, "/id", "too_long"),
    ({"name": "a", "id": ""}, "/id", "empty"),
    ({"name": "a", "customer": "\u0007"}, "/customer", "not_printable"),
    ({"name": "a", "customer": 7}, "/customer", "wrong_value"),
    ({"name": "a", "key": "k" * 257}, "/key", "too_long"),
    ({"name": "a", "time": "yesterday"}, "/time", "bad_time"),
    ({"name": "a", "data": []}, "/data", "wrong_value"),
    ({"name": "a", "data": {"n": 2**53 + 1}}, "/data/n", "integer_too_large"),
    ({"name": "a", "data": {"list": [1, {"n": -(2**60)}]}}, "/data/list/1/n", "integer_too_large"),
    (b'{"name":"a","data":{"x":1e400}}', "/data", "wrong_value"),
    (DEEP, "/data" + "/x" * 32, "too_deep"),
    ([], "", ""),
    ("text", "", "wrong_value"),
]


@pytest.mark.parametrize(("body", "pointer", "code"), WRONG, ids=range(len(WRONG)))
async def test_wrong_event_is_refused_with_its_place(
    server: Server, body: object, pointer: str, code: str
) -> None:
    reply = await server.call("POST", "/v1/events", body)
    assert (reply.status, reply.code) == (422, "invalid")
    if code:
        (error,) = reply.body["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code), error
    assert await server.journal_names() == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "not_a_number"),
        (float("inf"), "not_a_number"),
        (2**63, "integer_too_large"),
        (b"bytes", "wrong_value"),
        (msgspec.msgpack.Ext(5, b"x"), "wrong_value"),
    ],
)
async def test_what_only_messagepack_can_say_is_refused(server: Server, value: object, code: str) -> None:
    body = msgspec.msgpack.encode({"name": "a", "data": {"x": [value]}})
    reply = await server.call("POST", "/v1/events", body, Content_Type=MSGPACK)
    assert reply.status == 422
    (error,) = reply.body["errors"]
    assert (error["pointer"], error["code"]) == ("/data/x/0", code)


async def test_one_bad_event_refuses_the_batch_and_every_bad_one_is_named(server: Server) -> None:
    batch = [{"name": "a"}, {"name": ""}, {"name": "b", "data": {"n": 2**60}}, {"name": "card.x", "key": ""}]
    reply = await server.call("POST", "/v1/events", batch)
    assert (reply.status, reply.pointers) == (422, ["/1/name", "/2/data/n", "/3/name", "/3/key"])
    assert await server.journal_names() == []


async def test_types_are_named_for_every_event_of_a_batch(server: Server) -> None:
    reply = await server.call("POST", "/v1/events", [{"name": 1}, {"name": "a"}, {}, {"name": "a", "x": 1}])
    assert reply.pointers == ["/0/name", "/2/name", "/3/x"]


async def test_lines_are_named_by_their_number(server: Server) -> None:
    body = b'{"name":"a"}\n\n{"name":""}\n{"nome":"a"}\n'
    reply = await server.call("POST", "/v1/events", body, Content_Type=NDJSON)
    assert reply.pointers == ["/2/name", "/3/nome"]
    broken = await server.call("POST", "/v1/events", b'{"name":"a"}\n{"name"', Content_Type=NDJSON)
    assert (broken.code, broken.body["detail"][:7]) == ("bad_request", "Line 2:")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"type": "card.x"}, "/type"),
        ({"subject": ""}, "/subject"),
        ({"customer": ""}, "/customer"),
        ({"partitionkey": "k" * 300}, "/partitionkey"),
        ({"source": ""}, "/source"),
        ({"time": "x"}, "/time"),
        ({"data": [1]}, "/data"),
        ({"data": {"x": 2**60}}, "/data/x"),
        ({"data_base64": "AAAA"}, "/data_base64"),
        ({"id": 5}, "/id"),
    ],
)
async def test_wrong_cloud_event_is_named_in_its_own_words(
    server: Server, changes: dict[str, object], pointer: str
) -> None:
    single = await server.call("POST", "/v1/events", cloud(**changes), Content_Type=CLOUD)
    assert (single.status, single.pointers) == (422, [pointer])
    batch = await server.call("POST", "/v1/events", [cloud(), cloud(**changes)], Content_Type=CLOUD_BATCH)
    assert batch.pointers == ["/1" + pointer]
    assert await server.journal_names() == []


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/yaml", "", "json"])
async def test_other_types_are_refused(server: Server, media_type: str) -> None:
    reply = await server.call("POST", "/v1/events", b"{}", Content_Type=media_type)
    assert (reply.status, reply.code) == (415, "unsupported_type")
    assert "application/x-ndjson" in reply.headers["Accept"]


class TestSizes:
    @pytest.fixture
    def config(self) -> Config:
        return Config(api=Api(event_bytes_max=1_024, batch_bytes_max=4_096, batch_events_max=5))

    def event(self, size: int) -> bytes:
        frame = b'{"name":"a","data":{"x":""}}'
        return frame[:-3] + b"x" * (size - len(frame)) + frame[-3:]

    async def post(self, server: Server, body: bytes, media_type: str = "application/json") -> Reply:
        return await server.call("POST", "/v1/events", body, Content_Type=media_type)

    async def test_event_of_the_largest_size_is_taken(self, server: Server) -> None:
        assert (await self.post(server, self.event(1_024))).status == 202

    async def test_larger_event_is_too_large(self, server: Server) -> None:
        assert (await self.post(server, self.event(1_025))).status == 413
        assert await server.journal_names() == []

    async def test_larger_event_in_a_batch_is_named(self, server: Server) -> None:
        for body, media_type in (
            (b"[" + self.event(100) + b"," + self.event(1_500) + b"]", "application/json"),
            (self.event(100) + b"\n" + self.event(1_500), NDJSON),
        ):
            reply = await self.post(server, body, media_type)
            assert (reply.status, reply.pointers) == (422, ["/1"])

    async def test_too_many_events_are_too_large(self, server: Server) -> None:
        assert (await self.post(server, b"[" + b",".join([b'{"name":"a"}'] * 6) + b"]")).status == 413
        assert (await self.post(server, b'{"name":"a"}\n' * 6, NDJSON)).status == 413

    async def test_body_that_is_far_too_large_is_answered_and_the_connection_closed(
        self, server: Server
    ) -> None:
        reply = await self.post(server, b"x" * 1_000_000)
        assert (reply.status, reply.code) == (413, "too_large")
        assert reply.headers["Connection"] == "close"
