"""What the API lists: filters, order, pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.ports import CardFilter, CustomerFilter, InstanceFilter, Store
from actors.records import CustomerRow, Group

from .listed import CARD_FILTERS, CARDS, INSTANCE_FILTERS, INSTANCES
from .rows import customer, ended, flow, instance, journal, started, timeline, version


@pytest.mark.parametrize(("filter", "ids"), INSTANCE_FILTERS)
async def test_instances_by_filter_newest_first(store: Store, filter: dict[str, Any], ids: list[str]) -> None:
    await store.apply(started(*INSTANCES))
    rows, cursor = await store.instances(InstanceFilter(**filter))
    assert [row.id for row in rows] == ids
    assert cursor is None
    assert all(row.state == b"" for row in rows)


@pytest.mark.parametrize("filter", [{}, {"flow": "welcome"}, {"customer": "c-1"}, {"status": "running"}])
async def test_pages_of_instances_give_each_once(store: Store, filter: dict[str, Any]) -> None:
    await store.apply(started(*[instance(f"i-{number}") for number in range(7)]))
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        rows, cursor = await store.instances(InstanceFilter(**filter, cursor=cursor, limit=3))
        seen += [row.id for row in rows]
        pages += 1
    assert seen == [f"i-{number}" for number in reversed(range(7))]


async def test_page_is_not_shifted_by_what_starts_meanwhile(store: Store) -> None:
    await store.apply(started(*[instance(f"i-{number}") for number in range(4)]))
    _, cursor = await store.instances(InstanceFilter(limit=2))
    await store.apply(started(instance("i-9")))
    rows, _ = await store.instances(InstanceFilter(limit=2, cursor=cursor))
    assert [row.id for row in rows] == ["i-1", "i-0"]


@pytest.mark.parametrize(("filter", "ids"), CARD_FILTERS)
async def test_cards_by_filter_newest_first(store: Store, filter: dict[str, Any], ids: list[str]) -> None:
    instances = {"i-2": instance("i-2", customer="c-2")}
    await store.apply(Group(instances=instances, cards=CARDS))
    rows, cursor = await store.cards(CardFilter(**filter))
    assert [row.card.id for row in rows] == ids
    assert cursor is None
    assert all(row.view == b"view" for row in rows)


async def test_pages_of_cards_give_each_once(store: Store) -> None:
    await store.apply(Group(cards=CARDS))
    first, cursor = await store.cards(CardFilter(limit=2))
    second, end = await store.cards(CardFilter(limit=2, cursor=cursor))
    assert [row.card.id for row in [*first, *second]] == ["k-3", "k-2", "k-1"]
    assert end is None


PEOPLE: list[CustomerRow] = [
    customer("ann", tags=("vip",), search="Ann Lee ann@example.com", segments=("lapsed",)),
    customer("bob", tags=("vip", "new"), test=True, search="Bob Österreich", segments=("lapsed", "big")),
    customer("C%3", search="50% off_", segments=("big",)),
]


@pytest.mark.parametrize(
    ("filter", "ids"),
    [
        ({}, ["C%3", "bob", "ann"]),
        ({"tag": "vip"}, ["bob", "ann"]),
        ({"tag": "vi"}, []),
        ({"segment": "lapsed"}, ["bob", "ann"]),
        ({"segment": "big", "tag": "new"}, ["bob"]),
        ({"segment": "big", "test": False}, ["C%3"]),
        ({"segment": "new"}, []),
        ({"test": True}, ["bob"]),
        ({"test": False, "tag": "vip"}, ["ann"]),
        ({"q": "LEE"}, ["ann"]),
        ({"q": "österreich"}, ["bob"]),
        ({"q": "BO"}, ["bob"]),
        ({"q": "%"}, ["C%3"]),
        ({"q": "_"}, ["C%3"]),
        ({"q": "vip"}, []),
    ],
)
async def test_customers_by_filter_newest_first(store: Store, filter: dict[str, Any], ids: list[str]) -> None:
    await store.apply(Group(customers={row.id: row for row in PEOPLE}))
    rows, cursor = await store.customers(CustomerFilter(**filter))
    assert [row.id for row in rows] == ids
    assert cursor is None


async def test_pages_of_customers_give_each_once(store: Store) -> None:
    await store.apply(Group(customers={row.id: row for row in PEOPLE}))
    first, cursor = await store.customers(CustomerFilter(limit=2))
    second, end = await store.customers(CustomerFilter(limit=2, cursor=cursor))
    assert [*first, *second] == PEOPLE[::-1]
    assert end is None


MARKS: list[tuple[str, Callable[[str], CustomerFilter]]] = [
    ("tags", lambda mark: CustomerFilter(tag=mark)),
    ("segments", lambda mark: CustomerFilter(segment=mark)),
]


@pytest.mark.parametrize(("kind", "having"), MARKS)
async def test_removed_mark_no_longer_finds_its_customer(
    store: Store, kind: str, having: Callable[[str], CustomerFilter]
) -> None:
    for marks in (("vip", "new"), ("new", "late")):
        await store.apply(Group(customers={"ann": customer("ann", **{kind: marks})}))
    found = [(await store.customers(having(mark)))[0] for mark in ("vip", "new", "late")]
    assert [[row.id for row in rows] for rows in found] == [[], ["ann"], ["ann"]]


async def test_timeline_is_read_by_turn(store: Store) -> None:
    rows = [timeline(turn) for turn in (1, 2, 3)]
    other = timeline(1, instance="i-2")
    await store.apply(Group(instances={"i-1": instance(), "i-2": instance("i-2")}, timeline=[*rows, other]))
    assert await store.timeline("i-1", after=0, limit=2) == rows[:2]
    assert await store.timeline("i-1", after=2, limit=9) == rows[2:]
    assert await store.timeline("i-2", after=0, limit=9) == [other]


async def test_journal_is_read_in_order_of_commit(store: Store) -> None:
    await store.apply(Group(journal=[journal("e-2"), journal("e-1")]))
    await store.apply(Group(journal=[journal("e-3")]))
    first = await store.journal(after=0, limit=2)
    assert [entry.row.id for entry in first] == ["e-2", "e-1"]
    assert [entry.row.id for entry in await store.journal(after=first[-1].number, limit=9)] == ["e-3"]


async def test_counts_leave_tests_out_and_follow_the_status(store: Store) -> None:
    await store.apply(started(*INSTANCES))
    assert await store.instance_counts("welcome") == {(1, "running"): 1, (2, "failed"): 1}
    await store.apply(started(ended(INSTANCES[0]), instance("i-5", version=2)))
    assert await store.instance_counts("welcome") == {
        (1, "completed"): 1,
        (2, "failed"): 1,
        (2, "running"): 1,
    }
    assert await store.instance_counts("nobody") == {}


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.instance("nobody") is None
    assert await store.card("nobody") is None
    assert await store.flow("nobody") is None
    assert await store.version("nobody", 1) is None


async def test_flows_are_listed_by_key(store: Store) -> None:
    await store.apply(Group(flows={key: flow(key) for key in ("b", "a")}))
    assert [row.key for row in await store.flows()] == ["a", "b"]


async def test_versions_are_the_published_ones_newest_first(store: Store) -> None:
    await store.apply(Group(versions=[version(1), version(2), version(-1), version(1, flow="other")]))
    rows = await store.versions("welcome")
    assert [row.number for row in rows] == [2, 1]
    assert [row.document for row in rows] == ["", ""]
