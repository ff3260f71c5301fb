"""Letters on their way from the store to their recipients: in order, each once, as there is room.

What a commit has just stored is passed on without being read again, unless older letters still wait in the
store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .holdings import Memory, Surroundings
from .letters import decode_letter
from .records import InboxRow
from .work import Work

KIND = "inbox"


class Inbox:
    """Letters up to number `_passed_on` are queued, taken or gone; those after it are in the store."""

    def __init__(self, around: Surroundings, memory: Memory, *, last_number: int) -> None:
        self._store = around.store
        self._limits = around.limits
        self._intake = memory.intake
        self._committed = last_number
        self._passed_on: int = 0
        self._wake = asyncio.Event()
        if last_number:
            self._wake.set()

    def wake(self) -> None:
        """There is room."""
        if self._passed_on < self._committed:
            self._wake.set()

    def committed(self, rows: Sequence[InboxRow]) -> None:
        """These are stored; they stand in order of their numbers, after all before them."""
        if not rows:
            return
        is_next = self._passed_on == self._committed
        self._committed = rows[-1].number
        if is_next and len(rows) <= self._room():
            self._pass_on(rows)
        else:
            self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._passed_on < self._committed and (room := self._room()) > 0:
                await self._pull(room)

    async def _pull(self, room: int) -> None:
        limit = min(room, self._limits.batch_max)
        committed = self._committed
        rows = await self._store.inbox(after=self._passed_on, limit=limit)
        self._pass_on([row for row in rows if row.number > self._passed_on])
        if len(rows) < limit:
            # All that was committed then has been read: gaps are letters that were taken before.
            self._passed_on = max(self._passed_on, committed)

    def _room(self) -> int:
        return self._limits.internal_max - self._intake.internal

    def _pass_on(self, rows: Sequence[InboxRow]) -> None:
        for row in rows:
            self._intake.put(letter_work(row))
            self._passed_on = row.number


def letter_work(row: InboxRow) -> Work:
    # A letter for nobody in particular has a lane of its own.
    lane = row.customer or f"\0inbox:{row.number}"
    return Work(lane=lane, kind=KIND, order=decode_letter(row.input), durable=(KIND, row.number))
