"""Starts, instances and cards for operators."""

from __future__ import annotations

import pytest

from tests.server.http.kit import WELCOME, Server


async def signed_up(server: Server, customer: str = "c-1") -> str:
    """The instance that a sign-up started."""
    event = {"name": "user.signed_up", "customer": customer, "data": {"plan": "pro"}}
    reply = await server.call("POST", "/v1/events", event)
    (instance,) = reply.body["results"][0]["started"]
    return str(instance)


async def test_start_answers_for_each_target(server: Server) -> None:
    await server.publish()
    body = {
        "targets": [
            {"customer": "c-1", "variables": {"plan": "pro"}},
            {"customer": "c-2", "variables": {"plan": 5}},
        ]
    }
    reply = await server.call("POST", "/v1/flows/welcome/start", body, role="events")
    assert reply.status == 202
    assert [one["customer"] for one in reply.body["started"]] == ["c-1"]
    assert [one["customer"] for one in reply.body["refused"]] == ["c-2"]
    listed = await server.call("GET", f"/v1/instances?invocation={reply.body['invocation']}")
    assert [one["id"] for one in listed.body["items"]] == [reply.body["started"][0]["instance"]]


async def test_start_with_the_same_key_starts_once(server: Server) -> None:
    await server.publish()
    body = {"targets": [{"customer": "c-1"}]}
    answers = [
        (await server.call("POST", "/v1/flows/welcome/start", body, Idempotency_Key="k-1")).body
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len((await server.call("GET", "/v1/instances")).body["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/targets"]),
        ({"targets": []}, ["/targets"]),
        (
            {"targets": [{"customer": ""}, {"customer": "a", "key": "\n"}]},
            ["/targets/0/customer", "/targets/1/key"],
        ),
        ({"targets": [{"customer": "a", "variables": {"n": 2**60}}]}, ["/targets/0/variables/n"]),
        ({"targets": [{"customer": "a"}], "invocation": ""}, ["/invocation"]),
        ({"targets": [{"customer": "a"}], "audience": {"all": True}}, ["/audience"]),
        ({"targets": [{"customer": "a"}] * 501}, ["/targets"]),
    ],
)
async def test_wrong_start_is_located_and_starts_nothing(
    server: Server, body: object, pointers: list[str]
) -> None:
    await server.publish()
    reply = await server.call("POST", "/v1/flows/welcome/start", body)
    assert (reply.status, reply.pointers) == (422, pointers)
    assert (await server.call("GET", "/v1/instances")).body["items"] == []


async def test_flow_that_is_not_there_or_not_published(server: Server) -> None:
    body = {"targets": [{"customer": "c-1"}]}
    assert (await server.call("POST", "/v1/flows/none/start", body)).status == 404
    await server.call("POST", "/v1/flows", WELCOME.encode(), Content_Type="application/yaml")
    assert (await server.call("POST", "/v1/flows/welcome/start", body)).status == 409


async def test_draft_is_tested_with_test_customers_only(server: Server) -> None:
    await server.call("POST", "/v1/flows", WELCOME.encode(), Content_Type="application/yaml")
    await server.call("PUT", "/v1/customers/tester", {"test": True})
    body = {"targets": [{"customer": "tester"}, {"customer": "c-1"}]}
    refused = await server.call("POST", "/v1/flows/welcome/test", body)
    assert (refused.status, "c-1" in refused.raw.decode()) == (422, True)
    taken = await server.call("POST", "/v1/flows/welcome/test", {"targets": [{"customer": "tester"}]})
    assert taken.status == 202
    instance = await server.call("GET", f"/v1/instances/{taken.body['started'][0]['instance']}")
    assert (instance.body["version"], instance.body["test"]) == ("draft", True)


async def test_tests_of_every_revision_of_the_draft_are_listed_together(server: Server) -> None:
    await server.publish()
    await signed_up(server)
    await server.call("PUT", "/v1/customers/tester", {"test": True})
    tested = []
    for name in ("One", "Two"):
        await server.call("PATCH", "/v1/flows/welcome", {"name": name})
        reply = await server.call("POST", "/v1/flows/welcome/test", {"targets": [{"customer": "tester"}]})
        tested.append(reply.body["started"][0]["instance"])
    listed = {
        version: [
            one["id"] for one in (await server.call("GET", f"/v1/instances?version={version}")).body["items"]
        ]
        for version in ("draft", "-2", "-3")
    }
    assert listed == {"draft": tested[::-1], "-2": tested[:1], "-3": tested[1:]}
    wrong = await server.call("GET", "/v1/instances?version=drafts")
    assert (wrong.status, wrong.pointers) == (422, ["/query/version"])


async def test_instance_shows_where_it_stands(server: Server) -> None:
    await server.publish()
    id = await signed_up(server)
    shown = (await server.call("GET", f"/v1/instances/{id}")).body
    assert (shown["flow"], shown["version"], shown["customer"], shown["status"]) == (
        "welcome",
        1,
        "c-1",
        "running",
    )
    assert [token["step"] for token in shown["tokens"]] == ["answer"]
    assert [wait["outcome"] for wait in shown["waits"]] == ["said", "over"]
    assert [card["status"] for card in shown["cards"]] == ["active"]


async def test_timeline_tells_every_turn_with_instants_as_text(server: Server) -> None:
    await server.publish()
    id = await signed_up(server)
    first = await server.call("GET", f"/v1/instances/{id}/timeline?limit=1")
    (turn,) = first.body["items"]
    assert [step["step"] for step in turn["steps"]] == ["greet", "answer"]
    assert turn["input"]["event"]["time"] <= turn["at"]
    assert turn["at"].endswith("Z")


async def test_timeline_is_paged_in_order(server: Server) -> None:
    await server.publish()
    id = await signed_up(server)
    await server.call("POST", f"/v1/instances/{id}/cancel")
    first = await server.call("GET", f"/v1/instances/{id}/timeline?limit=1")
    second = await server.call(
        "GET", f"/v1/instances/{id}/timeline?limit=1&cursor={first.body['next_cursor']}"
    )
    assert [page.body["items"][0]["seq"] for page in (first, second)] == [1, 2]
    assert second.body["next_cursor"] is None


async def test_cancelled_instance_takes_its_cards_along(server: Server) -> None:
    await server.publish()
    id = await signed_up(server)
    cancelled = await server.call("POST", f"/v1/instances/{id}/cancel")
    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    again = await server.call("POST", f"/v1/instances/{id}/cancel")
    assert again.body == cancelled.body
    cards = await server.call("GET", f"/v1/cards?instance={id}")
    assert [card["status"] for card in cards.body["items"]] == ["cancelled"]


async def test_instances_are_filtered_newest_first_and_paged(server: Server) -> None:
    await server.publish()
    ids = [await signed_up(server, f"c-{n}") for n in range(5)]
    first = await server.call("GET", "/v1/instances?flow=welcome&limit=3")
    rest = await server.call("GET", f"/v1/instances?flow=welcome&limit=3&cursor={first.body['next_cursor']}")
    assert [one["id"] for one in first.body["items"] + rest.body["items"]] == ids[::-1]
    assert rest.body["next_cursor"] is None
    one = await server.call("GET", "/v1/instances?customer=c-3&status=running&test=false&version=1")
    assert [item["id"] for item in one.body["items"]] == [ids[3]]


async def test_operator_withdraws_a_card_once(server: Server) -> None:
    await server.publish()
    await signed_up(server)
    (card,) = (await server.call("GET", "/v1/cards?customer=c-1&status=active")).body["items"]
    assert (await server.call("GET", f"/v1/cards/{card['id']}")).body == card
    cancelled = await server.call("POST", f"/v1/cards/{card['id']}/cancel")
    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    again = await server.call("POST", f"/v1/cards/{card['id']}/cancel")
    assert (again.status, again.code, again.body["card"]["status"]) == (409, "card_closed", "cancelled")


async def test_every_card_is_in_the_stream_all(server: Server) -> None:
    await server.publish()
    await signed_up(server)
    (card,) = (await server.call("GET", "/v1/cards?stream=all")).body["items"]
    assert card["stream"] == "all"
    assert (await server.call("GET", "/v1/cards?stream=other")).body["items"] == []


@pytest.mark.parametrize("path", ["/v1/instances/none", "/v1/instances/none/timeline", "/v1/cards/none"])
async def test_what_is_not_there_is_not_found(server: Server, path: str) -> None:
    assert (await server.call("GET", path)).code == "not_found"


@pytest.mark.parametrize("path", ["/v1/instances/none/cancel", "/v1/cards/none/cancel"])
async def test_what_is_not_there_cannot_be_cancelled(server: Server, path: str) -> None:
    assert (await server.call("POST", path)).code == "not_found"
