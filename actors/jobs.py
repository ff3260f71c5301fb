"""Long operations in pieces: each piece is an input like any other, and commits together with how far it is.

So a job goes on after a crash where its last commit left it, and does nothing twice. Jobs take turns; between
two pieces others have the loop for as long as the piece had it, so that a million starts are not felt.
What a piece does is `chunks.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeAlias, assert_never

import msgspec
from msgspec.structs import replace

from .commands import Overloaded
from .holdings import Memory, Surroundings
from .job_specs import OPEN, Crowd, PullTrigger, Spec, StartFlow, TendInstances, decode_spec
from .limits import CHUNK_MEMBERS
from .ports import InstanceFilter
from .records import JobRow
from .work import Chunk, Work

Submit: TypeAlias = Callable[[Sequence[Work]], Coroutine[Any, Any, list[object]]]

KIND: Final = "job"


class Jobs:
    def __init__(self, around: Surroundings, memory: Memory, *, submit: Submit) -> None:
        self._store = around.store
        self._clock = around.clock
        self._open = memory.jobs
        self._submit = submit

    async def recover(self) -> None:
        for row in await self._store.open_jobs():
            self._open.keep(row)

    async def run(self) -> None:
        """Jobs one piece each, in turn, as long as there are any."""
        while True:
            await self._open.stirred.wait()
            self._open.stirred.clear()
            while self._open.rows:
                for id in tuple(self._open.rows):
                    row = self._open.rows.get(id)
                    if row is not None:
                        await self._go_on(row)

    async def _go_on(self, row: JobRow) -> None:
        began = self._clock.monotonic()
        chunk = await self._next(row)
        if not row.cursor:
            chunk = dataclasses.replace(chunk, total=await self._count(chunk.spec))
        work = Work(lane=f"\0job:{row.id}", kind=KIND, order=chunk, weight=max(1, len(chunk.members)))
        while True:
            try:
                await self._submit([work])
                break
            except Overloaded as error:
                await self._clock.sleep(error.retry_after_s)
        await self._clock.sleep(self._clock.monotonic() - began)

    async def _count(self, spec: Spec) -> int:
        if isinstance(spec, TendInstances):
            return await self._store.count_instances(_filter(spec))
        crowd = spec.crowd
        if crowd is None:
            return len(spec.targets) if isinstance(spec, StartFlow) else 0
        if crowd.customers is not None:
            return len(crowd.customers)
        return await self._store.audience_count(
            segment=crowd.segment, tag=crowd.tag, zone=crowd.zone, test=crowd.test
        )

    # ── the next piece ─────────────────────────────────────────────────────────────────────────────────
    async def _next(self, row: JobRow) -> Chunk:
        spec = decode_spec(row.spec)
        at = msgspec.msgpack.decode(row.cursor, type=int) if row.cursor else 0
        match spec:
            case PullTrigger():
                return await self._of_crowd(row, spec, spec.crowd, at)
            case StartFlow(crowd=Crowd() as crowd):
                return await self._of_crowd(row, spec, crowd, at)
            case StartFlow():
                return _piece(row, spec, range(len(spec.targets)), at)
            case TendInstances():
                return await self._of_instances(row, spec, at)
            case _:
                assert_never(spec)

    async def _of_crowd(self, row: JobRow, spec: Spec, crowd: Crowd, at: int) -> Chunk:
        if crowd.customers is not None:
            return _piece(row, spec, crowd.customers, at)
        members = await self._store.audience(
            after=at,
            limit=CHUNK_MEMBERS,
            segment=crowd.segment,
            tag=crowd.tag,
            zone=crowd.zone,
            test=crowd.test,
        )
        reached = members[-1].number if len(members) == CHUNK_MEMBERS else None
        return Chunk(row.id, spec, tuple(member.customer for member in members), reached)

    async def _of_instances(self, row: JobRow, spec: TendInstances, at: int) -> Chunk:
        stretch = await self._store.instance_numbers(
            _filter(spec), after=at, up_to=spec.up_to, limit=CHUNK_MEMBERS
        )
        return Chunk(row.id, spec, tuple(id for _, id in stretch.ids), stretch.looked_to)


def _filter(spec: TendInstances) -> InstanceFilter:
    return InstanceFilter(**spec.filter)  # type: ignore[arg-type]  # as it was checked when stored


def _piece(row: JobRow, spec: Spec, all: Sequence[object], at: int) -> Chunk:
    """Of what the spec itself names; the cursor counts."""
    end = min(at + CHUNK_MEMBERS, len(all))
    return Chunk(row.id, spec, tuple(all[at:end]), end if end < len(all) else None)


def moved(row: JobRow, chunk: Chunk, *, failed: int, now: int, state: str) -> JobRow:
    """The job after a piece of it."""
    ended = state not in OPEN
    return replace(
        row,
        state=state,
        cursor=b"" if chunk.reached is None else msgspec.msgpack.encode(chunk.reached),
        total=row.total if chunk.total is None else chunk.total,
        done=row.done + len(chunk.members) - failed,
        failed=row.failed + failed,
        updated_at=now,
        ended_at=now if ended else None,
    )
