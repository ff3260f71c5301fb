"""Walks over what filters find: in order, in pieces that leave nobody out, and counted by what they are."""

from __future__ import annotations

from typing import Any

import pytest

from actors.ports import CardFilter, InstanceFilter, Store
from actors.records import Group

from .listed import CARD_FILTERS, CARDS, INSTANCE_FILTERS, INSTANCES
from .rows import card, instance, started


@pytest.mark.parametrize(("filter", "ids"), INSTANCE_FILTERS)
async def test_walk_and_count_find_what_the_list_finds(
    store: Store, filter: dict[str, Any], ids: list[str]
) -> None:
    await store.apply(started(*INSTANCES))
    found = InstanceFilter(**filter, limit=1)
    stretch = await store.instance_numbers(found, after=0, up_to=None, limit=9)
    assert [id for _, id in stretch.ids] == ids[::-1]
    assert stretch.looked_to is None
    assert sum((await store.tally_instances(found)).values()) == len(ids)
    assert sum((await store.tally_instances(found, up_to=1)).values()) == ids.count(INSTANCES[0].id)


@pytest.mark.parametrize("filter", [{}, {"flow": "welcome"}, {"customer": "c-1"}, {"status": "running"}])
async def test_walk_goes_on_where_it_looked_to(store: Store, filter: dict[str, Any]) -> None:
    await store.apply(started(*[instance(f"i-{number}") for number in range(7)]))
    last = await store.last_instance_number()
    await store.apply(started(instance("later")))
    seen: list[tuple[int, str]] = []
    after: int | None = 0
    while after is not None:
        stretch = await store.instance_numbers(InstanceFilter(**filter), after=after, up_to=last, limit=3)
        seen += stretch.ids
        after = stretch.looked_to
    assert [id for _, id in seen] == [f"i-{number}" for number in range(7)]
    assert sorted(seen) == seen
    assert seen[-1][0] == last


async def test_walk_ends_with_its_last_full_piece(store: Store) -> None:
    await store.apply(started(*INSTANCES))
    stretch = await store.instance_numbers(InstanceFilter(), after=0, up_to=None, limit=len(INSTANCES))
    assert (len(stretch.ids), stretch.looked_to) == (len(INSTANCES), None)


async def test_last_number_of_no_instance_is_zero(store: Store) -> None:
    assert await store.last_instance_number() == 0


async def test_instances_are_tallied_by_status_step_and_error(store: Store) -> None:
    await store.apply(started(*INSTANCES))
    assert await store.tally_instances(InstanceFilter(flow="welcome")) == {
        ("running", "ask", None): 1,
        ("running", None, None): 1,
        ("failed", "pay", "timeout"): 1,
        ("failed", None, None): 1,
        ("completed", None, None): 1,
    }


@pytest.mark.parametrize(("filter", "ids"), CARD_FILTERS)
async def test_walk_over_cards_finds_what_the_list_finds(
    store: Store, filter: dict[str, Any], ids: list[str]
) -> None:
    await store.apply(Group(instances={"i-2": instance("i-2", customer="c-2")}, cards=CARDS))
    found = CardFilter(**filter, limit=1)
    stretch = await store.card_numbers(found, after=0, up_to=None, limit=9)
    assert [id for _, id in stretch.ids] == ids[::-1]
    assert stretch.looked_to is None
    assert sum((await store.tally_cards(found)).values()) == len(ids)
    assert sum((await store.tally_cards(found, up_to=1)).values()) == ids.count("k-1")


@pytest.mark.parametrize("filter", [{}, {"flow": "welcome"}, {"customer": "c-1"}, {"open": True}])
async def test_walk_over_cards_goes_on_where_it_looked_to(store: Store, filter: dict[str, Any]) -> None:
    await store.apply(Group(cards=[card(f"k-{number}") for number in range(7)]))
    last = await store.last_card_number()
    await store.apply(Group(cards=[card("later")]))
    seen: list[tuple[int, str]] = []
    after: int | None = 0
    while after is not None:
        stretch = await store.card_numbers(CardFilter(**filter), after=after, up_to=last, limit=3)
        seen += stretch.ids
        after = stretch.looked_to
    assert [id for _, id in seen] == [f"k-{number}" for number in range(7)]
    assert [number for number, _ in seen] == sorted(number for number, _ in seen)


async def test_cards_are_tallied_by_status_and_flow(store: Store) -> None:
    await store.apply(Group(cards=CARDS))
    assert await store.tally_cards(CardFilter()) == {("active", "welcome"): 2, ("expired", "other"): 1}


async def test_last_number_of_no_card_is_zero(store: Store) -> None:
    assert await store.last_card_number() == 0
