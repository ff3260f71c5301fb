import asyncio

from actors.commands import NO_ID, NO_TIME
from actors.limits import CAUSES_MAX
from actors.memory import MemoryStore
from actors.testing import Stage, play
from rules.inputs import Event
from rules.instance import InstanceStatus
from rules.model import Origin


def test_event_starts_an_instance_and_wakes_it(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            (id,) = (await stage.post("joined", "ann")).started
            woken = await stage.post("ping", "ann")
            assert (woken.woken, woken.started) == (1, ())
            assert await stage.variables(id) == {"n": 1}

    play(script())


def test_event_never_reaches_the_instance_that_it_starts() -> None:
    flow = """
flow: once
triggers: {go: {type: event, event: go}}
start: w
steps: {w: {type: wait, until: [{id: go, type: event, event: go, next: over}]}, over: {type: end}}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow)
            (first,) = (await stage.post("go", "ann")).started
            assert await stage.status(first) is InstanceStatus.RUNNING
            again = await stage.post("go", "ann")
            assert (again.woken, len(again.started)) == (1, 1)
            assert await stage.status(first) is InstanceStatus.COMPLETED

    play(script())


def test_repeat_changes_nothing_and_another_body_is_a_conflict(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            first = await stage.post("joined", "ann", id="e", a=1)
            again = await stage.post("joined", "ann", id="e", a=1)
            other = await stage.post("joined", "ann", id="e", a=2)
            assert [one.status for one in (first, again, other)] == ["accepted", "duplicate", "conflict"]
            assert len(await stage.store.journal(after=0, limit=10)) == 3  # created, published, the event

    play(script())


def test_repeat_is_recognised_by_the_next_process(greeting: str) -> None:
    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            await stage.post("joined", "ann", id="e")
        async with Stage(store, seed="next") as stage:
            assert (await stage.post("joined", "ann", id="e")).status == "duplicate"

    play(script())


def test_repeats_in_one_batch_count_once(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            event = Event(id="e", name="joined", time=NO_TIME, customer="ann")
            results = await stage.engine.accept([event, event, event], client="test")
            assert [one.status for one in results] == ["accepted", "duplicate", "duplicate"]

    play(script())


def test_event_without_id_or_time_gets_them() -> None:
    async def script() -> None:
        async with Stage() as stage:
            one, two = [await stage.post("ping", "ann") for _ in range(2)]
            assert NO_ID not in (one.id, two.id)
            assert one.id != two.id
            entry = (await stage.store.journal(after=0, limit=1))[0]
            assert entry.row.at == stage.clock.now()

    play(script())


def test_unknown_customer_is_created_once() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.post("ping", "ann")
            created = (await stage.store.profiles(["ann"]))["ann"].created_at
            await stage.sleep(5)
            await stage.post("ping", "ann")
            assert (await stage.store.profiles(["ann"]))["ann"].created_at == created

    play(script())


def test_waits_of_others_by_key_and_by_name_are_woken_afterwards(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            ids = {
                name: (await stage.post("joined", name, key="k")).started[0] for name in ("ann", "bob", "cyd")
            }
            nudged = await stage.post("nudge", "ann", key="k")
            assert (nudged.woken, nudged.deferred) == (1, 2)
            news = await stage.post("news")
            assert (news.woken, news.deferred) == (0, 3)
            await stage.sleep(0.1)
            assert [await stage.variables(id) for id in ids.values()] == [{"n": 2}] * 3
            assert await stage.store.inbox(after=0, limit=10) == []

    play(script())


def test_event_for_many_others_is_spread_by_several_commits(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            joined = [Event(id=f"j{n}", name="joined", time=NO_TIME, customer=f"c{n}") for n in range(1_200)]
            results = await stage.engine.accept(joined, client="test")
            assert (await stage.post("news")).deferred == 1_200
            await stage.sleep(2)
            states = [await stage.variables(result.started[0]) for result in results]
            assert states == [{"n": 1}] * 1_200

    play(script())


def test_event_of_an_app_wakes_only_its_own_customers_waits(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            (id,) = (await stage.post("joined", "ann")).started
            refused = await stage.post("joined", "bob", origin=Origin.APP)
            assert refused.started == ()
            assert (await stage.post("news", "ann", origin=Origin.APP)).woken == 0
            assert (await stage.post("ping", "ann", origin=Origin.APP)).woken == 1
            assert await stage.variables(id) == {"n": 1}

    play(script())


def test_trigger_may_name_another_customer() -> None:
    flow = """
flow: owner
triggers: {paid: {type: event, event: paid, customer: =event.data.owner}}
start: w
steps: {w: {type: wait, until: [{id: t, type: time, after: P1D}]}}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow)
            (id,) = (await stage.post("paid", "ann", owner="bob")).started
            assert (await stage.instance(id)).customer == "bob"
            assert set(await stage.store.profiles(["ann", "bob"])) == {"ann", "bob"}

    play(script())


def test_emitted_events_go_on_to_sixteen_causes_and_no_further() -> None:
    flow = """
flow: chain
triggers: {link: {type: event, event: link}}
start: e
steps: {e: {type: emit, event: link}}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow)
            await stage.post("link", "ann")
            await stage.sleep(1)
            entries = await stage.store.journal(after=0, limit=100)
            links = [entry for entry in entries if entry.row.name == "link"]
            assert len(links) == 18  # the client's, sixteen causes, and the one that is only recorded

    play(script())


def test_own_events_are_kept_only_for_subscribers() -> None:
    flow = """
flow: welcome
triggers: {new: {type: event, event: customer.created}}
start: over
steps: {over: {type: end}}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.post("ping", "ann")
            await stage.publish(flow)
            await stage.post("ping", "bob")
            names = [entry.row.name for entry in await stage.store.journal(after=0, limit=100)]
            assert names.count("customer.created") == 1

    play(script())


def test_duplicate_of_an_event_in_flight_waits_for_its_commit(greeting: str) -> None:
    async def script() -> None:
        gate = asyncio.Event()

        class Gated(MemoryStore):
            async def apply(self, group):  # type: ignore[no-untyped-def]
                await gate.wait()
                return await super().apply(group)

        store = Gated()
        gate.set()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            gate.clear()
            first = asyncio.ensure_future(stage.post("joined", "ann", id="e"))
            again = asyncio.ensure_future(stage.post("joined", "ann", id="e"))
            await stage.sleep(1)
            assert not first.done()
            assert not again.done()
            gate.set()
            assert (await first).status == "accepted"
            assert (await again).status == "duplicate"

    play(script())


WISHING = """
flow: wishing
variables: {n: {type: integer, required: true}}
triggers: {go: {type: event, event: [go, instance.refused]}}
start: e
steps: {e: {type: end}}
"""
GREETING_ANOTHER = """
flow: another
triggers: {new: {type: event, event: customer.created, customer: "{{ event.customer }}x"}}
start: e
steps: {e: {type: end}}
"""


def test_refused_starts_that_cause_each_other_come_to_an_end() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(WISHING)
            result = await stage.post("go", "ann")
            assert [each.reason for each in result.refused] == ["missing_variable"]
            await stage.sleep(1)

    play(script())


def test_customers_that_cause_each_other_come_to_an_end() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(GREETING_ANOTHER)
            await stage.post("go", "ann")
            await stage.sleep(1)
            names = ["ann" + "x" * count for count in range(CAUSES_MAX + 2)]
            assert 2 < len(await stage.store.profiles(names)) <= CAUSES_MAX + 1

    play(script())
