"""Jobs when something goes wrong: commits and reads that fail, flows that take no more starts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from actors.commands import ChangeFlow, Refused
from actors.job_specs import StartFlow
from actors.limits import JOB_SPECS_BYTES_MAX, EngineLimits
from actors.memory import MemoryStore
from actors.ports import InstanceFilter, JobFilter, StoreError
from actors.records import FeedCard, Group, JobRow, Member
from actors.telemetry import CommitFailed, Crashed, Isolated, Report
from actors.testing import Stage, play

WAITING = """
flow: news
start: w
steps:
  w: {type: wait, until: [{id: t, type: time, after: P30D}]}
"""
DAILY = f"""{WAITING}
triggers: {{tick: {{type: schedule, cron: "30 22 * * *", timezone: UTC, audience: {{all: true}}}}}}
"""


class Gated(MemoryStore):
    """A store whose commits wait until the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        await self.gate.wait()
        return await super().apply(group)


class Poisoned(MemoryStore):
    """No commit passes that holds an instance of this customer."""

    customer = ""

    async def apply(self, group: Group) -> Sequence[FeedCard]:
        if any(row.customer == self.customer for row in group.instances.values()):
            raise StoreError("this row cannot be stored")
        return await super().apply(group)


class Unreadable(MemoryStore):
    """Audiences can be read only so often, or not for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_left = 1 << 30
        self.readable = asyncio.Event()
        self.readable.set()

    async def audience(
        self,
        *,
        after: int,
        limit: int,
        segment: str | None,
        tag: str | None,
        zone: str | None,
        test: bool | None = False,
    ) -> Sequence[Member]:
        await self.readable.wait()
        self.reads_left -= 1
        if self.reads_left < 0:
            raise StoreError("unreadable")
        return await super().audience(
            after=after, limit=limit, segment=segment, tag=tag, zone=zone, test=test
        )


async def crowd(stage: Stage, count: int) -> None:
    for number in range(count):
        await stage.write(f"c{number:03}", city="Ulm")


async def begin(stage: Stage, version: int, *, bulk: int = 0) -> JobRow | Refused:
    """Start the flow for everyone; `bulk` is how many bytes its spec has besides."""
    spec = StartFlow(
        flow="news",
        version=version,
        invocation="i",
        client="t",
        metadata={"bulk": "x" * bulk},
    )
    return await stage.engine.add_job(spec, name="news", by="t")


async def customers(stage: Stage) -> list[str]:
    """Of each instance, in order."""
    rows, _ = await stage.store.instances(InstanceFilter(limit=500))
    return sorted(row.customer for row in rows)


async def job(stage: Stage) -> JobRow:
    (row,), _ = await stage.store.jobs(JobFilter())
    return row


def test_job_goes_on_after_a_commit_that_took_too_long() -> None:
    """Nobody waits for its pieces, so none is lost or put twice."""
    reports: list[Report] = []

    async def script() -> None:
        store = Gated()
        async with Stage(store, handlers=[reports.append]) as stage:
            await crowd(stage, 250)
            version = await stage.publish(WAITING)
            await begin(stage, version.number)
            store.gate.clear()
            await stage.sleep(60)
            store.gate.set()
            await stage.sleep(10)
            assert await customers(stage) == [f"c{number:03}" for number in range(250)]
            assert (await job(stage)).state == "done"

    play(script())
    assert not [report for report in reports if isinstance(report, Crashed | CommitFailed)]


def test_schedule_is_told_once_over_a_commit_that_takes_too_long() -> None:
    reports: list[Report] = []

    async def script() -> None:
        store = Gated()
        async with Stage(store, handlers=[reports.append]) as stage:  # it is 22:13 UTC
            await crowd(stage, 3)
            await stage.publish(DAILY)
            await stage.sleep(1)
            store.gate.clear()
            stage.clock.set_forward(20 * 60)
            await stage.sleep(120)
            store.gate.set()
            await stage.sleep(120)
            assert await customers(stage) == ["c000", "c001", "c002"]
            assert len((await stage.store.jobs(JobFilter()))[0]) == 1

    play(script())
    assert not [report for report in reports if isinstance(report, Crashed | CommitFailed)]


def test_publish_that_cancels_goes_on_after_a_commit_that_took_too_long() -> None:
    reports: list[Report] = []

    async def script() -> None:
        store = Gated()
        async with Stage(store, handlers=[reports.append]) as stage:
            await crowd(stage, 3)
            version = await stage.publish(WAITING)
            await begin(stage, version.number)
            await stage.sleep(1)
            await stage.publish(WAITING, running="cancel")
            store.gate.clear()
            await stage.sleep(60)
            store.gate.set()
            await stage.sleep(10)
            rows, _ = await stage.store.instances(InstanceFilter(status="cancelled"))
            assert len(rows) == 3

    play(script())
    assert not [report for report in reports if isinstance(report, Crashed | CommitFailed)]


@pytest.mark.parametrize(("catch_up", "state"), [("PT1H", "done"), ("PT1M", "missed")])
def test_jobs_that_find_no_room_are_refused_and_those_of_schedules_wait(catch_up: str, state: str) -> None:
    async def script() -> None:
        store = Unreadable()
        async with Stage(store) as stage:  # it is 22:13 UTC
            await crowd(stage, 3)
            version = await stage.publish(DAILY.replace("UTC", f"UTC, catch_up: {catch_up}"))
            store.readable.clear()
            await begin(stage, version.number, bulk=JOB_SPECS_BYTES_MAX - 1_000)
            await begin(stage, version.number, bulk=1_000)
            refused = await begin(stage, version.number)
            assert isinstance(refused, Refused)
            assert refused.code == "overloaded"
            stage.clock.set_forward(17 * 60)
            await stage.sleep(20)
            assert len((await stage.store.jobs(JobFilter()))[0]) == 2
            await stage.sleep(120)
            store.readable.set()
            await stage.sleep(120)
            (scheduled, *_), _ = await stage.store.jobs(JobFilter())
            assert (scheduled.kind, scheduled.state) == ("trigger", state)

    play(script())


def test_member_who_lets_no_commit_pass_fails_alone() -> None:
    reports: list[Report] = []

    async def script() -> None:
        store = Poisoned()
        async with Stage(store, handlers=[reports.append]) as stage:
            await crowd(stage, 250)
            version = await stage.publish(WAITING)
            store.customer = "c123"
            await begin(stage, version.number)
            await stage.sleep(120)
            assert await customers(stage) == [f"c{number:03}" for number in range(250) if number != 123]
            row = await job(stage)
            assert (row.state, row.done, row.failed, row.total) == ("done", 249, 1, 250)

    play(script())
    assert len([report for report in reports if isinstance(report, Isolated)]) == 1


@pytest.mark.parametrize(
    ("is_mended", "state", "error", "done"), [(True, "done", None, 150), (False, "failed", "unreadable", 100)]
)
def test_read_that_fails_is_tried_again_and_concerns_nobody_else(
    is_mended: bool, state: str, error: str | None, done: int
) -> None:
    reports: list[Report] = []

    async def script() -> None:
        store = Unreadable()
        limits = EngineLimits(piece_members_max=100)
        async with Stage(store, limits=limits, handlers=[reports.append]) as stage:
            await crowd(stage, 150)
            version = await stage.publish(WAITING)
            store.reads_left = 1
            await begin(stage, version.number)
            await stage.sleep(1.5)
            if is_mended:
                store.reads_left = 1 << 30
            await stage.sleep(60)
            row = await job(stage)
            assert (row.state, row.error) == (state, error)
            assert len(await customers(stage)) == row.done == done

    play(script())
    assert not [report for report in reports if isinstance(report, Crashed | CommitFailed)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (ChangeFlow(flow="news", archived=True), "flow_archived"),
        (ChangeFlow(flow="news", paused=True), "flow_paused"),
    ],
)
def test_job_of_a_flow_that_takes_no_more_starts_fails_and_says_how_far_it_came(
    change: ChangeFlow, error: str
) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await crowd(stage, 150)
            version = await stage.publish(WAITING)
            await begin(stage, version.number)
            while (await job(stage)).done == 0:
                await stage.sleep(0)
            await stage.engine.write_flow(change)
            await stage.sleep(10)
            row = await job(stage)
            assert (row.state, row.error, row.total) == ("failed", error, 150)
            assert len(await customers(stage)) == row.done < 150

    play(script())
