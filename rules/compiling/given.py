"""What an author may leave out, compiled where it stands: each gives None for what was not given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import UnsetType

from ..calendar.durations import Duration
from ..calendar.moments import Moment
from ..conditions import Condition
from ..documents.parts import MomentParts
from ..documents.problems import Pointer, child
from ..limits import CALENDAR_DAY_MS
from ..types import Scope
from ..values import Value
from .sources import Sources

Written = TypeVar("Written")


def given(value: Written | UnsetType) -> Written | None:
    """What the author gave, or None."""
    return None if isinstance(value, UnsetType) else value


class Given:
    """Compiles in one scope; what is wrong goes to the report of `sources`."""

    def __init__(self, sources: Sources, scope: Scope) -> None:
        self._sources = sources
        self._scope = scope

    def value(self, raw: object, pointer: Pointer) -> Value | None:
        if isinstance(raw, UnsetType):
            return None
        return self._sources.value(raw, self._scope, pointer)

    def values(self, values: Mapping[str, object] | UnsetType, pointer: Pointer) -> dict[str, Value]:
        """Each entry by itself; none for what was not given."""
        return {
            name: self._sources.value(value, self._scope, child(pointer, name))
            for name, value in (given(values) or {}).items()
        }

    def condition(
        self, source: str | UnsetType, pointer: Pointer, scope: Scope | None = None
    ) -> Condition | None:
        if isinstance(source, UnsetType):
            return None
        return self._sources.condition(source, scope or self._scope, pointer)

    def duration(self, text: str | UnsetType, pointer: Pointer) -> Duration | None:
        return None if isinstance(text, UnsetType) else self._sources.duration(text, pointer)

    def exact_ms(self, text: str, pointer: Pointer, *, most: int) -> int:
        """A duration as milliseconds, at most so many; days are 24 hours here, months are refused."""
        duration = self._sources.duration(text, pointer)
        ms = duration.days * CALENDAR_DAY_MS + duration.ms
        if duration.months:
            self._sources.report.add("bad_duration", pointer, f'"{text}" is no fixed length of time.')
        elif ms > most:
            self._sources.report.add("bad_duration", pointer, f'"{text}" is longer than {most // 1_000} s.')
        return ms

    def moment(self, moment: str | MomentParts | UnsetType, pointer: Pointer) -> Moment | None:
        if isinstance(moment, UnsetType):
            return None
        return self._sources.moment(msgspec.to_builtins(moment), self._scope, pointer)
