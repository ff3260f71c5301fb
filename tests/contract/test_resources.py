"""What authors and operators set: read whole, replaced, and gone when it is dropped."""

from __future__ import annotations

from actors.ports import Store
from actors.records import Group, HookRow, ResourceRow, ScheduleRow

from .rows import AT, hook, resource, schedule


def resources(*rows: ResourceRow) -> dict[tuple[str, str], ResourceRow]:
    return {(row.kind, row.id): row for row in rows}


def hooks(*rows: HookRow) -> dict[str, HookRow]:
    return {row.token: row for row in rows}


def schedules(*rows: ScheduleRow) -> dict[tuple[str, str, str], ScheduleRow]:
    return {(row.flow, row.trigger, row.zone): row for row in rows}


async def test_resources_are_read_by_kind_and_id(store: Store) -> None:
    rows = [resource("b"), resource("a"), resource("z", kind="constant", document=b'{"value":1}')]
    await store.apply(Group(resources=resources(*rows)))
    assert await store.resources() == [rows[2], rows[1], rows[0]]


async def test_resource_is_replaced(store: Store) -> None:
    await store.apply(Group(resources=resources(resource())))
    newer = resource(document=b'{"rule":"true"}', n=2)
    await store.apply(Group(resources=resources(newer)))
    assert await store.resources() == [newer]


async def test_dropped_resource_is_gone_unless_it_was_put_again(store: Store) -> None:
    await store.apply(Group(resources=resources(resource("a"), resource("b"), resource("a", kind="theme"))))
    dropped = [("segment", "a"), ("segment", "b"), ("segment", "nobody")]
    await store.apply(Group(resources=resources(resource("b", n=2)), resources_dropped=dropped))
    assert await store.resources() == [resource("b", n=2), resource("a", kind="theme")]


async def test_hooks_are_replaced_and_dropped(store: Store) -> None:
    await store.apply(Group(hooks=hooks(hook("t-2"), hook("t-1"), hook("t-3"))))
    sampled = hook("t-1", paused=True, sampling_until=AT + 9, sample=b"{}", sampled_at=AT + 1)
    await store.apply(Group(hooks=hooks(sampled), hooks_dropped=["t-2", "t-1", "nobody"]))
    assert await store.hooks() == [sampled, hook("t-3")]


async def test_schedules_are_kept_for_each_zone(store: Store) -> None:
    rows = [schedule("UTC"), schedule("Asia/Tokyo"), schedule(trigger="hourly")]
    await store.apply(Group(schedules=schedules(*rows)))
    await store.apply(Group(schedules=schedules(schedule("UTC", at=AT + 5))))
    assert await store.schedules() == [rows[1], schedule("UTC", at=AT + 5), rows[2]]


async def test_schedule_is_dropped_in_all_zones_unless_it_was_put_again(store: Store) -> None:
    rows = [schedule("UTC"), schedule("Asia/Tokyo"), schedule(trigger="hourly")]
    await store.apply(Group(schedules=schedules(*rows)))
    again = schedule("Europe/Paris", at=AT + 1)
    dropped = [("welcome", "daily"), ("nobody", "daily")]
    await store.apply(Group(schedules=schedules(again), schedules_dropped=dropped))
    assert await store.schedules() == [again, rows[2]]
