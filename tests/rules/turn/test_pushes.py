"""Pushes: notify steps, those of cards, windows, what is held, and what reports wake (flow format §5, §8)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rules.customers.profile import new_profile
from rules.inputs import Cancelled
from tests.rules.playing import DAY, HOUR, NOW, Part, Playing, document, on_event, pause, play, send, wait

NIGHT = {"windows": {"default": [["09:00", "17:00"]]}}
"""It is 02:40 UTC at NOW."""

NOTIFICATION: Part = {
    "title": "Hello {{ customer.id }}",
    "body": "You have {{ 2 | plural: 'one', 'many' }}",
    "data": {"n": "=1 + 1"},
    "sound": "ding",
    "ttl": "PT1H",
    "topic": "offers",
    "translations": {"mi": {"title": "Kia ora"}},
}


def told(step: Part | None = None, *, before: object = None, until: tuple[Part, ...] = ()) -> Playing:
    """Waits for `go`, so that preferences can be written, and runs the step."""
    steps = {
        "w": wait(on_event("e", "go", next="do")),
        "do": step or {"type": "notify", "notification": "hi", "next": "x"},
        "x": wait(*until) if until else pause(),
    }
    playing = play(document(steps, notifications={"hi": NOTIFICATION}))
    if isinstance(before, dict):
        playing.write_preferences(**before)
    return playing.event("go")


def status(playing: Playing) -> object:
    shown = playing.output("do")["notification"]
    assert isinstance(shown, dict)
    return shown["status"]


def test_notify_renders_and_is_done_when_it_is_queued() -> None:
    playing = told()
    (push,) = playing.pushes
    assert push.content == {
        "title": "Hello c-1",
        "body": "You have many",
        "data": {"n": 2},
        "sound": "ding",
        "ttl_s": 3_600,
    }
    assert (playing.at, status(playing)) == (["x"], "queued")


def test_texts_are_those_of_the_customers_language() -> None:
    notify: Part = {"type": "notify", "notification": "hi"}
    flow = document({"do": notify}, start="do", notifications={"hi": NOTIFICATION})
    (push,) = play(flow, profile=replace(new_profile("c-1", NOW), locale="mi-NZ")).pushes
    assert push.content["title"] == "Kia ora"


TEXTS = [
    ("{{ 1 | plus: 1 }}", "2"),
    ("=1 + 1", "2"),
    ("=customer.id", "c-1"),
    ("=null", ""),
    ("==1 + 1", "=1 + 1"),
]


@pytest.mark.parametrize(("written", "sent"), TEXTS)
def test_texts_are_templates_or_expressions_like_every_value(written: str, sent: str) -> None:
    notification = {"title": written, "body": "Hello", "translations": {"mi": {"body": written}}}
    notify: Part = {"type": "notify", "notification": "hi"}
    flow = document({"do": notify}, start="do", notifications={"hi": notification})
    (push,) = play(flow, profile=replace(new_profile("c-1", NOW), locale="mi")).pushes
    assert push.content == {"title": sent, "body": sent}


@pytest.mark.parametrize("preferences", [{"notifications_enabled": False}, {"topics": {"offers": False}}])
def test_a_push_that_the_customer_does_not_want_is_dropped(preferences: Part) -> None:
    playing = told(before=preferences)
    assert (playing.pushes, status(playing)) == ([], "dropped")
    assert "notification.dropped" in playing.own_events


def test_hold_waits_for_the_customers_window_and_the_token_moves_on() -> None:
    playing = told(before=NIGHT)
    assert (playing.pushes, playing.at, status(playing)) == ([], ["x"], "held")
    assert "notification.held" in playing.own_events
    playing.later(6 * HOUR)
    assert playing.pushes == []
    playing.later(HOUR)
    assert len(playing.pushes) == 1
    assert playing.state.pushes == ()


@pytest.mark.parametrize(("window", "sent", "shown"), [("drop", 0, "dropped"), ("ignore", 1, "queued")])
def test_window_says_what_becomes_of_a_push_at_night(window: str, sent: int, shown: str) -> None:
    playing = told({"type": "notify", "notification": "hi", "window": window, "next": "x"}, before=NIGHT)
    assert (len(playing.pushes), status(playing)) == (sent, shown)


def test_a_held_push_is_looked_at_again_when_its_window_comes() -> None:
    playing = told(before=NIGHT)
    playing.write_preferences(windows={"default": [["18:00", "19:00"]]}).later(7 * HOUR)
    assert (playing.pushes, status(playing)) == ([], "held")
    playing.write_preferences(notifications_enabled=False).later(DAY)
    assert (playing.pushes, status(playing)) == ([], "dropped")


def test_windows_that_never_open_drop_the_push() -> None:
    days = ("default", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
    assert status(told(before={"windows": {day: [] for day in days}})) == "dropped"


def test_a_held_push_dies_with_its_instance_but_outlives_a_completed_one() -> None:
    assert told(before=NIGHT).give(Cancelled()).state.pushes == ()
    steps: Part = {"w": wait(on_event("e", "go", next="do")), "do": {"type": "notify", "notification": "hi"}}
    playing = play(document(steps, notifications={"hi": NOTIFICATION})).write_preferences(**NIGHT).event("go")
    assert (playing.status, len(playing.state.pushes), playing.state.is_over) == ("completed", 1, False)
    playing.later(7 * HOUR)
    assert (len(playing.pushes), playing.state.is_over) == (1, True)


# --- cards ---------------------------------------------------------------------------------------------

CARD = send("x", notify={"notification": "hi"})


def carded(delivery: Part | None = None, *, notify: bool = True, **notification: object) -> Playing:
    """A card that goes out with its push, and can be snoozed."""
    card = {"title": "X", "body": [], "menu": {"snooze": True}, "snooze": {"notify": notify}}
    step = send(
        "x", card="note", notify={"notification": "hi"}, **({"delivery": delivery} if delivery else {})
    )
    flow = document(
        {"send": step, "x": pause(after="P90D")},
        start="send",
        cards={"note": card},
        notifications={"hi": {**NOTIFICATION, **notification}},
        variables={"list": {"type": "list", "default": []}},
    )
    return play(flow)


def test_end_of_a_snooze_sends_the_push_of_the_card_again_where_the_card_says_so() -> None:
    playing = carded()
    (first,) = playing.pushes
    (again,) = playing.act("send", "snooze", until=NOW + DAY).later(DAY).pushes
    assert (again.content, again.card) == (first.content, first.card)
    assert again.push != first.push
    assert carded(notify=False).act("send", "snooze", until=NOW + DAY).later(DAY).pushes == []


def test_customer_who_wakes_a_card_by_hand_is_not_told_of_it() -> None:
    playing = carded().act("send", "snooze", until=NOW + DAY).act("send", "unsnooze")
    assert playing.pushes == []


@pytest.mark.parametrize("after", ["publication", "snooze"])
def test_push_that_cannot_be_made_keeps_no_card_from_coming(after: str) -> None:
    if after == "publication":
        playing = carded({"publish_at": {"offset": "P1D"}}, data={"x": "=vars.list[0]"}).later(DAY)
    else:
        playing = carded(data={"x": "=now > timestamp('2026-02-02T12:00:00Z') ? vars.list[0] : 1"})
        playing.act("send", "snooze", until=NOW + DAY).later(DAY)
    assert playing.card("send").status == "active"
    assert playing.pushes == []
    assert [line.result for line in playing.turn.trace if line.error] == ["push failed"]


def test_a_card_tells_of_itself_when_it_is_published() -> None:
    (push,) = (playing := told(CARD)).pushes
    assert push.card == playing.card("do").id
    later = told({**CARD, "delivery": {"publish_at": {"offset": "PT1H"}}})
    assert later.pushes == []
    assert len(later.later(HOUR).pushes) == 1


def test_a_held_push_dies_when_its_card_closes() -> None:
    playing = told(CARD, before=NIGHT).act("do", "dismiss")
    assert (playing.state.pushes, status(playing)) == ((), "dropped")
    assert playing.later(DAY).pushes == []


# --- outcomes ------------------------------------------------------------------------------------------


def on_push(*statuses: str) -> Part:
    return {"id": "n", "type": "notification", "of": "do", "is": list(statuses), "next": "a"}


@pytest.mark.parametrize("reported", ["sent", "failed", "no_device", "opened"])
def test_notification_outcome_wakes_for_what_is_reported(reported: str) -> None:
    playing = told(until=(on_push(reported),)).push("do", reported)
    assert playing.log == ["a"]
    shown = playing.output("x")["notification"]
    assert isinstance(shown, dict)
    assert shown["status"] == reported


def test_a_report_that_came_before_the_wait_counts() -> None:
    playing = told(before={"notifications_enabled": False}, until=(on_push("dropped"),))
    assert playing.log == ["a"]


def test_other_reports_do_not_wake() -> None:
    assert told(until=(on_push("opened"),)).push("do", "sent").at == ["x"]


@pytest.mark.parametrize(
    ("reported", "name"), [("sent", "notification.sent"), ("no_device", "notification.failed")]
)
def test_reports_are_events_of_the_server(reported: str, name: str) -> None:
    assert name in told().push("do", reported).own_events


def test_a_notification_of_more_than_4_kib_fails_the_step() -> None:
    note = {"hi": {**NOTIFICATION, "body": "x" * 4_096}}
    flow = document({"do": {"type": "notify", "notification": "hi"}}, start="do", notifications=note)
    assert play(flow).error("do") == "push_too_large"
