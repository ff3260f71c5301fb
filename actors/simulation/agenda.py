"""When time matters to which instance next: what the timers of the engine know, without a horizon."""

from __future__ import annotations

import heapq


class Agenda:
    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def set(self, id: str, due: int | None) -> None:
        """As the newest commit says; None: never."""
        if due is None:
            self._due.pop(id, None)
        elif self._due.get(id) != due:
            self._due[id] = due
            heapq.heappush(self._heap, (due, id))

    def next(self) -> int | None:
        """When the next one is due."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # it was set anew since
        return self._heap[0][0] if self._heap else None

    def pop(self, now: int) -> tuple[int, str] | None:
        """The next one that is due by now, in the order of (due, id), which leaves the agenda."""
        due = self.next()
        if due is None or due > now:
            return None
        _, id = heapq.heappop(self._heap)
        del self._due[id]
        return due, id
