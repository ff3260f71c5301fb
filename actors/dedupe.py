"""Which ids were taken: in memory from the turn until no look-up can have missed the commit.

What is older is asked of the store, in one read for each batch of inputs (`prefetch.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from rules.inputs import Event
from rules.model import Origin

from .commands import NO_TIME
from .ports import MS_PER_DAY
from .records import DedupeRow

DIGEST_BYTES: Final = 16

KEY_PREFIX_BYTES: Final = 24
"""As much as tells neighbours apart: the time in a UUIDv7 and a ULID, a name and a number."""

_canonical = msgspec.msgpack.Encoder(order="sorted").encode


class Dedupe:
    """A batch of look-ups that began before a commit may not have seen it: until its inputs are taken, what
    that commit stored stays here. Not longer: what a later batch finds here it has to note."""

    def __init__(self) -> None:
        self._taken: dict[bytes, DedupeRow] = {}
        self._batches: dict[int, None] = {}
        self._newest_batch = 0
        self._committed: deque[tuple[int, Sequence[DedupeRow]]] = deque()

    def find(self, key: bytes) -> DedupeRow | None:
        return self._taken.get(key)

    def take(self, row: DedupeRow) -> None:
        self._taken[row.key] = row

    def committed(self, rows: Sequence[DedupeRow]) -> None:
        if rows:
            self._committed.append((self._newest_batch, rows))
            self._forget()

    def begin_batch(self) -> int:
        """Before the store is asked."""
        self._newest_batch += 1
        self._batches[self._newest_batch] = None
        return self._newest_batch

    def end_batch(self, batch: int) -> None:
        """Its last input was taken."""
        del self._batches[batch]
        self._forget()

    def _forget(self) -> None:
        oldest = next(iter(self._batches), self._newest_batch + 1)
        while self._committed and self._committed[0][0] < oldest:
            for row in self._committed.popleft()[1]:
                if self._taken.get(row.key) is row:
                    del self._taken[row.key]


def event_key(event: Event, source: str) -> bytes:
    """Of (source, customer, id); an app's events have a space of their own."""
    space = "app" if event.origin is Origin.APP else "event"
    return _key(event.id, f"{space}\0{source}\0{event.customer or ''}\0{event.id}")


def event_digest(event: Event) -> bytes:
    """Of the body as it was sent: the time that the server adds is left out."""
    time = None if event.time == NO_TIME else event.time
    return _digest(_canonical((event.name, event.customer, event.key, time, event.data)))


def digest_of(request: object) -> bytes:
    """A digest that is equal for equal requests, whatever the order of their keys."""
    return _digest(_canonical(request))


def request_key(source: str, id: str) -> bytes:
    """Of a request to a webhook: its address and its id."""
    return _key(id, f"hook\0{source}\0{id}")


def action_key(customer: str, key: str) -> bytes:
    return _key(key, f"act\0{customer}\0{key}")


def answer_key(client: str, key: str) -> bytes:
    return _digest(f"answer\0{client}\0{key}".encode())


def _key(id: str, whole: str) -> bytes:
    """The beginning of the id before its digest: rising ones (counters, UUIDv7, ULID) stand side by side.

    Keys in random order change a page of the store each, half of what an event costs there.
    """
    return id.encode()[:KEY_PREFIX_BYTES] + _digest(whole.encode())


def day_of(now: int) -> int:
    return now // MS_PER_DAY


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()
