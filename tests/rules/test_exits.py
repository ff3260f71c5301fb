"""Exits (flow format §4): armed for the whole instance, before every wait."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rules.customers.profile import new_profile
from tests.rules.playing import (
    DAY,
    HOUR,
    NOW,
    Part,
    Playing,
    document,
    on_card,
    on_event,
    on_profile,
    on_time,
    pause,
    play,
    send,
    wait,
)

BUSY: dict[str, Part] = {"w": wait(on_event("x", "go", next="a"), on_time("t", after="P9D"))}


def leaving(
    *exits: Part, steps: dict[str, Part] | None = None, start: object = "w", **more: object
) -> Playing:
    return play(document(steps or BUSY, start=start, exits=list(exits)), **more)  # type: ignore[arg-type]


def test_exit_comes_before_every_wait_and_ends_with_its_outcome() -> None:
    playing = leaving(on_event("out", "go", outcome="gone")).event("go")
    assert playing.turn.woke
    assert (playing.status, playing.state.outcome) == ("completed", "gone")
    assert playing.log == []
    assert playing.state.timers == ()


def test_first_exit_in_document_order_wins() -> None:
    playing = leaving(on_event("x", "go", outcome="first"), on_event("y", "go", outcome="second")).event("go")
    assert playing.state.outcome == "first"


def test_exit_that_goes_on_drops_every_token_and_stays_armed() -> None:
    steps = {**BUSY, "v": pause(), "z": pause(after="P30D")}
    playing = leaving(on_event("out", "go", next="z"), steps=steps, start=["w", "v"]).event("go")
    assert playing.at == ["z"]
    assert [timer.of for timer in playing.state.timers] == ["z"]
    playing.later(HOUR).event("go")
    assert playing.at == ["z"]
    assert playing.state.tokens[0].activation == 2


def test_exit_repairs_a_failed_instance() -> None:
    steps: dict[str, Part] = {
        "bad": {"type": "emit", "event": "x", "customer": "=customer.missing"},
        "z": pause(),
    }
    playing = leaving(on_event("out", "go", next="z"), steps=steps, start="bad")
    assert playing.status == "failed"
    playing.event("go")
    assert (playing.status, playing.state.error) == ("running", None)


def test_exit_cancels_cards_only_if_it_says_so() -> None:
    steps = {"send": send("w"), "w": pause()}
    kept = leaving(on_event("out", "go"), steps=steps, start="send").event("go")
    assert kept.card("send").status.value == "active"
    gone = leaving(on_event("out", "go", cancel_cards=True), steps=steps, start="send").event("go")
    assert gone.card("send").status.value == "cancelled"
    assert gone.card("send").reason == "exit"
    moved = leaving(on_event("out", "go", cancel_cards=True, next="w"), steps=steps, start="send").event("go")
    assert moved.card("send").status.value == "cancelled"
    assert moved.at == ["w"]


def test_exit_by_time_counts_from_the_start() -> None:
    playing = leaving(on_time("late", after="P2D", outcome="late")).later(2 * DAY)
    assert (playing.status, playing.state.outcome) == ("completed", "late")


def test_past_exit_ends_the_instance_before_its_first_step() -> None:
    playing = leaving(on_time("late", at="2020-01-01T00:00:00Z", outcome="late"))
    assert playing.status == "completed"
    assert playing.state.step_count == 0


def test_exit_by_card_hears_its_report() -> None:
    steps = {"send": send("w"), "w": pause()}
    playing = leaving(on_card("out", "dismissed", outcome="no"), steps=steps, start="send").act(
        "send", "dismiss"
    )
    assert playing.state.outcome == "no"


GOLD = on_profile("gold", "customer.?tier.orValue('') == 'gold'")


def test_exit_by_profile_holds_at_once_or_later() -> None:
    profile = replace(new_profile("c-1", NOW), fields={"tier": "gold"})
    assert leaving(GOLD, profile=profile).status == "completed"
    assert leaving(GOLD).write_customer(tier="gold").status == "completed"
    assert leaving(GOLD).write_customer(tier="silver").status == "running"


def test_exit_by_profile_that_goes_on_needs_a_change_to_be_taken_again() -> None:
    steps = {**BUSY, "z": pause(after="P30D")}
    playing = leaving({**GOLD, "next": "z"}, steps=steps).write_customer(tier="gold")
    assert playing.at == ["z"]
    playing.write_customer(other=1)
    assert playing.state.tokens[0].activation == 1
    playing.write_customer(tier="x").write_customer(tier="gold")
    assert playing.state.tokens[0].activation == 2


IN: Part = {"id": "s", "type": "segment", "segment": "gold", "is": "in"}
OUT: Part = {**IN, "is": "out"}


def test_exit_by_segment_holds_at_once_or_later() -> None:
    gold = replace(new_profile("c-1", NOW), segments=("gold",))
    assert leaving(IN, profile=gold).status == "completed"
    assert leaving(OUT).status == "completed"
    assert leaving(IN).in_segments("other").status == "running"
    assert leaving(IN).in_segments("other", "gold").status == "completed"
    assert leaving(OUT, profile=gold).in_segments().status == "completed"


def test_exit_by_segment_that_goes_on_needs_a_change_to_be_taken_again() -> None:
    playing = leaving({**IN, "next": "z"}, steps={**BUSY, "z": pause(after="P30D")}).in_segments("gold")
    assert playing.in_segments("gold", "x").state.tokens[0].activation == 1
    assert playing.in_segments().in_segments("gold").state.tokens[0].activation == 2


@pytest.mark.parametrize(("reported", "status"), [("opened", "completed"), ("sent", "running")])
def test_exit_by_notification_hears_its_report(reported: str, status: str) -> None:
    steps: dict[str, Part] = {"do": {"type": "notify", "notification": "hi", "next": "w"}, **BUSY}
    out: Part = {"id": "n", "type": "notification", "of": "do", "is": "opened", "outcome": "read"}
    flow = document(steps, start="do", exits=[out], notifications={"hi": {"body": "Hello"}})
    playing = play(flow).push("do", reported)
    assert (playing.status, playing.state.outcome) == (status, "read" if status == "completed" else None)


@pytest.mark.parametrize("ended", ["completed", "cancelled", "refused"])
def test_exit_by_flow_hears_that_the_child_has_ended(ended: str) -> None:
    steps: dict[str, Part] = {"do": {"type": "start_flow", "flow": "other", "next": "w"}, **BUSY}
    out: Part = {"id": "f", "type": "flow", "of": "do", "outcome": "over"}
    playing = leaving(out, steps=steps, start="do")
    assert playing.event("other").status == "running"
    playing.child(ended)
    assert (playing.status, playing.state.outcome) == ("completed", "over")


def test_exit_is_taken_by_what_its_own_turn_writes() -> None:
    steps: dict[str, Part] = {
        "up": {"type": "update_customer", "set": {"tier": "gold"}, "next": "w"},
        **BUSY,
    }
    assert leaving(GOLD, steps=steps, start="up").status == "completed"
