"""What checking says of calls, pushes, other flows and senders that may not do what the flow hopes for."""

from typing import Any

import pytest

from tests.rules.checking.small_flows import NOTHING, SOON, problems, to, wait

NOTIFY = {"type": "notify", "notification": "n"}
CALL = {"type": "request", "url": "https://api.example/x"}
CHILD = {"type": "start_flow", "flow": "other"}
MONTH = {"id": "t", "type": "time", "after": "P1M"}
EVENT = {"id": "e", "type": "event", "event": "x"}


def push(*status: str, of: str = "push") -> dict[str, Any]:
    return {"id": "p", "type": "notification", "of": of, "is": list(status)}


def found(steps: dict[str, Any], **rest: Any) -> list[tuple[str, str]]:
    return problems(steps, notifications={"n": {"body": "Hello"}}, **rest)


REQUESTS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("a call without a way for its failure", CALL, [("no_on_error", "/steps/a")]),
    ("a call whose failure leads on", {**CALL, "on_error": "b"}, []),
    ("a call whose failure is to end the token", {**CALL, "on_error": []}, []),
]


@pytest.mark.parametrize(("what", "step", "expected"), REQUESTS, ids=[each[0] for each in REQUESTS])
def test_calls(what: str, step: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found({"a": to("b", step), "b": NOTHING}) == expected, what


ORDER: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    (
        "a push that only comes later",
        {"w": wait({**push("opened"), "next": "push"}, MONTH), "push": NOTIFY},
        [("never_run_before", "/steps/w/until/0/of")],
    ),
    ("a push before it", {"push": to("w", NOTIFY), "w": wait(push("opened"), MONTH)}, []),
    (
        "another flow that only starts later",
        {"w": wait({"id": "f", "type": "flow", "of": "child", "next": "child"}, SOON), "child": CHILD},
        [("never_run_before", "/steps/w/until/0/of")],
    ),
    (
        "another flow that was started",
        {"child": to("w", CHILD), "w": wait({"id": "f", "type": "flow", "of": "child"}, SOON)},
        [],
    ),
    (
        "a push in a loop",
        {"w": wait({**push("opened"), "next": "push"}, MONTH), "push": to("w", NOTIFY)},
        [],
    ),
]


@pytest.mark.parametrize(("what", "steps", "expected"), ORDER, ids=[each[0] for each in ORDER])
def test_what_must_have_run(what: str, steps: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(steps) == expected, what


STARVES = [("may_starve", "/steps/w")]
EXITS = {"exits": [{"id": "gone", "type": "event", "event": "gone"}]}
STARVING: list[tuple[str, str, list[dict[str, Any]], dict[str, Any], list[tuple[str, str]]]] = [
    ("dropped, and nothing else leads on", "drop", [push("sent")], {}, STARVES),
    ("dropped, and that is waited for", "drop", [push("sent", "dropped")], {}, []),
    (
        "dropped, and that is another outcome",
        "drop",
        [push("sent"), {**push("dropped"), "id": "q"}],
        {},
        [],
    ),
    ("dropped, and time leads on", "drop", [push("sent"), SOON], {}, []),
    ("dropped, and an event leads on", "drop", [push("sent"), EVENT], {}, []),
    ("dropped, and an event is needed too", "drop", [push("sent"), EVENT], {"need": "all"}, STARVES),
    ("dropped, and a deadline leads on", "drop", [push("sent")], {"deadline": {"after": "PT1H"}}, []),
    ("held for longer than time", "hold", [push("opened"), SOON], {}, STARVES),
    (
        "held for longer than the deadline",
        "hold",
        [push("opened")],
        {"deadline": {"after": "PT7H59M"}},
        STARVES,
    ),
    ("held for less than time", "hold", [push("opened"), MONTH], {}, []),
    ("held for less than a long night", "hold", [push("opened")], {"deadline": {"after": "PT8H"}}, []),
    ("sent at any hour", "ignore", [push("opened"), SOON], {}, []),
]


@pytest.mark.parametrize(
    ("what", "window", "until", "rest", "expected"), STARVING, ids=[each[0] for each in STARVING]
)
def test_quiet_hours(
    what: str, window: str, until: list[dict[str, Any]], rest: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    steps = {"push": to("w", {**NOTIFY, "window": window}), "w": wait(*until, **rest)}
    assert found(steps, **EXITS) == expected, what


def test_a_push_with_a_card_is_held_like_another() -> None:
    send = {"type": "send_card", "card": "c", "next": "w", "notify": {"notification": "n"}}
    assert found({"push": send, "w": wait(push("opened"), SOON)}) == STARVES


@pytest.mark.parametrize(("type", "expected"), [("none", ["unverified"]), ("bearer", [])])
def test_senders(type: str, expected: list[str]) -> None:
    auth = {"type": type} | ({} if type == "none" else {"credential": "shop"})
    triggers = {"hook": {"type": "webhook", "customer": "=body.id", "auth": auth}}
    assert [code for code, _ in found({"a": NOTHING}, triggers=triggers)] == expected


HOOK: dict[str, Any] = {
    "type": "webhook",
    "customer": "=body.id",
    "auth": {"type": "bearer", "credential": "shop"},
}
NAMING: list[tuple[str, dict[str, Any], list[str]]] = [
    # what names the customer, or the request, cannot go by whose profile it is
    ("event", {"type": "event", "event": "x", "customer": "=event.data.agent"}, []),
    ("expression", {"type": "event", "event": "x", "customer": "=customer.agent"}, ["/triggers/t/customer"]),
    (
        "template",
        {"type": "event", "event": "x", "customer": "a-{{ customer.id }}"},
        ["/triggers/t/customer"],
    ),
    ("the whole", {"type": "event", "event": "x", "customer": "=string(customer)"}, ["/triggers/t/customer"]),
    ("webhook", {**HOOK, "customer": "=customer.id"}, ["/triggers/t/customer"]),
    ("id", {**HOOK, "id": "=customer.id"}, ["/triggers/t/id"]),
    ("constants", {**HOOK, "id": "{{ body.customer }}"}, []),
    ("key and condition", {**HOOK, "key": "=customer.id", "when": "customer.test"}, []),
]


@pytest.mark.parametrize(("what", "trigger", "places"), NAMING, ids=[each[0] for each in NAMING])
def test_who_the_customer_is_goes_by_what_came(what: str, trigger: dict[str, Any], places: list[str]) -> None:
    problems = found({"a": NOTHING}, triggers={"t": trigger})
    assert problems == [("unknown_name", place) for place in places], what
