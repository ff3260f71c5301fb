"""What the runtime reads to start again and to take the next inputs."""

from __future__ import annotations

import pytest

from actors.ports import Store
from actors.records import AnswerRow, Group, InstanceRow, Route

from .rows import AT, DAY, customer, dedupe, ended, inbox, instance, started

MANY = 1_200


async def routes_of(store: Store) -> list[Route]:
    return [route async for chunk in store.routes() for route in chunk]


async def test_routes_are_the_live_instances_in_order_of_start(store: Store) -> None:
    rows = [instance(f"i-{number}") for number in (3, 1, 2)]
    await store.apply(started(*rows))
    await store.apply(started(instance("i-0"), ended(rows[1])))
    assert [route.id for route in await routes_of(store)] == ["i-3", "i-2", "i-0"]


async def test_route_says_what_recovery_needs(store: Store) -> None:
    await store.apply(
        started(
            instance(
                flow="other",
                version=-3,
                customer="c-7",
                key="order",
                test=True,
                status="failed",
                open_cards=2,
                subscriptions=b"\x92",
            )
        )
    )
    assert await routes_of(store) == [Route("i-1", "other", -3, "c-7", "order", True, "failed", 2, b"\x92")]


async def test_ended_instance_with_open_cards_is_still_routed(store: Store) -> None:
    await store.apply(started(instance(status="completed", ended_at=AT, open_cards=1)))
    assert [route.status for route in await routes_of(store)] == ["completed"]


async def test_routes_come_in_chunks_that_leave_nobody_out(store: Store) -> None:
    rows = [instance(f"i-{number}") for number in range(MANY)]
    await store.apply(started(*rows))
    chunks = [list(chunk) async for chunk in store.routes()]
    assert len(chunks) > 1
    assert [route.id for chunk in chunks for route in chunk] == [row.id for row in rows]


async def test_inbox_is_read_in_pages_by_number(store: Store) -> None:
    await store.apply(Group(inbox_added=[inbox(5), inbox(3), inbox(9)]))
    assert await store.inbox(after=0, limit=2) == [inbox(3), inbox(5)]
    assert await store.inbox(after=5, limit=2) == [inbox(9)]


async def test_last_inbox_number_counts_rows_that_were_taken(store: Store) -> None:
    assert await store.last_inbox_number() == 0
    await store.apply(Group(inbox_added=[inbox(7), inbox(4)]))
    await store.apply(Group(inbox_taken=[7, 4]))
    await store.close()
    await store.open()
    assert await store.last_inbox_number() == 7


async def test_states_are_read_for_those_that_exist(store: Store) -> None:
    rows = [instance(f"i-{number}", state=b"%d" % number) for number in range(MANY)]
    await store.apply(started(*rows))
    wanted = [row.id for row in rows[:700]]
    assert await store.states([*wanted, "nobody"]) == {row.id: row.state for row in rows[:700]}
    assert await store.states([]) == {}


async def test_profiles_are_read_for_those_that_exist(store: Store) -> None:
    await store.apply(Group(customers={"c-1": customer(tags=("vip",))}))
    assert await store.profiles(["c-1", "c-2"]) == {"c-1": customer(tags=("vip",))}
    assert await store.profiles([]) == {}


async def test_seen_looks_in_every_day_and_keeps_the_code(store: Store) -> None:
    old, new = dedupe("a", day=DAY - 6), dedupe("b", day=DAY, code="ok")
    await store.apply(Group(dedupe=[old, new]))
    assert await store.seen([old.key, new.key, dedupe("c").key]) == {old.key: old, new.key: new}
    assert await store.seen([]) == {}


async def test_seen_tells_the_newest_of_a_key(store: Store) -> None:
    old, new = dedupe("a", day=DAY - 6, digest="x"), dedupe("a", day=DAY, digest="y")
    await store.apply(Group(dedupe=[new]))
    await store.apply(Group(dedupe=[old]))
    assert await store.seen([old.key]) == {old.key: new}


async def test_seen_takes_many_keys_at_once(store: Store) -> None:
    rows = [dedupe(f"k{number}") for number in range(MANY)]
    await store.apply(Group(dedupe=rows))
    assert await store.seen([row.key for row in rows]) == {row.key: row for row in rows}


async def test_answers_end_with_their_time(store: Store) -> None:
    row = AnswerRow(key=b"k", digest=b"d", answer=b"a", expires_at=AT)
    await store.apply(Group(answers=[row]))
    assert await store.answers([b"k", b"other"], now=AT - 1) == {b"k": row}
    assert await store.answers([b"k"], now=AT) == {}


@pytest.mark.parametrize(
    ("before", "limit", "ids"),
    [
        (AT, 9, []),
        (AT + 1, 9, ["i-3"]),
        (AT + 9, 9, ["i-3", "i-1", "i-2"]),
        (AT + 9, 2, ["i-3", "i-1"]),
    ],
)
async def test_due_is_earliest_first_then_in_order_of_start(
    store: Store, before: int, limit: int, ids: list[str]
) -> None:
    await store.apply(
        started(
            instance("i-1", due=AT + 5),
            instance("i-2", due=AT + 5),
            instance("i-3", due=AT),
            instance("i-4"),
        )
    )
    assert [id for _, id in await store.due(before=before, limit=limit)] == ids


async def test_ended_instance_is_never_due(store: Store) -> None:
    row = instance(due=AT)
    await store.apply(started(row))
    await store.apply(started(ended(row)))
    assert await store.due(before=AT + 9, limit=9) == []


async def test_due_moves_with_its_instance(store: Store) -> None:
    await store.apply(started(instance(due=AT)))
    await store.apply(started(instance(new=False, due=AT + 7)))
    assert await store.due(before=AT + 9, limit=9) == [(AT + 7, "i-1")]


def versioned(id: str, version: int, **fields: object) -> InstanceRow:
    return instance(id, version=version, **fields)


async def test_live_below_finds_what_a_publish_cancels(store: Store) -> None:
    await store.apply(
        started(
            versioned("old", 1),
            versioned("failed", 2, status="failed"),
            versioned("current", 3),
            versioned("draft", -1),
            versioned("cards only", 1, status="completed", ended_at=AT, open_cards=1),
            versioned("other flow", 1, flow="other"),
        )
    )
    assert await store.live_below("welcome", 3, limit=9) == ["old", "failed"]
    assert await store.live_below("welcome", 3, limit=1) == ["old"]
    assert await store.live_below("welcome", 1, limit=9) == []
