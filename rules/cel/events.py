"""What rules ask about the past: how often, first and last an event came within a period up to now.

Names and periods are written out in the rule, so that whoever keeps the times knows what to keep.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..calendar.durations import parse_duration
from ..calendar.times import to_datetime
from ..errors import ExpressionError, RuleError
from ..limits import CALENDAR_DAY_MS, COUNTED_PERIOD_MS_MAX, NAME_BYTES_MAX
from .tree import Call, Constant, Node, children
from .values import mismatch

FUNCTION = "events"
ROOT = "events"
"""Where a context holds its `Past`."""


@dataclass(frozen=True, slots=True)
class Window:
    """The events of one name within a period up to now; a day of it is 24 hours."""

    name: str
    period_ms: int


class Past(Protocol):
    """What is known of the past at the time of an evaluation."""

    def within(self, window: Window) -> Sequence[int]:
        """The times of the events in the window, ms, oldest first."""
        ...


# ── when it is compiled ────────────────────────────────────────────────────────────────────────────────


def windows_of(node: Node) -> Iterator[Window]:
    """Every window that is asked about; some may come twice. ExpressionError for one that is none."""
    if isinstance(node, Call) and node.function == FUNCTION:
        yield window_of(node)
        return
    for child in children(node):
        yield from windows_of(child)


def window_of(call: Call) -> Window:
    name, period = (_written_out(arg) for arg in call.args)
    if not name or not name.isprintable() or len(name.encode()) > NAME_BYTES_MAX:
        why = f"A name of an event is printable text of at most {NAME_BYTES_MAX} bytes."
        raise ExpressionError("bad_name", why, call.args[0].offset)
    return Window(name, _period_ms(period, call.args[1].offset))


def _written_out(arg: Node) -> str:
    if isinstance(arg, Constant) and isinstance(arg.value, str):
        return arg.value
    why = "The name and the period of events must be written out here, as texts in quotes."
    raise ExpressionError("bad_window", why, arg.offset)


def _period_ms(text: str, offset: int) -> int:
    try:
        duration = parse_duration(text)
    except RuleError as error:
        raise ExpressionError(error.code, error.message, offset) from error
    ms = duration.days * CALENDAR_DAY_MS + duration.ms
    if duration.months:
        why = f'"{text}" is no fixed length of time; write days, of 24 hours each.'
        raise ExpressionError("bad_duration", why, offset)
    if not 0 < ms <= COUNTED_PERIOD_MS_MAX:
        why = f"Events are counted over more than nothing and at most {COUNTED_PERIOD_MS_MAX // 1_000} s."
        raise ExpressionError("bad_duration", why, offset)
    return ms


# ── when it is evaluated ───────────────────────────────────────────────────────────────────────────────


def count(context: Mapping[str, object], window: object) -> int:
    return len(_within(context, window))


def first(context: Mapping[str, object], window: object) -> datetime | None:
    """When the oldest of them came; null if there is none."""
    times = _within(context, window)
    return to_datetime(times[0]) if times else None


def last(context: Mapping[str, object], window: object) -> datetime | None:
    """When the newest of them came; null if there is none."""
    times = _within(context, window)
    return to_datetime(times[-1]) if times else None


def _within(context: Mapping[str, object], window: object) -> Sequence[int]:
    if not isinstance(window, Window):
        mismatch(window)
    past: Past = context[ROOT]  # type: ignore[assignment]  # who evaluates a rule about events lends one
    return past.within(window)
