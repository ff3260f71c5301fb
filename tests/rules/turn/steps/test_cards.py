"""Steps that send, update and cancel cards, and their delivery (flow format §5, §7.4)."""

from __future__ import annotations

import pytest

from rules.cards.card import CardStatus
from rules.limits import OPEN_CARDS_PER_CUSTOMER_MAX
from tests.rules.playing import (
    DAY,
    HELLO,
    HOUR,
    NOW,
    Part,
    Playing,
    document,
    on_event,
    pause,
    play,
    send,
    wait,
)


def sent(delivery: Part | None = None, **more: object) -> Playing:
    more |= {} if delivery is None else {"delivery": delivery}
    return play(document({"send": send("w", **more), "w": pause(after="P90D")}, start="send"))


def test_card_is_active_at_once_and_stands_in_the_outputs() -> None:
    playing = sent()
    (put,) = playing.put_cards
    assert put.view is not None
    assert put.view.view["title"] == "Hello"
    assert put.card.status is CardStatus.ACTIVE
    assert (put.card.created_at, put.card.published_at, put.card.priority) == (NOW, NOW, 5)
    assert playing.own_events == ["instance.started", "card.created", "card.published"]


def test_embargoed_card_is_published_at_its_time() -> None:
    playing = sent({"publish_at": {"offset": "P1D"}})
    assert playing.card("send").status is CardStatus.EMBARGOED
    assert playing.own_events == ["instance.started", "card.created"]
    playing.later(DAY)
    assert playing.card("send").status is CardStatus.ACTIVE
    assert playing.card("send").published_at == NOW + DAY
    assert playing.own_events == ["card.published"]


def test_past_publication_means_now_and_a_skipped_one_sends_nothing() -> None:
    assert sent({"publish_at": "2020-01-01T00:00:00Z"}).card("send").status is CardStatus.ACTIVE
    skipped = sent({"publish_at": {"from": "2020-01-01T00:00:00Z", "if_past": "skip"}})
    assert skipped.state.cards == ()
    assert skipped.at == ["w"]


@pytest.mark.parametrize(
    ("delivery", "expires_at"),
    [
        ({}, None),
        ({"expires_after": "PT1H"}, NOW + HOUR),
        ({"expires_at": {"offset": "P1D"}}, NOW + DAY),
        ({"expires_at": {"offset": "P1D"}, "expires_after": "PT1H"}, NOW + HOUR),
        ({"expires_at": {"offset": "PT1H"}, "expires_after": "P1D"}, NOW + HOUR),
    ],
)
def test_earlier_expiry_wins(delivery: Part, expires_at: int | None) -> None:
    assert sent(delivery).card("send").expires_at == expires_at


def test_expired_card_closes_and_says_so() -> None:
    playing = sent({"expires_after": "PT1H"}).later(HOUR)
    assert playing.card("send").status is CardStatus.EXPIRED
    assert playing.own_events == ["card.expired"]


def test_priority_place_and_metadata_are_those_of_the_step() -> None:
    delivery = {"priority": 2, "streams": ["news"], "platforms": ["ios"], "containers": ["home-page"]}
    playing = sent(delivery, metadata={"n": "=1 + 1"})
    card = playing.card("send")
    assert (card.priority, card.streams) == (2, ("news",))
    assert (card.platforms, card.containers) == (("ios",), ("home-page",))
    assert playing.put_cards[0].view is not None
    assert playing.put_cards[0].view.metadata == {"n": 2}


def test_metadata_must_be_an_object() -> None:
    assert sent(metadata="=1 + 1").error("send") == "bad_metadata"


def test_customer_with_too_many_open_cards_gets_no_other() -> None:
    flow = document({"send": send("more"), "more": send("w"), "w": pause()}, start="send")
    playing = play(flow, open_cards_elsewhere=OPEN_CARDS_PER_CUSTOMER_MAX - 1)
    assert playing.error("more") == "too_many_cards"
    assert len(playing.open_cards()) == 1


def test_closing_a_card_makes_room_in_the_same_turn() -> None:
    steps = {
        "send": send("away"),
        "away": {"type": "cancel_card", "next": "more"},
        "more": send("w"),
        "w": pause(),
    }
    playing = play(document(steps, start="send"), open_cards_elsewhere=OPEN_CARDS_PER_CUSTOMER_MAX - 1)
    assert playing.status == "running"


def test_card_that_cannot_be_rendered_fails_its_step_and_leaves_nothing() -> None:
    card = {**HELLO, "body": [{"type": "text", "text": "x"}], "data": {"n": "=vars.list[0]"}}
    flow = document(
        {"send": send(card="bad")},
        start="send",
        cards={"bad": card},
        variables={"list": {"type": "list", "default": []}},
    )
    playing = play(flow)
    assert playing.at == ["send!"]
    assert playing.put_cards == []
    assert playing.state.cards == ()


def test_element_whose_condition_fails_is_left_out_counted_and_shown() -> None:
    card = {"title": "T", "body": [{"type": "text", "text": "x", "id": "odd", "when": "vars.list[0] == 1"}]}
    flow = document(
        {"send": send("w", card="odd"), "w": pause()},
        start="send",
        cards={"odd": card},
        variables={"list": {"type": "list", "default": []}},
    )
    playing = play(flow)
    assert playing.put_cards[0].view is not None
    assert playing.put_cards[0].view.view["body"] == []
    assert playing.turn.condition_errors == 1
    assert playing.turn.trace[0].result == "odd: error"


# --- update --------------------------------------------------------------------------------------------


def updating(**more: object) -> Playing:
    steps: dict[str, Part] = {
        "send": send("w", delivery={"expires_after": "P1D", "priority": 7}),
        "w": wait(on_event("go", "go", next="up"), on_event("z", "end")),
        "up": {"type": "update_card", "of": "send", "next": "w", **more},
    }
    card = {"title": "Again", "body": [{"type": "text", "text": "{{ steps.w.event.data.text }}"}]}
    return play(document(steps, start="send", cards={"hello": HELLO, "other": card}))


def test_update_renders_the_same_card_again_with_another_template() -> None:
    playing = updating(card="other")
    before = playing.card("send")
    playing.event("go", {"text": "news"})
    after = playing.card("send")
    assert (after.id, after.template, after.render) == (before.id, "other", 2)
    assert (after.expires_at, after.priority) == (before.expires_at, 7)
    assert playing.put_cards[0].view is not None
    assert playing.put_cards[0].view.view["title"] == "Again"
    assert playing.output("up")["updated"] is True


def test_update_keeps_the_metadata_of_the_card_with_the_values_of_now() -> None:
    steps: dict[str, Part] = {
        "send": send("w", metadata={"runs": "=steps.send.runs", "seen": "=steps.w.?outcome.orValue('')"}),
        "w": wait(on_event("go", "go", next="up")),
        "up": {"type": "update_card", "of": "send", "next": "z"},
        "z": pause(),
    }
    playing = play(document(steps, start="send")).event("go")
    (put,) = playing.put_cards
    assert put.view is not None
    assert put.view.metadata == {"runs": 1, "seen": "go"}


def test_update_moves_delivery_only_where_it_says() -> None:
    playing = updating(delivery={"expires_after": "P3D"}).later(HOUR).event("go")
    card = playing.card("send")
    assert (card.expires_at, card.priority) == (NOW + 3 * DAY, 7)
    assert [timer.due for timer in playing.state.timers] == [NOW + 3 * DAY]
    assert playing.later(2 * DAY).card("send").status is CardStatus.ACTIVE


def test_update_moves_a_card_to_other_platforms_and_containers_and_back_to_all() -> None:
    moved = updating(delivery={"platforms": ["web", "ios"], "containers": ["home"]}).event("go").card("send")
    assert (moved.platforms, moved.containers) == (("web", "ios"), ("home",))
    steps: dict[str, Part] = {
        "send": send("w", delivery={"platforms": ["web"], "containers": ["home"]}),
        "w": wait(on_event("go", "go", next="up")),
        "up": {"type": "update_card", "of": "send", "delivery": {"platforms": []}, "next": "z"},
        "z": pause(),
    }
    widened = play(document(steps, start="send")).event("go").card("send")
    assert (widened.platforms, widened.containers) == ((), ("home",))


def test_update_of_a_closed_card_says_that_nothing_was_updated() -> None:
    playing = updating().act("send", "dismiss").event("go")
    assert playing.output("up")["updated"] is False
    assert playing.put_cards == []


def test_update_keeps_a_snooze() -> None:
    playing = updating().act("send", "snooze", until=NOW + HOUR).event("go")
    assert playing.card("send").status is CardStatus.SNOOZED
    assert playing.later(HOUR).card("send").status is CardStatus.ACTIVE


def test_update_moves_the_publication_of_an_embargoed_card() -> None:
    steps: dict[str, Part] = {
        "send": send("w", delivery={"publish_at": {"offset": "P5D"}}),
        "w": wait(on_event("go", "go", next="up")),
        "up": {
            "type": "update_card",
            "of": "send",
            "delivery": {"publish_at": {"offset": "P1D"}},
            "next": "z",
        },
        "z": pause(after="P9D"),
    }
    playing = play(document(steps, start="send")).event("go").later(DAY)
    assert playing.card("send").status is CardStatus.ACTIVE


# --- replace -------------------------------------------------------------------------------------------


def test_a_card_that_replaces_others_closes_them_unheard() -> None:
    steps: dict[str, Part] = {
        "one": send("w"),
        "w": wait(on_event("more", "more", next="one"), on_event("go", "go", next="two")),
        "two": send("x", replaces="one"),
        "x": wait({"id": "c", "type": "card", "of": "one", "action": "cancelled", "next": "a"}),
    }
    playing = play(document(steps, start="one")).event("more").event("go")
    closed = [put.card for put in playing.put_cards if put.card.step == "one"]
    assert [(card.status.value, card.reason) for card in closed] == [("cancelled", "superseded")] * 2
    assert [card.step for card in playing.open_cards()] == ["two"]
    assert playing.own_events == ["card.cancelled", "card.cancelled", "card.created", "card.published"]
    assert (playing.at, playing.log) == (["x"], [])


# --- cancel --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("of", "cancelled"), [(None, 4), ("one", 2), (["one", "two"], 4)])
def test_cancel_withdraws_every_open_card_of_its_steps(of: object, cancelled: int) -> None:
    steps: dict[str, Part] = {
        "one": send("two"),
        "two": send("w"),
        "w": wait(on_event("more", "more", next="one2"), on_event("go", "go", next="away")),
        "one2": {"type": "branch", "cases": [{"id": "x", "when": "steps.one.runs < 2", "next": "one"}]},
        "away": {"type": "cancel_card", "next": "z"} | ({} if of is None else {"of": of}),
        "z": pause(),
    }
    playing = play(document(steps, start="one")).event("more")
    playing.event("go")
    assert playing.output("away")["cancelled"] == cancelled
    assert all(put.card.reason == "flow" for put in playing.put_cards)
