"""What waits have taken, kept and latched goes with them to another version; what is new to them may hold."""

from __future__ import annotations

import pytest

from rules.customers.profile import new_profile, replace
from rules.migrating.plan import Plan
from tests.rules.playing import (
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

X, Y, Z = (on_event(name, name) for name in "xyz")
W_TO_V = Plan(steps={"w": "v"})


# --- latched -------------------------------------------------------------------------------------------


def all_of(*until: Part, **more: object) -> str:
    return document({"w": wait(*until, **{"need": "all", "next": "a", **more})})


def test_what_has_latched_stays_latched_and_the_rest_is_waited_for() -> None:
    playing = play(all_of(X, Y)).event("x").move(all_of(X, Y, Z))
    assert playing.event("y").at == ["w"]
    assert playing.event("z").log == ["a"]
    outcomes = playing.output("w")["outcomes"]
    assert isinstance(outcomes, dict)
    assert {*outcomes} == {"x", "y", "z"}


def test_what_is_not_asked_for_any_more_is_not_waited_for() -> None:
    assert play(all_of(X, Y)).event("x").move(all_of(X)).log == ["a"]
    assert play(all_of(X, Y)).event("x").move(all_of(Y)).at == ["w"]


def test_a_wait_that_needs_one_by_now_goes_on_with_what_has_latched() -> None:
    new = document({"w": wait(on_event("y", "y", next="a"), on_event("x", "x", next="b"))})
    playing = play(all_of(X, Y)).event("x", {"n": 1.0}).move(new)
    assert playing.log == ["b"]
    event = playing.output("w")["event"]
    assert isinstance(event, dict)
    assert (playing.output("w")["outcome"], event["data"]) == ("x", {"n": 1.0})


def test_a_wait_that_needs_all_by_now_goes_on_waiting() -> None:
    old = document({"w": wait(on_event("x", "x", next="a"), on_event("y", "y", next="a"))})
    assert play(old).move(all_of(X, Y)).event("x").event("y").log == ["a"]


# --- reports of cards ----------------------------------------------------------------------------------


def asking(wait_at: str = "w", *, of: str = "send", **more: object) -> str:
    """Sends a card, waits for `go`, and then for the card."""
    steps = {
        of: send("z"),
        "z": wait(on_event("go", "go", next=wait_at)),
        wait_at: wait(on_card("done", "completed", "dismissed", of=of, next="a")),
    }
    return document({**steps, **more}, start=of)


def tapped(text: str) -> Playing:
    return play(text).act("send", "submit", button="ok")


def test_a_report_that_its_wait_has_not_taken_yet_goes_with_it() -> None:
    plan = Plan(steps={"w": "v", "send": "ask"})
    playing = tapped(asking()).move(asking("v", of="ask"), plan)
    assert playing.event("go").log == ["a"]


def test_a_report_that_a_wait_has_taken_is_not_taken_again() -> None:
    def text(name: str) -> str:
        steps = {
            "send": send(name),
            name: wait(on_card("x", "voted_up", next="z")),
            "z": wait(on_event("go", "go", next=name)),
        }
        return document(steps, start="send")

    playing = play(text("w")).act("send", "vote_up")
    playing.move(text("v"), W_TO_V).event("go")
    assert playing.at == ["v"]
    assert playing.act("send", "vote_up").at == ["z"]


def test_a_report_that_is_kept_counts_also_for_a_wait_that_did_not_listen_before() -> None:
    def text(*of_w: Part) -> str:
        steps = {
            "send": send("w"),
            "w": wait(on_event("other", "other"), *of_w),
            "q": wait(on_event("q", "q", next="v")),
            "v": wait(on_card("done", "completed", next="b")),
        }
        return document(steps, start=["send", "q"])

    playing = play(text()).act("send", "submit", button="ok")
    playing.move(text(on_card("done", "completed", next="a")))
    assert playing.log == ["a"]
    assert playing.event("q").log == ["a", "b"]


def test_a_report_of_a_step_that_is_gone_is_dropped() -> None:
    playing = tapped(asking())
    new = document({"z": wait(on_event("go", "go", next="w")), "w": pause()}, start="z")
    assert playing.move(new).state.reports == ()
    assert playing.state.cards == ()


# --- events kept since the start -----------------------------------------------------------------------


def since(name: str = "w", *more: Part, when: str = "event.data.n > 0") -> str:
    steps = {
        "z": wait(on_event("go", "go", next=name)),
        name: wait(on_event("x", "x", since="start", when=when, next="z"), *more),
    }
    return document(steps, start="z")


def test_a_kept_event_goes_with_the_wait_that_has_not_taken_it() -> None:
    playing = play(since()).event("x", {"n": 1.0}).move(since("v"), W_TO_V)
    assert playing.event("go").at == ["z"]
    assert playing.event("go").at == ["v"], "it was taken"


def test_a_kept_event_that_the_wait_refused_counts_if_it_would_take_it_now() -> None:
    playing = play(since(when="event.data.n > 5")).event("x", {"n": 1.0}).event("go")
    assert playing.at == ["w"]
    assert playing.move(since(when="event.data.n > 0")).at == ["z"]


def test_an_event_that_nobody_listens_to_any_more_is_dropped() -> None:
    new = document({"z": wait(on_event("go", "go", next="w")), "w": pause()}, start="z")
    assert play(since()).event("x", {"n": 1.0}).move(new).state.events == ()


# --- the profile ---------------------------------------------------------------------------------------

GOLD, SILVER = "customer.tier == 'gold'", "customer.tier == 'silver'"


def tier(when: str, name: str = "w", **more: object) -> str:
    steps = {name: wait(on_profile("is", when, next="z")), "z": wait(on_event("go", "go", next=name))}
    return document(steps, start=name, **more)


def gold(text: str) -> Playing:
    return play(text, profile=replace(new_profile("c-1", NOW), {"fields": {"tier": "gold"}}, NOW))


def test_a_profile_that_was_taken_still_needs_a_change() -> None:
    playing = gold(tier(GOLD)).move(tier(GOLD, "v"), W_TO_V).event("go")
    assert playing.at == ["v"]
    assert playing.write_customer(tier="silver").write_customer(tier="gold").at == ["z"]


def test_a_condition_that_is_another_by_now_is_looked_at_at_once() -> None:
    playing = gold(tier(SILVER))
    assert playing.at == ["w"]
    assert playing.move(tier(GOLD)).at == ["z"]
    assert gold(tier(GOLD)).move(tier("customer.tier != 'silver'")).event("go").at == ["z"]


def test_an_exit_that_holds_takes_the_instance_out_once() -> None:
    def text(when: str) -> str:
        return document(
            {"w": wait(on_event("x", "x")), "c": pause()}, exits=[on_profile("out", when, next="c")]
        )

    playing = gold(text(SILVER)).move(text(GOLD))
    assert playing.at == ["c"]
    assert playing.move(text(GOLD)).write_customer(points=1).state.tokens[0].activation == 1


OF_CUSTOMER: list[Part] = [
    {"id": "o", "type": "segment", "segment": "s", "is": "in", "next": "a"},
    {"id": "o", "type": "profile", "when": GOLD, "next": "a"},
]


@pytest.mark.parametrize("outcome", OF_CUSTOMER)
def test_writes_to_the_profile_are_heard_as_the_new_version_asks(outcome: Part) -> None:
    heard = [play(document({"w": wait(on_event("x", "x"))}))]
    heard.append(play(heard[0].flow).move(document({"w": wait(outcome)})))
    assert [playing.subscriptions.profile for playing in heard] == [False, True]
    assert heard[1].in_segments("s").write_customer(tier="gold").log == ["a"]


# --- joins ---------------------------------------------------------------------------------------------


def test_a_join_that_has_fired_absorbs_who_comes_late_under_its_new_name() -> None:
    def text(join: str, need: object) -> str:
        steps = {
            "one": wait(on_event("x", "x", next=join)),
            "two": wait(on_event("y", "y", next=join), on_time("t", after="P9D")),
            join: {"type": "join", "need": need, "next": "b"},
        }
        return document(steps, start=["one", "two"])

    plan = Plan(steps={"j": "k"})
    assert play(text("j", "any")).event("x").move(text("k", "any"), plan).event("y").log == ["b"]
    assert play(text("j", "any")).event("x").move(text("k", "all"), plan).event("y").log == ["b", "b"]
