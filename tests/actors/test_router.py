from typing import Any

import pytest

from actors.actor import Actor, SubscriptionSets
from actors.definitions import Version
from actors.router import Router
from rules.effects import Subscriptions
from rules.inputs import Event
from rules.model import Origin

VERSION = Version("flow", 1)
sets = SubscriptionSets()


def actor(id: str, customer: str = "ann", key: str | None = None, *, cards: int = 0, **heard: Any) -> Actor:
    made = Actor(id=id, customer=customer, key=key, version=VERSION)
    made.subscriptions = sets.of(Subscriptions(**heard))
    made.open_cards = cards
    return made


def event(
    name: str = "paid",
    customer: str | None = "ann",
    *,
    key: str | None = None,
    origin: Origin = Origin.BACKEND,
) -> Event:
    return Event(id="e", name=name, time=0, customer=customer, key=key, origin=origin)


def router(*actors: Actor) -> Router:
    made = Router()
    for one in actors:
        made.add(one)
    return made


def ids(actors: list[Actor]) -> list[str]:
    return [one.id for one in actors]


@pytest.mark.parametrize("more", [(), (actor("9", by_customer=("other",)),)], ids=["alone", "in a crowd"])
@pytest.mark.parametrize(
    ("heard", "key", "came", "woken"),
    [
        ({"by_customer": ("paid",)}, None, event(), True),
        ({"by_customer": ("paid",)}, None, event("sent"), False),
        ({"by_customer": ("paid",)}, None, event(customer="bob"), False),
        ({"by_customer": ("paid",)}, None, event(origin=Origin.APP), True),
        ({"by_key": ("paid",)}, "k", event(key="k"), True),
        ({"by_key": ("paid",)}, "k", event(key="l"), False),
        ({"by_key": ("paid",)}, "k", event(), False),
        ({"by_key": ("paid",)}, "k", event(key="k", origin=Origin.APP), False),
        ({"by_any": ("paid",)}, None, event(), True),
        ({"by_any": ("paid",)}, None, event(origin=Origin.APP), False),
    ],
)
def test_own_instances_are_found_by_what_they_wait_for(
    heard: dict[str, Any], key: str | None, came: Event, woken: bool, more: tuple[Actor, ...]
) -> None:
    found = router(actor("1", key=key, **heard), *more).waiting(came)
    assert ids(found) == (["1"] if woken else [])


def test_instances_of_others_are_found_by_key_and_by_name_alone() -> None:
    made = router(
        actor("1", "bob", "k", by_key=("paid",)),
        actor("2", "bob", by_any=("paid",)),
        actor("3", "ann", "k", by_key=("paid",)),
        actor("4", "bob", by_customer=("paid",)),
    )
    assert ids(made.waiting_elsewhere(event(key="k"))) == ["1", "2"]
    assert ids(made.waiting_elsewhere(event(customer=None))) == ["2"]
    assert made.waiting_elsewhere(event(key="k", origin=Origin.APP)) == []


def test_own_instances_come_in_order_of_start() -> None:
    made = router(*(actor(id, by_customer=("paid",)) for id in ("3", "1", "2")))
    assert ids(made.waiting(event())) == ["1", "2", "3"]


def test_instance_that_waits_in_two_ways_is_found_once() -> None:
    both = actor("1", key="k", by_customer=("paid",), by_key=("paid",), by_any=("paid",))
    assert ids(router(both, actor("2")).waiting(event(key="k"))) == ["1"]


def test_new_subscriptions_replace_the_old_ones() -> None:
    one = actor("1", key="k", by_customer=("a",), by_key=("b",), by_any=("c",), profile=True)
    made = router(one, actor("2"))
    made.subscribe(one, sets.of(Subscriptions(by_customer=("d",))))
    assert [ids(made.waiting(event(name, key="k"))) for name in "abcd"] == [[], [], [], ["1"]]
    assert made.watching("ann") == []


def test_removed_instances_leave_nothing_behind() -> None:
    made = router(
        actor("1", key="k", by_customer=("a",), by_key=("a",), by_any=("a",), profile=True, cards=1),
        actor("2", by_customer=("a",), profile=True),
    )
    assert ids(made.watching("ann")) == ["1", "2"]
    for id in ("1", "2"):
        made.remove(made.actors[id])
    assert not made.has_customer("ann")
    assert made.waiting(event("a", key="k")) == made.waiting_elsewhere(event("a", "bob", key="k")) == []
    assert made.open_cards("ann") == 0


def test_open_cards_are_counted_over_all_instances_of_a_customer() -> None:
    first, second = actor("1", cards=2), actor("2", cards=3)
    made = router(first, second, actor("3", "bob", cards=7))
    made.count_cards(first, 5)
    assert made.open_cards("ann") == 8
    made.remove(second)
    assert made.open_cards("ann") == 5


def test_equal_subscriptions_share_one_object() -> None:
    value = Subscriptions(by_customer=("a", "b"))
    assert sets.of(value) is sets.of(Subscriptions(by_customer=("a", "b")))
    assert sets.packed(sets.of(value).packed) is sets.of(value)
