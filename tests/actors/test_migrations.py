"""Instances move to other versions: at a publish, by hand, in pieces that survive crashes; and back again."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from actors.commands import PublishFlow, Refused
from actors.job_specs import Moves, decode_moves
from actors.ports import InstanceFilter, JobFilter
from actors.records import JobRow
from actors.rehearsals import Rehearsals, Tried
from actors.testing import Stage, play
from actors.timeline import TimelineEntry
from rules.migrating.plan import Plan, Stuck

TICKS = """
flow: ticks
variables: {n: {type: integer, default: 0}}
triggers: {go: {type: event, event: go}}
start: w
steps:
  w: {type: wait, until: [{id: x, type: event, event: tick, next: count}, {id: t, type: time, after: P30D}]}
  count: {type: set, variables: {n: =vars.n + 1}, next: w}
"""
RENAMED = TICKS.replace("start: w", "start: v").replace("  w: {", "  v: {").replace("next: w", "next: v")
RENAMED = RENAMED.replace("n + 1", "n + 10")
W_TO_V = Plan(steps={"w": "v"})
CALLING = """
flow: calling
triggers: {go: {type: event, event: go}}
start: w
steps:
  w: {type: wait, until: [{id: x, type: event, event: tick, next: r}, {id: t, type: time, after: P30D}]}
  r: {type: start_flow, flow: other, wait: true, next: w}
"""


async def start(stage: Stage, count: int) -> list[str]:
    return [(await stage.post("go", f"c{number:03}")).started[0] for number in range(count)]


async def job(stage: Stage, id: str | None = None) -> JobRow:
    if id is None:
        (row, *_), _ = await stage.store.jobs(JobFilter(kind="migrate"))
        id = row.id
    found = await stage.store.job(id)
    assert found is not None
    return found


def moves(row: JobRow) -> Moves:
    return decode_moves(row.result)


async def versions(stage: Stage, ids: list[str]) -> list[int]:
    return [(await stage.instance(id)).version for id in ids]


# --- publishing ----------------------------------------------------------------------------------------


def test_a_publish_that_migrates_moves_what_runs_and_events_find_it() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            ids = await start(stage, 250)
            await stage.post("tick", "c000")
            await stage.publish(RENAMED, running="migrate", plan=W_TO_V)
            await stage.sleep(5)
            assert await versions(stage, ids) == [2] * 250
            row = await job(stage)
            assert (row.state, row.done, row.failed, row.total, row.name) == ("done", 250, 0, 250, "ticks")
            assert await stage.store.instance_counts("ticks") == {(2, "running"): 250}
            assert (await stage.post("tick", "c000")).woken == 1
            assert [await stage.variables(id) for id in ids[:2]] == [{"n": 11}, {"n": 0}]

    play(script())


def test_the_timeline_says_from_which_version_to_which() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            (id,) = await start(stage, 1)
            await stage.publish(TICKS + "\n", running="migrate")
            await stage.sleep(5)
            _, row = await stage.store.timeline(id, after=0, limit=9)
            entry = msgspec.msgpack.decode(row.entry, type=TimelineEntry)
            assert msgspec.to_builtins(entry.input) == {"type": "migrated", "before": 1, "version": 2}
            assert [line.result for line in entry.steps] == ["version 1 → 2"]

    play(script())


def test_who_is_busy_is_tried_again_and_then_listed() -> None:
    other = "flow: other\nstart: o\nsteps:\n  o: {type: wait, until: [{id: t, type: time, after: %s}]}\n"

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(other % "PT5S")
            await stage.publish(CALLING)
            ids = await start(stage, 3)
            await stage.post("tick", "c000")
            await stage.publish(other % "P9D")
            await stage.post("tick", "c001")
            await stage.publish(CALLING + "\n", running="migrate")
            await stage.sleep(4)
            row = await job(stage)
            assert (row.state, row.done, moves(row).stayed) == ("running", 1, {"busy": 2})
            await stage.sleep(10)
            assert await versions(stage, ids) == [2, 1, 2]
            await stage.sleep(5_000)
            row = await job(stage)
            (listed,) = moves(row).listed
            assert (row.state, row.done, row.failed) == ("done", 2, 1)
            assert (listed.instance, listed.reason, listed.step) == (ids[1], "busy", "r")

    play(script())


def test_who_has_no_place_stays_on_the_old_version_and_is_listed() -> None:
    gone = TICKS.replace("start: w", "start: z").replace("  w: {", "  z: {").replace("next: w", "next: z")

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            ids = await start(stage, 120)
            await stage.publish(gone, running="migrate")
            await stage.sleep(5)
            row = await job(stage)
            assert (row.state, row.done, row.failed) == ("done", 0, 120)
            told = moves(row)
            assert (told.stayed, len(told.listed)) == ({"no_step": 120}, 100)
            assert (told.listed[0].instance, told.listed[0].step) == (ids[0], "w")
            assert set(await versions(stage, ids)) == {1}
            await stage.post("tick", "c000")
            assert await stage.variables(ids[0]) == {"n": 1}, "it goes on as it was"

    play(script())


def test_another_publish_that_migrates_takes_the_place_of_one_under_way() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            ids = await start(stage, 300)
            await stage.publish(TICKS + "\n", running="migrate")
            first = await job(stage)
            await stage.publish(TICKS + "\n\n", running="migrate")
            await stage.sleep(10)
            assert (await job(stage, first.id)).state == "stopped"
            assert (await job(stage)).state == "done"
            assert await versions(stage, ids) == [3] * 300

    play(script())


@pytest.mark.parametrize(
    ("plan", "pointer"),
    [(Plan(steps={"q": "w"}), "/map/steps/q"), (Plan(variables={"n": "x"}), "/map/variables/n")],
)
def test_a_map_that_does_not_fit_publishes_nothing(plan: Plan, pointer: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            await stage.save("ticks", TICKS + "\n")
            refused = await stage.engine.write_flow(PublishFlow(flow="ticks", running="migrate", plan=plan))
            assert isinstance(refused, Refused)
            assert [error["pointer"] for error in refused.errors] == [pointer]
            assert await stage.store.version("ticks", 2) is None
            assert (await stage.store.jobs(JobFilter()))[0] == []

    play(script())


# --- crashes -------------------------------------------------------------------------------------------


def test_a_migration_goes_on_after_crashes_and_moves_each_once() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            ids = await start(stage, 350)
            await stage.publish(RENAMED, running="migrate", plan=W_TO_V)
        kills = 0
        while (await stage.store.open_jobs()) and kills < 60:
            again = Stage(stage.store, clock=stage.clock)
            await again.engine.start()
            for _ in range(kills + 1):
                await stage.clock.sleep(0)
            await again.engine.kill()
            kills += 1
        async with Stage(stage.store, clock=stage.clock) as last:
            await last.sleep(10)
            assert await versions(last, ids) == [2] * 350
            assert {(await last.state(id)).turn for id in ids} == {2}
            row = await job(last)
            assert (row.state, row.done) == ("done", 350)
            assert len(await last.store.undos(row.id, after=0, limit=999)) == 350

    play(script())


# --- by hand -------------------------------------------------------------------------------------------


async def move(stage: Stage, id: str, plan: Plan | None = None, *, to: int | None = None) -> object:
    return await stage.engine.migrating.move(await stage.instance(id), plan or Plan(), to=to)


def test_one_instance_moves_to_the_published_version_or_another_and_back() -> None:
    async def script() -> None:
        async with Stage() as stage:
            for text in (TICKS, RENAMED, TICKS):
                await stage.publish(text)
            await stage.publish(TICKS + "\n")
            (id,) = await start(stage, 1)
            back = Plan(steps={"v": "w"})
            for plan, to in ((Plan(), 1), (W_TO_V, 2), (back, None), (Plan(), 4)):
                assert await move(stage, id, plan, to=to) is None
            assert (await versions(stage, [id]), (await stage.state(id)).turn) == ([4], 4)

    play(script())


def test_one_instance_that_cannot_move_stays_as_it_is_and_says_why() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            (id,) = await start(stage, 1)
            await stage.publish(RENAMED)
            before = await stage.instance(id)
            stuck = await move(stage, id)
            assert isinstance(stuck, Stuck)
            assert (stuck.reason, stuck.step) == ("no_step", "w")
            assert await stage.instance(id) == before
            codes = [await move(stage, id, to=7), await move(stage, id, Plan(steps={"q": "v"}))]
            assert [code.code for code in codes if isinstance(code, Refused)] == ["not_found", "invalid"]
            await stage.engine.cancel(id)
            ended = await move(stage, id, W_TO_V)
            assert isinstance(ended, Stuck)
            assert ended.reason == "ended"

    play(script())


def test_a_filter_by_version_leaves_others_where_they_are() -> None:
    async def script() -> None:
        async with Stage() as stage:
            for _ in range(2):
                await stage.publish(TICKS)
                await start(stage, 3)
            await stage.publish(RENAMED)
            spec = await stage.engine.migrating.spec("ticks", W_TO_V, filter=InstanceFilter(version=2))
            assert not isinstance(spec, Refused)
            tried = await stage.engine.migrating.rehearse(spec)
            assert [(one.version, one.running) for one in tried] == [(2, 3)]
            await stage.engine.add_job(spec, name="ticks", by="t")
            await stage.sleep(5)
            assert await stage.store.instance_counts("ticks") == {(1, "running"): 3, (3, "running"): 3}
            assert ((await job(stage)).done, (await job(stage)).total) == (3, 3)

    play(script())


def test_many_move_by_filter_and_others_are_left() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            ids = await start(stage, 5)
            await stage.publish(RENAMED)
            found = InstanceFilter(customer="c003")
            spec = await stage.engine.migrating.spec("ticks", W_TO_V, filter=found)
            assert not isinstance(spec, Refused)
            await stage.engine.add_job(spec, name="ticks", by="t")
            await stage.sleep(5)
            assert await versions(stage, ids) == [1, 1, 1, 2, 1]
            assert ((await job(stage)).done, (await job(stage)).total) == (1, 1)

    play(script())


# --- rehearsals ----------------------------------------------------------------------------------------


async def rehearse(stage: Stage, plan: Plan) -> list[Tried]:
    spec = await stage.engine.migrating.spec("ticks", plan)
    assert not isinstance(spec, Refused), spec
    return await stage.engine.migrating.rehearse(spec)


def test_a_rehearsal_tells_what_would_happen_and_changes_nothing() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            ids = await start(stage, 130)
            await stage.publish(TICKS.replace("P30D", "P20D"))
            await stage.post("go", "c200")
            await stage.publish(RENAMED)
            before = [await stage.instance(id) for id in ids]
            first, second = await rehearse(stage, Plan())
            assert (first.version, first.running, first.count) == (1, 130, 130)
            assert (second.version, second.moves.stayed) == (2, {"no_step": 1})
            first, second = await rehearse(stage, W_TO_V)
            assert (first.moves.moved, second.moves.moved) == (130, 1)
            assert [await stage.instance(id) for id in ids] == before
            instance = await stage.instance(ids[0])
            assert await stage.engine.migrating.try_to_move(instance, W_TO_V, to=None) is None
            stuck = await stage.engine.migrating.try_to_move(instance, Plan(), to=None)
            assert isinstance(stuck, Stuck)
            assert stuck.reason == "no_step"

    play(script())


def test_of_very_many_a_rehearsal_tries_some_from_all_times() -> None:
    strict = TICKS.replace("type: integer, default: 0", "type: boolean, default: false")
    strict = strict.replace("n: =vars.n + 1", "n: true")

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            await start(stage, 200)
            await stage.publish(TICKS + "\n")
            await stage.post("go", "c900")
            await stage.publish(strict)
            spec = await stage.engine.migrating.spec("ticks", Plan())
            assert not isinstance(spec, Refused)
            assert stage.engine.life is not None
            rehearsals = Rehearsals(stage.engine.around, stage.engine.life.memory, tried_max=40)
            first, second = await rehearsals.many(spec, stage.engine.definitions.version("ticks", 3))
            assert (first.running, first.count, second.count) == (200, 39, 1)
            assert first.moves.stayed == {"bad_variable": 39}
            found = {(await stage.instance(stayed.instance)).customer for stayed in first.moves.listed}
            assert len(found) == 39
            assert 15 <= sum(customer < "c100" for customer in found) <= 25

    play(script())


# --- undoing -------------------------------------------------------------------------------------------


def test_an_undone_migration_takes_back_who_has_not_moved_on() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKS)
            ids = await start(stage, 130)
            before = [await stage.state(id) for id in ids]
            await stage.publish(RENAMED, running="migrate", plan=W_TO_V)
            await stage.sleep(5)
            await stage.post("tick", "c001")
            await stage.engine.cancel(ids[2])
            undoing = await stage.engine.migrating.undo((await job(stage)).id, by="t")
            assert isinstance(undoing, JobRow)
            await stage.sleep(5)
            row = await job(stage, undoing.id)
            assert (row.state, row.done, row.failed, row.total) == ("done", 128, 2, 130)
            assert moves(row).stayed == {"moved_on": 1, "ended": 1}
            assert await versions(stage, ids) == [1, 2, 2] + [1] * 127
            after = await stage.state(ids[0])
            assert replace(after, turn=0, now=0) == replace(before[0], turn=0, now=0)
            await stage.post("tick", "c000")
            assert await stage.variables(ids[0]) == {"n": 1}
            again = await stage.engine.migrating.undo((await job(stage)).id, by="t")
            assert isinstance(again, Refused)
            assert again.code == "conflict"

    play(script())
