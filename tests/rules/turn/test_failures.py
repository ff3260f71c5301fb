"""How steps of each type fail: on at `on_error`, or parked, and nothing done (flow format §9.7)."""

from __future__ import annotations

from typing import get_args

import pytest

from rules.documents.steps import Step
from rules.effects import CallRequest, ChangeCustomer, PutCard, RaiseEvent, SendPush, StartChild, WriteLedger
from tests.rules.playing import HELLO, Part, document, on_event, on_time, play, wait

# What no check can know beforehand: the list is empty.
BROKEN = "=vars.none[0]"
NO_TIME = {"from": BROKEN}

FAILING: dict[str, tuple[Part, str]] = {
    # by type: a step that fails when it runs, and the code that it fails with
    "send_card": ({"card": "hello", "metadata": "=vars.none"}, "bad_metadata"),
    "update_card": ({"of": "sent", "card": "broken"}, "no_such_key"),
    "wait": ({"until": [on_time("t", at=NO_TIME)]}, "no_such_key"),
    "split": ({"by": "vars.none", "arms": [{"id": "x", "weight": 1}, {"id": "y", "weight": 1}]}, "bad_key"),
    "decide": ({"inputs": {"n": 1}, "rows": [{"then": {"x": BROKEN}}]}, "no_such_key"),
    "request": ({"url": "=vars.text"}, "bad_url"),
    "notify": ({"notification": "broken"}, "no_such_key"),
    "update_customer": ({"set": {"timezone": "Mars/Base"}}, "invalid_profile"),
    "set": ({"variables": {"n": "=vars.free.x"}}, "bad_variable"),
    "emit": ({"event": "told", "customer": "=7"}, "bad_event"),
    "start_flow": ({"flow": "other", "customer": "=7"}, "bad_customer"),
    "collect": ({"events": "x", "until": NO_TIME}, "no_such_key"),
    "limit": ({"max": 1, "per": "P1D", "key": "=vars.none"}, "bad_key"),
}
NEVER_FAILING = {"cancel_card", "branch", "join", "end"}
"""A condition that fails is false, and these work out nothing else."""


def failing(type: str, **more: object) -> str:
    step, _ = FAILING[type]
    return document(
        {
            "sent": {"type": "send_card", "card": "plain", "next": "w"},
            "w": wait(on_event("e", "go", next="do")),
            "do": {"type": type, **step, **more},
        },
        start="sent",
        variables={
            "none": {"type": "list", "default": []},
            "text": {"type": "string", "default": "nowhere"},
            "n": {"type": "number"},
            "free": {"type": "object", "default": {"x": "many"}},
            "log": {"type": "list", "default": []},
        },
        cards={
            "plain": {"body": [{"type": "headline", "text": "Hello"}, {"type": "dismiss", "label": "Away"}]},
            "broken": {"body": [{"type": "headline", "text": BROKEN}]},
            "hello": HELLO,
        },
        notifications={"broken": {"body": BROKEN}},
    )


@pytest.mark.parametrize("type", FAILING)
def test_a_step_that_fails_goes_on_at_on_error_and_says_what_happened(type: str) -> None:
    playing = play(failing(type, on_error="a")).event("go")
    assert (playing.error("do"), playing.log) == (FAILING[type][1], ["a"])
    assert playing.status == "completed"


@pytest.mark.parametrize("type", FAILING)
def test_a_step_that_fails_without_on_error_stays_and_leaves_no_effect(type: str) -> None:
    playing = play(failing(type)).event("go")
    assert (playing.at, playing.error("do")) == (["do!"], FAILING[type][1])
    assert playing.status == "failed"
    kinds = (CallRequest, ChangeCustomer, PutCard, SendPush, StartChild, WriteLedger)
    assert not [effect for effect in playing.effects if isinstance(effect, kinds)]
    told = [effect.event.name for effect in playing.effects if isinstance(effect, RaiseEvent)]
    assert told == ["instance.failed"]


def test_every_type_of_step_is_there() -> None:
    types = {str(kind.__struct_config__.tag) for kind in get_args(Step)}
    assert types == set(FAILING) | NEVER_FAILING
