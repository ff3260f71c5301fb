"""Cards that a flow sends: named where none can be, never ended, left open."""

import json
from pathlib import Path
from typing import Any

import pytest

from rules.compiling.flows import check
from rules.compiling.project import compile_project
from tests.examples import FLOWS, PROJECT
from tests.rules.checking.small_flows import CARD, DONE, NOTHING, SEND, SOON, problems, to, wait

Steps = dict[str, Any]
NOTE = {"body": [{"type": "headline", "text": "Hello"}, {"type": "dismiss", "label": "OK"}]}
FOREVER = {"body": [{"type": "headline", "text": "Hello"}]}
UPDATE = {"type": "update_card", "of": "send"}
REPLACE = {**SEND, "replaces": "send"}
CANCEL = {"type": "cancel_card", "of": "send"}
EVENT = {"id": "e", "type": "event", "event": "x"}

# --- named where none can be ---------------------------------------------------------------------------

NAMED: list[tuple[str, Steps, dict[str, Any], list[str]]] = [
    ("in a wait after it", {"send": to("w", SEND), "w": wait(DONE, SOON, close="send")}, {}, []),
    (
        "in a wait before it",
        {"w": wait({**DONE, "next": "send"}, {**SOON, "next": "send"}), "send": SEND},
        {},
        ["/steps/w/until/0/of"],
    ),
    ("in an update after it", {"send": to("u", SEND), "u": UPDATE}, {}, []),
    ("in an update before it", {"u": to("send", UPDATE), "send": SEND}, {}, ["/steps/u/of"]),
    (
        "in an update on another way",
        {
            "b": {
                "type": "branch",
                "cases": [{"id": "x", "when": "now == now", "next": "send"}],
                "else": "u",
            },
            "send": SEND,
            "u": UPDATE,
        },
        {},
        ["/steps/u/of"],
    ),
    ("in a cancel before it", {"c": to("send", CANCEL), "send": SEND}, {}, ["/steps/c/of"]),
    (
        "in a cancel before it, in a list",
        {"first": to("c", SEND), "c": {**CANCEL, "of": ["first", "send"], "next": "send"}, "send": SEND},
        {},
        ["/steps/c/of/1"],
    ),
    ("in a send after it, which replaces it", {"send": to("s2", SEND), "s2": REPLACE}, {}, []),
    ("in a send before it", {"s2": to("send", REPLACE), "send": SEND}, {}, ["/steps/s2/replaces"]),
    (
        "in its own send, in a loop",
        {"send": to("w", REPLACE), "w": wait({**SOON, "next": "send"}, close="send")},
        {},
        [],
    ),
    ("in a cancel of all before it", {"c": to("send", NOTHING), "send": SEND}, {}, []),
    (
        "in a close before it",
        {"w": wait({**SOON, "next": "send"}, close=["send"]), "send": SEND},
        {},
        ["/steps/w/close/0"],
    ),
    (
        "in a loop that has sent it in the round before",
        {"w": wait({**SOON, "next": "u"}), "u": to("send", UPDATE), "send": to("w", SEND)},
        {},
        [],
    ),
    (
        "beside the branch that sends it",
        {"a": to(["send", "w"], NOTHING), "send": SEND, "w": wait({**SOON, "next": "u"}), "u": UPDATE},
        {},
        [],
    ),
    (
        "beside the branch that sends it, of two first steps",
        {"w": wait({**SOON, "next": "u"}), "u": UPDATE, "send": SEND},
        {"start": ["w", "send"]},
        [],
    ),
    (
        "beside the branch that sends it, both cases of one branch step",
        {
            "b": {
                "type": "branch",
                "take": "every",
                "cases": [
                    {"id": "x", "when": "now == now", "next": "send"},
                    {"id": "y", "when": "now == now", "next": "w"},
                ],
            },
            "send": SEND,
            "w": wait({**SOON, "next": "u"}),
            "u": UPDATE,
        },
        {},
        [],
    ),
    (
        "in a wait beside the branch that sends it",
        {"a": to(["send", "w"], NOTHING), "send": SEND, "w": wait(DONE, SOON, close="send")},
        {},
        [],
    ),
    (
        "on the way of an exit",
        {"send": to("w", SEND), "w": wait(DONE, SOON, close="send"), "u": UPDATE},
        {"exits": [{**EVENT, "next": "u"}]},
        [],
    ),
]


@pytest.mark.parametrize(
    ("steps", "rest", "expected"), [each[1:] for each in NAMED], ids=[each[0] for each in NAMED]
)
def test_a_card_is_named_only_where_it_can_have_been_sent(
    steps: Steps, rest: dict[str, Any], expected: list[str]
) -> None:
    found = problems(steps, **rest)
    assert [pointer for code, pointer in found if code == "card_never_sent"] == expected


# --- never ended -----------------------------------------------------------------------------------------

ENDING: list[tuple[str, Steps, dict[str, Any], list[tuple[str, str]]]] = [
    ("that nothing ends", {"send": SEND}, FOREVER, [("never_ends", "/steps/send")]),
    ("that expires", {"send": {**SEND, "delivery": {"expires_after": "P1D"}}}, FOREVER, []),
    ("with a menu", {"send": SEND}, {**FOREVER, "menu": {"dismiss": True}}, []),
    (
        "that keeps open",
        {"send": SEND},
        {"body": [{**CARD["body"][0], "keep_open": True}]},
        [("never_ends", "/steps/send")],
    ),
    ("that a step ends", {"send": to("x", SEND), "x": NOTHING}, FOREVER, []),
    (
        "that another replaces",
        {"send": to("x", SEND), "x": {**REPLACE, "delivery": {"expires_after": "P1D"}}},
        FOREVER,
        [],
    ),
]


@pytest.mark.parametrize(
    ("steps", "card", "expected"), [each[1:] for each in ENDING], ids=[each[0] for each in ENDING]
)
def test_a_card_ends_some_day(steps: Steps, card: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems(steps, cards={"c": card}) == expected


# --- left open -------------------------------------------------------------------------------------------


def late(next: str) -> dict[str, Any]:
    return {**SOON, "next": next}


def asked(*until: dict[str, Any], then: Steps | None = None, **wait_too: Any) -> Steps:
    """A question is asked, and waited for until time or something else wins."""
    return {"send": to("w", SEND), "w": wait(DONE, *until, **wait_too), **(then or {})}


EXPIRING = {"delivery": {"expires_after": "P1D"}}
LEFT: list[tuple[str, Steps, dict[str, Any], bool]] = [
    # nothing on the way, none of the card's own means
    ("time wins and the branch ends", asked(SOON), {}, True),
    ("time wins and other steps run", asked(late("x"), then={"x": {"type": "emit", "event": "y"}}), {}, True),
    ("an event wins on one of two ways", asked(late("x"), EVENT, then={"x": CANCEL}), {}, True),
    ("the deadline wins", asked(EVENT, deadline={"after": "P1D"}), {}, True),
    ("the deadline of a wait for all wins", asked(EVENT, need="all", deadline={"after": "P1D"}), {}, True),
    ("time wins and the instance ends", asked(late("x"), then={"x": {"type": "end"}}), {}, True),
    ("time wins and the card is shown anew", asked(late("x"), then={"x": UPDATE}), {}, True),
    # nothing is lost
    ("only the card wins", asked({**DONE, "id": "d2", "action": "dismissed"}), {}, False),
    ("all is waited for", asked(EVENT, need="all"), {}, False),
    ("`close` names it", asked(SOON, close=["send"]), {}, False),
    # it is dealt with on the way
    ("it is waited for again", asked(late("x"), then={"x": wait(DONE)}), {}, False),
    ("the way leads back to the wait", asked(late("x"), then={"x": to("w", UPDATE)}), {}, False),
    ("it is cancelled", asked(late("x"), then={"x": CANCEL}), {}, False),
    ("all are cancelled", asked(late("x"), then={"x": NOTHING}), {}, False),
    ("a later wait closes it", asked(late("x"), then={"x": wait(SOON, close="send")}), {}, False),
    ("the end cancels cards", asked(late("x"), then={"x": {"type": "end", "cancel_cards": True}}), {}, False),
    ("it is replaced", asked(late("x"), then={"x": REPLACE}), {}, False),
    ("it gets an expiry", asked(late("x"), then={"x": {**UPDATE, **EXPIRING}}), {}, False),
    (
        "it becomes a note",
        asked(late("x"), then={"x": {**UPDATE, "card": "n"}}),
        {"cards": {"c": CARD, "n": NOTE}},
        False,
    ),
    # it ends by itself, or the customer may put it away
    ("it expires", asked(SOON) | {"send": {**SEND, **EXPIRING, "next": "w"}}, {}, False),
    (
        "it got an expiry before the wait",
        asked(SOON) | {"send": to("u", SEND), "u": {**UPDATE, **EXPIRING, "next": "w"}},
        {},
        False,
    ),
    (
        "it would have got an expiry only when answered",
        asked(SOON, then={"u": {**UPDATE, **EXPIRING}})
        | {"w": wait({**DONE, "action": "submitted", "next": "u"}, SOON)},
        {},
        True,
    ),
    ("it is a note that can be put away", asked(SOON), {"cards": {"c": NOTE}}, False),
    ("it is a note without a button", asked(SOON), {"cards": {"c": FOREVER}}, True),
    (
        "it can be put away, but asks",
        asked(SOON),
        {"cards": {"c": {**CARD, "menu": {"dismiss": True}}}},
        True,
    ),
    # exits
    ("an exit cancels cards", asked(SOON), {"exits": [{**EVENT, "cancel_cards": True}]}, False),
    (
        "the way of an exit cancels cards",
        asked(SOON, then={"x": {"type": "end", "cancel_cards": True}}),
        {"exits": [{**EVENT, "next": "x"}]},
        False,
    ),
    ("an exit leaves cards", asked(SOON), {"exits": [EVENT]}, True),
    # what runs beside
    (
        "a branch beside it ends everything",
        asked(SOON, then={"v": wait(late("x")), "x": {"type": "end", "cancel_cards": True}})
        | {"send": to(["w", "v"], SEND)},
        {},
        False,
    ),
    (
        "a branch beside it still waits for the card",
        asked(SOON, then={"v": wait({**DONE, "id": "d"})}) | {"send": to(["w", "v"], SEND)},
        {},
        False,
    ),
    (
        "a branch beside it loses the card too",
        asked(SOON, then={"v": wait({**DONE, "id": "d"}, SOON)}) | {"send": to(["w", "v"], SEND)},
        {},
        True,
    ),
]


@pytest.mark.parametrize(
    ("steps", "rest", "is_left"), [each[1:] for each in LEFT], ids=[each[0] for each in LEFT]
)
def test_a_card_is_left_open_only_where_it_can_stay_for_good(
    steps: Steps, rest: dict[str, Any], is_left: bool
) -> None:
    assert (("left_open", "/steps/w") in problems(steps, **rest)) is is_left


def test_the_message_names_the_ways_on_which_the_card_stays() -> None:
    steps = asked(SOON, {**EVENT, "next": "x"}, then={"x": CANCEL}, deadline={"after": "P1D"})
    flow = {"flow": "a", "start": "send", "steps": steps, "cards": {"c": CARD}}
    (problem,) = check(json.dumps(flow), type="json").problems
    assert (
        problem.message == 'When "t" or the deadline of "w" wins, the card of "send" may stay open for good.'
    )


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_the_examples_have_no_problems(path: Path) -> None:
    # The gallery shows every element; this server takes no files yet, and says so.
    expected = ["no_uploads"] if path.stem == "gallery" else []
    project = compile_project(PROJECT.read_text(), type="yaml").project
    assert project is not None
    found = check(path.read_text(), type="yaml", project=project).problems
    assert [problem.code for problem in found] == expected
