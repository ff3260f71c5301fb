"""`POST /v1/flows/simulate`: a script played in a flow of the server or in a document, in bounded work."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from server.settings import Api, Config

from .kit import WELCOME, Server, serving

ADDRESS = "/v1/flows/simulate"
SCRIPT: dict[str, Any] = {
    "customer": {"id": "ann"},
    "at": "2026-03-01T09:00:00Z",
    "start": {"event": "user.signed_up", "data": {"plan": "gold"}},
    "script": [{"after": "P1D", "act": {"of": "greet", "action": "submit", "button": "ok"}}],
}


async def test_draft_of_a_flow_is_played_and_nothing_is_stored(server: Server) -> None:
    await server.publish()
    before = await server.journal_names()
    answer = await server.call("POST", ADDRESS, {**SCRIPT, "flow": "welcome"}, role="author")
    assert answer.status == 200
    body = answer.body
    assert [(item["seq"], item["input"]["type"], item["flow"]) for item in body["items"]] == [
        (1, "started", "welcome"),
        (2, "action", "welcome"),
    ]
    (instance,) = body["instances"]
    assert (instance["status"], instance["version"], instance["customer"]) == ("completed", "draft", "ann")
    assert instance["variables"] == {"plan": "gold"}
    assert (body["ended_at"], body["failure"], body["refused"]) == ("2026-03-02T09:00:00.000Z", None, [])
    assert await server.journal_names() == before
    assert (await server.call("GET", "/v1/instances")).body["items"] == []


async def test_items_have_the_shape_of_a_timeline(server: Server) -> None:
    await server.publish()
    event = {"name": "user.signed_up", "customer": "ann", "data": {"plan": "gold"}}
    posted = await server.call("POST", "/v1/events", event)
    (id,) = posted.body["results"][0]["started"]
    timeline = (await server.call("GET", f"/v1/instances/{id}/timeline")).body["items"]
    simulated = (await server.call("POST", ADDRESS, {**SCRIPT, "flow": "welcome"})).body["items"]
    assert simulated[0].keys() - timeline[0].keys() == {"instance", "flow", "customer"}
    assert simulated[0]["steps"] == timeline[0]["steps"]


async def test_segments_and_event_schemas_are_those_of_the_server(server: Server) -> None:
    segment = {"id": "gold", "rule": 'customer.?fields.?tier.orValue("") == "gold"'}
    assert (await server.call("POST", "/v1/segments", segment)).status == 201
    schemas = {"event_schemas": {"user.signed_up": {"type": "object", "required": ["plan"]}}}
    assert (await server.call("PUT", "/v1/project", schemas)).status == 200
    await server.publish()
    step = {"customer": {"fields": {"tier": "gold"}}}
    expected = {"expect": {"customer": {"segments": ["gold"]}}}
    answer = await server.call("POST", ADDRESS, {"flow": "welcome", "script": [step, expected]})
    assert (answer.status, answer.body["failure"]) == (200, None)
    wrong = await server.call("POST", ADDRESS, {"flow": "welcome", "script": [{"event": "user.signed_up"}]})
    assert wrong.body["failure"]["message"] == 'The data is not as the schema of "user.signed_up" says.'


async def test_version_is_played_by_its_number(server: Server) -> None:
    await server.publish()
    answer = await server.call("POST", ADDRESS, {**SCRIPT, "flow": "welcome", "version": 1})
    assert answer.body["instances"][0]["version"] == 1
    none = await server.call("POST", ADDRESS, {**SCRIPT, "flow": "welcome", "version": 2})
    assert (none.status, none.pointers) == (422, ["/flow"])


@pytest.mark.parametrize("as_text", [True, False])
async def test_document_is_played_as_text_or_as_what_it_says(server: Server, as_text: bool) -> None:
    document: object = WELCOME
    if not as_text:
        from rules.documents.syntax import parse

        document, _ = parse(WELCOME, type="yaml")
    answer = await server.call("POST", ADDRESS, {**SCRIPT, "document": document})
    assert answer.status == 200, answer.raw
    assert answer.body["instances"][0]["status"] == "completed"


async def test_script_may_be_yaml(server: Server) -> None:
    await server.publish()
    text = b"flow: welcome\nstart: {variables: {plan: gold}}\nscript: [{after: P8D}]\n"
    answer = await server.call("POST", ADDRESS, text, Content_Type="application/yaml")
    assert answer.body["instances"][0]["status"] == "completed"


async def test_refused_starts_and_failed_expectations_are_told(server: Server) -> None:
    await server.publish()
    script = {"start": {"variables": {"plan": 5}, "refused": True}, "script": [{"expect": {"instances": 1}}]}
    answer = await server.call("POST", ADDRESS, {"flow": "welcome", **script})
    assert answer.status == 200
    assert [(each["flow"], each["reason"]) for each in answer.body["refused"]] == [
        ("welcome", "bad_variable")
    ]
    assert answer.body["failure"]["pointer"] == "/script/0/expect/instances"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "choose_one", "/flow"),
    ({"flow": "welcome", "document": WELCOME}, "choose_one", "/flow"),
    ({"flow": "nobody"}, "unknown_flow", "/flow"),
    ({"flow": "welcome", "flows": ["nobody"]}, "unknown_flow", "/flows/0"),
    ({"flow": "welcome", "scrip": []}, "unknown_key", "/scrip"),
    ({"flow": "welcome", "script": [{"act": {"of": "great"}}]}, "missing_key", "/script/0/act"),
    (
        {"flow": "welcome", "script": [{"act": {"of": "great", "action": "dismiss"}}]},
        "unknown_step",
        "/script/0/act/of",
    ),
    ({"document": {"flow": "x", "start": "a", "steps": {}}}, "bad_value", "/document/steps"),
    (
        {"document": {"flow": "x", "start": "b", "steps": {"a": {"type": "end"}}}},
        "unknown_step",
        "/document/start",
    ),
    ({"document": WELCOME.replace("start: greet", "start: great")}, "unknown_step", "/document"),
]


@pytest.mark.parametrize(("body", "code", "pointer"), WRONG, ids=[each[2] + each[1] for each in WRONG])
async def test_what_is_wrong_is_a_422_that_says_where(
    server: Server, body: dict[str, Any], code: str, pointer: str
) -> None:
    await server.publish()
    answer = await server.call("POST", ADDRESS, body)
    assert answer.status == 422
    assert (code, pointer) in [(error["code"], error["pointer"]) for error in answer.body["errors"]]


async def test_text_that_is_none_is_a_400_and_another_type_a_415(server: Server) -> None:
    assert (await server.call("POST", ADDRESS, b"{")).status == 400
    assert (await server.call("POST", ADDRESS, b"a", Content_Type="text/plain")).status == 415


async def test_only_authors_may(server: Server) -> None:
    assert (await server.call("POST", ADDRESS, SCRIPT, role="events")).status == 403


TICKS = """
flow: ticks
start: w
steps: {w: {type: wait, until: [{id: t, type: time, after: P1D, next: w}]}}
"""


@pytest.mark.parametrize(
    ("limits", "after", "message"),
    [
        ({"simulation_turns_max": 5}, "P30D", "There may be 5 turns."),
        ({"simulation_days_max": 5}, "P6D", "The clock may go on until"),
        ({"simulation_bytes_max": 1_024}, "P30D", "The timeline may have 1024 bytes."),
    ],
)
async def test_work_is_bounded_and_what_was_done_is_answered(
    limits: dict[str, int], after: str, message: str
) -> None:
    api = msgspec.structs.replace(Api(), **limits)
    async with serving(msgspec.structs.replace(Config(), api=api)) as server:
        body = {"document": TICKS, "start": {}, "script": [{"after": after}]}
        answer = await server.call("POST", ADDRESS, body)
        assert answer.status == 200
        assert answer.body["failure"]["message"].startswith(message)
        assert len(answer.body["items"]) < 30


async def test_more_at_once_than_may_be_are_told_to_come_back(server: Server) -> None:
    room = server.parts.simulations
    for _ in range(server.parts.config.api.simulations_max):
        await room.acquire()
    answer = await server.call("POST", ADDRESS, {"document": TICKS, "start": {}})
    assert (answer.status, answer.code) == (503, "overloaded")
    assert answer.headers["Retry-After"]
    room.release()
    assert (await server.call("POST", ADDRESS, {"document": TICKS, "start": {}})).status == 200
