"""Which rows of the store in memory a filter or an audience finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rules.instance import InstanceStatus

from .ports import CardFilter, InstanceFilter
from .records import CustomerRow, FeedCard, InstanceRow, Stretch

UNFINISHED: Final = frozenset({InstanceStatus.RUNNING.value, InstanceStatus.FAILED.value})


def finds_instance(filter: InstanceFilter) -> Callable[[InstanceRow], bool]:
    names = ("flow", "customer", "status", "error", "key", "step", "invocation", "parent", "test")
    wanted = {name: value for name in names if (value := getattr(filter, name)) is not None}

    def matches(row: InstanceRow) -> bool:
        is_of_version = (
            row.version < 0 if filter.version == "draft" else filter.version in (None, row.version)
        )
        is_wanted = row.status in UNFINISHED or not filter.unfinished
        return (is_of_version and is_wanted) and all(
            getattr(row, name) == value for name, value in wanted.items()
        )

    return matches


def finds_card(filter: CardFilter) -> Callable[[FeedCard], bool]:
    names = ("customer", "flow", "instance")
    wanted = {name: value for name in names if (value := getattr(filter, name)) is not None}

    def matches(row: FeedCard) -> bool:
        return (
            all(getattr(row, name) == value for name, value in wanted.items())
            and (filter.status is None or row.card.status == filter.status)
            and (row.card.open or not filter.open)
            and (filter.stream is None or filter.stream in row.card.streams)
        )

    return matches


def stretch_of(found: list[tuple[int, str]], limit: int) -> Stretch:
    """Of one row more than is wanted."""
    return Stretch(ids=found[:limit], looked_to=found[limit - 1][0] if len(found) > limit else None)


def belongs(
    segment: str | None, tag: str | None, zone: str | None, *, test: bool | None
) -> Callable[[CustomerRow], bool]:
    return lambda row: (
        (segment is None or segment in row.segments)
        and (tag is None or tag in row.tags)
        and zone in (None, row.timezone or "")
        and test in (None, row.test)
    )
