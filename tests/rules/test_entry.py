"""Entry rules: which starts become instances (flow format §4)."""

from __future__ import annotations

import pytest

from rules.decide import enter
from rules.effects import Refusal, Turn
from rules.entry import Admitted, Living
from rules.inputs import Started
from rules.ledgers import EMPTY, Ledger
from rules.limits import LEDGER_KEYS_MAX
from rules.world import Identity, World
from tests.rules.playing import DAY, NOW, Part, document, flow_of, pause, play

POLICY = {"variables": {"policy": {"type": "string"}}}


def entering(
    entry: Part,
    *,
    key: str | None = None,
    living: tuple[Living, ...] = (),
    ledger: Ledger = EMPTY,
    policy: str | None = "P-1",
) -> Admitted | Refusal:
    flow = flow_of(document({"w": pause()}, entry=entry, **POLICY))
    return enter(
        flow,
        Started(trigger="api", trigger_type="api", variables={"policy": policy}),
        Identity(id="i", customer="c-1", key=key),
        customer=None,
        living=living,
        now=NOW,
        world=World(ledger=ledger),
    )


def code(result: Admitted | Refusal) -> str:
    return result.code if isinstance(result, Refusal) else "admitted"


ONE = Living(id="i-1", key="P-1")
OTHER = Living(id="i-2", key="P-2")
KEYED: Part = {"key": "=vars.policy", "per": "customer_key"}

WHEN_LIVE = [
    ({}, (ONE,), "admitted", ()),
    ({"when_live": "refuse"}, (), "admitted", ()),
    ({"when_live": "refuse"}, (OTHER,), "live", ()),
    ({"when_live": "refuse", **KEYED}, (OTHER,), "admitted", ()),
    ({"when_live": "refuse", **KEYED}, (OTHER, ONE), "live", ()),
    ({"when_live": "replace"}, (ONE, OTHER), "admitted", ("i-1", "i-2")),
    ({"when_live": "replace", **KEYED}, (ONE, OTHER), "admitted", ("i-1",)),
]


@pytest.mark.parametrize(("entry", "living", "result", "replaced"), WHEN_LIVE)
def test_when_live(entry: Part, living: tuple[Living, ...], result: str, replaced: tuple[str, ...]) -> None:
    entered = entering(entry, living=living)
    assert code(entered) == result
    assert not isinstance(entered, Admitted) or entered.replaces == replaced


LIMITS = [
    ({"once": True}, {}, "admitted"),
    ({"once": True}, {"": (1,)}, "once"),
    ({"once": True, **KEYED}, {"P-2": (1,)}, "admitted"),
    ({"once": True, **KEYED}, {"P-1": (1,)}, "once"),
    ({"limit": {"max": 2, "per": "P1D"}}, {"": (NOW - DAY + 1,)}, "admitted"),
    ({"limit": {"max": 2, "per": "P1D"}}, {"": (NOW - DAY + 1, NOW)}, "limit"),
    ({"limit": {"max": 2, "per": "P1D"}}, {"": (NOW - DAY, NOW)}, "admitted"),
]


@pytest.mark.parametrize(("entry", "starts", "result"), LIMITS)
def test_starts_before_count(entry: Part, starts: dict[str, tuple[int, ...]], result: str) -> None:
    assert code(entering(entry, ledger=Ledger(starts=starts))) == result


def test_an_admitted_start_is_remembered_as_far_as_it_counts() -> None:
    entered = entering({"limit": {"max": 2, "per": "P1D"}}, ledger=Ledger(starts={"": (1, 2)}))
    assert isinstance(entered, Admitted)
    assert entered.ledger == Ledger(starts={"": (2, NOW)})
    uncounted = entering({"when_live": "refuse"})
    assert isinstance(uncounted, Admitted)
    assert uncounted.ledger is None


KEYS = [
    ({"key": "=vars.policy"}, None, "P-1"),
    ({"key": "=vars.policy"}, "own", "own"),
    ({"key": "p/{{ vars.policy }}"}, None, "p/P-1"),
    ({"key": "=null"}, None, None),
    ({}, None, None),
]


@pytest.mark.parametrize(("entry", "own", "key"), KEYS)
def test_key_of_the_start_wins_over_that_of_the_flow(entry: Part, own: str | None, key: str | None) -> None:
    entered = entering(entry, key=own)
    assert isinstance(entered, Admitted)
    assert entered.key == key


@pytest.mark.parametrize("policy", ["x" * 257, "a\nb"])
def test_a_key_that_is_none_refuses_the_start(policy: str) -> None:
    assert code(entering({"key": "=vars.policy"}, policy=policy)) == "bad_key"


def test_a_start_whose_variables_do_not_fit_is_refused_before_anything_is_counted() -> None:
    flow = flow_of(document({"w": pause()}, entry={"key": "=vars.policy"}, **POLICY))
    refused = enter(
        flow,
        Started(trigger="api", trigger_type="api", variables={"polcy": "x"}),
        Identity(id="i", customer="c-1"),
        customer=None,
        living=(),
        now=NOW,
        world=World(),
    )
    assert code(refused) == "unknown_variable"


def test_max_age_expires_the_instance_and_its_cards() -> None:
    flow = document(
        {"s": {"type": "send_card", "card": "hello", "next": "w"}, "w": pause(after="P30D")},
        start="s",
        entry={"max_age": "P9D"},
    )
    playing = play(flow).later(9 * DAY - 1)
    assert playing.status == "running"
    playing.later(1)
    assert (playing.status, playing.state.cards[0].reason) == ("expired", "expired")
    assert "instance.expired" in playing.own_events
    assert isinstance(playing.turn, Turn)


def test_keys_that_are_remembered_are_bounded_and_the_one_written_longest_ago_goes() -> None:
    ledger = EMPTY
    for number in range(LEDGER_KEYS_MAX + 1):
        ledger = ledger.with_start(str(number), NOW, kept=1)
    assert len(ledger.starts) == LEDGER_KEYS_MAX
    assert "0" not in ledger.starts
    assert str(LEDGER_KEYS_MAX) in ledger.starts
