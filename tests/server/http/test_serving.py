"""What every route has in common: credentials, roles, rates, sizes, request ids, problems, and bad HTTP."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from actors.commands import Overloaded, Phase, UnknownOutcome
from actors.ports import StoreError
from server.http.serving import as_api_error
from server.settings import Api, Auth, Config
from server.settings import Server as ServerSettings
from tests.server.http.kit import Server

NOBODY: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer fd_unknown"},
    {"Authorization": "Basic dXNlcjpwYXNz"},
    {"Authorization": "Bearer fd_\u00e4"},
    {"Authorization": "fd_unknown"},
    {"Authorization": "Bearer " + "x" * 9_000},
)


@pytest.mark.parametrize("headers", NOBODY, ids=range(len(NOBODY)))
@pytest.mark.parametrize("path", ["/v1/instances", "/v1/me"])
async def test_nobody_gets_nothing(server: Server, path: str, headers: dict[str, str]) -> None:
    reply = await server.call("GET", path, role=None, **headers)
    assert (reply.status, reply.code) == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_apps_token_opens_nothing_of_backends_and_the_other_way_round(server: Server) -> None:
    assert (await server.call("GET", "/v1/instances", token=server.token("c-1"))).status == 401
    assert (await server.call("GET", "/v1/me", role="admin")).status == 401


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/events", {"events"}),
        ("POST", "/v1/flows/none/start", {"events"}),
        ("GET", "/v1/flows", {"author"}),
        ("POST", "/v1/flows/none/publish", {"operate"}),
        ("GET", "/v1/instances", {"operate"}),
        ("GET", "/v1/cards", {"operate"}),
        ("GET", "/v1/customers", {"operate"}),
        ("PUT", "/v1/customers/c-1", {"events"}),
    ],
)
async def test_roles_open_what_they_say(server: Server, method: str, path: str, allowed: set[str]) -> None:
    for role in ("events", "author", "operate", "admin"):
        reply = await server.call(method, path, {} if method != "GET" else None, role=role)
        assert (reply.status == 403) == (role not in {*allowed, "admin"}), (role, reply.raw)


async def test_unknown_addresses_and_methods_are_problems(server: Server) -> None:
    assert (await server.call("GET", "/v1/nothing")).code == "not_found"
    assert (await server.call("GET", "/")).code == "not_found"
    reply = await server.call("DELETE", "/v1/events")
    assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "method_not_allowed", "POST")


async def test_a_request_id_is_echoed_or_made(server: Server) -> None:
    given = await server.call("GET", "/healthz", X_Request_Id="abc-1")
    assert given.headers["X-Request-Id"] == "abc-1"
    made = {
        (await server.call("GET", path)).headers["X-Request-Id"]
        for path in ("/healthz", "/v1/nothing", "/v1/me")
    }
    assert len(made) == 3
    odd = await server.call("GET", "/healthz", X_Request_Id="x" * 65)
    assert odd.headers["X-Request-Id"] != "x" * 65


async def test_head_is_get_without_a_body(server: Server) -> None:
    reply = await server.call("HEAD", "/healthz", role=None)
    assert (reply.status, reply.raw, reply.headers["Content-Length"]) == (200, b"", "15")


async def test_answers_are_messagepack_for_who_accepts_it(server: Server) -> None:
    answer = await server.call("GET", "/v1/flows", Accept="application/msgpack")
    assert (answer.headers["Content-Type"], answer.raw[:1]) == ("application/msgpack", b"\x82")
    problem = await server.call("GET", "/v1/flows/none", Accept="application/msgpack")
    assert problem.headers["Content-Type"] == "application/problem+msgpack"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/msgpack, */*;q=0.5", "application/msgpack"),
        ("application/json;q=0.5, application/msgpack;q=0.8", "application/msgpack"),
        ("application/json, application/msgpack;q=0.1", "application/json"),
        ("application/msgpack;q=0", "application/json"),
        ("application/msgpack;q=much", "application/msgpack"),
        ("text/html, application/*", "application/json"),
    ],
)
async def test_what_is_liked_better_is_given(server: Server, accept: str, content_type: str) -> None:
    answer = await server.call("GET", "/v1/flows", Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, content_type)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/query/limit"),
        ("limit=501", "/query/limit"),
        ("limit=many", "/query/limit"),
        ("limit=1&limit=2", "/query/limit"),
        ("flwo=x", "/query/flwo"),
        ("cursor=abc", "/query/cursor"),
        ("cursor=" + "9" * 40, "/query/cursor"),
        ("version=99999999999999999999", "/query/version"),
        ("status=odd", "/query/status"),
    ],
)
async def test_wrong_query_is_located(server: Server, query: str, pointer: str) -> None:
    reply = await server.call("GET", f"/v1/instances?{query}")
    assert (reply.status, reply.pointers) == (422, [pointer])


async def test_query_where_none_is_taken_is_refused(server: Server) -> None:
    reply = await server.call("GET", "/v1/flows/none?x=1")
    assert (reply.status, reply.pointers) == (422, ["/query/x"])


async def test_expectation_that_nobody_knows_is_a_problem(server: Server) -> None:
    reply = await server.call("POST", "/v1/events", {"name": "a"}, Expect="a miracle")
    assert (reply.status, reply.code) == (400, "bad_request")
    assert "X-Request-Id" in reply.headers
    assert await server.journal_names() == []


async def test_every_answer_has_an_id_and_names_no_software_of_others(server: Server) -> None:
    preflight = await server.call("OPTIONS", "/v1/me", role=None, Origin="https://shop.example")
    assert preflight.status == 204
    async with server.client.ws_connect(
        server.url + "/v1/live", protocols=["flowdeck.v1.json"], headers={"X-Request-Id": "socket-1"}
    ) as ws:
        shaken = ws._response.headers
    assert shaken["X-Request-Id"] == "socket-1"
    for headers in (preflight.headers, shaken):
        assert (headers["Server"], "X-Request-Id" in headers) == ("Flowdeck", True)


async def test_odd_addresses_find_nothing(server: Server) -> None:
    for path in ("/v1/customers/%00", "/v1/cards/%FF%FE", "/v1/instances/" + "x" * 3_000, "/v1/flows/a%2Fb"):
        assert (await server.call("GET", path)).status == 404, path


@pytest.mark.parametrize(
    "request_line",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_problem_and_the_end(server: Server, request_line: bytes) -> None:
    url = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(request_line)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 400 ") or answer.startswith(b"HTTP/1.0 400 "), answer
    assert b'"code":"bad_request"' in answer
    assert b"Traceback" not in answer


async def test_body_that_breaks_off_stores_nothing(server: Server) -> None:
    url = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    key = server.keys["admin"]
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 100\r\n\r\n"
    )
    writer.write(head.encode() + b'{"name":"a"}')
    writer.write_eof()
    await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert await server.journal_names() == []


async def test_compressed_body_is_bounded_by_what_it_holds(server: Server) -> None:
    import zlib

    bomb = zlib.compress(b'{"name":"a","data":{"x":"' + b"x" * 20_000_000 + b'"}}')
    assert len(bomb) < 100_000
    reply = await server.call("POST", "/v1/events", bomb, Content_Encoding="deflate")
    assert reply.status == 413
    broken = await server.call("POST", "/v1/events", b"no gzip", Content_Encoding="gzip")
    assert (broken.status, broken.code) == (400, "bad_request")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Overloaded(2.2), 503, "overloaded"),
        (UnknownOutcome(), 503, "unknown_outcome"),
        (StoreError("disk"), 503, "overloaded"),
        (ZeroDivisionError("secret"), 500, "internal"),
    ],
)
def test_failures_are_told_by_their_code_only(error: Exception, status: int, code: str) -> None:
    told = as_api_error(error, path="/v1/x", request_id="r-1")
    assert (told.kind.status, told.code) == (status, code)
    assert "secret" not in told.detail
    assert ("Retry-After" in told.headers) == (status == 503)


async def test_server_that_stops_takes_nothing_more(server: Server) -> None:
    await server.parts.engine.stop()
    assert server.parts.engine.phase is Phase.STOPPING
    reply = await server.call("POST", "/v1/events", {"name": "a"})
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "overloaded", "1")
    ready = await server.call("GET", "/readyz", role=None)
    assert (ready.status, ready.body["ready"], ready.body["phase"]) == (503, False, "stopping")


class TestRates:
    @pytest.fixture
    def config(self) -> Config:
        return Config(api=Api(requests_per_s=2, app_requests_per_s=1), auth=Auth(failures_per_min=3))

    async def test_a_key_that_calls_too_often_waits_and_others_do_not(self, server: Server) -> None:
        statuses = [(await server.call("GET", "/v1/flows")).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert (await server.call("GET", "/v1/flows", role="author")).status == 200

    async def test_customers_have_a_rate_of_their_own(self, server: Server) -> None:
        replies = [
            await server.call("GET", "/v1/containers/home", token=server.token("c-1")) for _ in range(2)
        ]
        assert [reply.status for reply in replies] == [200, 429]
        assert (replies[1].code, replies[1].headers["Retry-After"]) == ("rate_limited", "1")
        assert (await server.call("GET", "/v1/containers/home", token=server.token("c-2"))).status == 200

    async def test_who_guesses_credentials_waits(self, server: Server) -> None:
        statuses = [(await server.call("GET", "/v1/flows", token="fd_guess")).status for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        assert (await server.call("GET", "/v1/flows")).status == 200


class TestBehindProxy:
    @pytest.fixture
    def config(self) -> Config:
        return Config(server=ServerSettings(behind_proxy=True), auth=Auth(failures_per_min=1))

    async def test_failures_count_for_the_address_that_the_proxy_saw(self, server: Server) -> None:
        async def guess(forwarded: str) -> int:
            return (await server.call("GET", "/v1/flows", token="fd_guess", X_Forwarded_For=forwarded)).status

        assert await guess("203.0.113.1") == 401
        assert await guess("198.51.100.9, 203.0.113.1") == 429
        assert await guess("203.0.113.1, 198.51.100.9") == 401
