"""Hands groups to the store, one after the other, and does what may only be done after a commit.

In order: callers get their answers, feeds are told, letters and timers go on, memory is trimmed, telemetry
counts. At most two groups are in flight: the one here, and the one that is being filled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from .commands import ActionResult
from .groups import OpenGroup
from .holdings import Memory, Surroundings
from .horizon import Horizon
from .inbox import Inbox
from .jobs import Jobs
from .outbox import Outbox
from .records import FeedCard
from .telemetry import CommitStalled, Committed
from .work import CardAnswer, Ticket


class Committer:
    def __init__(  # noqa: PLR0913 – what follows a commit, each by its name
        self,
        around: Surroundings,
        memory: Memory,
        *,
        inbox: Inbox,
        timers: Horizon,
        looks: Horizon,
        outbox: Outbox,
        jobs: Jobs,
        on_stall: Callable[[], None],
        on_idle: Callable[[], None],
    ) -> None:
        self._around = around
        self._memory = memory
        self._inbox = inbox
        self._timers = timers
        self._looks = looks
        self._outbox = outbox
        self._jobs = jobs
        self._on_stall = on_stall
        self._on_idle = on_idle
        self._handed = asyncio.Event()
        self._committed_number = 0
        self.group: OpenGroup | None = None
        """The one at the store."""
        self._applying: asyncio.Future[Sequence[FeedCard]] | None = None
        self.is_stalled = False

    @property
    def is_at_store(self) -> bool:
        """The store is writing, whoever still waits for it."""
        return self._applying is not None and not self._applying.done()

    @property
    def is_idle(self) -> bool:
        return self.group is None

    def hand(self, group: OpenGroup) -> None:
        """The group is complete: close it and store it."""
        assert self.group is None, "one group at a time"
        group.close(now=self._around.clock.now())
        self.group = group
        self._handed.set()

    async def run(self) -> None:
        while True:
            await self._handed.wait()
            self._handed.clear()
            group = self.group
            assert group is not None, "a group was handed over"
            started = self._around.clock.monotonic()
            cards = await self._apply(group)
            self._after(group, cards, self._around.clock.monotonic() - started)
            self.group = None
            self._on_idle()

    async def _apply(self, group: OpenGroup) -> Sequence[FeedCard]:
        if not group.rows.row_count():
            return ()  # repeats and refusals only: their answers still come after what they saw
        watch = asyncio.get_running_loop().call_later(self._around.limits.commit_s_max, self._stall)
        self._applying = applying = asyncio.ensure_future(self._around.store.apply(group.rows))
        try:
            return await asyncio.shield(applying)
        finally:
            watch.cancel()
            if not applying.done():
                # This life ends, but the store goes on: the next one must not read before it is through.
                await asyncio.wait({applying})
                applying.result()
            self.is_stalled = False

    def _stall(self) -> None:
        self.is_stalled = True
        self._around.telemetry.emit(CommitStalled(seconds=self._around.limits.commit_s_max))
        self._on_stall()

    def _after(self, group: OpenGroup, cards: Sequence[FeedCard], seconds: float) -> None:
        assert group.number == self._committed_number + 1, "commits are in order"
        self._committed_number = group.number
        for ticket in settle(group, cards):
            self._memory.intake.release(ticket)
        if cards:
            self._around.hub.publish(cards)
        rows = group.rows
        self._inbox.committed(rows.inbox_added)
        self._timers.committed([(row.id, row.due) for row in rows.instances.values()])
        self._looks.committed([(row.customer, row.due) for row in rows.histories.values()])
        self._outbox.committed(rows.outbox_added)
        self._jobs.committed(group.durable)
        self._around.suspects.committed(group.durable)
        let_go(self._memory, group)
        self._around.telemetry.emit(
            Committed(
                rows=rows.row_count(),
                cards=len(cards),
                seconds=seconds,
                inputs=group.inputs,
                tally=group.tally,
            )
        )


def settle(group: OpenGroup, cards: Sequence[FeedCard]) -> list[Ticket]:
    """Give each call its results, with cards as committed; the calls that have all of theirs."""
    latest = {card.card.id: card for card in cards} if cards else {}
    settled = []
    for ticket, index, result in group.answers:
        if type(result) is CardAnswer:
            card = None if result.card is None else latest.get(result.card)
            result = ActionResult(code=result.code, card=card, errors=result.errors)
        if ticket.settle(index, result):
            settled.append(ticket)
    return settled


def let_go(memory: Memory, group: OpenGroup) -> None:
    """What is stored now is not kept in memory for its own sake any longer."""
    memory.dedupe.committed(group.rows.dedupe)
    if group.profiles:
        memory.customers.committed(group.profiles, group=group.number)
    if group.ledgers:
        memory.ledgers.committed(group.ledgers, group=group.number)
    if group.histories:
        memory.histories.committed(group.histories, group=group.number)
    memory.customers.evict()
    memory.histories.evict()
    memory.ledgers.evict()
    memory.warmth.committed(group.actors.values(), grown_bytes=group.packed_bytes, number=group.number)
