"""An audience is walked by number, in pieces that leave nobody out; tests stand apart, or with all."""

from __future__ import annotations

from typing import Any

import pytest

from actors.ports import Store
from actors.records import CustomerRow, Group, Member

from .rows import customer

PEOPLE: list[CustomerRow] = [
    customer("ann", tags=("vip",), segments=("lapsed",), timezone="Asia/Tokyo"),
    customer("bob", segments=("lapsed", "big")),
    customer("cat", tags=("vip",), timezone="Europe/Paris"),
    customer("dan", tags=("vip",), segments=("lapsed",), timezone="Asia/Tokyo", test=True),
    customer("eve", tags=("vip",), segments=("big",), timezone="Asia/Tokyo"),
]
ALL: dict[str, Any] = {"segment": None, "tag": None, "zone": None}


def people(*rows: CustomerRow) -> Group:
    return Group(customers={row.id: row for row in rows})


AUDIENCES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["ann", "bob", "cat", "eve"]),
    ({"segment": "lapsed"}, ["ann", "bob"]),
    ({"tag": "vip"}, ["ann", "cat", "eve"]),
    ({"zone": "Asia/Tokyo"}, ["ann", "eve"]),
    ({"zone": ""}, ["bob"]),
    ({"segment": "lapsed", "zone": "Asia/Tokyo"}, ["ann"]),
    ({"segment": "big", "tag": "vip"}, ["eve"]),
    ({"tag": "vip", "zone": "Europe/Paris"}, ["cat"]),
    ({"segment": "lapsed", "tag": "vip", "zone": ""}, []),
    ({"test": True}, ["dan"]),
    ({"test": True, "segment": "lapsed", "tag": "vip", "zone": "Asia/Tokyo"}, ["dan"]),
    ({"test": True, "segment": "big"}, []),
    ({"test": True, "zone": ""}, []),
    ({"segment": "nobody"}, []),
    ({"test": None}, ["ann", "bob", "cat", "dan", "eve"]),
    ({"test": None, "segment": "lapsed"}, ["ann", "bob", "dan"]),
    ({"test": None, "zone": "Asia/Tokyo", "tag": "vip"}, ["ann", "dan", "eve"]),
]


@pytest.mark.parametrize(("wanted", "ids"), AUDIENCES)
async def test_audience_holds_whom_all_that_is_given_matches(
    store: Store, wanted: dict[str, Any], ids: list[str]
) -> None:
    await store.apply(people(*PEOPLE))
    found = await store.audience(after=0, limit=9, **{**ALL, **wanted})
    assert [member.customer for member in found] == ids
    assert await store.audience_count(**{**ALL, **wanted}) == len(ids)


async def test_member_says_where_to_go_on_and_in_which_zone_it_lives(store: Store) -> None:
    await store.apply(people(*PEOPLE))
    first = await store.audience(after=0, limit=2, **ALL)
    assert first == [
        Member(first[0].number, "ann", "Asia/Tokyo"),
        Member(first[1].number, "bob", None),
    ]
    rest = await store.audience(after=first[1].number, limit=9, **ALL)
    assert [member.customer for member in rest] == ["cat", "eve"]
    assert await store.audience(after=rest[-1].number, limit=9, **ALL) == []


async def test_change_of_a_customer_keeps_its_number_and_moves_it_between_audiences(store: Store) -> None:
    await store.apply(people(*PEOPLE))
    (before,) = await store.audience(after=0, limit=9, segment="lapsed", tag="vip", zone=None)
    await store.apply(people(customer("ann", segments=("big",), timezone="Europe/Paris"), customer("fay")))
    (after,) = await store.audience(after=0, limit=9, segment="big", tag=None, zone="Europe/Paris")
    assert after == Member(before.number, "ann", "Europe/Paris")
    assert await store.audience_count(segment="lapsed", tag="vip", zone=None) == 0
    assert await store.audience_count(segment=None, tag=None, zone="Asia/Tokyo") == 1


async def test_customer_who_becomes_one_of_tests_leaves_the_others(store: Store) -> None:
    await store.apply(people(*PEOPLE))
    await store.apply(people(customer("ann", test=True), customer("dan")))
    tests = await store.audience(after=0, limit=9, **ALL, test=True)
    others = await store.audience(after=0, limit=9, **ALL)
    assert [member.customer for member in tests] == ["ann"]
    assert [member.customer for member in others] == ["bob", "cat", "dan", "eve"]


async def test_zones_are_those_that_customers_have(store: Store) -> None:
    assert await store.zones() == []
    await store.apply(people(*PEOPLE))
    assert await store.zones() == ["", "Asia/Tokyo", "Europe/Paris"]
    await store.apply(
        people(customer("bob", timezone="Africa/Cairo"), customer("cat", timezone="Asia/Tokyo"))
    )
    assert await store.zones() == ["Africa/Cairo", "Asia/Tokyo"]
