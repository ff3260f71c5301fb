"""Durable inputs that were in a commit which failed: they come again, and one of them may be the reason.

Each is then taken in a commit of its own until it passes. One that makes its own commit fail again and again
is consumed without its turn; one that cannot even be consumed is left alone until the next start.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias

from .limits import POISON_TRIES

Durable: TypeAlias = tuple[str, str | int]


class Treatment(Enum):
    TOGETHER = "with others"
    ALONE = "in a commit of its own"
    ISOLATE = "consumed without its turn"
    LEAVE = "not taken"


class Suspects:
    """Outlives the memory that was thrown away."""

    def __init__(self) -> None:
        self._tries: dict[Durable, int] = {}

    def treatment(self, durable: Durable | None) -> Treatment:
        if durable is None or durable not in self._tries:
            return Treatment.TOGETHER
        tries = self._tries[durable]
        if tries <= POISON_TRIES:
            return Treatment.ALONE
        return Treatment.ISOLATE if tries <= 2 * POISON_TRIES else Treatment.LEAVE

    def failed(self, durables: Iterable[Durable], *, is_their_fault: bool) -> None:
        """A commit with these failed. A store without room is nobody's fault."""
        for durable in durables:
            self._tries[durable] = self._tries.get(durable, 0) + is_their_fault

    def committed(self, durables: Iterable[Durable]) -> None:
        if self._tries:
            for durable in durables:
                self._tries.pop(durable, None)
