import msgspec

from actors.commands import NO_TIME
from actors.limits import EngineLimits
from actors.memory import MemoryStore
from actors.telemetry import Committed, Report
from actors.testing import Stage, play
from rules.inputs import Event
from rules.instance import InstanceStatus

TICKING = """
flow: ticking
variables: {n: {type: integer, default: 0}}
triggers: {joined: {type: event, event: joined}}
start: w
steps:
  w:
    type: wait
    until:
      - {id: t, type: time, after: PT10S, next: count}
      - {id: again, type: event, event: again, next: w}
  count: {type: set, variables: {n: =vars.n + 1}, next: w}
"""


async def join(stage: Stage, count: int = 1) -> list[str]:
    await stage.publish(TICKING)
    events = [Event(id=f"j{n}", name="joined", time=NO_TIME, customer=f"c{n}") for n in range(count)]
    results = await stage.engine.accept(events, client="test")
    return [result.started[0] for result in results]


def test_timer_fires_when_it_is_due_and_not_before() -> None:
    async def script() -> None:
        async with Stage() as stage:
            (id,) = await join(stage)
            await stage.sleep(9.99)
            assert await stage.variables(id) == {"n": 0}
            await stage.sleep(0.02)
            assert await stage.variables(id) == {"n": 1}
            await stage.sleep(30)
            assert await stage.variables(id) == {"n": 4}

    play(script())


def test_timer_that_is_set_while_no_other_is_known_is_not_late() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(TICKING.replace("PT10S", "PT0.2S"))
            await stage.sleep(0.05)
            began = stage.clock.now()
            (id,) = (await stage.post("joined", "c0")).started
            await stage.sleep(0.21)
            assert (await stage.state(id)).now == began + 200

    play(script())


def test_timer_that_was_set_anew_does_not_fire_at_its_old_time() -> None:
    async def script() -> None:
        async with Stage() as stage:
            (id,) = await join(stage)
            await stage.sleep(9)
            assert (await stage.post("again", "c0")).woken == 1
            await stage.sleep(9)
            assert await stage.variables(id) == {"n": 0}
            await stage.sleep(1.1)
            assert await stage.variables(id) == {"n": 1}

    play(script())


def test_store_hears_of_a_later_time_when_the_earlier_one_has_come() -> None:
    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            (id,) = await join(stage)
            began = stage.clock.now()
            await stage.sleep(9)
            await stage.post("again", "c0")
            assert await store.due(before=began + 60_000, limit=9) == [(began + 10_000, id)]
            await stage.sleep(2)
            assert await store.due(before=began + 60_000, limit=9) == [(began + 19_000, id)]
            assert await stage.variables(id) == {"n": 0}
            assert len(await store.timeline(id, after=0, limit=9)) == 2

    play(script())


def test_overdue_timers_fire_after_a_restart_before_any_other_input() -> None:
    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            (id,) = await join(stage)
        stage.clock.set_forward(3_600)
        async with Stage(store, seed="next", clock=stage.clock) as later:
            await later.post("again", "c0")
            rows = await store.timeline(id, after=0, limit=10)
            kinds = [msgspec.msgpack.decode(row.entry)["input"]["type"] for row in rows]
            assert kinds == ["started", "time", "event"]

    play(script())


def test_more_timers_than_memory_holds_all_fire_once() -> None:
    late: list[int] = []

    def note(report: Report) -> None:
        if isinstance(report, Committed):
            late.extend(report.tally.timers_late_ms)

    async def script() -> None:
        limits = EngineLimits(timers_max=7, internal_max=5, batch_max=4)
        async with Stage(limits=limits, handlers=[note]) as stage:
            ids = await join(stage, 100)
            await stage.sleep(12)
            assert [await stage.variables(id) for id in ids] == [{"n": 1}] * 100

    play(script())
    assert len(late) == 100
    assert min(late) >= 0
    assert max(late) < 1_000


def test_clock_that_is_set_forward_is_noticed() -> None:
    async def script() -> None:
        async with Stage() as stage:
            (id,) = await join(stage)
            stage.clock.set_forward(10)
            await stage.sleep(0.6)
            assert await stage.variables(id) == {"n": 1}

    play(script())


def test_cancelled_instance_ignores_its_late_timer() -> None:
    async def script() -> None:
        async with Stage() as stage:
            (id,) = await join(stage)
            row = await stage.engine.cancel(id)
            assert row is not None
            assert row.status == "cancelled"
            await stage.sleep(20)
            assert await stage.status(id) is InstanceStatus.CANCELLED
            assert await stage.engine.cancel("nowhere") is None

    play(script())
