"""How much memory packed states take, and which ones go when it is too much.

Second chance: the actor that has been warm the longest turns cold, unless it had a turn since it was looked
at last, or an input is on its way to it, or its newest state is not committed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from .actor import Actor
from .router import Router

LOOKS_MAX = 2_000
"""Actors looked at after one commit, so that making room never keeps the loop for long."""


class Warmth:
    def __init__(self, router: Router, *, bytes_max: int) -> None:
        self._router = router
        self._bytes_max = bytes_max
        self._warm: deque[Actor] = deque()
        self._gone = 0
        self.bytes = 0

    def add(self, actor: Actor) -> None:
        """Its state was loaded, or it was born."""
        self.bytes += len(actor.packed or b"")
        self._warm.append(actor)

    def committed(self, actors: Iterable[Actor], *, grown_bytes: int, number: int) -> None:
        """The group `number` with turns of these actors is stored."""
        self.bytes += grown_bytes
        for actor in actors:
            if actor.id not in self._router.actors and actor.packed is not None:
                self._forget(actor)
                self._gone += 1
        if self._gone > 1_000 and self._gone > len(self._warm) // 2:
            self._warm = deque(actor for actor in self._warm if not actor.is_cold)
            self._gone = 0
        if self.bytes > self._bytes_max:
            self._make_room(number)

    def clear(self) -> None:
        self._warm.clear()
        self.bytes = 0

    def _make_room(self, committed: int) -> None:
        for _ in range(min(LOOKS_MAX, len(self._warm))):
            if self.bytes <= self._bytes_max:
                return
            actor = self._warm.popleft()
            if actor.is_cold:
                self._gone -= 1
            elif actor.touched or actor.pins or actor.state is not None or actor.group > committed:
                actor.touched = False
                self._warm.append(actor)
            else:
                self._forget(actor)

    def _forget(self, actor: Actor) -> None:
        self.bytes -= len(actor.packed or b"")
        actor.packed = None
