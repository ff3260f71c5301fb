"""What one connection still has to be sent while its client reads slowly: bounded, in order, without I/O.

Feed frames may be dropped, because a client can catch up with one read; answers never are. How many answers
can be waiting is bounded by not reading further requests (`connection.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Queued(NamedTuple, Generic[T]):
    """A frame; of a feed with whose it is and the seq that it leads to."""

    frame: bytes
    owner: T | None
    seq: int


class SendQueue(Generic[T]):
    __slots__ = ("_bytes_max", "_feed_bytes", "_frames_max", "_queued", "answers")

    def __init__(self, *, frames_max: int, bytes_max: int) -> None:
        self._frames_max = frames_max
        self._bytes_max = bytes_max
        self._queued: deque[Queued[T]] = deque()
        self._feed_bytes = 0
        self.answers = 0

    def __len__(self) -> int:
        return len(self._queued)

    def put_answer(self, frame: bytes) -> None:
        self._queued.append(Queued(frame, None, 0))
        self.answers += 1

    def put_feed(self, frame: bytes, owner: T, seq: int) -> bool:
        """False when there is no room for it: drop the feeds, and let their owners catch up."""
        is_full = len(self._queued) - self.answers >= self._frames_max
        if is_full or self._feed_bytes + len(frame) > self._bytes_max:
            return False
        self._queued.append(Queued(frame, owner, seq))
        self._feed_bytes += len(frame)
        return True

    def pop(self) -> Queued[T]:
        queued = self._queued.popleft()
        if queued.owner is None:
            self.answers -= 1
        else:
            self._feed_bytes -= len(queued.frame)
        return queued

    def drop_feeds(self) -> Collection[T]:
        """Forget the feed frames; gives their owners."""
        owners = {id(queued.owner): queued.owner for queued in self._queued if queued.owner is not None}
        self._queued = deque(queued for queued in self._queued if queued.owner is None)
        self._feed_bytes = 0
        return owners.values()
