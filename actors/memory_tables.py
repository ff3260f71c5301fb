"""What the store in memory is made of: rows with numbers that rise as they come, and rows in a queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar

_T = TypeVar("_T")


class Table(Generic[_T]):
    """Rows by id, in the order in which they were first put; a change of a row keeps its place and number."""

    def __init__(self) -> None:
        self.rows: dict[str, _T] = {}
        self._numbers: dict[str, int] = {}

    @property
    def last_number(self) -> int:
        """The highest number of a row that is there."""
        return next(reversed(self._numbers.values()), 0)

    def put(self, id: str, row: _T) -> None:
        if id not in self.rows:
            self._numbers[id] = self.last_number + 1
        self.rows[id] = row

    def drop(self, id: str) -> None:
        del self.rows[id], self._numbers[id]

    def some(self, ids: Iterable[str]) -> dict[str, _T]:
        """Those of these that there are."""
        return {id: self.rows[id] for id in ids if id in self.rows}

    def page(
        self, matches: Callable[[_T], bool], *, cursor: str | None, limit: int
    ) -> tuple[list[_T], str | None]:
        """Newest first. A cursor is the number of the last row that was given."""
        before = self.last_number + 1 if cursor is None else int(cursor)
        newest = reversed(self.rows.items())
        found = ((id, row) for id, row in newest if self._numbers[id] < before and matches(row))
        page = list(islice(found, limit + 1))
        more = str(self._numbers[page[limit - 1][0]]) if len(page) > limit else None
        return [row for _, row in page[:limit]], more

    def walk(
        self, matches: Callable[[_T], bool], *, after: int = 0, up_to: int | None = None
    ) -> Iterator[tuple[int, _T]]:
        """By rising number, from above `after`."""
        for id, row in self.rows.items():
            number = self._numbers[id]
            if after < number and (up_to is None or number <= up_to) and matches(row):
                yield number, row


class _Numbered(Protocol):
    @property
    def number(self) -> int: ...


_N = TypeVar("_N", bound=_Numbered)


class Queue(Generic[_N]):
    """Rows that bring their numbers, and go when they were taken. `last_number` is the highest ever given."""

    def __init__(self) -> None:
        self.rows: dict[int, _N] = {}
        self.last_number = 0

    def add(self, rows: Sequence[_N]) -> None:
        for row in rows:
            self.rows[row.number] = row
            self.last_number = max(self.last_number, row.number)

    def read(self, *, after: int, limit: int) -> list[_N]:
        return [self.rows[number] for number in sorted(self.rows) if number > after][:limit]
