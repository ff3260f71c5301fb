"""Waits: what counts, who loses, what a wait takes once (flow format §5.1)."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from rules.customers.profile import new_profile
from rules.inputs import CardActed
from rules.instance import Report
from rules.model import Origin
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


def waiting(*until: Part, **more: object) -> str:
    return document({"w": wait(*until, **more)})


# --- any -----------------------------------------------------------------------------------------------


def test_first_outcome_in_document_order_wins_when_one_input_satisfies_several() -> None:
    playing = play(waiting(on_event("x", "go", next="a"), on_event("y", "go", next="b"))).event("go")
    assert playing.log == ["a"]


def test_losers_are_disarmed() -> None:
    w = wait(on_event("x", "go", next="a"), on_time("y", after="P1D", next="b"))
    playing = play(document({"w": w, "z": pause(after="P9D")}, start=["w", "z"])).event("go")
    assert [timer.of for timer in playing.state.timers] == ["z"]
    assert playing.subscriptions.by_customer == ()
    assert playing.later(2 * DAY).log == ["a"]


def test_outputs_say_which_outcome_and_what_it_took() -> None:
    steps = {"w": wait(on_event("x", "go", next="z")), "z": pause()}
    output = play(document(steps)).event("go", {"n": 1.0}).output("w")
    assert output["outcome"] == "x"
    assert isinstance(output["event"], dict)
    assert output["event"]["data"] == {"n": 1.0}


def test_two_tokens_at_one_wait_take_one_event_once() -> None:
    steps = {
        "w": wait(on_event("x", "go", next="a")),
        "v": {"type": "branch", "cases": [{"id": "x", "when": "true", "next": "w"}]},
    }
    playing = play(document(steps, start=["w", "v"]))
    assert playing.at == ["w", "w"]
    assert playing.event("go").log == ["a"]
    assert playing.at == ["w"]
    assert playing.event("go").log == ["a", "a"]


def test_two_waits_each_take_the_same_event() -> None:
    steps = {"w": wait(on_event("x", "go", next="a")), "v": wait(on_event("y", "go", next="b"))}
    assert play(document(steps, start=["w", "v"])).event("go").log == ["a", "b"]


# --- events --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "customer", "key", "origin", "woke"),
    [
        ("customer", "c-1", None, Origin.BACKEND, True),
        ("customer", "c-2", None, Origin.BACKEND, False),
        ("customer", "c-2", "k", Origin.BACKEND, False),
        ("customer", "c-1", None, Origin.APP, True),
        ("key", "c-2", "k", Origin.BACKEND, True),
        ("key", "c-1", "other", Origin.BACKEND, False),
        ("key", "c-1", None, Origin.BACKEND, False),
        ("key", "c-2", "k", Origin.APP, False),
        ("any", "c-2", None, Origin.BACKEND, True),
        ("any", None, None, Origin.BACKEND, True),
        ("any", "c-2", None, Origin.APP, False),
        ("any", "c-1", None, Origin.APP, True),
    ],
)
def test_event_is_matched_by_whom_it_concerns(
    match: str, customer: str | None, key: str | None, origin: Origin, woke: bool
) -> None:
    playing = play(waiting(on_event("x", "go", match=match)), key="k")
    playing.event("go", customer=customer, key=key, origin=origin)
    assert playing.turn.woke is woke


def test_subscriptions_name_what_is_armed_by_whom_it_concerns() -> None:
    outcomes = (
        on_event("x", "mine"),
        on_event("y", "keyed", match="key"),
        on_event("z", "any", match="any"),
        on_profile("p", "customer.first_name == 'x'"),
    )
    subscriptions = play(waiting(*outcomes), key="k").subscriptions
    assert subscriptions.by_customer == ("mine",)
    assert subscriptions.by_key == ("keyed",)
    assert subscriptions.by_any == ("any",)
    assert subscriptions.profile


def later(*until: Part, **more: object) -> str:
    """The wait is reached a day after the start; before, the instance waits elsewhere."""
    return document({"early": pause("w"), "w": wait(*until, **more)}, start="early")


SINCE = on_event("x", "go", since="start", when="event.data.n > 1", next="again")


def test_event_since_start_is_kept_for_a_wait_that_comes_later() -> None:
    playing = play(later(SINCE))
    assert playing.subscriptions.by_customer == ("go",)
    assert not playing.event("go", {"n": 2.0}).turn.woke
    assert playing.later(DAY).log == ["again"]
    assert playing.at == ["w"]


def test_wait_in_a_loop_sees_only_what_came_after_the_last_event_it_took() -> None:
    playing = play(later(SINCE))
    for n in (1.0, 2.0, 1.0, 3.0):
        playing.event("go", {"n": n})
    assert playing.later(DAY).log == ["again", "again"], "2, then 3; what lies before is passed over"
    assert playing.state.events == ()


def test_live_event_passes_over_what_was_kept() -> None:
    playing = play(later(SINCE)).event("go", {"n": 0.0}).later(DAY)
    assert [kept.data for kept in playing.state.events] == [{"n": 0.0}]
    playing.event("go", {"n": 2.0})
    assert playing.log == ["again"]
    assert not playing.state.events


def test_event_since_now_that_came_before_does_not_count() -> None:
    playing = play(later(on_event("x", "go", next="a"))).event("go").later(DAY)
    assert playing.at == ["w"]
    assert playing.log == []


def test_order_of_arrival_does_not_matter_to_a_wait_for_all() -> None:
    both = (on_event("x", "first", since="start"), on_event("y", "second", since="start"))
    playing = play(later(*both, need="all", next="a")).event("second").event("first")
    assert playing.later(DAY).log == ["a"]


def test_newest_32_events_are_kept_and_the_loss_is_recorded() -> None:
    playing = play(later(SINCE))
    for n in range(33):
        playing.event("go", {"n": float(n)})
    assert len(playing.state.events) == 32
    assert playing.state.events[0].data == {"n": 1.0}
    assert playing.turn.trace[0].result == "event lost: go"


def test_kept_events_have_at_most_16_kib_of_data() -> None:
    playing = play(later(SINCE))
    playing.event("go", {"n": 1.0, "text": "x" * 10_000}).event("go", {"n": 2.0, "text": "x" * 10_000})
    assert [kept.data["n"] for kept in playing.state.events] == [2.0]
    assert playing.event("go", {"n": 3.0, "text": "x" * 20_000}).state.events == ()


# --- cards ---------------------------------------------------------------------------------------------

IDLE = on_time("idle", after="P9D")


def sent(*until: Part, **more: object) -> Playing:
    """A card is sent, then the wait is reached."""
    return play(document({"send": send("w"), "w": wait(*until, IDLE, **more)}, start="send"))


def sent_early(*until: Part) -> Playing:
    """A card is sent, and a day later the wait is reached."""
    steps = {"send": send("nap"), "nap": pause("w"), "w": wait(*until, IDLE)}
    return play(document(steps, start="send"))


@pytest.mark.parametrize(
    ("action", "act", "more"),
    [
        ("completed", "submit", {"button": "ok"}),
        ("submitted", "submit", {"button": "more"}),
        ("dismissed", "dismiss", {}),
        ("snoozed", "snooze", {"until": NOW + HOUR}),
        ("voted_up", "vote_up", {}),
        ("voted_down", "vote_down", {}),
        ("displayed", "displayed", {}),
        ("linked", "link", {}),
        ("subview", "subview", {}),
    ],
)
def test_card_reports_by_the_vocabulary_of_outcomes(action: str, act: str, more: dict[str, object]) -> None:
    playing = sent(on_card("x", action, next="a")).act("send", act, **more)
    assert playing.log == ["a"]
    card = playing.output("w")["card"]
    assert isinstance(card, dict)
    assert card["id"] == playing.card("send").id


def test_unsnooze_by_the_clock_is_a_report_too() -> None:
    playing = sent(on_card("x", "unsnoozed", next="a")).act("send", "snooze", until=NOW + HOUR)
    assert playing.log == []
    assert playing.later(HOUR).log == ["a"]


def test_button_and_condition_choose_among_reports() -> None:
    by_button = on_card("x", "completed", button="no", next="a")
    by_value = on_card("y", "completed", when="card.values.sure", next="b")
    assert sent(by_button, by_value).act("send", "submit", button="ok").log == ["b"]


def test_report_that_came_before_the_wait_counts() -> None:
    playing = sent_early(on_card("x", "completed", next="a")).act("send", "submit", button="ok")
    assert len(playing.state.reports) == 1
    assert playing.later(DAY).log == ["a"]


def test_wait_takes_a_report_once() -> None:
    playing = sent(on_card("x", "displayed", "completed", next="again")).act("send", "displayed")
    assert playing.log == ["again"]
    assert playing.at == ["w"]
    assert playing.act("send", "submit", button="ok").log == ["again", "again"]
    assert playing.state.reports == ()


def test_report_that_lost_against_another_counts_in_the_next_round() -> None:
    playing = sent_early(on_card("x", "completed", next="again"), on_card("y", "displayed", next="b"))
    playing.act("send", "displayed").act("send", "submit", button="ok")
    assert playing.later(DAY).log == ["again", "b"]


def test_loop_takes_equal_reports_that_came_before_one_by_one() -> None:
    playing = sent_early(on_card("x", "submitted", next="again"))
    for note in ("first", "second"):
        playing.act("send", "submit", button="more", values={"note": note})
    assert playing.later(DAY).log == ["again", "again"]
    assert playing.state.reports == ()


def test_equal_reports_latch_the_outcomes_of_a_wait_for_all_one_by_one() -> None:
    twice = wait(on_card("x", "displayed"), on_card("y", "displayed"), need="all", next="a")
    steps = {"send": send("nap"), "nap": pause("w"), "w": twice}
    playing = play(document(steps, start="send")).act("send", "displayed").act("send", "displayed")
    assert playing.later(DAY).log == ["a"]


def test_report_that_comes_to_an_armed_wait_leaves_an_older_equal_one() -> None:
    """The older one did not satisfy when the wait was reached; it is a fact of its own."""
    shown = on_card("x", "displayed", when="customer.tier == 'gold'", next="again")
    playing = sent_early(shown).act("send", "displayed").later(DAY)
    playing.write_customer(tier="gold").act("send", "displayed")
    assert playing.log == ["again", "again"]


def test_report_of_a_state_without_numbers_is_taken_once() -> None:
    playing = sent_early(on_card("x", "displayed", next="again")).act("send", "displayed")
    unnumbered = [msgspec.to_builtins(report)[:5] for report in playing.state.reports]
    playing.state = replace(playing.state, reports=msgspec.convert(unnumbered, tuple[Report, ...]))
    assert playing.later(DAY).log == ["again"]
    assert playing.state.reports == ()


def keeping(*reports: str) -> Playing:
    """A card reports to a wait that is not reached yet."""
    steps = {
        "send": send(["many", "nap"]),
        "many": wait(on_time("t", after="PT1H", next="send")),
        "nap": pause("w", after="P30D"),
        "w": wait(on_card("x", "completed", "displayed", "voted_up", next="a"), IDLE),
    }
    playing = play(document(steps, start="send"))
    for action in reports:
        playing.act("send", action)
    return playing


def test_64_reports_are_kept_and_the_loss_is_recorded() -> None:
    playing = keeping()
    for _ in range(64):
        playing.act("send", "submit", button="ok").later(HOUR)
    first, second = playing.state.reports[:2]
    assert len(playing.state.reports) == 64
    playing.act("send", "submit", button="ok")
    assert playing.turn.trace[-1].result == "report lost: completed of send"
    assert len(playing.state.reports) == 64
    assert first not in playing.state.reports, "without a twin among them the oldest goes"
    assert playing.state.reports[0] == second


def test_report_with_a_newer_twin_is_lost_before_one_without() -> None:
    playing = keeping("vote_up", *["displayed"] * 64)
    assert playing.turn.trace[-1].result == "report lost: displayed of send"
    kept = playing.state.reports
    assert [report.action for report in kept] == ["voted_up", *["displayed"] * 63]
    assert [report.number for report in kept] == [
        kept[0].number,
        *range(kept[0].number + 2, kept[-1].number + 1),
    ]


def test_expiry_counts_only_from_the_latest_card_and_taps_from_any() -> None:
    steps = {
        "send": send("w", delivery={"expires_after": "P2D"}),
        "w": wait(
            on_card("gone", "expired", next="a"),
            on_card("done", "completed", next="b"),
            on_time("t", after="P1D", next="send"),
        ),
    }
    playing = play(document(steps, start="send")).later(DAY).later(DAY)
    assert playing.log == [], "the first of the cards has expired, the latest has not"
    older = playing.open_cards()[0]
    assert older.id != playing.card("send").id
    assert playing.give(CardActed(card=older.id, action="submit", button="ok")).log == ["b"]


def test_cards_in_close_are_cancelled_when_another_outcome_wins() -> None:
    steps = {
        "send": send("w"),
        "w": wait(on_card("x", "submitted", next="z"), on_event("y", "go", next="z"), close=["send"]),
        "z": pause(),
    }
    lost = play(document(steps, start="send")).event("go")
    assert lost.card("send").status.value == "cancelled"
    assert lost.card("send").reason == "close"
    won = play(document(steps, start="send")).act("send", "submit", button="more")
    assert won.card("send").status.value == "active"


# --- profile -------------------------------------------------------------------------------------------

GOLD = on_profile("x", "customer.?tier.orValue('') == 'gold'", next="again")


def test_profile_outcome_holds_at_once() -> None:
    profile = replace(new_profile("c-1", NOW), fields={"tier": "gold"})
    playing = play(waiting(GOLD), profile=profile)
    assert playing.log == ["again"]
    assert playing.at == ["w"]


def test_profile_outcome_that_was_taken_needs_a_change_from_false_to_true() -> None:
    playing = play(waiting(GOLD)).write_customer(tier="gold")
    assert playing.log == ["again"]
    assert playing.write_customer(other=1).log == ["again"]
    assert playing.write_customer(tier="silver").write_customer(tier="gold").log == ["again", "again"]


def test_change_counts_that_happened_while_the_wait_was_not_armed() -> None:
    steps = {"w": wait({**GOLD, "next": "nap"}), "nap": pause("again")}
    playing = play(document(steps)).write_customer(tier="gold")
    assert playing.subscriptions.profile
    playing.write_customer(tier="silver").write_customer(tier="gold")
    assert playing.later(DAY).at == ["nap"]


def test_profile_outcome_sees_what_its_own_turn_writes() -> None:
    steps = {
        "w": wait({**GOLD, "next": "a"}),
        "up": wait(on_event("y", "go", next="write")),
        "write": {"type": "update_customer", "set": {"tier": "gold"}},
    }
    playing = play(document(steps, start=["w", "up"])).event("go")
    assert playing.log == ["a"]
    assert playing.status == "completed"


def test_profile_outcome_is_looked_at_when_the_profile_is_written_and_not_by_the_clock() -> None:
    playing = play(waiting(on_profile("late", "now > timestamp('2026-02-02T12:00:00Z')", next="a")))
    assert playing.later(DAY).log == []
    assert playing.write_customer(n=1).log == ["a"]


def on_segment(side: str, **more: object) -> Part:
    return {"id": side, "type": "segment", "segment": "gold", "is": side, **more}


def test_segment_outcome_holds_at_once_or_later_and_again_after_a_change() -> None:
    gold = replace(new_profile("c-1", NOW), segments=("gold",))
    assert play(waiting(on_segment("in", next="a")), profile=gold).log == ["a"]
    assert play(waiting(on_segment("out", next="a"))).log == ["a"]
    playing = play(waiting(on_segment("in", next="again"))).in_segments("other")
    assert playing.log == []
    assert playing.in_segments("gold").log == ["again"]
    assert playing.in_segments("gold", "other").log == ["again"]
    assert playing.in_segments().in_segments("gold").log == ["again", "again"]


# --- time ----------------------------------------------------------------------------------------------


def test_past_moment_is_now() -> None:
    assert play(waiting(on_time("t", at="2020-01-01T00:00:00Z", next="a"))).log == ["a"]


@pytest.mark.parametrize(("at", "ms"), [("2020-01-01T00:00:00Z", 0), ("2026-02-03T00:00:00Z", 30 * DAY)])
def test_same_past_moment_twice_is_an_error(at: str, ms: int) -> None:
    playing = play(waiting(on_time("t", at=at, next="again"))).later(ms)
    assert playing.log == ["again"]
    assert playing.at == ["w!"]
    assert playing.error("w") == "already_past"


def test_skipped_moment_never_comes() -> None:
    never = on_time("t", at={"from": "2020-01-01T00:00:00Z", "if_past": "skip"}, next="a")
    playing = play(waiting(never, on_event("x", "go", next="b")))
    assert playing.turn.due is None
    assert playing.event("go").log == ["b"]


def test_moment_that_cannot_be_had_fails_the_wait() -> None:
    playing = play(waiting(on_time("t", at="=timestamp(vars.log[0])", next="a")))
    assert playing.at == ["w!"]


# --- need: all, deadline -------------------------------------------------------------------------------

ALL = (on_event("x", "one"), on_event("y", "two"), on_time("t", after="P1D"))


def test_wait_for_all_latches_each_and_goes_on_at_its_own_next() -> None:
    playing = play(waiting(*ALL, need="all", next="a")).event("two").event("two")
    assert playing.state.tokens[0].latched == ("y",)
    assert playing.subscriptions.by_customer == ("one",)
    outcomes = playing.output("w")["outcomes"]
    assert isinstance(outcomes, dict)
    assert list(outcomes) == ["y"]
    assert playing.event("one").log == []
    assert playing.later(DAY).log == ["a"]


def test_wait_for_all_takes_an_event_once() -> None:
    playing = play(waiting(on_event("x", "one"), on_event("y", "one"), need="all", next="a"))
    assert playing.event("one").log == []
    assert playing.event("one").log == ["a"]


def test_one_write_may_latch_several_profile_outcomes() -> None:
    both = (on_profile("x", "customer.?n.orValue(0) > 1"), on_profile("y", "customer.?n.orValue(0) > 2"))
    assert play(waiting(*both, need="all", next="a")).write_customer(n=3.0).log == ["a"]


def test_deadline_ends_a_wait_early() -> None:
    text = waiting(*ALL, need="all", next="a", deadline={"after": "PT1H", "next": "b"})
    playing = play(text).event("one").later(HOUR)
    assert playing.log == ["b"]
    assert playing.output("w")["outcome"] == "deadline"
    outcomes = playing.output("w")["outcomes"]
    assert isinstance(outcomes, dict)
    assert list(outcomes) == ["x"]


def test_past_deadline_ends_a_wait_at_once() -> None:
    deadline = {"at": "2020-01-01T00:00:00Z", "next": "b"}
    assert play(waiting(*ALL, need="all", next="a", deadline=deadline)).log == ["b"]


def test_past_deadline_in_a_loop_is_an_error() -> None:
    deadline = {"at": "2020-01-01T00:00:00Z", "next": "again"}
    playing = play(waiting(*ALL, need="all", deadline=deadline))
    assert playing.log == ["again"]
    assert playing.error("w") == "already_past"
