"""Steps that choose a path: split, decide and limit (flow format §5, §5.2)."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from rules.customers.profile import Profile, new_profile
from rules.ledgers import EMPTY, Ledger, Passes
from tests.rules.playing import DAY, HOUR, NOW, Part, Playing, document, on_event, pause, play, wait


def chosen(step: Part, profile: Profile | None = None, **variables: Part) -> Playing:
    """Runs the step, then waits at one of a, b, c."""
    ends = {name: pause() for name in "abc" if f'"{name}"' in json.dumps(step)}
    declared = {name: {"type": "object"} for name in variables}
    flow = document({"do": step, **ends}, start="do", variables=declared)
    return play(flow, profile=profile, **variables)  # type: ignore[arg-type]  # none has the name of a setting


# --- split ---------------------------------------------------------------------------------------------

ARMS = [
    {"id": "one", "weight": 1, "next": "a"},
    {"id": "two", "weight": 2, "next": "b"},
    {"id": "none", "weight": 0, "next": "c"},
]


def test_split_shares_keys_by_weight_and_never_takes_an_arm_of_weight_zero() -> None:
    flow: Part = {"type": "split", "by": "vars.n.k", "arms": ARMS}
    arms = Counter(str(chosen(flow, n={"k": f"c-{n}"}).output("do")["arm"]) for n in range(300))
    assert arms["none"] == 0
    assert 70 <= arms["one"] <= 130


def test_split_is_the_same_for_the_same_key_whoever_asks() -> None:
    step: Part = {"type": "split", "by": "vars.n.k", "arms": ARMS}
    first = [chosen(step, n={"k": n}).at for n in range(20)]
    assert first == [chosen(step, new_profile("c-1", NOW + 5), n={"k": n}).at for n in range(20)]
    assert len({tuple(at) for at in first}) == 2


@pytest.mark.parametrize("key", [None, True, [1], {"a": 1}])
def test_split_goes_by_text_or_a_number_only(key: object) -> None:
    playing = chosen({"type": "split", "by": "vars.n.k", "arms": ARMS}, n={"k": key})
    assert playing.error("do") == "bad_key"


# --- decide --------------------------------------------------------------------------------------------

OFFER: Part = {
    "type": "decide",
    "inputs": {"tier": "=vars.x.?tier.orValue(null)", "spend": "=vars.x.?spend.orValue(null)"},
    "rows": [
        {"if": {"tier": "gold", "spend": "> 1000"}, "then": {"discount": 0.2, "lane": "vip"}},
        {"if": {"spend": "[500..1000]"}, "then": {"discount": 0.1, "lane": "{{ vars.x.tier }}"}},
        {"if": {"tier": ["gold", "silver"]}, "then": {"discount": 0.05}},
    ],
    "default": {"discount": 0, "lane": "standard"},
    "next": "a",
}

ROWS: list[tuple[Part, Part]] = [
    ({"tier": "gold", "spend": 1000.5}, {"discount": 0.2, "lane": "vip"}),
    ({"tier": "gold", "spend": 1000}, {"discount": 0.1, "lane": "gold"}),
    ({"tier": "none", "spend": 500}, {"discount": 0.1, "lane": "none"}),
    ({"tier": "silver", "spend": 499}, {"discount": 0.05}),
    ({"tier": "bronze", "spend": 1}, {"discount": 0, "lane": "standard"}),
    ({"spend": "700"}, {"discount": 0, "lane": "standard"}),
    ({}, {"discount": 0, "lane": "standard"}),
]


@pytest.mark.parametrize(("x", "outputs"), ROWS)
def test_decide_gives_the_outputs_of_the_first_row_that_matches(x: Part, outputs: Part) -> None:
    assert chosen(OFFER, x=x).output("do") == {"runs": 1, **outputs}


def test_decide_hit_all_lists_what_every_matching_row_gives() -> None:
    shown = chosen({**OFFER, "hit": "all"}, x={"tier": "gold", "spend": 1000}).output("do")
    assert shown == {"runs": 1, "discount": [0.1, 0.05], "lane": ["gold"]}


def test_decide_hit_all_lists_the_default_where_no_row_matches() -> None:
    shown = chosen({**OFFER, "hit": "all"}, x={"tier": "none"}).output("do")
    assert shown == {"runs": 1, "discount": [0], "lane": ["standard"]}


def test_decide_without_a_default_gives_nothing_where_no_row_matches() -> None:
    step = {name: value for name, value in OFFER.items() if name != "default"}
    assert chosen(step, x={}).output("do") == {"runs": 1}


def test_decide_counts_a_cell_whose_condition_fails_as_no_match() -> None:
    rows: list[Part] = [{"if": {"spend": "=value > 1"}, "then": {"lane": "x"}}, {"then": {"lane": "y"}}]
    playing = chosen({**OFFER, "rows": rows}, x={"spend": "text"})
    assert playing.output("do")["lane"] == "y"
    assert playing.turn.condition_errors == 1


# --- limit ---------------------------------------------------------------------------------------------

LIMIT: Part = {"type": "limit", "max": 2, "per": "P1D", "next": "a", "else": "b"}


def limited(ledger: Ledger = EMPTY, **more: object) -> Playing:
    flow = document({"do": {**LIMIT, **more}, "a": pause(), "b": pause()}, start="do")
    return play(flow, ledger=ledger)


PASSES = [
    (None, ["a"], Passes(NOW, 1)),
    (Passes(NOW - HOUR, 1), ["a"], Passes(NOW - HOUR, 2)),
    (Passes(NOW - HOUR, 2), ["b"], Passes(NOW - HOUR, 2)),
    (Passes(NOW - DAY + 1, 2), ["b"], Passes(NOW - DAY + 1, 2)),
    (Passes(NOW - DAY, 2), ["a"], Passes(NOW, 1)),
]


@pytest.mark.parametrize(("before", "at", "after"), PASSES)
def test_limit_lets_through_so_often_in_a_window_that_opens_with_the_first_pass(
    before: Passes | None, at: list[str], after: Passes
) -> None:
    playing = limited(Ledger(passes={"do/": before} if before else {}))
    assert playing.at == at
    assert playing.output("do")["passed"] is (at == ["a"])
    assert playing.ledger.passes["do/"] == after


def test_limit_counts_each_key_by_itself() -> None:
    full = Ledger(passes={"do/x": Passes(NOW, 2)})
    assert limited(full, key="y").at == ["a"]
    assert limited(full, key="x").at == ["b"]


def test_limit_sees_its_own_passes_of_the_same_turn() -> None:
    flow = document(
        {
            "w": wait(on_event("t", "go", next="do")),
            "do": {**LIMIT, "max": 1, "next": "w", "else": "b"},
            "b": pause(),
        }
    )
    playing = play(flow).event("go")
    assert playing.at == ["w"]
    assert playing.event("go").at == ["b"]
