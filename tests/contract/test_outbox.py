"""Calls that leave the process wait in order, until their results are stored or their instances end."""

from __future__ import annotations

from actors.ports import Store
from actors.records import Group

from .rows import call


async def waiting(store: Store) -> list[int]:
    return [row.number for row in await store.outbox(after=0, limit=99)]


async def test_calls_are_read_in_pages_by_number(store: Store) -> None:
    await store.apply(Group(outbox_added=[call(5), call(3), call(9)]))
    assert await store.outbox(after=0, limit=2) == [call(3), call(5)]
    assert await store.outbox(after=5, limit=2) == [call(9)]


async def test_last_number_counts_calls_that_were_taken(store: Store) -> None:
    assert await store.last_outbox_number() == 0
    await store.apply(Group(outbox_added=[call(7), call(4)]))
    await store.apply(Group(outbox_taken=[7, 4]))
    await store.close()
    await store.open()
    assert await store.last_outbox_number() == 7


async def test_call_that_is_gone_already_may_be_taken(store: Store) -> None:
    await store.apply(Group(outbox_added=[call(1), call(2)]))
    await store.apply(Group(outbox_taken=[1, 1, 8]))
    await store.apply(Group(outbox_taken=[1]))
    assert await waiting(store) == [2]


async def test_calls_of_an_instance_go_together(store: Store) -> None:
    await store.apply(Group(outbox_added=[call(1), call(2, instance="i-2"), call(3)]))
    await store.apply(Group(outbox_dropped=["i-1", "nobody"]))
    assert await waiting(store) == [2]


async def test_call_of_the_commit_that_drops_its_instance_is_not_kept(store: Store) -> None:
    await store.apply(Group(outbox_added=[call(1), call(2, instance="i-2")], outbox_dropped=["i-1"]))
    assert await waiting(store) == [2]
    assert await store.last_outbox_number() == 2


async def test_call_may_be_taken_by_the_commit_that_adds_it(store: Store) -> None:
    await store.apply(Group(outbox_added=[call(1), call(2)], outbox_taken=[1]))
    assert await waiting(store) == [2]
