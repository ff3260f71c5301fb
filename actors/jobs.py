"""Long operations in pieces: each piece is an input like any other, and commits with how far it is.

So a job goes on after a crash where its last commit left it, and does nothing twice. Jobs take turns, a piece
each. Between two pieces others have the loop for as long as the piece had it: nobody is to feel a million
starts. Which piece is next is `pieces.py`, what it does `chunks.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from .holdings import Memory, Surroundings
from .job_specs import FAILED, Place, decode_cursor
from .limits import JOB_LOOK_S, JOB_READS_MAX, JOB_REST_S_MAX, RETRY_AFTER_S
from .pieces import Pieces
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
        self._members_max = around.limits.piece_members_max
        self._open = memory.jobs
        self._intake = memory.intake
        self._pieces = Pieces(around.store)
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
                self._one_by_one[row.id] = self._members_max

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
                if self._all_rest():
                    await self._rest()
                for id in tuple(self._open.rows):
                    await self._go_on(id)

    def _all_rest(self) -> bool:
        return all(self._rests(row) for row in self._open.rows.values())

    def _rests(self, row: JobRow) -> bool:
        """Whether it is a migration between two of its rounds."""
        place = decode_cursor(row.cursor) if row.cursor else None
        return isinstance(place, Place) and place.not_before > self._clock.now()

    async def _rest(self) -> None:
        """Until another job is made, or it is time to look again."""
        self._open.stirred.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(JOB_LOOK_S):
                await self._open.stirred.wait()

    async def _go_on(self, id: str) -> None:
        began = self._clock.monotonic()
        piece = await self.next_piece(id)
        if piece is not None:
            await self._put(piece)
            await self._clock.sleep(min(self._clock.monotonic() - began, JOB_REST_S_MAX))

    async def _put(self, piece: Work) -> None:
        """Until it is stored. Nobody waits for it: a commit that is late only makes it late."""
        self._under_way = piece.durable
        self._open.settled.clear()
        self._intake.put(piece)
        await self._open.settled.wait()
        self._under_way = None

    # ── the next piece ─────────────────────────────────────────────────────────────────────────────────
    async def next_piece(self, id: str) -> Work | None:
        """None: it rests, was stopped meanwhile, or what its piece needs could not be read this time."""
        row = self._open.rows.get(id)
        order = None if row is None or self._rests(row) else await self._next(row)
        # Stopped meanwhile? From here on a stop comes after the piece, in the job's lane.
        if row is None or order is None or self._open.rows.get(id) is not row:
            return None
        weight = order.weight if isinstance(order, Chunk) else 1
        return Work(lane=job_lane(id), kind=KIND, order=order, weight=weight, durable=(KIND, id))

    async def _next(self, row: JobRow) -> Chunk | EndJob | None:
        """None: what it needs could not be read this time."""
        spec = self._open.spec(row.id)
        try:
            chunk = await self._pieces.read(row, spec, size=self._size(row))
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

    def _size(self, row: JobRow) -> int:
        left = self._one_by_one.pop(row.id, 0)
        if left > 1:
            self._one_by_one[row.id] = left - 1
        return 1 if left else self._members_max
