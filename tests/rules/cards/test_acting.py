"""What is done to a card: the table of its states, the codes of the live protocol (flow format §7.3)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rules.cards.card import OPEN, TRANSITIONS, CardChange, CardStatus
from rules.inputs import Cancelled, CardActed, CardWithdrawn
from rules.limits import SNOOZE_MS_MAX
from tests.rules.playing import (
    DAY,
    HOUR,
    NOW,
    Part,
    Playing,
    document,
    on_card,
    on_time,
    pause,
    play,
    send,
    wait,
)


def sent(**more: object) -> Playing:
    return play(document({"send": send("w", **more), "w": pause(after="P90D")}, start="send"))


# --- the table -----------------------------------------------------------------------------------------

_ACTIONS: dict[CardChange, dict[str, object]] = {
    CardChange.SUBMIT: {"action": "submit", "button": "ok"},
    CardChange.SUBMIT_AND_KEEP: {"action": "submit", "button": "more"},
    CardChange.DISMISS: {"action": "dismiss"},
    CardChange.SNOOZE: {"action": "snooze", "until": NOW + 2 * DAY},
    CardChange.UNSNOOZE: {"action": "unsnooze"},
}


def in_status(status: CardStatus) -> Playing:
    match status:
        case CardStatus.EMBARGOED:
            return sent(delivery={"publish_at": {"offset": "P1D"}})
        case CardStatus.ACTIVE:
            return sent()
        case CardStatus.SNOOZED:
            return sent().act("send", "snooze", until=NOW + DAY)
        case CardStatus.COMPLETED:
            return sent().act("send", "submit", button="ok")
        case CardStatus.DISMISSED:
            return sent().act("send", "dismiss")
        case CardStatus.CANCELLED:
            return sent().withdraw("send")
        case CardStatus.EXPIRED:
            return sent(delivery={"expires_after": "PT1H"}).later(HOUR)


@pytest.mark.parametrize("change", _ACTIONS)
@pytest.mark.parametrize("status", CardStatus)
def test_action_changes_the_card_as_its_table_says_and_no_other_way(
    status: CardStatus, change: CardChange
) -> None:
    playing = in_status(status)
    before = playing.card("send")
    assert before.status is status
    playing.act("send", **_ACTIONS[change])  # type: ignore[arg-type]  # fields of CardActed
    target = TRANSITIONS.get((status, change))
    if target is not None:
        assert playing.answer.code == "ok"
        assert playing.card("send").status is target
    else:
        assert playing.answer.code == ("not_allowed" if status in OPEN else "card_closed")
        assert playing.card("send") == before
        assert playing.effects == []


@pytest.mark.parametrize("status", CardStatus)
def test_open_card_can_be_cancelled_and_a_closed_one_moves_nowhere(status: CardStatus) -> None:
    playing = in_status(status).withdraw("send")
    assert playing.answer.code == ("ok" if status in OPEN else "card_closed")
    assert playing.card("send").status is (CardStatus.CANCELLED if status in OPEN else status)
    if status not in OPEN:
        assert not any((status, change) in TRANSITIONS for change in CardChange)


# --- answers -------------------------------------------------------------------------------------------


def test_second_tap_is_answered_with_the_present_state() -> None:
    playing = sent().act("send", "submit", button="ok").act("send", "dismiss")
    assert playing.answer.code == "card_closed"
    assert playing.answer.card == playing.card("send").id
    assert playing.turn.trace == ()


@pytest.mark.parametrize("input", [CardActed(card="other", action="dismiss"), CardWithdrawn(card="other")])
def test_unknown_card_is_not_found(input: CardActed | CardWithdrawn) -> None:
    assert sent().give(input).answer.code == "not_found"


def test_wrong_values_change_nothing_and_are_located() -> None:
    playing = sent().act("send", "submit", button="ok", values={"note": 3, "other": 1})
    assert playing.answer.code == "invalid_values"
    assert {error["pointer"] for error in playing.answer.errors} == {"/values/note", "/values/other"}
    assert playing.card("send").status is CardStatus.ACTIVE


def test_unknown_button_is_invalid() -> None:
    assert sent().act("send", "submit", button="nope").answer.code == "invalid_values"


def test_submitted_values_stand_in_the_card_with_those_of_the_button() -> None:
    card = sent().act("send", "submit", button="ok", values={"note": "hi"}).card("send")
    assert (card.button, card.values) == ("ok", {"note": "hi", "sure": True})
    assert card.closed_at == NOW


def test_keep_open_merges_values() -> None:
    playing = sent().act("send", "submit", button="more", values={"note": "one"})
    playing.act("send", "submit", button="ok")
    assert playing.card("send").values == {"note": "one", "sure": True}


def test_values_of_a_card_are_bounded() -> None:
    inputs: list[Part] = [
        {"type": "text_input", "name": f"n{n}", "label": "N", "max_length": 4_000} for n in range(5)
    ]
    card = {"title": "Long", "body": [*inputs, {"type": "submit", "name": "ok", "label": "OK"}]}
    flow = document({"send": send("w", card="long"), "w": pause()}, start="send", cards={"long": card})
    playing = play(flow).act("send", "submit", button="ok", values={f"n{n}": "x" * 4_000 for n in range(5)})
    assert playing.answer.code == "invalid_values"
    assert playing.answer.errors[0]["code"] == "too_large"


def test_values_that_would_make_the_state_too_large_are_refused() -> None:
    variables = {"text": {"type": "string"}}
    flow = document({"send": send("w"), "w": pause()}, start="send", variables=variables)
    playing = play(flow, text="x" * 259_000)
    playing.act("send", "submit", button="ok", values={"note": "x" * 4_000})
    assert playing.answer.code == "invalid_values"
    assert playing.answer.errors[0]["code"] == "state_too_large"
    assert playing.card("send").status is CardStatus.ACTIVE
    assert playing.effects == []


def test_fresh_button_refuses_a_tap_on_an_outdated_view() -> None:
    playing = sent().act("send", "submit", button="no", outdated=True)
    assert playing.answer.code == "card_changed"
    assert playing.card("send").status is CardStatus.ACTIVE
    assert playing.act("send", "submit", button="no").answer.code == "ok"
    assert sent().act("send", "submit", button="ok", outdated=True).answer.code == "ok"


def test_card_that_offers_no_dismissal_refuses_it() -> None:
    plain = {"title": "Plain", "body": [{"type": "submit", "name": "ok", "label": "OK"}]}
    flow = document({"send": send("w", card="plain"), "w": pause()}, start="send", cards={"plain": plain})
    for action in ("dismiss", "snooze", "vote_up"):
        assert play(flow).act("send", action, until=NOW + DAY).answer.code == "not_allowed"


def test_words_with_a_vote_are_taken_only_where_they_are_asked_for() -> None:
    plain = {"title": "Plain", "body": [], "menu": {"vote": True}}
    flow = document({"send": send("w", card="plain"), "w": pause()}, start="send", cards={"plain": plain})
    playing = play(flow).act("send", "vote_down", reason="boring", message="No.")
    assert playing.answer.code == "invalid_values"
    assert [(error["pointer"], error["code"]) for error in playing.answer.errors] == [
        ("/reason", "not_asked"),
        ("/message", "not_asked"),
    ]
    assert playing.effects == []
    assert play(flow).act("send", "vote_down").own_events == ["card.voted"]


def test_flow_hears_of_a_repeated_button_by_its_own_name_and_values() -> None:
    buy = {
        "type": "submit",
        "name": "buy",
        "label": "Buy",
        "each": ["tea", "milk"],
        "values": {"what": "=item"},
    }
    seat = {"type": "text_input", "name": "seat", "each": ["tea", "milk"]}
    steps = {
        "send": send("w", card="shop"),
        "w": wait(on_card("bought", "completed", button="buy", when="card.values.what == 'milk'", next="a")),
    }
    card = {"title": "Shop", "body": [seat, buy]}
    playing = play(document(steps, start="send", cards={"shop": card}))
    assert playing.act("send", "submit", button="buy").answer.code == "invalid_values"
    playing.act("send", "submit", button="buy.2", values={"seat.2": "12a"})
    assert playing.log == ["a"]
    assert playing.card("send").button == "buy"
    assert playing.card("send").values == {"seat": [None, "12a"], "what": "milk"}
    assert playing.events[0].data["values"] == {"seat": [None, "12a"], "what": "milk"}


# --- snooze --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", [None, NOW, NOW - 1, NOW + SNOOZE_MS_MAX + 1])
def test_snooze_needs_a_time_within_bounds(until: int | None) -> None:
    playing = sent().act("send", "snooze", until=until)
    assert playing.answer.code == "invalid_values"
    assert playing.answer.errors[0]["pointer"] == "/until"


def test_snoozed_card_comes_back_at_its_time() -> None:
    playing = sent().act("send", "snooze", until=NOW + SNOOZE_MS_MAX)
    assert playing.answer.code == "ok"
    playing = sent().act("send", "snooze", until=NOW + DAY).later(DAY)
    assert playing.card("send").status is CardStatus.ACTIVE
    assert playing.card("send").snoozed_until is None
    assert playing.own_events == ["card.unsnoozed"]


@pytest.mark.parametrize("notify", [True, False])
def test_end_of_a_snooze_is_announced_where_the_card_says_so(notify: bool) -> None:
    card = {"title": "X", "body": [], "menu": {"snooze": True}, "snooze": {"notify": notify}}
    flow = document({"send": send("w", card="x"), "w": pause(after="P90D")}, start="send", cards={"x": card})
    (event,) = play(flow).act("send", "snooze", until=NOW + DAY).later(DAY).events
    assert (event.name, event.data.get("notify")) == ("card.unsnoozed", notify or None)
    (event,) = play(flow).act("send", "snooze", until=NOW + DAY).act("send", "unsnooze").events
    assert (event.name, event.data.get("notify")) == ("card.unsnoozed", None)


def test_snoozing_again_moves_the_end() -> None:
    playing = sent().act("send", "snooze", until=NOW + DAY).act("send", "snooze", until=NOW + 3 * DAY)
    assert playing.later(2 * DAY).card("send").status is CardStatus.SNOOZED
    assert playing.later(DAY).card("send").status is CardStatus.ACTIVE


def test_snooze_ends_at_the_latest_when_the_card_expires() -> None:
    playing = sent(delivery={"expires_after": "P1D"}).act("send", "snooze", until=NOW + 5 * DAY)
    assert playing.card("send").snoozed_until == NOW + DAY
    playing.later(DAY)
    assert playing.card("send").status is CardStatus.EXPIRED


# --- links ---------------------------------------------------------------------------------------------

LINKED: Part = {
    "body": [
        {"type": "headline", "id": "top", "text": "Terms"},
        {"type": "link", "id": "terms", "label": "Terms", "url": "https://example.org"},
        {"type": "submit", "name": "ok", "label": "OK"},
    ]
}


def linked() -> Playing:
    steps = {"send": {"type": "send_card", "card": "c", "next": "w"}, "w": pause(after="P90D")}
    return play(document(steps, start="send", cards={"c": LINKED}))


@pytest.mark.parametrize("action", ["link", "subview"])
@pytest.mark.parametrize(
    ("element", "is_taken"), [("terms", True), (None, True), ("top", False), ("ok", False), ("term", False)]
)
def test_only_a_link_of_the_card_can_be_opened(action: str, element: str | None, is_taken: bool) -> None:
    playing = linked()
    before = playing.state
    playing.act("send", action, element=element)
    if is_taken:
        assert playing.answer.code == "ok"
        assert [event.data.get("element") for event in playing.events] == [element]
        return
    assert playing.answer.code == "invalid_values"
    (error,) = playing.answer.errors
    assert (error["pointer"], error["code"]) == ("/element", "unknown_link")
    assert (playing.state, playing.effects) == (before, [])


def test_card_from_before_links_were_kept_takes_any_element() -> None:
    playing = linked()
    (card,) = playing.state.cards
    playing.state = replace(playing.state, cards=(replace(card, form={"submits": {"ok": {}}}),))
    assert playing.act("send", "link", element="anything").answer.code == "ok"


# --- reports and events --------------------------------------------------------------------------------


def test_first_display_marks_the_card_as_seen_and_each_is_an_event() -> None:
    playing = sent().act("send", "displayed")
    assert playing.card("send").seen
    assert len(playing.put_cards) == 1
    playing.act("send", "displayed")
    assert playing.put_cards == []
    assert playing.own_events == ["card.displayed"]


@pytest.mark.parametrize("name", ["video", "custom", "anything"])
def test_other_tracked_reports_are_on_the_timeline_and_change_nothing(name: str) -> None:
    playing = sent().act("send", name)
    assert playing.answer.code == "ok"
    assert playing.turn.trace[0].result == f"card {name}"
    assert playing.effects == []


def test_event_of_an_action_says_what_was_done_to_which_card() -> None:
    (event,) = sent().act("send", "vote_down", reason="boring", message="No.").events
    assert event.name == "card.voted"
    assert (event.customer, event.depth) == ("c-1", 1)
    assert event.data["action"] == "voted_down"
    assert event.data["step"] == "send"
    assert event.data["reason"] == "boring"
    assert event.data["flow"] == "played"


def test_values_of_a_submission_are_in_its_event() -> None:
    event = sent().act("send", "submit", button="ok", values={"note": "hi"}).events[0]
    assert event.data["values"] == {"note": "hi", "sure": True}


def test_test_instance_marks_its_events() -> None:
    flow = document({"send": send("w"), "w": pause()}, start="send")
    assert all(event.data["test"] for event in play(flow, test=True).events)


# --- after the end -------------------------------------------------------------------------------------


def test_cards_of_an_ended_instance_still_act_expire_and_wake_up() -> None:
    flow = document({"send": send(delivery={"expires_after": "P2D"})}, start="send")
    playing = play(flow)
    assert playing.status == "completed"
    assert playing.act("send", "snooze", until=NOW + DAY).answer.code == "ok"
    assert playing.later(DAY).card("send").status is CardStatus.ACTIVE
    assert playing.later(DAY).card("send").status is CardStatus.EXPIRED
    assert playing.turn.due is None
    assert playing.status == "completed"


def test_action_on_a_card_of_a_cancelled_instance_finds_it_closed() -> None:
    assert sent().give(Cancelled()).act("send", "submit", button="ok").answer.code == "card_closed"


def test_tap_runs_no_token_of_an_ended_instance() -> None:
    steps = {
        "send": send(["w", "fin"]),
        "w": wait(on_card("x", "completed", next="a"), on_time("t", after="P1D")),
        "fin": {"type": "end"},
    }
    playing = play(document(steps, start="send")).act("send", "submit", button="ok")
    assert playing.log == []
