"""What a script computes: values and moments, from the server as it is when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import UnsetType

from rules.calendar.moments import Moment
from rules.calendar.times import rfc3339
from rules.json_values import as_json
from rules.scripts.misses import Difference, shown
from rules.text.printing import Setting
from rules.values import Value

from .seen import SeenServer

_Given = TypeVar("_Given")


class Stopped(Exception):
    """The script cannot go on as it says."""

    def __init__(self, message: str, differences: Sequence[Difference] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.differences = tuple(differences)


class ScriptSources:
    """`zone` is the server's, for what has no customer's."""

    def __init__(self, seen: SeenServer, *, zone: str) -> None:
        self._seen = seen
        self._zone = zone

    def instant(self, moment: Moment) -> int:
        at = moment.resolve(
            self._seen.context(),
            now=self._seen.now,
            customer_zone=self._seen.zone,
            server_zone=self._zone,
        )
        if at is None:
            raise Stopped("This moment is past, and says that it is to be skipped.")
        return at

    def later(self, moment: Moment) -> int:
        """An instant that is not past."""
        at = self.instant(moment)
        if at < self._seen.now:
            raise Stopped(f"It is {rfc3339(self._seen.now)} already; time never goes back.")
        return at

    def mapping(self, value: Value) -> dict[str, object]:
        resolved = self.plain(value)
        if not isinstance(resolved, dict):
            raise Stopped(f"This must be an object; it is {shown(resolved)}.")
        return resolved

    def text(self, value: Value | None) -> str | None:
        resolved = None if value is None else self.plain(value)
        if resolved is not None and not isinstance(resolved, str):
            raise Stopped(f"This must be text; it is {shown(resolved)}.")
        return resolved

    def plain(self, value: Value) -> object:
        if value.constant:
            return value.resolve({}, Setting())
        return as_json(value.resolve(self._seen.context(), Setting(zone=self._seen.zone)))


def given(value: _Given | UnsetType, otherwise: _Given) -> _Given:
    return otherwise if isinstance(value, UnsetType) else value
