"""What has changed between versions is told over HTTP by step and template."""

from __future__ import annotations

import pytest

from tests.server.http.kit import WELCOME, Server


async def save(server: Server, document: str) -> None:
    saved = await server.call(
        "PUT",
        "/v1/flows/welcome/draft",
        document.encode(),
        Content_Type="application/yaml",
        If_Match="*",
    )
    assert saved.status == 200, saved.raw


async def test_a_draft_is_compared_with_what_is_published(server: Server) -> None:
    await server.publish()
    assert (await server.call("GET", "/v1/flows/welcome/diff")).body["changes"] == []
    await save(server, WELCOME.replace("P7D", "P9D"))
    reply = await server.call("GET", "/v1/flows/welcome/diff", role="author")
    assert reply.status == 200
    assert reply.body == {
        "flow": "welcome",
        "from": 1,
        "to": None,
        "changes": [
            {
                "part": "steps",
                "id": "answer",
                "change": "changed",
                "fields": [{"path": "/until/over/after", "old": "P7D", "new": "P9D"}],
            }
        ],
    }


async def test_any_two_versions_are_compared_in_either_direction(server: Server) -> None:
    await server.publish()
    await save(server, WELCOME.replace("Welcome.", "Hello."))
    assert (await server.call("POST", "/v1/flows/welcome/publish", {})).status == 201
    forth = await server.call("GET", "/v1/flows/welcome/diff?from=1&to=2")
    back = await server.call("GET", "/v1/flows/welcome/diff?from=published&to=1")
    (there,), (again,) = forth.body["changes"], back.body["changes"]
    assert (there["part"], there["id"]) == ("cards", "hello")
    assert there["fields"] == [{"path": "/body/0/text", "old": "Welcome.", "new": "Hello."}]
    assert again["fields"] == [{"path": "/body/0/text", "old": "Hello.", "new": "Welcome."}]


@pytest.mark.parametrize(
    ("query", "status"), [("from=9", 404), ("to=0", 422), ("from=first", 422), ("with=1", 422)]
)
async def test_a_version_that_is_not_there_cannot_be_compared(
    server: Server, query: str, status: int
) -> None:
    await server.publish()
    assert (await server.call("GET", f"/v1/flows/welcome/diff?{query}")).status == status


async def test_a_flow_that_was_never_published_has_nothing_to_compare_with(server: Server) -> None:
    await server.call("POST", "/v1/flows", WELCOME.encode(), Content_Type="application/yaml")
    assert (await server.call("GET", "/v1/flows/welcome/diff")).status == 404
    assert (await server.call("GET", "/v1/flows/welcome/diff?from=draft")).body["changes"] == []
