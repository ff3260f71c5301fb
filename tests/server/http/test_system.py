"""What is said without credentials, access tokens, and the pages to read."""

from __future__ import annotations

import base64
import re

import pytest

from server.errors import ERRORS
from tests.server.http.kit import Server

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/version",
        "/metrics",
        "/openapi.json",
        "/asyncapi.json",
        "/schema/flow.json",
        "/schema/flow-test.json",
        "/docs",
    ],
)
async def test_public_addresses_ask_for_nothing(server: Server, path: str) -> None:
    reply = await server.call("GET", path, role=None)
    assert (reply.status, bool(reply.raw)) == (200, True)


async def test_every_problem_has_a_page(server: Server) -> None:
    for code in ERRORS:
        reply = await server.call("GET", f"/problems/{code}", role=None)
        assert (reply.body["code"], reply.body["status"]) == (code, ERRORS[code].status)
    assert (await server.call("GET", "/problems/odd", role=None)).status == 404


async def test_metrics_count_events_and_answers(server: Server) -> None:
    await server.call("POST", "/v1/events", {"name": "a", "id": "1"})
    await server.call("POST", "/v1/events", {"name": "a", "id": "1"})
    await server.call("GET", "/v1/flows/none")
    text = (await server.call("GET", "/metrics", role=None)).raw.decode()
    for line in (
        'flowdeck_events_total{status="accepted"} 1.0',
        'flowdeck_events_total{status="duplicate"} 1.0',
        'flowdeck_http_answers_total{status="202"} 2.0',
        'flowdeck_http_answers_total{status="404"} 1.0',
    ):
        assert line in text.splitlines()


async def test_late_loop_is_not_ready(server: Server) -> None:
    server.parts.meters.lag_s = 2.0
    reply = await server.call("GET", "/readyz", role=None)
    assert (reply.status, reply.body["reason"]) == (503, "the loop is 2.0 s late")


async def test_docs_need_nothing_from_elsewhere(server: Server) -> None:
    reply = await server.call("GET", "/docs", role=None)
    page = reply.raw.decode()
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "/v1/flows/{flow}/publish" in page


async def grant(server: Server, form: str, **headers: str) -> tuple[int, dict[str, object]]:
    headers = {"Content_Type": FORM, **headers}
    reply = await server.call("POST", "/v1/oauth/token", form.encode(), role=None, **headers)
    assert reply.headers["Cache-Control"] == "no-store"
    return reply.status, reply.body


async def test_key_is_exchanged_for_a_token_that_may_less(server: Server) -> None:
    secret = server.keys["admin"]
    form = f"grant_type=client_credentials&client_id=key-admin&client_secret={secret}&scope=events"
    status, answer = await grant(server, form)
    assert (status, answer["token_type"], answer["scope"]) == (200, "Bearer", "events")
    # Whole seconds are left, and a part of the first is gone already.
    assert answer["expires_in"] in (3_600, 3_599)
    token = str(answer["access_token"])
    assert (await server.call("POST", "/v1/events", {"name": "a"}, token=token)).status == 202
    assert (await server.call("GET", "/v1/flows", token=token)).status == 403


async def test_key_may_come_as_basic_credentials(server: Server) -> None:
    basic = base64.b64encode(f"key-events:{server.keys['events']}".encode()).decode()
    status, answer = await grant(server, "grant_type=client_credentials", Authorization=f"Basic {basic}")
    assert (status, answer["scope"]) == (200, "events")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("client_id=x", 400, "invalid_request"),
        ("&".join("a=1" for _ in range(20)), 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=key-admin&client_secret=fd_wrong", 401, "invalid_client"),
        ("grant_type=client_credentials", 401, "invalid_client"),
    ],
)
async def test_refused_grant_says_why_in_words_of_oauth(
    server: Server, form: str, status: int, error: str
) -> None:
    given, answer = await grant(server, form)
    assert (given, answer["error"]) == (status, error)
