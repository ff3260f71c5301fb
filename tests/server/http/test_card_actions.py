"""Operators act on cards as their customers would: on one, or on all that a filter finds."""

from __future__ import annotations

import pytest

from tests.server.http.kit import Reply, Server

ASKING = """
flow: asking
triggers: {go: {type: event, event: go}}
start: ask
cards:
  question:
    title: Question
    body:
      - {type: text_input, name: why, label: Why, max_length: 5}
      - {type: submit, name: ok, label: OK, values: {sure: true}}
      - {type: submit, name: "no", label: "No"}
  plain: {title: Plain, body: [{type: text, text: No buttons.}]}
  leaving: {title: Leaving, body: [{type: dismiss, label: Not now}]}
steps:
  ask: {type: send_card, card: question, next: [plain, w]}
  plain: {type: send_card, card: plain, next: leave}
  leave: {type: send_card, card: leaving}
  w:
    type: wait
    until:
      - {id: done, type: card, of: ask, action: completed, button: ok, next: yes}
      - {id: over, type: time, after: P30D}
  yes: {type: end, outcome: answered}
"""


async def asked(server: Server, *customers: str) -> list[str]:
    """The question card of each customer."""
    if (await server.call("GET", "/v1/flows/asking")).status == 404:
        await server.publish(ASKING)
    return [await asked_one(server, customer) for customer in customers]


async def asked_one(server: Server, customer: str) -> str:
    await server.call("POST", "/v1/events", {"name": "go", "customer": customer})
    return str((await cards(server, customer))["Question"]["id"])


async def cards(server: Server, customer: str) -> dict[str, dict[str, object]]:
    """By title."""
    listed = await server.call("GET", f"/v1/cards?customer={customer}")
    return {one["view"]["title"]: one for one in listed.body["items"]}


async def ended(server: Server, reply: Reply) -> dict[str, object]:
    assert reply.status == 202, reply.raw
    while True:
        job = (await server.call("GET", f"/v1/jobs/{reply.body['id']}")).body
        if job["ended_at"] is not None:
            return dict(job)


# --- one -----------------------------------------------------------------------------------------------


async def test_completed_card_moves_its_flow(server: Server) -> None:
    (card,) = await asked(server, "ann")
    body = {"button": "ok", "values": {"why": "so"}}
    reply = await server.call("POST", f"/v1/cards/{card}/complete", body, role="operate")
    assert (reply.status, reply.body["status"], reply.body["customer"]) == (200, "completed", "ann")
    (instance,) = (await server.call("GET", "/v1/instances?customer=ann")).body["items"]
    assert (instance["status"], instance["outcome"]) == ("completed", "answered")
    entries = await server.store.journal(after=0, limit=99)
    assert [entry.row.source for entry in entries if entry.row.kind == "action"] == [
        server.key_ids["operate"]
    ]


async def test_dismissed_card_is_closed(server: Server) -> None:
    await asked(server, "ann")
    card = (await cards(server, "ann"))["Leaving"]["id"]
    reply = await server.call("POST", f"/v1/cards/{card}/dismiss")
    assert (reply.status, reply.body["status"]) == (200, "dismissed")


@pytest.mark.parametrize(
    ("title", "path", "body", "status", "code", "pointers"),
    [
        (
            "Question",
            "complete",
            {"values": {"why": "too long"}},
            422,
            "invalid_values",
            ["/values/why"],
        ),
        ("Question", "complete", {"button": "yes"}, 422, "invalid_values", ["/button"]),
        ("Question", "complete", {"values": {"n": 2**60}}, 422, "invalid", ["/values/n"]),
        ("Question", "dismiss", None, 403, "not_allowed", []),
        ("Plain", "complete", None, 403, "not_allowed", []),
    ],
)
async def test_card_that_does_not_take_it_stays_open(
    server: Server, title: str, path: str, body: object, status: int, code: str, pointers: list[str]
) -> None:
    await asked(server, "ann")
    card = (await cards(server, "ann"))[title]["id"]
    reply = await server.call("POST", f"/v1/cards/{card}/{path}", body)
    assert (reply.status, reply.code) == (status, code)
    assert [error["pointer"] for error in reply.body.get("errors", ())] == pointers
    assert (await cards(server, "ann"))[title]["status"] == "active"


@pytest.mark.parametrize("path", ["complete", "dismiss", "cancel"])
async def test_closed_card_is_shown_as_it_is(server: Server, path: str) -> None:
    (card,) = await asked(server, "ann")
    await server.call("POST", f"/v1/cards/{card}/complete", {"button": "no"})
    reply = await server.call("POST", f"/v1/cards/{card}/{path}")
    assert (reply.status, reply.code, reply.body["card"]["status"]) == (409, "card_closed", "completed")
    assert (await server.call("POST", f"/v1/cards/none/{path}")).code == "not_found"
    assert (await server.call("POST", f"/v1/cards/{card}/{path}", role="events")).code == "forbidden"


# --- many ----------------------------------------------------------------------------------------------


async def test_many_cards_are_previewed_and_then_completed(server: Server) -> None:
    await asked(server, "ann", "bob")
    body = {"filter": {"flow": "asking"}, "button": "ok", "values": {"why": "so"}}
    preview = await server.call("POST", "/v1/cards/complete?dry_run=true", body)
    assert (preview.status, preview.body["total"]) == (200, 6)
    assert preview.body["counts"] == [{"status": "active", "flow": "asking", "count": 6}]
    assert len(preview.body["sample"]) == 6
    job = await ended(server, await server.call("POST", "/v1/cards/complete", body))
    assert (job["kind"], job["name"]) == ("cards", "complete")
    assert (job["done"], job["failed"], job["total"]) == (2, 4, 6)
    listed = await server.call("GET", "/v1/instances?flow=asking")
    assert [one["outcome"] for one in listed.body["items"]] == ["answered"] * 2


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("dismiss", {"Question": "active", "Plain": "active", "Leaving": "dismissed"}),
        ("cancel", {"Question": "cancelled", "Plain": "cancelled", "Leaving": "cancelled"}),
    ],
)
async def test_many_cards_of_one_customer_are_closed(server: Server, path: str, left: dict[str, str]) -> None:
    await asked(server, "ann", "bob")
    await ended(server, await server.call("POST", f"/v1/cards/{path}", {"filter": {"customer": "ann"}}))
    assert {title: card["status"] for title, card in (await cards(server, "ann")).items()} == left
    assert {card["status"] for card in (await cards(server, "bob")).values()} == {"active"}


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("complete", {}, ["/filter"]),
        ("complete", {"filter": {}, "values": {"n": 2**60}}, ["/values/n"]),
        ("dismiss", {"filter": {"status": "completed"}}, ["/filter/status"]),
        ("cancel", {"filter": {"test": True}}, ["/filter/test"]),
        ("cancel", {"filter": {}, "button": "ok"}, ["/button"]),
    ],
)
async def test_wrong_filter_is_located_and_makes_no_job(
    server: Server, path: str, body: object, pointers: list[str]
) -> None:
    reply = await server.call("POST", f"/v1/cards/{path}", body)
    assert (reply.status, reply.pointers) == (422, pointers)
    assert (await server.call("GET", "/v1/jobs")).body["items"] == []
