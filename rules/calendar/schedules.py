"""Schedules: when a trigger runs, once or by a cron rule, on the clocks of a zone (flow format §3).

A schedule names local times; each happens once. One that the clocks skip happens at the first instant after
the gap, all of a gap in one run; one that they show twice happens the first time (decision 0018). Whom a run
starts, and that it starts nobody twice, is left to the runtime.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice, takewhile
from typing import Final, TypeAlias, assert_never

import msgspec
from whenever import PlainDateTime

from ..errors import EvaluationError
from ..limits import MISSED_RUNS_MAX, PREVIEW_RUNS_MAX
from ..types import Scope, Type
from .cron import Cron, parse_cron
from .moments import Moment
from .times import to_datetime
from .zones import instant_of, reached, zoned

__all__ = ["Cron", "parse_cron"]

ONCE_SCOPE: Final = Scope({"now": Type.TIMESTAMP})
"""What an expression in `at` may read: it is worked out when the flow is published, for no instance."""


@dataclass(frozen=True, slots=True)
class Once:
    """One run, at a moment as seen from the time of publishing; `skip` makes none of a past one.

    A past moment keeps its instant, so that publishing the flow again does not make another run of it.
    """

    moment: Moment
    published_at: int

    def run(self, zone: str) -> int | None:
        """EvaluationError if the moment cannot be worked out, which publishing has to find out."""
        context = {"now": to_datetime(self.published_at)}
        return self.moment.resolve(context, now=self.published_at, customer_zone=zone, server_zone=zone)


Schedule: TypeAlias = Cron | Once


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a schedule owes: the run to make up for, and those that are only recorded, oldest first."""

    late: int | None
    missed: tuple[int, ...]
    is_cut: bool
    """Whether older ones were missed too, beyond MISSED_RUNS_MAX."""


class PreviewedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A coming run for its author's eyes: the instant, what clocks show then, what a jump does to it."""

    at: int
    local: str
    note: str = ""


def next_after(schedule: Schedule, zone: str, after: int) -> int | None:
    """The first run later than `after`; None if there is none any more."""
    return next(_runs_after(schedule, zone, after), (None, None))[0]


def occurrences(schedule: Schedule, zone: str, after: int, until: int, limit: int) -> tuple[int, ...]:
    """The runs later than `after` and up to `until` itself, the first `limit` of them."""
    runs = (at for at, _ in _runs_after(schedule, zone, after))
    return tuple(islice(takewhile(lambda at: at <= until, runs), limit))


def missed(schedule: Schedule, zone: str, *, handled: int, now: int, catch_up_ms: int) -> Backlog:
    """What became due later than `handled` and up to `now` itself.

    The newest run is made up for if it is at most `catch_up_ms` ago; all others are recorded as missed.
    """
    due = takewhile(lambda at: at > handled, _runs_until(schedule, zone, now))
    newest = list(islice(due, MISSED_RUNS_MAX + 2))
    late = newest.pop(0) if newest and now - newest[0] <= catch_up_ms else None
    kept = newest[:MISSED_RUNS_MAX]
    return Backlog(late, tuple(reversed(kept)), is_cut=len(newest) > len(kept))


def jitter_ms(*, flow: str, trigger: str, at: int, customer: str, max_ms: int) -> int:
    """How much later than `at` this customer's start comes: 0 to `max_ms`, evenly spread, always the same."""
    assert max_ms >= 0, "nobody starts before the time"
    named = msgspec.msgpack.encode((flow, trigger, at, customer))
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big") % (max_ms + 1)


def preview(schedule: Schedule, zone: str, now: int, count: int) -> tuple[PreviewedRun, ...]:
    """The next `count` runs, PREVIEW_RUNS_MAX at the most."""
    runs = islice(_runs_after(schedule, zone, now), min(count, PREVIEW_RUNS_MAX))
    return tuple(_previewed(at, named, zone) for at, named in runs)


def _previewed(at: int, named: PlainDateTime | None, zone: str) -> PreviewedRun:
    moment = zoned(at, zone)
    note = ""
    if named is not None and moment.to_plain() != named:
        note = (
            f"The clocks skip {named:HH:mm} on this day: it happens right after the gap, at {moment:HH:mm}."
        )
    elif named is not None and moment.is_repeated():
        note = f"The clocks show {named:HH:mm} twice on this day: it happens the first time."
    return PreviewedRun(at=at, local=moment.to_fixed_offset().format_iso(), note=note)


def _runs_after(schedule: Schedule, zone: str, after: int) -> Iterator[tuple[int, PlainDateTime | None]]:
    """The runs later than `after`, and for a rule the local time that it names."""
    match schedule:
        case Once():
            at = schedule.run(zone)
            if at is not None and at > after:
                yield at, None
        case Cron():
            last = after
            for at, named in _placed(schedule.after(reached(after, zone)), zone):
                if at > last:  # several times in one gap are one run
                    yield at, named
                    last = at
        case _:
            assert_never(schedule)


def _runs_until(schedule: Schedule, zone: str, until: int) -> Iterator[int]:
    """The runs up to `until` itself, latest first."""
    match schedule:
        case Once():
            at = schedule.run(zone)
            if at is not None and at <= until:
                yield at
        case Cron():
            last = until + 1
            for at, _ in _placed(schedule.until(reached(until, zone)), zone):
                if at < last:
                    yield at
                    last = at
        case _:
            assert_never(schedule)


def _placed(named: Iterator[PlainDateTime], zone: str) -> Iterator[tuple[int, PlainDateTime]]:
    try:
        for local in named:
            yield instant_of(local, zone), local
    except EvaluationError:  # the calendar ends
        return
