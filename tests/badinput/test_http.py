"""What is wrong with a request is said where it is wrong; nothing is stored, nothing of the server shows."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from typing import Any

import aiohttp
import msgspec
import pytest
from yarl import URL

from tests.badinput.conftest import Target

pytestmark = [pytest.mark.slow]

MIB = 1024 * 1024
JSON = "application/json"
MSGPACK = "application/msgpack"
NDJSON = "application/x-ndjson"
CLOUD = "application/cloudevents+json"
LEAKS = ("Traceback", 'File "', ".py", "sqlite", "SELECT", "msgspec", "/server/")
GROWTH_BYTES_MAX = 48 * MIB


def event(**fields: object) -> bytes:
    return json.dumps({"name": "tick", "customer": "ann", **fields}).encode()


def packed(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


DEEP = b"[" * 100_000
DEEP_DATA = b'{"name":"tick","data":{"a":' + b"[" * 200 + b"]" * 200 + b"}}"

# (case, media type, body, status, pointer that must be named)
EVENTS: list[tuple[str, str, bytes, int, str | None]] = [
    ("nothing", JSON, b"", 400, None),
    ("blanks", JSON, b" \n ", 400, None),
    ("cut off", JSON, b'{"name": "ti', 400, None),
    ("two values", JSON, b'{"name":"a"}{"name":"b"}', 400, None),
    ("not an object", JSON, b"5", 422, ""),
    ("null", JSON, b"null", 422, ""),
    ("no name", JSON, b"{}", 422, None),
    ("name of another type", JSON, event(name=5), 422, "/name"),
    ("empty name", JSON, event(name=""), 422, "/name"),
    ("long name", JSON, event(name="n" * 129), 422, "/name"),
    ("name of the server's", JSON, event(name="card.created"), 422, "/name"),
    ("name with a line break", JSON, event(name="a\nb"), 422, "/name"),
    ("customer with a zero", JSON, event(customer="a\0b"), 422, "/customer"),
    ("customer of another type", JSON, event(customer=["ann"]), 422, "/customer"),
    ("long customer", JSON, event(customer="ü" * 65), 422, "/customer"),
    ("long key", JSON, event(key="k" * 257), 422, "/key"),
    ("id with a direction mark", JSON, event(id="a\u202eb"), 422, "/id"),
    ("unknown field", JSON, event(nmae="x"), 422, "/nmae"),
    ("data of another type", JSON, event(data=[1]), 422, "/data"),
    ("time of a word", JSON, event(time="yesterday"), 422, "/time"),
    ("time without zone", JSON, event(time="2026-01-01T00:00:00"), 422, "/time"),
    ("time that is none", JSON, event(time="2026-02-30T25:61:61Z"), 422, "/time"),
    ("time far away", JSON, event(time="+292277026596-12-04T15:30:07Z"), 422, "/time"),
    ("integer beyond 2^53", JSON, event(data={"a": [{"n": 2**53 + 1}]}), 422, "/data/a/0/n"),
    ("integer of 5,000 digits", JSON, b'{"name":"tick","data":{"n":' + b"9" * 5_000 + b"}}", 0, None),
    ("number beyond doubles", JSON, b'{"name":"tick","data":{"n":1e999}}', 422, "/data"),
    ("NaN", JSON, b'{"name":"tick","data":{"n":NaN}}', 400, None),
    ("Infinity", JSON, b'{"name":"tick","data":{"n":-Infinity}}', 400, None),
    ("lone surrogate", JSON, b'{"name":"tick","data":{"t":"\\ud800"}}', 0, None),
    ("lone surrogate as a name", JSON, b'{"name":"\\udfff"}', 0, None),
    ("not UTF-8", JSON, b'{"name":"\xff\xfe"}', 400, None),
    ("UTF-16", JSON, event().decode().encode("utf-16"), 400, None),
    ("deep", JSON, DEEP, 400, None),
    ("deep data", JSON, DEEP_DATA, 0, None),
    ("deep objects", JSON, b'{"data":' + b'{"a":' * 50_000, 400, None),
    ("more than 1 MiB", JSON, event(data={"t": "x" * MIB}), 413, None),
    ("more than 16 MiB", JSON, b"[" + b" " * (16 * MIB) + b"]", 413, None),
    ("empty batch", JSON, b"[]", 422, ""),
    ("10,001 events", JSON, b"[" + b",".join([b'{"name":"a"}'] * 10_001) + b"]", 413, None),
    ("one of three is wrong", JSON, b"[" + event() + b',{"name":7},' + event() + b"]", 422, "/1/name"),
    ("one of three is no object", JSON, b"[" + event() + b',"x",' + event() + b"]", 422, "/1"),
    ("a bad line", NDJSON, event() + b"\n{]\n", 400, None),
    ("a wrong line", NDJSON, event() + b"\n" + event(name="") + b"\n", 422, "/1/name"),
    ("text", "text/plain", event(), 415, None),
    ("a form", "application/x-www-form-urlencoded", b"name=tick", 415, None),
    ("a broken media type", "application//json;;=", event(), 415, None),
    ("cut off", MSGPACK, packed({"name": "tick"})[:-2], 400, None),
    ("an array that says 4 billion", MSGPACK, b"\xdd\xff\xff\xff\xff", 400, None),
    ("a map that says 4 billion", MSGPACK, b"\xdf\xff\xff\xff\xff", 400, None),
    ("a text that says 4 billion", MSGPACK, b"\xdb\xff\xff\xff\xff", 400, None),
    ("deep", MSGPACK, b"\x91" * 100_000, 400, None),
    ("NaN", MSGPACK, packed({"name": "tick", "data": {"n": float("nan")}}), 422, "/data/n"),
    ("infinity", MSGPACK, packed({"name": "tick", "data": {"n": float("inf")}}), 422, "/data/n"),
    ("64 bits", MSGPACK, packed({"name": "tick", "data": {"n": 2**64 - 1}}), 422, "/data/n"),
    ("keys that are numbers", MSGPACK, packed({"name": "tick", "data": {1: 2}}), 422, None),
    ("bytes", MSGPACK, packed({"name": "tick", "data": {"b": b"\0"}}), 422, "/data/b"),
    ("an extension", MSGPACK, b"\x82\xa4name\xa4tick\xa4data\x81\xa1x\xd4\x05\x00", 0, None),
    ("a time", MSGPACK, b"\x82\xa4name\xa4tick\xa4data\x81\xa1x\xd6\xff\x00\x00\x00\x01", 422, "/data/x"),
    ("not UTF-8", MSGPACK, b"\x81\xa4name\xa2\xff\xfe", 400, None),
    ("no attributes", CLOUD, b"{}", 422, None),
    ("another version", CLOUD, b'{"specversion":"9","id":"1","source":"/s","type":"t"}', 422, None),
]


async def refused(response: aiohttp.ClientResponse, status: int, pointer: str | None) -> dict[str, Any]:
    """A problem as the API promises them."""
    text = await response.text()
    assert response.status == status or (status == 0 and 400 <= response.status < 500), text
    assert response.headers["Content-Type"].startswith("application/problem+json"), text
    assert response.headers["X-Request-Id"]
    problem: dict[str, Any] = json.loads(text)
    assert problem["status"] == response.status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert [leak for leak in LEAKS if leak in text] == []
    assert len(text) < 64 * 1024
    if response.status == 422:
        assert problem["errors"], problem
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]], problem
    return problem


@pytest.mark.parametrize(
    ("media_type", "body", "status", "pointer"),
    [pytest.param(*row[1:], id=f"{row[0]} ({row[1].partition('/')[2]})") for row in EVENTS],
)
async def test_bad_events_are_refused_where_they_are_wrong(
    target: Target, media_type: str, body: bytes, status: int, pointer: str | None
) -> None:
    headers = {**target.backend, "Content-Type": media_type}
    async with (
        aiohttp.ClientSession(target.url) as session,
        session.post("/v1/events", data=io.BytesIO(body), headers=headers) as response,
    ):
        await refused(response, status, pointer)


ADDRESSES = [
    ("GET", "/v1/instances?limit=abc", 422),
    ("GET", "/v1/instances?limit=-1", 422),
    ("GET", "/v1/instances?limit=99999999999999999999", 422),
    ("GET", "/v1/instances?cursor=%00%ff", 0),
    ("GET", "/v1/instances?cursor=" + "A" * 2_000, 0),
    ("GET", "/v1/instances?nonsense=1", 422),
    ("GET", "/v1/cards?cursor=////", 0),
    ("GET", "/v1/customers?cursor=e30%3D", 0),
    ("GET", "/v1/customers?q=%ff%fe", 0),
    ("GET", "/v1/instances/" + "x" * 3_000, 404),
    ("GET", "/v1/instances/%00", 404),
    ("GET", "/v1/instances/..%2f..%2fetc%2fpasswd", 404),
    ("GET", "/v1/instances/x/timeline?cursor=%2d1", 0),
    ("GET", "/v1/flows/NOT-A-KEY", 404),
    ("GET", "/v1/flows/x/versions/99999999999999999999999", 0),
    ("GET", "/v1/flows/x/versions/-1", 0),
    ("POST", "/v1/flows/%ff/publish", 0),
    ("GET", "/v1/customers/%ff", 0),
    ("GET", "/nowhere", 404),
    ("DELETE", "/v1/events", 405),
    ("BREW", "/v1/events", 400),
]


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES)
async def test_bad_addresses_are_refused(target: Target, method: str, path: str, status: int) -> None:
    url = URL(target.url + path, encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers={**target.backend, "Content-Type": JSON}) as response,
    ):
        if response.status == 200:  # a cursor or text that finds nothing
            assert (await response.json())["items"] == []
        else:
            await refused(response, status, None)


DOCUMENTS = [
    ("not YAML", "application/yaml", b"flow: [", 422),
    ("tabs", "application/yaml", b"flow:\n\t- x", 422),
    ("anchors", "application/yaml", b"flow: &a x\nname: *a", 422),
    ("a bomb", "application/yaml", b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", 422),
    ("deep", "application/yaml", b"[" * 20_000, 422),
    ("deep", JSON, b"[" * 100_000, 422),
    ("a tag", "application/yaml", b"flow: !!python/object/apply:os.system [id]", 422),
    ("not UTF-8", "application/yaml", b"flow: \xff\xfe", 422),
    ("zeros", "application/yaml", b"\0" * 1_000, 422),
    ("nothing", "application/yaml", b"", 422),
    ("a number", "application/yaml", b"5", 422),
    ("a huge number", JSON, b'{"flow": ' + b"9" * 10_000 + b"}", 422),
    ("300 KiB", "application/yaml", b"flow: x\nname: " + b"x" * 300 * 1024, 0),
    ("2 MiB", "application/yaml", b"x" * 2 * MIB, 413),
]


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [pytest.param(*row[1:], id=f"{row[0]} ({row[1].partition('/')[2]})") for row in DOCUMENTS],
)
async def test_bad_documents_are_refused(target: Target, media_type: str, body: bytes, status: int) -> None:
    headers = {**target.backend, "Content-Type": media_type}
    async with (
        aiohttp.ClientSession(target.url) as session,
        session.post("/v1/flows", data=io.BytesIO(body), headers=headers) as response,
    ):
        assert response.status < 500
        if response.status != 400:
            assert status in (0, response.status), await response.text()
        text = await response.text()
        assert [leak for leak in ("Traceback", 'File "', "/server/") if leak in text] == []
        assert response.status >= 400


async def test_compressed_body_that_grows_is_refused_before_it_has(target: Target) -> None:
    bomb = gzip.compress(b" " * (200 * MIB))
    headers = {**target.backend, "Content-Type": JSON, "Content-Encoding": "gzip"}
    async with aiohttp.ClientSession(target.url) as session:
        before = 0
        for _ in range(4):
            async with session.post("/v1/events", data=bomb, headers=headers) as response:
                await refused(response, 413, None)
            before = before or target.memory_bytes()
        async with session.post("/v1/events", data=b"no gzip", headers=headers) as response:
            await refused(response, 0, None)
    assert target.memory_bytes() - before < GROWTH_BYTES_MAX


RAW = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n" * 1_000,
    b"\0" * 4_096,
]


@pytest.mark.parametrize("sent", RAW, ids=range(len(RAW)))
async def test_what_is_no_http_is_answered_or_closed(target: Target, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.server.port)
    writer.write(sent)
    await writer.drain()
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read(64 * 1024)
    writer.close()
    assert not answer or answer.startswith(b"HTTP/1."), answer
    assert b"Traceback" not in answer


async def test_bodies_that_stop_in_the_middle_leave_nothing(target: Target) -> None:
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.server.key}\r\n"
    for length in (100, 10_000_000):
        _, writer = await asyncio.open_connection("127.0.0.1", target.server.port)
        writer.write(f"{head}Content-Type: {JSON}\r\nContent-Length: {length}\r\n\r\n".encode() + event())
        await writer.drain()
        writer.transport.abort()


async def test_repeated_bad_input_does_not_grow_the_server(target: Target) -> None:
    headers = {**target.backend, "Content-Type": JSON}
    bodies = [DEEP, DEEP_DATA, event(data={"t": "x" * MIB}), b"[" + b" " * (4 * MIB), b'{"name":7}']

    async def rounds(session: aiohttp.ClientSession, count: int) -> None:
        for number in range(count):
            unknown = (
                {**headers, "Authorization": f"Bearer fd_{number:064d}"} if number % 10 == 0 else headers
            )
            body = bodies[number % len(bodies)]
            async with session.post("/v1/events", data=io.BytesIO(body), headers=unknown) as response:
                assert 400 <= response.status < 500
                await response.read()

    async with aiohttp.ClientSession(target.url) as session:
        await rounds(session, 50)
        before = target.memory_bytes()
        await rounds(session, 300)
    assert target.memory_bytes() - before < GROWTH_BYTES_MAX
