"""Long operations in pieces: each piece is an input like any other, and commits with how far it is.

So a job goes on after a crash where its last commit left it, and does nothing twice. Jobs take turns, a piece
each. Between two pieces others have the loop for as long as the piece had it: nobody is to feel a million
starts. What a piece does is `chunks.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, assert_never

import msgspec

from .commands import Target
from .holdings import Memory, Surroundings
from .job_specs import (
    FAILED,
    PAGE_TARGETS,
    Crowd,
    JudgeAll,
    PullTrigger,
    Spec,
    StartFlow,
    TargetList,
    TendCards,
    TendInstances,
    decode_page,
)
from .limits import CHUNK_MEMBERS, JOB_READS_MAX, JOB_REST_S_MAX, RETRY_AFTER_S
from .ports import StoreBroken, StoreError
from .records import JobRow
from .suspects import Durable, Treatment
from .telemetry import JobUnread
from .work import Chunk, EndJob, Work, job_lane

KIND: Final = "job"


class Jobs:
    def __init__(self, around: Surroundings, memory: Memory) -> None:
        self._store = around.store
        self._clock = around.clock
        self._telemetry = around.telemetry
        self._suspects = around.suspects
        self._open = memory.jobs
        self._intake = memory.intake
        self._under_way: Durable | None = None
        self._unread: dict[str, int] = {}
        """How often in a row the next piece of a job could not be read."""
        self._one_by_one: dict[str, int] = {}
        """How many members of a job are still to come alone."""

    @property
    def is_idle(self) -> bool:
        return not self._open.rows

    async def recover(self) -> None:
        for row in await self._store.open_jobs():
            self._open.keep(row)
            if self._suspects.treatment((KIND, row.id)) is not Treatment.TOGETHER:
                # A commit with its last piece failed, and one of the members may be the reason.
                self._one_by_one[row.id] = CHUNK_MEMBERS

    def committed(self, durables: Sequence[Durable]) -> None:
        """The inputs with these names are stored."""
        if self._under_way is not None and self._under_way in durables:
            self._open.settled.set()

    async def run(self) -> None:
        """Jobs one piece each, in turn, as long as there are any."""
        while True:
            await self._open.stirred.wait()
            self._open.stirred.clear()
            while self._open.rows:
                for id in tuple(self._open.rows):
                    await self._go_on(id)

    async def _go_on(self, id: str) -> None:
        began = self._clock.monotonic()
        row = self._open.rows.get(id)
        if row is None:
            return
        order = await self._next(row)
        # Stopped meanwhile? From here on a stop comes after the piece, in the job's lane.
        if order is not None and self._open.rows.get(id) is row:
            await self._put(row, order)
            await self._clock.sleep(min(self._clock.monotonic() - began, JOB_REST_S_MAX))

    async def _put(self, row: JobRow, order: Chunk | EndJob) -> None:
        """Until it is stored. Nobody waits for it: a commit that is late only makes it late."""
        self._under_way = durable = (KIND, row.id)
        self._open.settled.clear()
        weight = order.weight if isinstance(order, Chunk) else 1
        self._intake.put(Work(lane=job_lane(row.id), kind=KIND, order=order, weight=weight, durable=durable))
        await self._open.settled.wait()
        self._under_way = None

    # ── the next piece ─────────────────────────────────────────────────────────────────────────────────
    async def _next(self, row: JobRow) -> Chunk | EndJob | None:
        """None: what it needs could not be read this time."""
        spec = self._open.spec(row.id)
        try:
            chunk = await self._piece(row, spec)
            if row.total is None and (row.cursor or not _walks(spec)):
                chunk = replace(chunk, total=await self._count(spec))
        except StoreBroken:
            raise
        except StoreError as error:
            return await self._could_not_read(row, error)
        self._unread.pop(row.id, None)
        return chunk

    async def _could_not_read(self, row: JobRow, error: StoreError) -> EndJob | None:
        self._telemetry.emit(JobUnread(job=row.id, error=error))
        tries = self._unread[row.id] = self._unread.get(row.id, 0) + 1
        if tries < JOB_READS_MAX:
            await self._clock.sleep(RETRY_AFTER_S)
            return None
        del self._unread[row.id]
        return EndJob(row.id, FAILED, "unreadable")

    async def _piece(self, row: JobRow, spec: Spec) -> Chunk:
        at = msgspec.msgpack.decode(row.cursor, type=int) if row.cursor else 0
        size = self._size(row)
        if not row.cursor and _walks(spec):
            # Whom turns before the job's own have made members is in the store once this piece is.
            return Chunk(row.id, spec, 0)
        match spec:
            case PullTrigger() | JudgeAll():
                members, reached = await self._of_crowd(spec.crowd, at, size)
                return Chunk(row.id, spec, reached, members=members)
            case StartFlow(listed=TargetList() as listed):
                some, reached = _of_pages(listed, at, size)
                return Chunk(row.id, spec, reached, targets=some)
            case StartFlow():
                members, reached = await self._of_crowd(spec.crowd, at, size)
                targets = [
                    Target(customer=member, variables=spec.variables, metadata=spec.metadata)
                    for member in members
                ]
                return Chunk(row.id, spec, reached, targets=tuple(targets))
            case TendInstances():
                stretch = await self._store.instance_numbers(
                    spec.filter, after=at, up_to=spec.up_to, limit=size
                )
                return Chunk(row.id, spec, stretch.looked_to, members=tuple([id for _, id in stretch.ids]))
            case TendCards():
                stretch = await self._store.card_numbers(spec.filter, after=at, up_to=spec.up_to, limit=size)
                return Chunk(row.id, spec, stretch.looked_to, members=tuple([id for _, id in stretch.ids]))
            case _:
                assert_never(spec)

    def _size(self, row: JobRow) -> int:
        left = self._one_by_one.pop(row.id, 0)
        if left > 1:
            self._one_by_one[row.id] = left - 1
        return 1 if left else CHUNK_MEMBERS

    async def _of_crowd(self, crowd: Crowd, at: int, size: int) -> tuple[tuple[str, ...], int | None]:
        """Members, and where to go on after them."""
        if crowd.customers is not None:
            some = crowd.customers[at : at + size]
            return some, at + size if at + size < len(crowd.customers) else None
        members = await self._store.audience(
            after=at, limit=size, segment=crowd.segment, tag=crowd.tag, zone=crowd.zone, test=crowd.test
        )
        reached = members[-1].number if len(members) == size else None
        return tuple([member.customer for member in members]), reached

    async def _count(self, spec: Spec) -> int:
        if isinstance(spec, TendInstances):
            return sum((await self._store.tally_instances(spec.filter, up_to=spec.up_to)).values())
        if isinstance(spec, TendCards):
            return sum((await self._store.tally_cards(spec.filter, up_to=spec.up_to)).values())
        if isinstance(spec, StartFlow) and spec.listed is not None:
            return spec.listed.count
        crowd = spec.crowd
        if crowd.customers is not None:
            return len(crowd.customers)
        return await self._store.audience_count(
            segment=crowd.segment, tag=crowd.tag, zone=crowd.zone, test=crowd.test
        )


def _walks(spec: Spec) -> bool:
    """Whether the store knows who is in its crowd."""
    match spec:
        case TendInstances() | TendCards() | StartFlow(listed=TargetList()):
            return False
        case _:
            return spec.crowd.customers is None


def _of_pages(listed: TargetList, at: int, size: int) -> tuple[tuple[Target, ...], int | None]:
    """Targets, and where to go on after them; they end with their page."""
    page, first = divmod(at, PAGE_TARGETS)
    some = decode_page(listed.pages[page])[first : first + size] if page < len(listed.pages) else ()
    reached = at + len(some)
    return some, reached if reached < listed.count else None
