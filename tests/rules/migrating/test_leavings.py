"""What steps have left in a moved instance goes with them: outputs, cards, pushes, children, calls."""

from __future__ import annotations

from rules.inputs import PushReported
from rules.migrating.plan import Plan, Reason
from tests.rules.playing import DAY, HELLO, Part, document, on_card, on_event, pause, play, send, wait

GO = wait(on_event("go", "go"))


# --- outputs -------------------------------------------------------------------------------------------


def branching(name: str) -> str:
    said = {"log": f"=[steps.{name}.?case.orValue('nothing')]"}
    steps: dict[str, object] = {
        name: {"type": "branch", "cases": [{"id": "yes", "when": "true", "next": "w"}]},
        "w": wait(on_event("go", "go", next="say")),
        "say": {"type": "set", "variables": said},
    }
    return document(steps, start=name, variables={"log": {"type": "list", "default": []}})


def test_outputs_go_with_their_step() -> None:
    playing = play(branching("one")).move(branching("two"), Plan(steps={"one": "two"}))
    assert playing.event("go").log == ["yes"]


def test_outputs_mean_nothing_to_a_step_of_another_kind() -> None:
    playing = play(branching("one"))
    assert playing.output("one") == {"runs": 1, "case": "yes"}
    new = document({"one": pause("w"), "w": GO}, start="one")
    assert playing.move(new).output("one") == {"runs": 1}


def turns(first: str, second: str) -> str:
    loop = {first: wait(on_event("x", "x", next=second)), second: wait(on_event("y", "y", next=first))}
    return document(loop, start=first)


def test_a_name_counts_on_whoever_has_it() -> None:
    """`w` and `v` change places: each activation of either has a number that neither had."""
    playing = play(turns("w", "v")).event("x").event("y").event("x")
    assert (playing.at, playing.output("w")["runs"], playing.output("v")["runs"]) == (["v"], 2, 2)
    playing.move(turns("v", "w"), Plan(steps={"w": "v", "v": "w"}))
    assert [(token.step, token.activation) for token in playing.state.tokens] == [("w", 4)]
    assert playing.event("y").event("x").state.tokens[0].activation == 5


def test_numbers_of_a_step_that_was_gone_are_not_given_again() -> None:
    with_w = document(
        {"z": wait(on_event("go", "go", next="w")), "w": wait(on_event("x", "x", next="z"))}, start="z"
    )
    without = document({"z": wait(on_event("go", "go", next="z"))}, start="z")
    playing = play(with_w).event("go").event("x").move(without).move(with_w).event("go")
    assert [(token.step, token.activation) for token in playing.state.tokens] == [("w", 2)]


# --- cards ---------------------------------------------------------------------------------------------

OTHER: Part = {**HELLO, "title": "Other"}


def asking(step: str = "send", *, card: str = "hello") -> str:
    steps: dict[str, object] = {
        step: send("w", card=card),
        "w": wait(on_card("done", "completed", of=step, next="a"), on_event("up", "up", next="up")),
        "up": {"type": "update_card", "of": step, "next": "w"},
    }
    return document(steps, start=step, cards={card: OTHER if card == "other" else HELLO})


def test_an_open_card_is_neither_rendered_again_nor_told_of() -> None:
    playing = play(asking())
    card = playing.card("send")
    assert playing.move(asking()).effects == []
    assert playing.card("send") == card


def test_an_open_card_is_told_of_when_its_step_has_another_name() -> None:
    playing = play(asking()).move(asking("ask"), Plan(steps={"send": "ask"}))
    (put,) = playing.put_cards
    assert (put.card, put.view, put.card.step) == (playing.card("ask"), None, "ask")
    assert playing.act("ask", "submit", button="ok").log == ["a"]


def test_a_card_whose_template_is_gone_is_updated_from_that_of_its_step() -> None:
    playing = play(asking()).move(asking(card="other"))
    (put,) = playing.event("up").put_cards
    assert put.card.template == "other"
    assert put.view is not None
    assert put.view.view["title"] == "Other"


def test_an_open_card_without_its_step_keeps_the_instance_where_it_is() -> None:
    new = document({"w": GO})
    playing = play(asking())
    for plan in (Plan(), Plan(steps={"send": "w"})):
        stuck = playing.stuck(new, plan)
        assert (stuck.reason, stuck.step) == (Reason.OPEN_CARD, "send")
    playing.withdraw("send").move(new)
    assert (playing.at, playing.state.cards) == (["w"], ())


# --- calls ---------------------------------------------------------------------------------------------


def calling(name: str) -> str:
    request: Part = {"type": "request", "url": "https://example.org", "next": "p"}
    return document({name: request, "p": pause(name)}, start=name)


def test_a_parked_request_that_is_tried_again_keeps_its_key_under_its_new_name() -> None:
    playing = play(calling("r"))
    (first,) = playing.calls
    playing.respond("r", 500)
    for before, after in (("r", "q"), ("q", "s")):
        playing.move(calling(after), Plan(steps={before: after}))
    (again,) = playing.repair().calls
    assert (again.key, again.step) == (first.key, "s")
    (fresh,) = playing.respond("s", 500).repair(fresh=True).calls
    assert fresh.key.endswith("s#2")


def test_a_new_request_of_an_old_name_has_a_key_of_its_own() -> None:
    playing = play(calling("r"))
    (first,) = playing.calls
    request: Part = {"type": "request", "url": "https://example.com", "next": "q"}
    new = document({"r": request, "q": {**request, "next": "p"}, "p": pause("r")}, start="q")
    playing.respond("r", 200).move(new, Plan(steps={"r": "q"})).later(DAY)
    (other,) = playing.calls
    assert (other.step, other.key != first.key) == ("r", True)


# --- pushes and children -------------------------------------------------------------------------------


def notifying(name: str) -> str:
    opened: Part = {"id": "o", "type": "notification", "of": name, "is": "opened", "next": "a"}
    steps: dict[str, object] = {
        "z": wait(on_event("go", "go", next=name)),
        name: {"type": "notify", "notification": "hi", "next": "w"},
        "w": wait(opened),
    }
    return document(steps, start="z", notifications={"hi": {"title": "Hi", "body": "Ho"}})


def test_what_becomes_of_a_push_is_heard_under_the_new_name_of_its_step() -> None:
    playing = play(notifying("n")).event("go")
    (push,) = playing.pushes
    playing.move(notifying("m"), Plan(steps={"n": "m"}))
    playing.give(PushReported(push=push.push, step="n", status="opened"))
    assert playing.log == ["a"]
    assert playing.output("m")["notification"] == {"id": push.push, "status": "opened"}


def test_a_push_that_is_held_leaves_under_the_new_name_of_its_step() -> None:
    playing = play(notifying("n")).write_preferences(windows={"default": [["00:00", "00:01"]]}).event("go")
    (held,) = playing.state.pushes
    playing.move(notifying("m"), Plan(steps={"n": "m"}))
    assert playing.turn.due is not None
    (push,) = playing.later(playing.turn.due - playing.now).pushes
    assert (push.push, push.step) == (held.id, "m")


def starting(name: str) -> str:
    steps: dict[str, object] = {
        name: {"type": "start_flow", "flow": "other", "next": "w"},
        "w": wait({"id": "over", "type": "flow", "of": name, "next": "a"}),
    }
    return document(steps, start=name)


def test_a_child_s_end_is_heard_under_the_new_name_of_its_step() -> None:
    playing = play(starting("s"))
    (child,) = playing.state.children
    playing.move(starting("t"), Plan(steps={"s": "t"})).child("completed", "well")
    assert playing.log == ["a"]
    assert playing.output("t")["instance"] == {"id": child.id, "status": "completed", "outcome": "well"}
