"""What one connection sends: straight to its transport while that takes it, else through its queue.

A client that reads slowly costs a bounded queue, and when that runs over its subscriptions catch up instead.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from server.settings import Live as Settings

from .containers import Container
from .cursor import Position
from .queue import SendQueue

WRITE_AHEAD_BYTES_MAX: Final = 64 * 1024
"""What the transport may hold: more would only wait there, where it cannot be dropped."""
ANSWERS_MAX: Final = 50
"""Answers that may wait for a slow client before its next request is read."""
STALL_HEARTBEATS: Final = 1.5
"""How long a client may take nothing at all: as long as one that answers no ping."""


class Transport(Protocol):
    """Where frames go."""

    def write(self, frame: bytes) -> None: ...

    def waiting_bytes(self) -> int:
        """Written, but not taken by the network yet."""
        ...

    async def drained(self) -> None:
        """Until there is room again."""
        ...

    async def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None:
        """End it now; whoever waits for room is let go."""
        ...


class Subscription:
    """How far a client was sent a container. It is live when it gets each change as it comes.

    `request` is the id of the subscribe that is being answered; `owes_end`: its last page has not been sent.
    """

    __slots__ = ("container", "is_live", "owes_end", "position", "request")

    def __init__(self, container: Container, position: Position | None, request: int | None) -> None:
        self.container = container
        self.position = position
        self.request = request
        self.is_live = False
        self.owes_end = True


class Outlet:
    __slots__ = ("_queue", "_settings", "_transport")

    def __init__(self, transport: Transport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings
        self._queue: SendQueue[Subscription] | None = None

    @property
    def is_full(self) -> bool:
        """So many answers wait that no more should be asked for."""
        return self._queue is not None and self._queue.answers >= ANSWERS_MAX

    def write(self, frame: bytes) -> None:
        """To the transport, whatever waits."""
        self._transport.write(frame)

    def answer(self, frame: bytes) -> bool:
        """Send it now, or keep it for `write_next`: whether it was sent."""
        if self._can_write():
            self._transport.write(frame)
            return True
        self._queued().put_answer(frame)
        return False

    def change(self, frame: bytes, owner: Subscription, seq: int) -> bool:
        """Likewise. When there is no room for it the feeds that wait are dropped, and their owners lag."""
        if self._can_write():
            self._transport.write(frame)
            owner.position = Position(seq)
            return True
        queue = self._queued()
        if not queue.put_feed(frame, owner, seq):
            owner.is_live = False
            for dropped in queue.drop_feeds():
                dropped.is_live = False
        return False

    def write_next(self) -> bool:
        """The next that waits; False if nothing does."""
        if not self._queue:
            return False
        queued = self._queue.pop()
        self._transport.write(queued.frame)
        if queued.owner is not None:
            queued.owner.position = Position(queued.seq)
        return True

    async def drained(self) -> None:
        """Until the transport takes more. Raises TimeoutError for a client that takes nothing at all."""
        if self._transport.waiting_bytes() >= WRITE_AHEAD_BYTES_MAX:
            async with asyncio.timeout(self._settings.heartbeat_s * STALL_HEARTBEATS):
                await self._transport.drained()

    def _can_write(self) -> bool:
        """Nothing waits that would have to go first."""
        return not self._queue and self._transport.waiting_bytes() < WRITE_AHEAD_BYTES_MAX

    def _queued(self) -> SendQueue[Subscription]:
        if self._queue is None:  # most connections never need one
            self._queue = SendQueue(
                frames_max=self._settings.queue_frames_max, bytes_max=self._settings.queue_bytes_max
            )
        return self._queue
