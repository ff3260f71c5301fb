"""Joins (flow format §9.3): when they fire, whom they hold, whom they absorb."""

from __future__ import annotations

import pytest

from tests.rules.playing import DAY, HOUR, Part, document, on_event, pause, play, wait

JOIN: Part = {"type": "join", "next": "a"}


def branches(*names: str, next: object = "j") -> dict[str, Part]:
    """Waits that an event of the same name ends."""
    return {name: wait(on_event("x", name, next=next)) for name in names}


def test_join_for_all_fires_once_when_every_branch_has_come() -> None:
    playing = play(document({**branches("one", "two", "three"), "j": JOIN}, start=["one", "two", "three"]))
    playing.event("two").event("one")
    assert playing.at == ["three", "j", "j"]
    playing.event("three")
    assert playing.log == ["a"]
    assert playing.output("j") == {"runs": 1, "arrived": 3}


def test_branch_that_ends_elsewhere_holds_nobody() -> None:
    steps = {
        **branches("one"),
        "two": wait(on_event("x", "two", next="j"), on_event("y", "other", next="b")),
        "j": JOIN,
    }
    playing = play(document(steps, start=["one", "two"])).event("one")
    assert playing.at == ["two", "j"]
    assert playing.event("other").log == ["b", "a"]


def test_parked_token_holds_a_join_for_all() -> None:
    steps = {
        **branches("one"),
        "bad": {"type": "set", "variables": {"log": "=vars.log[0]"}, "next": "j"},
        "j": JOIN,
    }
    playing = play(document(steps, start=["bad", "one"])).event("one")
    assert playing.at == ["bad!", "j"]
    assert playing.status == "failed"


def test_first_of_joins_that_hold_each_other_fires() -> None:
    # Each join can be reached from the other through a loop: none would ever move.
    steps: dict[str, Part] = {
        "j": {"type": "join", "next": "one"},
        "one": wait(on_event("x", "go", next="k"), on_event("end", "end", next="a")),
        "k": {"type": "join", "next": "two"},
        "two": wait(on_event("x", "go", next="j")),
    }
    playing = play(document(steps, start=["j", "k"]))
    assert playing.at == ["k", "one"]
    assert playing.output("j") == {"runs": 1, "arrived": 1}


def test_join_in_a_loop_fires_in_each_round() -> None:
    steps: dict[str, Part] = {
        **branches("one", "two"),
        "j": {"type": "join", "next": "round"},
        "round": wait(on_event("x", "more", next=["one", "two"]), on_event("y", "end", next="a")),
    }
    playing = play(document(steps, start=["one", "two"]))
    for _ in range(2):
        playing.event("one").event("two")
        assert playing.at == ["round"]
        playing.event("more")
    assert playing.output("j")["runs"] == 2


@pytest.mark.parametrize(("need", "arrivals"), [("any", 1), (1, 1), (2, 2)])
def test_join_for_some_fires_at_that_many_and_absorbs_the_rest(need: object, arrivals: int) -> None:
    names = ("one", "two", "three")
    playing = play(document({**branches(*names), "j": {**JOIN, "need": need}}, start=list(names)))
    for count, name in enumerate(names, start=1):
        playing.event(name)
        assert playing.log == (["a"] if count >= arrivals else [])
    assert playing.status == "completed"
    assert playing.output("j")["arrived"] == arrivals


def test_join_for_some_that_nobody_can_reach_any_more_fires_with_who_came() -> None:
    steps = {
        **branches("one"),
        "two": wait(on_event("x", "two", next="j"), on_event("y", "other", next="b")),
        "j": {**JOIN, "need": 2},
    }
    playing = play(document(steps, start=["one", "two"])).event("one")
    assert playing.log == []
    assert playing.event("other").log == ["b", "a"]


def test_tokens_run_first_in_first_out() -> None:
    steps: dict[str, Part] = {
        "s": {
            "type": "branch",
            "take": "every",
            "cases": [
                {"id": "x", "when": "true", "next": ["a", "m"]},
                {"id": "y", "when": "true", "next": "b"},
            ],
        },
        "m": {"type": "set", "variables": {"log": '=vars.log + ["m"]'}, "next": "n"},
        "n": {"type": "set", "variables": {"log": '=vars.log + ["n"]'}},
    }
    playing = play(document(steps, start="s"))
    assert playing.log == ["a", "m", "b", "n"]
    assert playing.output("s")["case"] == ["x", "y"]


@pytest.mark.parametrize(
    ("take", "n", "log", "case"),
    [
        ("first", 3, ["a"], "x"),
        ("first", 1, ["b"], "y"),
        ("first", 0, ["c"], None),
        ("every", 3, ["a", "b"], ["x", "y"]),
        ("every", 0, ["c"], []),
    ],
)
def test_branch_takes_the_first_case_or_every_one_or_else(
    take: str, n: int, log: object, case: object
) -> None:
    steps: dict[str, Part] = {
        "s": {
            "type": "branch",
            "take": take,
            "cases": [
                {"id": "x", "when": "vars.n > 2", "next": "a"},
                {"id": "y", "when": "vars.n > 0", "next": "b"},
            ],
            "else": "c",
        },
        "c": {"type": "set", "variables": {"log": '=vars.log + ["c"]'}},
    }
    variables = {"n": {"type": "integer"}, "log": {"type": "list", "default": []}}
    playing = play(document(steps, start="s", variables=variables), n=n)
    assert playing.log == log
    assert playing.output("s")["case"] == case


def test_nothing_is_left_of_pauses() -> None:
    assert play(document({"w": pause()})).later(DAY + HOUR).status == "completed"
