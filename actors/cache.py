"""Rows of the store that the loop works on: the ones in use, and writes that wait for their commit.

What a row holds is the caller's; loading is `prefetch.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """The least recently used leave first, but none before the commit that holds its last write."""

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._dirty: dict[Key, int] = {}
        self._pins: dict[Key, int] = {}

    def is_loaded(self, key: Key) -> bool:
        """Whether what the store has, or that it has nothing, is known."""
        return key in self._entries

    def get(self, key: Key) -> Value:
        """Of a loaded key."""
        self._entries.move_to_end(key)
        return self._entries[key]

    def load(self, key: Key, value: Value) -> None:
        """What the store said; what is loaded already is newer, and stays."""
        if key not in self._entries:
            self._entries[key] = value

    def put(self, key: Key, value: Value, *, group: int) -> None:
        """Written by a turn that the commit `group` holds."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        self._dirty[key] = group

    def committed(self, keys: Iterable[Key], *, group: int) -> None:
        """These rows of `group` are stored."""
        for key in keys:
            if self._dirty.get(key) == group:
                del self._dirty[key]

    def clear(self) -> None:
        self._entries.clear()
        self._dirty.clear()
        self._pins.clear()

    def pin(self, key: Key) -> None:
        """An input on its way will ask for it: once loaded it stays until `unpin`."""
        self._pins[key] = self._pins.get(key, 0) + 1

    def unpin(self, key: Key) -> None:
        self._pins[key] -= 1
        if not self._pins[key]:
            del self._pins[key]

    def evict(self) -> None:
        """Make room; called between turns, when nobody holds on to what it has looked up."""
        surplus = len(self._entries) - self._entries_max
        if surplus <= 0:
            return
        oldest = islice(self._entries, surplus)
        for key in [key for key in oldest if key not in self._dirty and key not in self._pins]:
            del self._entries[key]
