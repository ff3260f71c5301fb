"""What the API shows of a state (HTTP API, "Instances"): plain JSON, named as it says."""

from __future__ import annotations

import json

from rules.inspect import inspect
from tests.rules.playing import DAY, Part, document, on_card, on_event, on_profile, on_time, play, send, wait

STEPS: dict[str, Part] = {
    "send": send(["w", "bad"]),
    "w": wait(
        on_card("done", "completed", "dismissed", next="a"),
        on_event("paid", "paid", match="key", next="a"),
        on_profile("gold", "customer.tier == 'gold'", next="a"),
        on_time("late", after="P1D", next="a"),
        deadline={"after": "P2D"},
    ),
    "bad": {"type": "emit", "event": "x", "customer": "=customer.missing"},
}
EXITS = [
    on_event("out", "out"),
    on_time("age", after="P3D"),
    on_time("never", at={"from": "2020-01-01T00:00:00Z", "if_past": "skip"}),
]
FLOW = document(STEPS, start="send", exits=EXITS)


def test_state_is_shown_as_json() -> None:
    playing = play(FLOW, key="k")
    shown = inspect(playing.flow, playing.state)
    assert json.loads(json.dumps(shown)) == shown
    assert list(shown) == ["variables", "steps", "tokens", "waits", "cards"]
    assert shown["variables"] == {"log": []}
    card = playing.card("send")
    assert shown["cards"] == [{"id": card.id, "step": "send", "template": "hello", "status": "active"}]
    steps = shown["steps"]
    assert isinstance(steps, dict)
    assert steps["send"]["card"]["status"] == "active"


def test_tokens_say_where_since_when_and_what_is_wrong() -> None:
    playing = play(FLOW, key="k")
    tokens = inspect(playing.flow, playing.state)["tokens"]
    assert isinstance(tokens, list)
    assert tokens[0] == {"step": "w", "since": "2026-02-02T02:40:00.000Z"}
    assert tokens[1]["step"] == "bad"
    assert tokens[1]["error"]["code"]


def test_waits_say_what_is_armed_and_until_when() -> None:
    playing = play(FLOW, key="k")
    assert inspect(playing.flow, playing.state)["waits"] == [
        {"step": None, "outcome": "out", "on": "event out (customer)", "due": None},
        {"step": None, "outcome": "age", "on": "time", "due": "2026-02-05T02:40:00.000Z"},
        {"step": "w", "outcome": "done", "on": "card send: completed, dismissed", "due": None},
        {"step": "w", "outcome": "paid", "on": "event paid (key)", "due": None},
        {"step": "w", "outcome": "gold", "on": "profile: customer.tier == 'gold'", "due": None},
        {"step": "w", "outcome": "late", "on": "time", "due": "2026-02-03T02:40:00.000Z"},
        {"step": "w", "outcome": None, "on": "deadline", "due": "2026-02-04T02:40:00.000Z"},
    ]


def test_ended_instance_waits_for_nothing() -> None:
    playing = play(FLOW, key="k").event("out")
    shown = inspect(playing.flow, playing.state)
    assert (shown["tokens"], shown["waits"]) == ([], [])
    assert playing.later(9 * DAY).status == "completed"
