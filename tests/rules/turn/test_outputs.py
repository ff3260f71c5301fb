"""What steps of each type leave in `steps.<id>`, and that expressions are checked against just that (§5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, get_args

import pytest

from rules.calendar.times import to_datetime
from rules.compiling.flows import load
from rules.compiling.scopes import Scopes
from rules.documents.steps import Step
from rules.turn.context import card_context
from rules.types import Shape, Type
from tests.rules.playing import HOUR, NOW, Part, Playing, document, on_card, on_event, pause, play, send

Happening: TypeAlias = Callable[[Playing], Playing]


def nothing(playing: Playing) -> Playing:
    return playing


OUTPUTS: list[tuple[str, Part, Happening, object]] = [
    # type, its keys, what happens then, what the step leaves beside `runs`
    ("send_card", {"card": "hello"}, nothing, {}),
    ("send_card", {"card": "hello", "notify": {"notification": "hi"}}, nothing, {"notification": ...}),
    ("update_card", {"of": "send"}, nothing, {"updated": True}),
    ("cancel_card", {}, nothing, {"cancelled": 1}),
    ("wait", {"until": [on_event("e", "go")]}, lambda it: it.event("go"), {"outcome": "e", "event": ...}),
    (
        "wait",
        {"until": [on_card("c", "dismissed")]},
        lambda it: it.act("send", "dismiss"),
        {"outcome": "c", "card": ...},
    ),
    (
        "wait",
        {"until": [{"id": "p", "type": "profile", "when": "true"}]},
        nothing,
        {"outcome": "p"},
    ),
    (
        "wait",
        {"need": "all", "until": [on_event("e", "go")]},
        lambda it: it.event("go"),
        {"outcome": None, "outcomes": {"e": {"at": to_datetime(NOW), "event": ...}}},
    ),
    ("wait", {"until": [on_event("e", "go")], "deadline": {"after": "PT1H"}}, lambda it: it.later(HOUR),
     {"outcome": "deadline"}),
    ("branch", {"cases": [{"id": "x", "when": "true"}]}, nothing, {"case": "x"}),
    ("branch", {"cases": [{"id": "x", "when": "false"}]}, nothing, {"case": None}),
    ("branch", {"take": "every", "cases": [{"id": "x", "when": "true"}]}, nothing, {"case": ["x"]}),
    ("split", {"arms": [{"id": "x", "weight": 1}, {"id": "y", "weight": 0}]}, nothing, {"arm": "x"}),
    ("decide", {"inputs": {"n": 1}, "rows": [{"then": {"a": 2}}]}, nothing, {"a": 2}),
    ("decide", {"hit": "all", "inputs": {"n": 1}, "rows": [{"then": {"a": 2}}]}, nothing, {"a": [2]}),
    (
        "request",
        {"url": "https://example.org"},
        lambda it: it.respond("do", 200, body={"n": 1}),
        {"response": {"status": 200, "headers": {}, "body": {"n": 1}}, "attempts": 1},
    ),
    ("notify", {"notification": "hi"}, nothing, {"notification": ...}),
    ("update_customer", {"add_tags": ["x"]}, nothing, None),
    ("set", {"variables": {"log": []}}, nothing, None),
    ("emit", {"event": "told"}, nothing, {"event": ...}),
    ("start_flow", {"flow": "other"}, nothing, {"instance": ...}),
    ("collect", {"events": "x", "for": "PT1H"}, lambda it: it.later(HOUR), {"items": [], "count": 0}),
    ("limit", {"max": 1, "per": "P1D"}, nothing, {"passed": True}),
    ("join", {}, nothing, {"arrived": 1}),
    ("end", {}, nothing, None),
]  # fmt: skip


def written(type: str, keys: Part) -> str:
    return document(
        {"send": send("do"), "do": {"type": type, **keys}, "w": pause("a", after="P9D")},
        start=["send", "w"],
        notifications={"hi": {"body": "Hello"}},
    )


@pytest.mark.parametrize(("type", "keys", "happens", "outputs"), OUTPUTS)
def test_a_step_leaves_its_outputs_and_what_it_leaves_may_be_read(
    type: str, keys: Part, happens: Happening, outputs: object
) -> None:
    text = written(type, keys)
    playing = happens(play(text))
    left = {name: value for name, value in playing.output("do").items() if name != "runs"}
    assert fits(left, outputs or {}), left
    loaded = load(text, type="json")
    assert not isinstance(loaded, list)
    steps = Scopes(loaded.flow, {}).steps.names["steps"]
    assert isinstance(steps, Mapping)
    assert is_declared(left, steps["do"])


def test_the_latest_card_of_a_step_may_be_read_as_it_is() -> None:
    playing = play(written("cancel_card", {}))
    shown = card_context(playing.state.cards[-1])
    assert shown["status"] == "cancelled"
    assert set(shown) == {"id", "status", "button", "values"}


def test_every_type_of_step_is_there() -> None:
    assert {str(kind.__struct_config__.tag) for kind in get_args(Step)} == {row[0] for row in OUTPUTS}


def fits(value: object, wanted: object) -> bool:
    """Whether it is what is wanted; `...` is anything."""
    if wanted is ...:
        return True
    if isinstance(wanted, dict) and isinstance(value, dict):
        return set(value) == set(wanted) and all(fits(value[name], wanted[name]) for name in wanted)
    return value == wanted


_PYTHON: dict[Type, type] = {Type.STRING: str, Type.INT: int, Type.BOOL: bool, Type.LIST: list}


def is_declared(value: object, shape: Shape) -> bool:
    """Whether an expression may read the whole of it: every field of a record is known to the checker."""
    if isinstance(shape, Mapping):
        return isinstance(value, Mapping) and all(
            name in shape and is_declared(item, shape[name]) for name, item in value.items()
        )
    return value is None or isinstance(value, _PYTHON.get(shape, object))
