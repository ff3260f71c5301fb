"""Who is in a segment, at which commit, and what follows: triggers, waits, exits, and time alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from actors.commands import (
    Action,
    ChangeFlow,
    ChangeSegment,
    CreateFlow,
    CreateSegment,
    CustomerWrite,
    DropSegment,
    Idempotency,
    PublishFlow,
    Refused,
    StartRequest,
    StartResult,
    Target,
)
from actors.limits import CAUSES_MAX, EngineLimits
from actors.memory import MemoryStore
from actors.ports import InstanceFilter, JobFilter, StoreError
from actors.records import FeedCard, Group, InstanceRow, ResourceRow
from actors.segments import KIND
from actors.telemetry import Committed, Isolated, Report
from actors.testing import Stage, play
from rules.customers.history import History
from rules.customers.profile import Profile
from rules.documents.problems import Severity
from rules.inputs import Event
from rules.limits import CLOCK_LOOK_MS, COUNTED_NAMES_MAX, SEGMENT_COUNT_MAX

GOLD = 'customer.?tier.orValue("") == "gold"'
BUYS = 'events("paid", "PT40S").count() >= 2'
PERIOD_S = 40
DAY_MS = 86_400_000


def moving(segment: str, change: str) -> str:
    """A flow that starts when a customer enters or leaves, and lives on."""
    return f"""
flow: {segment}-{change}
triggers: {{moved: {{type: segment, segment: {segment}, change: {change}}}}}
start: w
steps:
  w: {{type: wait, until: [{{id: t, type: time, after: P30D}}]}}
"""


WAITING = """
flow: waiting
triggers: {joined: {type: event, event: joined}}
start: outside
steps:
  outside: {type: wait, until: [{id: in, type: segment, segment: s, is: in, next: inside}]}
  inside: {type: wait, until: [{id: out, type: segment, segment: s, is: out, next: over}]}
  over: {type: end, outcome: was_in}
"""


async def segments(stage: Stage, customer: str) -> tuple[str, ...]:
    """As the profile and what finds the customer have them."""
    row = (await stage.store.profiles([customer]))[customer]
    profile = msgspec.msgpack.decode(row.profile, type=Profile)
    assert row.segments == profile.segments
    return profile.segments


async def instances(stage: Stage, flow: str | None = None) -> list[InstanceRow]:
    """In order of start."""
    rows, _ = await stage.store.instances(InstanceFilter(flow=flow, limit=500))
    return list(reversed(rows))


async def start(stage: Stage, flow: str, *customers: str, test: bool = False) -> list[str]:
    targets = tuple(Target(customer=customer) for customer in customers)
    result = await stage.engine.start_flow(StartRequest(flow=flow, targets=targets, client="t", test=test))
    assert isinstance(result, StartResult), result
    return [one.instance for one in result.started]


# --- writes and events ---------------------------------------------------------------------------------


def test_write_of_a_profile_moves_the_customer_in_its_own_commit() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            for tier, expected in (("gold", ("s",)), ("tin", ()), ("gold", ("s",)), (None, ())):
                write = CustomerWrite(id="ann", mode="patch", body={"fields": {"tier": tier}})
                row = await stage.engine.write_customer(write)
                assert not isinstance(row, Refused)
                assert row.segments == expected
                assert await segments(stage, "ann") == expected

    play(script())


def test_what_a_caller_writes_keeps_the_segments() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            await stage.write("ann", fields={"tier": "gold"})
            put = CustomerWrite(id="ann", mode="put", body={"fields": {"tier": "gold"}, "city": "Oslo"})
            row = await stage.engine.write_customer(put)
            assert not isinstance(row, Refused)
            assert row.segments == ("s",)

    play(script())


def test_counted_event_moves_the_customer_and_time_moves_them_back() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            await stage.post("paid", "ann")
            await stage.sleep(20)
            assert await segments(stage, "ann") == ()
            await stage.post("paid", "ann")
            assert await segments(stage, "ann") == ("s",)
            await stage.sleep(PERIOD_S - 20 - 0.1)
            assert await segments(stage, "ann") == ("s",)
            await stage.sleep(0.2)
            assert await segments(stage, "ann") == ()

    play(script())


def test_event_counts_at_its_own_time() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            now = stage.clock.now()
            for earlier_s, expected in ((0, ()), (PERIOD_S, ()), (-9, ("s",))):
                event = Event(id="", name="paid", time=now - earlier_s * 1_000, customer="ann")
                await stage.engine.accept([event], client="t")
                assert await segments(stage, "ann") == expected
            await stage.sleep(PERIOD_S - 0.1)
            assert await segments(stage, "ann") == ("s",)
            await stage.sleep(0.2)
            assert await segments(stage, "ann") == ()

    play(script())


def test_events_that_no_segment_reads_leave_no_history() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            await stage.post("paid", "bob")
            await stage.post("other", "ann")
            assert list(await stage.store.histories(["ann", "bob"])) == ["bob"]

    play(script())


def test_history_holds_what_the_rules_ask_about() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            for _ in range(3):
                await stage.post("paid", "ann")
                await stage.sleep(PERIOD_S / 2)
            row = (await stage.store.histories(["ann"]))["ann"]
            times = msgspec.msgpack.decode(row.history, type=History).times["paid"]
            assert times == (stage.clock.now() - PERIOD_S * 1_000, stage.clock.now() - PERIOD_S * 500)

    play(script())


def test_new_customer_is_held_against_every_rule() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("everyone", "true")
            await stage.segment("quiet", 'events("paid", "P1D").count() == 0')
            await stage.post("hello", "ann")
            assert await segments(stage, "ann") == ("everyone", "quiet")

    play(script())


def test_events_of_the_server_itself_are_counted() -> None:
    flow = """
flow: asking
start: ask
cards: {q: {title: Q, body: [{type: submit, name: ok, label: OK}]}}
steps:
  ask: {type: send_card, card: q, next: w}
  w: {type: wait, until: [{id: done, type: card, of: ask, action: completed}]}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", 'events("card.completed", "P1D").count() > 0')
            await stage.publish(flow)
            await start(stage, "asking", "ann")
            _, (card,) = await stage.store.feed_open("ann")
            await stage.engine.act(Action(customer="ann", card=card.card.id, action="submit", button="ok"))
            await stage.sleep(0.1)
            assert await segments(stage, "ann") == ("s",)

    play(script())


@pytest.mark.parametrize("limits", [None, EngineLimits(histories_max=0, profiles_max=0)])
def test_event_that_a_flow_raises_is_counted(limits: EngineLimits | None) -> None:
    flow = "flow: paying\nstart: say\nsteps: {say: {type: emit, event: paid}}"

    async def script() -> None:
        async with Stage(limits=limits) as stage:
            await stage.segment("s", BUYS)
            await stage.publish(flow)
            await start(stage, "paying", "ann", "ann", "bob")
            await stage.sleep(1)
            assert await segments(stage, "ann") == ("s",)
            assert await segments(stage, "bob") == ()

    play(script())


COLD = EngineLimits(histories_max=0, profiles_max=0, warm_bytes_max=0)


def test_what_a_counted_event_asks_for_is_there_when_it_is_taken() -> None:
    async def script() -> None:
        async with Stage(limits=COLD) as stage:
            await stage.segment("s", BUYS)
            await stage.segment("gold", GOLD + ' && events("paid", "P1D").count() > 1')
            for _ in range(2):
                assert (await stage.post("paid", "ann")).deferred == 0
            assert await segments(stage, "ann") == ("s",)
            await stage.write("ann", fields={"tier": "gold"})
            assert await segments(stage, "ann") == ("gold", "s")

    play(script())


def test_what_a_flow_that_writes_the_profile_asks_for_is_there() -> None:
    flow = "flow: writing\nstart: write\nsteps: {write: {type: update_customer, set: {tier: gold}}}"

    async def script() -> None:
        async with Stage(limits=COLD) as stage:
            await stage.segment("s", GOLD + ' && events("paid", "P1D").count() > 0')
            await stage.publish(flow)
            await stage.post("paid", "ann")
            await start(stage, "writing", "ann")
            assert await segments(stage, "ann") == ("s",)

    play(script())


# --- time ----------------------------------------------------------------------------------------------


def test_rule_that_reads_the_time_is_looked_at_again() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("new", 'now - customer.created_at < duration("90m")')
            await stage.write("ann", city="Oslo")
            assert await segments(stage, "ann") == ("new",)
            await stage.days(1.5 * CLOCK_LOOK_MS / DAY_MS)
            assert await segments(stage, "ann") == ("new",)
            await stage.days(CLOCK_LOOK_MS / DAY_MS)
            assert await segments(stage, "ann") == ()

    play(script())


def test_time_moves_customers_also_after_a_restart_and_while_it_was_down() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            for customer in ("ann", "bob"):
                for _ in range(2):
                    await stage.post("paid", customer)
                await stage.sleep(PERIOD_S / 2)
        await stage.clock.sleep(10)
        async with Stage(stage.store, clock=stage.clock) as again:
            await again.sleep(0.1)
            assert await segments(again, "ann") == ()
            assert await segments(again, "bob") == ("s",)
            await again.sleep(PERIOD_S / 2)
            assert await segments(again, "bob") == ()

    play(script())


def test_many_customers_are_looked_at_with_little_room() -> None:
    async def script() -> None:
        limits = EngineLimits(timers_max=2, internal_max=2, histories_max=1, profiles_max=1)
        async with Stage(limits=limits) as stage:
            await stage.segment("s", 'events("paid", "PT40S").count() > 0')
            for number in range(20):
                await stage.post("paid", f"c{number}")
            await stage.sleep(PERIOD_S + 1)
            assert [await segments(stage, f"c{number}") for number in range(20)] == [()] * 20

    play(script())


def test_what_time_did_comes_before_what_an_event_does() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", 'events("paid", "PT40S").count() > 0')
            for change in ("enter", "exit"):
                await stage.publish(moving("s", change))
            await stage.post("paid", "ann")
        await stage.clock.sleep(2 * PERIOD_S)
        async with Stage(stage.store, clock=stage.clock) as again:
            await again.post("paid", "ann")
            await again.sleep(1)
            assert [row.flow for row in await instances(again)] == ["s-enter", "s-exit", "s-enter"]

    play(script())


def test_look_that_lets_no_commit_pass_is_left_out() -> None:
    class Poisoned(MemoryStore):
        """No commit passes in which this customer leaves the segment."""

        async def apply(self, group: Group) -> Sequence[FeedCard]:
            row = group.customers.get("ann")
            if row is not None and not row.segments and await self.profiles(["ann"]):
                raise StoreError("this row cannot be stored")
            return await super().apply(group)

    reports: list[Report] = []

    async def script() -> None:
        store = Poisoned()
        async with Stage(store, handlers=[reports.append]) as stage:
            await stage.segment("s", 'events("paid", "PT40S").count() > 0')
            for customer in ("ann", "bob"):
                await stage.post("paid", customer)
            await stage.sleep(PERIOD_S + 60)
            assert (await segments(stage, "ann"), await segments(stage, "bob")) == (("s",), ())
            assert (await store.histories(["ann"]))["ann"].due is None
            assert (await stage.post("hello", "ann")).status == "accepted"

    play(script())
    assert len([report for report in reports if isinstance(report, Isolated)]) == 1


# --- what follows --------------------------------------------------------------------------------------


def test_entering_and_leaving_start_flows() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            for change in ("enter", "exit"):
                await stage.publish(moving("s", change))
            await stage.write("ann", fields={"tier": "gold"})
            (entered,) = await instances(stage)
            assert (entered.flow, entered.customer) == ("s-enter", "ann")
            await stage.write("ann", fields={"tier": "gold", "more": 1})
            await stage.write("ann", fields={"tier": "tin"})
            assert [row.flow for row in await instances(stage)] == ["s-enter", "s-exit"]

    play(script())


def test_leaving_because_of_time_starts_flows() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            await stage.publish(moving("s", "exit"))
            for _ in range(2):
                await stage.post("paid", "ann")
            await stage.sleep(PERIOD_S - 1)
            assert await instances(stage) == []
            await stage.sleep(1.1)
            assert [row.customer for row in await instances(stage)] == ["ann"]

    play(script())


def test_trigger_takes_variables_of_the_customer_who_entered() -> None:
    flow = """
flow: greeting
triggers:
  gold:
    type: segment
    segment: s
    change: enter
    when: customer.city != "Ulm"
    key: =customer.id
    variables: {city: =customer.city, seen: '=("s" in customer.segments)'}
variables: {city: {type: string}, seen: {type: boolean}}
start: w
steps: {w: {type: wait, until: [{id: t, type: time, after: P1D}]}}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            await stage.publish(flow)
            for customer, city in (("ann", "Oslo"), ("bob", "Ulm")):
                await stage.write(customer, city=city, fields={"tier": "gold"})
            (row,) = await instances(stage)
            assert (row.customer, row.key) == ("ann", "ann")
            assert await stage.variables(row.id) == {"city": "Oslo", "seen": True}

    play(script())


def test_waits_and_exits_hear_of_membership() -> None:
    leaving = """
flow: leaving
triggers: {joined: {type: event, event: joined}}
exits: [{id: gone, type: segment, segment: s, is: in, outcome: won}]
start: w
steps: {w: {type: wait, until: [{id: t, type: time, after: P1D}]}}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            await stage.publish(WAITING)
            await stage.publish(leaving)
            waiting, exiting = (await stage.post("joined", "ann")).started
            for _ in range(2):
                await stage.post("paid", "ann")
            assert (await stage.instance(exiting)).outcome == "won"
            assert [token.step for token in (await stage.state(waiting)).tokens] == ["inside"]
            await stage.sleep(PERIOD_S + 1)
            assert (await stage.instance(waiting)).outcome == "was_in"

    play(script())


def test_member_passes_a_wait_at_once() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            await stage.publish(WAITING)
            await stage.write("ann", fields={"tier": "gold"})
            (id,) = (await stage.post("joined", "ann")).started
            assert [token.step for token in (await stage.state(id)).tokens] == ["inside"]

    play(script())


LEAVING = """
flow: leaving
triggers: {left: {type: segment, segment: s, change: exit}, joined: {type: event, event: joined}}
entry: {per: customer, when_live: refuse}
start: inside
steps:
  inside: {type: wait, until: [{id: out, type: segment, segment: s, is: out}]}
"""


def test_who_waits_for_a_change_comes_before_who_starts_by_it() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            await stage.publish(LEAVING)
            await stage.write("ann", fields={"tier": "gold"})
            await stage.post("joined", "ann")
            await stage.write("ann", fields={"tier": "tin"})
            first, second = await instances(stage)
            assert first.ended_at is not None
            assert first.ended_at <= second.started_at

    play(script())


def test_event_comes_before_the_membership_that_follows_from_it() -> None:
    flow = """
flow: racing
start: w
steps:
  w:
    type: wait
    until:
      - {id: in, type: segment, segment: s, is: in, next: in}
      - {id: paid, type: event, event: paid, when: '"s" in customer.segments', next: paid}
  in: {type: end, outcome: in}
  paid: {type: end, outcome: paid}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", BUYS)
            await stage.publish(flow)
            (id,) = await start(stage, "racing", "ann")
            await stage.post("paid", "ann")
            assert (await stage.instance(id)).status == "running"
            await stage.post("paid", "ann")
            assert (await stage.instance(id)).outcome == "paid"

    play(script())


CHASING = """
flow: {flow}
triggers: {{moved: {{type: segment, segment: lit, change: {change}}}}}
start: write
steps: {{write: {{type: update_customer, set: {{lit: {lit}}}}}}}
"""


def test_flows_that_move_a_customer_back_and_forth_come_to_an_end() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("lit", "customer.?lit.orValue(false) == true")
            await stage.publish(CHASING.format(flow="off", change="enter", lit="false"))
            await stage.publish(CHASING.format(flow="on", change="exit", lit="true"))
            await stage.write("ann", fields={"lit": True})
            await stage.sleep(5)
            assert len(await instances(stage)) == CAUSES_MAX + 1

    play(script())


# --- tests (flow format §9.10) -------------------------------------------------------------------------

TESTED = """
flow: tested
start: write
steps:
  write: {type: update_customer, set: {tier: gold}, next: pay}
  pay: {type: emit, event: paid, next: again}
  again: {type: emit, event: paid}
"""


def test_what_a_test_does_moves_its_customer_but_starts_nothing() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("gold", GOLD)
            await stage.segment("s", BUYS)
            for text in (moving("gold", "enter"), moving("s", "enter"), TESTED, WAITING):
                await stage.publish(text)
            await stage.write("tess", test=True)
            live = [
                *(await start(stage, "waiting", "tess")),
                *(await start(stage, "waiting", "tess", test=True)),
            ]
            await start(stage, "tested", "tess", test=True)
            await stage.sleep(1)
            assert await segments(stage, "tess") == ("gold", "s")
            for id in live:
                assert [token.step for token in (await stage.state(id)).tokens] == ["inside"]
            flows = {row.flow for row in await instances(stage)}
            assert flows == {"waiting", "tested"}

    play(script())


def test_test_customer_starts_flows_like_anybody_else() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("gold", GOLD)
            await stage.publish(moving("gold", "enter"))
            await stage.write("tess", test=True, fields={"tier": "gold"})
            assert [(row.customer, row.test) for row in await instances(stage)] == [("tess", False)]

    play(script())


# --- rules that are new --------------------------------------------------------------------------------


async def crowd(stage: Stage, count: int, gold: int) -> None:
    for number in range(count):
        await stage.write(f"c{number:03}", fields={"tier": "gold" if number < gold else "tin"})


@pytest.mark.parametrize("fire", [False, True])
def test_new_rule_is_held_against_everyone_and_triggers_hear_of_it_only_if_they_are_to(fire: bool) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 130, gold=3)
            await stage.write("tess", test=True, fields={"tier": "gold"})
            await stage.segment("s", "false")
            await stage.publish(moving("s", "enter"))
            await stage.segment("s", GOLD, fire=fire)
            found, _ = await stage.store.jobs(JobFilter())
            assert [(job.state, job.done, job.total) for job in found] == [("done", 131, 131)] * 2
            members = [f"c{number:03}" for number in range(130)] + ["tess"]
            for customer in members:
                is_gold = customer in ("c000", "c001", "c002", "tess")
                assert await segments(stage, customer) == (("s",) if is_gold else ())
            assert len(await instances(stage)) == (4 if fire else 0)

    play(script())


def test_new_rule_wakes_those_who_wait_for_membership() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 1, gold=1)
            await stage.segment("s", "false")
            await stage.publish(WAITING)
            (id,) = await start(stage, "waiting", "c000")
            await stage.segment("s", GOLD)
            assert [token.step for token in (await stage.state(id)).tokens] == ["inside"]

    play(script())


def test_who_changes_while_a_rule_settles_is_news() -> None:
    """Nobody was held against the rule yet: the job is stopped before its first member."""

    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 2, gold=1)
            await stage.segment("s", "false")
            await stage.publish(moving("s", "enter"))
            row = await stage.engine.write_segment(ChangeSegment(id="s", rule=GOLD))
            assert isinstance(row, ResourceRow)
            job = stage.engine.definitions.book.documents["s"].job
            assert job is not None
            await stage.engine.stop_job(job)
            await stage.write("c000", city="Ulm")  # gold before: only the rule is new
            await stage.write("c001", fields={"tier": "gold"})
            assert [row.customer for row in await instances(stage)] == ["c001"]

    play(script())


def test_job_of_a_rule_goes_on_after_crashes() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 350, gold=200)
            await stage.engine.write_segment(CreateSegment(id="s", rule=GOLD))
        kills = 0
        while (await stage.store.open_jobs()) and kills < 60:
            again = Stage(stage.store, clock=stage.clock)
            await again.engine.start()
            for _ in range(kills):
                await stage.clock.sleep(0)
            await again.engine.kill()
            kills += 1
        async with Stage(stage.store, clock=stage.clock) as last:
            await last.sleep(5)
            assert await last.store.audience_count(segment="s", tag=None, zone=None, test=None) == 200
            assert last.engine.definitions.book.documents["s"].job is None

    play(script())


def test_later_rule_ends_the_job_of_the_former() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 150, gold=10)
            await stage.engine.write_segment(CreateSegment(id="s", rule="true"))
            await stage.segment("s", GOLD)
            jobs, _ = await stage.store.jobs(JobFilter())
            assert sorted(job.state for job in jobs) == ["done", "stopped"]
            assert await stage.store.audience_count(segment="s", tag=None, zone=None, test=None) == 10

    play(script())


def test_name_of_a_segment_changes_without_a_job() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            row = await stage.engine.write_segment(ChangeSegment(id="s", name="Gold"))
            assert isinstance(row, ResourceRow)
            assert msgspec.json.decode(row.document) == {"rule": GOLD, "name": "Gold"}
            assert len((await stage.store.jobs(JobFilter()))[0]) == 1

    play(script())


# --- what is refused -----------------------------------------------------------------------------------


def test_segment_is_refused_where_it_is_wrong_and_changes_nothing() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            for write, code in (
                (CreateSegment(id="s", rule=GOLD), "key_exists"),
                (CreateSegment(id="t", rule="customer.tier = 1"), "invalid"),
                (CreateSegment(id="t", rule='"s" in customer.segments'), "invalid"),
                (ChangeSegment(id="t", rule=GOLD), "not_found"),
                (ChangeSegment(id="s", rule="nobody"), "invalid"),
                (DropSegment(id="t"), "not_found"),
            ):
                refused = await stage.engine.write_segment(write)
                assert isinstance(refused, Refused)
                assert refused.code == code
                assert all(error["pointer"] == "/rule" for error in refused.errors)
            assert [(row.kind, row.id) for row in await stage.store.resources()] == [(KIND, "s")]

    play(script())


def test_segments_and_counted_events_are_bounded() -> None:
    def counting(first: int, count: int) -> str:
        return " || ".join(f'events("e{n}", "P1D").count() > 1' for n in range(first, first + count))

    async def script() -> None:
        async with Stage() as stage:
            half = COUNTED_NAMES_MAX // 2
            await stage.segment("one", counting(0, half))
            await stage.segment("two", counting(half, half))
            refused = await stage.engine.write_segment(
                CreateSegment(id="more", rule=counting(half, half + 1))
            )
            assert isinstance(refused, Refused)
            assert refused.errors[0]["code"] == "too_many"
            await stage.segment("two", counting(half, 1))
        (row, _) = await stage.store.resources()
        row = msgspec.structs.replace(row, document=b'{"rule":"true"}')
        more = [msgspec.structs.replace(row, id=f"s{number}") for number in range(2, SEGMENT_COUNT_MAX - 1)]
        await stage.store.apply(Group(resources={(KIND, each.id): each for each in more}))
        async with Stage(stage.store, clock=stage.clock) as stage:
            last = await stage.engine.write_segment(CreateSegment(id="last", rule="true"))
            assert isinstance(last, ResourceRow)
            refused = await stage.engine.write_segment(CreateSegment(id="more", rule="true"))
            assert isinstance(refused, Refused)
            assert refused.code == "conflict"

    play(script())


def test_same_key_creates_a_segment_once() -> None:
    async def script() -> None:
        async with Stage() as stage:
            once = Idempotency(client="t", key="k", digest=b"d" * 16)
            write = CreateSegment(id="s", rule=GOLD, idempotency=once)
            first = await stage.engine.write_segment(write)
            assert isinstance(first, ResourceRow)
            assert await stage.engine.write_segment(write) == first

    play(script())


def test_flow_that_names_an_unknown_segment_is_not_published() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.engine.write_flow(CreateFlow(key="waiting", text=WAITING, type="yaml"))
            refused = await stage.engine.write_flow(PublishFlow(flow="waiting"))
            assert isinstance(refused, Refused)
            errors = [each for each in refused.problems if each.severity is Severity.ERROR]
            assert [(each.code, each.pointer) for each in errors] == [
                ("unknown_segment", "/steps/outside/until/0/segment"),
                ("unknown_segment", "/steps/inside/until/0/segment"),
            ]
            await stage.segment("s", GOLD)
            assert not isinstance(await stage.engine.write_flow(PublishFlow(flow="waiting")), Refused)

    play(script())


# --- dropping ------------------------------------------------------------------------------------------


def test_segment_that_a_published_flow_uses_is_not_dropped() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.segment("s", GOLD)
            await stage.publish(WAITING)
            await stage.engine.write_flow(ChangeFlow(flow="waiting", archived=True))
            refused = await stage.engine.write_segment(DropSegment(id="s"))
            assert isinstance(refused, Refused)
            assert refused.code == "conflict"
            assert '"waiting"' in refused.reason

    play(script())


def test_dropped_segment_lets_its_members_go_and_may_be_made_anew() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 130, gold=120)
            await stage.segment("s", GOLD)
            row = await stage.engine.write_segment(DropSegment(id="s"))
            assert isinstance(row, ResourceRow)
            refused = await stage.engine.write_segment(ChangeSegment(id="s", rule="true"))
            assert isinstance(refused, Refused)
            assert refused.code == "conflict"
            await stage.engine.write_flow(CreateFlow(key="waiting", text=WAITING, type="yaml"))
            unpublished = await stage.engine.write_flow(PublishFlow(flow="waiting"))
            assert isinstance(unpublished, Refused)
            await stage.sleep(5)
            assert await stage.store.resources() == []
            assert await stage.store.audience_count(segment="s", tag=None, zone=None, test=None) == 0
            await stage.segment("s", GOLD)
            assert await stage.store.audience_count(segment="s", tag=None, zone=None, test=None) == 120

    play(script())


def test_stopped_removal_is_taken_up_by_the_next() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 3, gold=3)
            await stage.segment("s", GOLD)
            await stage.engine.write_segment(DropSegment(id="s"))
            job = stage.engine.definitions.book.documents["s"].job
            assert job is not None
            await stage.engine.stop_job(job)
            await stage.sleep(1)
            assert len(await stage.store.resources()) == 1
            await stage.engine.write_segment(DropSegment(id="s"))
            await stage.sleep(1)
            assert await stage.store.resources() == []

    play(script())


# --- publishing ----------------------------------------------------------------------------------------


def test_published_flow_starts_for_every_member() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 120, gold=110)
            await stage.segment("s", GOLD)
            await stage.publish(moving("s", "publish"))
            await stage.sleep(5)
            found = await instances(stage)
            assert sorted(row.customer for row in found) == [f"c{number:03}" for number in range(110)]
            await stage.write("c119", fields={"tier": "gold"})
            await stage.sleep(5)
            assert len(await instances(stage)) == 110

    play(script())


AUDIENCE = """
flow: news
triggers: {{go: {{{trigger}, audience: {{segment: s, when: customer.city == "Ulm"}}}}}}
start: w
steps:
  w: {{type: wait, until: [{{id: t, type: time, after: P30D}}]}}
"""


@pytest.mark.parametrize("trigger", ["type: event, event: go", 'type: schedule, cron: "* * * * *"'])
def test_members_of_a_segment_are_an_audience_narrowed_by_its_condition(trigger: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 6, gold=4)
            await stage.segment("s", GOLD)
            await stage.write("c001", city="Ulm")
            await stage.write("c003", city="Ulm")
            await stage.write("c005", city="Ulm")
            await stage.sleep(5)
            await stage.publish(AUDIENCE.format(trigger=trigger))
            await stage.post("go")
            await stage.sleep(61)
            assert {row.customer for row in await instances(stage)} == {"c001", "c003"}

    play(script())


# --- broken and cold -----------------------------------------------------------------------------------


def test_rule_that_does_not_compile_any_more_keeps_its_members() -> None:
    document = b'{"rule":"customer.tier == constants.gone"}'

    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            await crowd(stage, 1, gold=1)
            await stage.segment("s", GOLD)
            await stage.publish(WAITING)
        (row,) = await store.resources()
        store.rows.resources[KIND, "s"] = msgspec.structs.replace(row, document=document)
        async with Stage(store, clock=stage.clock) as again:
            assert list(again.engine.definitions.book.broken) == ["s"]
            await again.write("c000", fields={"tier": "tin"})
            assert await segments(again, "c000") == ("s",)
            await again.publish(WAITING)
            await again.segment("s", GOLD)
            assert again.engine.definitions.book.broken == {}
            assert await segments(again, "c000") == ()

    play(script())


def test_rules_that_cannot_be_evaluated_are_counted() -> None:
    async def script() -> None:
        reports: list[Report] = []
        async with Stage(handlers=[reports.append]) as stage:
            await stage.segment("s", "customer.missing > 1")
            await stage.write("ann", city="Oslo")
            errors = sum(each.tally.condition_errors for each in reports if isinstance(each, Committed))
            assert errors == 1
            assert await segments(stage, "ann") == ()

    play(script())
