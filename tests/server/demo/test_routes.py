"""The demo's own addresses: a strict policy, and credentials for its own page only."""

from __future__ import annotations

import re
from typing import TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.demo.routes import STATIC, add_routes
from server.demo.samples import CUSTOMERS
from server.demo.session import Demo, Token

Client: TypeAlias = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(aiohttp_client: object) -> Client:
    app = web.Application()
    demo = Demo(
        customers=CUSTOMERS,
        flows=(),
        key="fd_page",
        container="home",
        title="Home",
        mint=lambda customer: Token(text=f"token of {customer}", expires_at="2030-01-01T00:00:00.000Z"),
    )
    add_routes(app, demo)
    made: Client = await aiohttp_client(TestServer(app))  # type: ignore[operator]  # a fixture without types
    return made


async def test_session_is_of_the_first_customer_unless_named(client: Client) -> None:
    first = await (await client.get("/demo/session")).json()
    named = await (await client.get("/demo/session?customer=jonas")).json()
    assert (first["customer"]["id"], first["token"]["text"]) == ("mere", "token of mere")
    assert (named["customer"]["id"], named["key"]) == ("jonas", "fd_page")


async def test_unknown_customer_gets_no_session(client: Client) -> None:
    assert (await client.get("/demo/session?customer=nobody")).status == 404


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Host": "evil.example"}]
)
async def test_other_pages_get_no_credentials(client: Client, headers: dict[str, str]) -> None:
    answer = await client.get("/demo/session", headers=headers)
    assert answer.status == 403
    assert "fd_page" not in await answer.text()


async def test_credentials_are_kept_nowhere(client: Client) -> None:
    assert (await client.get("/demo/session")).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/demo", *(f"/demo/static/{file.name}" for file in STATIC.iterdir())])
async def test_every_file_is_served_under_the_policy(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    again = await client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize("path", ["/demo/static/", "/demo/static/../routes.py", "/demo/static/nothing.js"])
async def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_bare_address_leads_to_the_page(client: Client) -> None:
    answer = await client.get("/", allow_redirects=False)
    assert answer.headers["Location"] == "/demo"


def test_page_names_no_other_host_and_no_markup_from_text() -> None:
    for file in STATIC.iterdir():
        text = file.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", text), file.name
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), file.name
