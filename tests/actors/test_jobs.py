"""Long operations in pieces: audiences, schedules, work on many instances; each once, also across crashes."""

from __future__ import annotations

import asyncio

import pytest

from actors.commands import Target
from actors.job_specs import PAGE_TARGETS, Crowd, StartFlow, TendInstances, decode_spec, paged
from actors.letters import StartOne, encode_letter
from actors.ports import InstanceFilter, JobFilter
from actors.records import Group, InboxRow, InstanceRow, JobRow
from actors.testing import START_MS, Stage, play
from rules.inputs import Cancelled

WAITING = """
start: w
steps:
  w: {type: wait, until: [{id: t, type: time, after: P30D}]}
"""
DAY_S = 86_400


async def crowd(stage: Stage, count: int, **fields: object) -> None:
    for number in range(count):
        await stage.write(f"c{number:03}", **fields)


async def instances(stage: Stage) -> list[InstanceRow]:
    rows, _ = await stage.store.instances(InstanceFilter(limit=500))
    return list(rows)


async def only_job(stage: Stage) -> JobRow:
    (row,), _ = await stage.store.jobs(JobFilter())
    return row


# --- audiences -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "count"),
    [
        ("{all: true}", 250),
        ("{tag: vip}", 3),
        ("{customers: [c001, c002, new]}", 3),
        ("{all: true, when: customer.city == 'Ulm'}", 5),
    ],
)
def test_an_event_starts_its_flow_for_every_member_of_the_audience(audience: str, count: int) -> None:
    flow = f"flow: news\ntriggers: {{go: {{type: event, event: go, audience: {audience}}}}}\n{WAITING}"

    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 250)
            for number in range(5):
                await stage.write(f"c{number:03}", city="Ulm", **({"tags": ["vip"]} if number < 3 else {}))
            await stage.publish(flow)
            result = await stage.post("go")
            assert (result.started, result.deferred) == ((), 1)
            await stage.sleep(10)
            found = await instances(stage)
            assert len(found) == len({row.customer for row in found}) == count
            job = await only_job(stage)
            assert (job.state, job.failed, job.done) == ("done", 0, job.total)

    play(script())


def test_a_job_goes_on_after_a_crash_and_starts_nobody_twice() -> None:
    flow = f"flow: news\ntriggers: {{go: {{type: event, event: go, audience: {{all: true}}}}}}\n{WAITING}"

    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 450)
            await stage.publish(flow)
            await stage.post("go")
        kills = 0
        while (await stage.store.open_jobs()) and kills < 50:
            again = Stage(stage.store, clock=stage.clock)
            await again.engine.start()
            await stage.clock.sleep(0)
            for _ in range(kills):
                await stage.clock.sleep(0)
            await again.engine.kill()
            kills += 1
        async with Stage(stage.store, clock=stage.clock) as last:
            await last.sleep(10)
            found = await instances(last)
            assert len(found) == len({row.customer for row in found}) == 450
            assert (await only_job(last)).state == "done"

    play(script())


def test_a_start_by_api_for_a_crowd_can_be_stopped() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 300)
            version = await stage.publish(f"flow: news\n{WAITING}")
            spec = StartFlow(flow="news", version=version.number, invocation="i", client="t", crowd=Crowd())
            job = await stage.engine.add_job(spec, name="news", by="t")
            assert isinstance(job, JobRow)
            stopped = await stage.engine.stop_job(job.id)
            assert stopped is not None
            await stage.sleep(10)
            assert stopped.state == "stopped"
            assert len(await instances(stage)) == stopped.done < 300

    play(script())


def test_a_job_whose_first_piece_is_in_the_commit_that_makes_it_is_whole() -> None:
    async def script() -> None:
        async with Stage() as stage:
            version = await stage.publish(f"flow: news\n{WAITING}")
            spec = StartFlow(
                flow="news",
                version=version.number,
                invocation="i",
                client="t",
                listed=paged([Target(customer="ann")]),
            )
            made = asyncio.ensure_future(stage.engine.add_job(spec, name="news", by="t"))
            await stage.sleep(1)
            answered = await made
            assert isinstance(answered, JobRow)
            row = await stage.store.job(answered.id)
            assert row is not None
            assert decode_spec(row.spec) == spec

    play(script())


def test_targets_on_many_pages_start_each_once() -> None:
    async def script() -> None:
        async with Stage() as stage:
            version = await stage.publish(f"flow: news\n{WAITING}")
            targets = [Target(customer=f"c{number:03}", key="k") for number in range(2 * PAGE_TARGETS + 1)]
            spec = StartFlow(
                flow="news",
                version=version.number,
                invocation="i",
                client="t",
                listed=paged(targets),
            )
            await stage.engine.add_job(spec, name="news", by="t")
            await stage.sleep(10)
            found = await instances(stage)
            assert sorted(row.customer for row in found) == [target.customer for target in targets]
            assert {(row.key, row.invocation) for row in found} == {("k", "i")}
            assert (await only_job(stage)).done == (await only_job(stage)).total == len(targets)

    play(script())


def test_a_test_for_a_crowd_reaches_test_customers_only() -> None:
    """Also one who was a test customer when the audience was read."""

    async def script() -> None:
        async with Stage() as stage:
            for name in ("tess", "tom"):
                await stage.write(name, test=True)
            await stage.write("ann")
            version = await stage.publish(f"flow: news\n{WAITING}")
            spec = StartFlow(
                flow="news",
                version=version.number,
                invocation="i",
                client="t",
                test=True,
                crowd=Crowd(customers=("tess", "tom", "ann", "nobody"), test=True),
            )
            await stage.engine.add_job(spec, name="news", by="t")
            await stage.sleep(1)
            found = await instances(stage)
            assert {(row.customer, row.test) for row in found} == {("tess", True), ("tom", True)}
            assert (await only_job(stage)).failed == 2

    play(script())


def test_a_start_that_was_left_to_a_letter_happens() -> None:
    async def script() -> None:
        async with Stage() as stage:
            version = await stage.publish(f"flow: news\n{WAITING}")
        order = StartOne("news", version.number, Target(customer="ann", key="k"), "i", "t")
        letter = InboxRow(number=1, instance="", customer="ann", at=START_MS, input=encode_letter(order))
        await stage.store.apply(Group(inbox_added=[letter]))
        async with Stage(stage.store, clock=stage.clock) as again:
            await again.sleep(1)
            (row,) = await instances(again)
            assert (row.customer, row.key, row.invocation) == ("ann", "k", "i")
            assert list(await again.store.inbox(after=0, limit=1)) == []

    play(script())


def test_many_instances_are_cancelled_by_filter_and_others_are_left() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(f"flow: news\ntriggers: {{go: {{type: event, event: go}}}}\n{WAITING}")
            for number in range(150):
                await stage.post("go", f"c{number % 2}")
            spec = TendInstances(
                input=Cancelled(),
                filter=InstanceFilter(customer="c1"),
                up_to=await stage.store.last_instance_number(),
            )
            await stage.engine.add_job(spec, name="cancel", by="t")
            (late,) = (await stage.post("go", "c1")).started
            await stage.sleep(10)
            statuses = {(row.customer, row.status) for row in await instances(stage) if row.id != late}
            assert statuses == {("c0", "running"), ("c1", "cancelled")}
            assert (await stage.instance(late)).status == "running"
            job = await only_job(stage)
            assert (job.state, job.done, job.failed, job.total) == ("done", 75, 0, 75)

    play(script())


# --- schedules -----------------------------------------------------------------------------------------


def scheduled(trigger: str) -> str:
    return f"flow: daily\ntriggers: {{tick: {{type: schedule, {trigger}}}}}\n{WAITING}"


def test_a_cron_rule_starts_its_audience_once_at_each_occurrence() -> None:
    async def script() -> None:
        async with Stage() as stage:  # it is 22:13 UTC
            await crowd(stage, 3)
            await stage.publish(scheduled('cron: "0 9 * * *", timezone: UTC, audience: {all: true}'))
            await stage.days(2)
            found = await instances(stage)
            assert len(found) == 6
            assert {row.started_at % (DAY_S * 1_000) // 3_600_000 for row in found} == {9}
            metadata = (await stage.state(found[0].id)).trigger
            assert metadata is None, "nothing reads it"

    play(script())


def test_each_customer_starts_at_the_time_of_the_own_zone() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.write("ann", timezone="Asia/Tokyo")
            await stage.write("bob", timezone="America/New_York")
            await stage.write("cat", first_name="Cat")
            await stage.publish(scheduled('cron: "0 9 * * *", audience: {all: true}'))
            await stage.days(1)
            hours = {
                row.customer: row.started_at % (DAY_S * 1_000) // 3_600_000 for row in await instances(stage)
            }
            assert hours == {"ann": 0, "bob": 14, "cat": 9}

    play(script())


@pytest.mark.parametrize(
    ("down_s", "starts", "missed"), [(3_000, 1, 0), (5 * 3_600, 0, 1), (2 * DAY_S + 5 * 3_600, 0, 3)]
)
def test_what_was_missed_while_the_server_was_down(down_s: int, starts: int, missed: int) -> None:
    """It is 22:13, the run is at 23:00; one is made up for within an hour."""

    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 1)
            await stage.publish(scheduled('cron: "0 23 * * *", timezone: UTC, audience: {all: true}'))
            await stage.sleep(1)
        stage.clock.set_forward(down_s + 600)
        async with Stage(stage.store, clock=stage.clock) as again:
            await again.sleep(60)
            jobs, _ = await again.store.jobs(JobFilter())
            assert len(await instances(again)) == starts
            assert sum(job.state == "missed" for job in jobs) == missed

    play(script())


def test_a_fixed_time_happens_once_however_often_the_flow_is_published() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 2)
            text = scheduled('at: "2023-11-15T00:00:00Z", audience: {all: true}')
            await stage.publish(text)
            await stage.days(1)
            await stage.publish(text)
            await stage.days(1)
            assert len(await instances(stage)) == 2

    play(script())


def test_jitter_spreads_the_first_steps_over_time() -> None:
    flow = """
flow: daily
triggers: {tick: {type: schedule, cron: "0 0 * * *", timezone: UTC, jitter: PT1H, audience: {all: true}}}
start: go
steps: {go: {type: end}}
"""

    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 50)
            await stage.publish(flow)
            await stage.days(1 / 8, step_s=60)
            ends = sorted(row.ended_at or 0 for row in await instances(stage))
            assert len(set(ends)) > 20
            midnight = ends[0] - ends[0] % (DAY_S * 1_000)
            assert all(0 <= at - midnight <= 3_600_000 + 1_000 for at in ends)

    play(script())
