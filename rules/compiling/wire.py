"""Values of a card as they go over the wire: fixed when the card is compiled, or rendered with a context.

What cannot be rendered raises a RuleError, and the step that shows the card fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import TypeAlias

import msgspec

from ..calendar.times import to_ms
from ..calendar.zones import zoned
from ..documents.scalars import is_date, is_time_of_day
from ..errors import EvaluationError
from ..json_values import as_json
from ..limits import INTEGER_MAX
from ..text.links import Link
from ..text.printing import Setting, text_of
from ..text.texts import Text
from ..values import Value

Context: TypeAlias = Mapping[str, object]

_NOWHERE: Setting = Setting()
# A bar on a screen has fewer than ten thousand dots.
_SHARE_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Wire:
    """`fixed` is the value if it never changes, and then `render` gives nothing else."""

    render: Callable[[Context, Setting], object]
    is_fixed: bool = False

    @property
    def fixed(self) -> object:
        assert self.is_fixed
        return self.render({}, _NOWHERE)


def fixed(value: object) -> Wire:
    return Wire(lambda context, setting: value, is_fixed=True)


def spans(text: Text) -> Wire:
    """A string, or the spans of a text."""
    if text.literal is not None:
        return fixed(_wire_text(text.literal))
    return Wire(lambda context, setting: _wire_text(text.render(context, setting)))


def address(link: Link) -> Wire:
    if link.template.literal is not None:
        return fixed(link.template.literal)
    return Wire(link.render)


def printed(value: Value) -> Wire:
    """The value as text."""
    return _converted(value, lambda found, setting: text_of(found))


def plain(value: Value) -> Wire:
    """The value as JSON has it: times are texts."""
    return _converted(value, lambda found, setting: as_json(found))


def number(value: Value) -> Wire:
    return _converted(value, lambda found, setting: _number(found))


def day(value: Value) -> Wire:
    """A date; a time is the day that it falls on in the customer's zone."""
    return _converted(value, _day)


def time_of_day(value: Value) -> Wire:
    """A time such as `09:30`; an instant is what the customer's clocks show then."""
    return _converted(value, _time_of_day)


def boolean(value: Value) -> Wire:
    return _converted(value, lambda found, setting: _boolean(found))


def listed(items: Sequence[Wire]) -> Wire:
    if all(item.is_fixed for item in items):
        return fixed([item.fixed for item in items])
    return Wire(lambda context, setting: [item.render(context, setting) for item in items])


def mapped(entries: Mapping[str, Wire]) -> Wire:
    """An object; entries without a value are left out."""
    constant = {name: entry.fixed for name, entry in entries.items() if entry.is_fixed}
    if len(constant) == len(entries):
        return fixed({name: value for name, value in constant.items() if value is not None})
    rendered = [(name, entry.render) for name, entry in entries.items()]

    def render(context: Context, setting: Setting) -> object:
        values = ((name, render(context, setting)) for name, render in rendered)
        return {name: value for name, value in values if value is not None}

    return Wire(render)


def share(part: Wire, whole: Wire) -> Wire:
    """How much of the whole the part is, from 0 to 1; None if that cannot be said."""
    if part.is_fixed and whole.is_fixed:
        return fixed(_share(part.fixed, whole.fixed))
    return Wire(
        lambda context, setting: _share(part.render(context, setting), whole.render(context, setting))
    )


def _converted(value: Value, convert: Callable[[object, Setting], object]) -> Wire:
    if value.constant:
        return fixed(convert(value.resolve({}, _NOWHERE), _NOWHERE))
    return Wire(lambda context, setting: convert(value.resolve(context, setting), setting))


def _wire_text(text: object) -> object:
    # By way of JSON, so that a view in memory equals the same view read back from the store.
    return text if isinstance(text, str) else msgspec.json.decode(msgspec.json.encode(text))


def _number(value: object) -> int | float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise EvaluationError("wrong_type", f"{_shown(value)} is not a number.")
    if abs(value) > INTEGER_MAX:
        raise EvaluationError("wrong_type", f"{_shown(value)} is beyond 2^53.")
    return value


def _day(value: object, setting: Setting) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return str(zoned(to_ms(value), setting.zone).date())
    if not isinstance(value, str) or not is_date(value):
        raise EvaluationError("wrong_type", f"{_shown(value)} is not a date such as 2026-03-01.")
    return value


def _time_of_day(value: object, setting: Setting) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return zoned(to_ms(value), setting.zone).time().format_iso(unit="minute")
    if not isinstance(value, str) or not is_time_of_day(value):
        raise EvaluationError("wrong_type", f"{_shown(value)} is not a time such as 09:30.")
    return value


def _share(part: object, whole: object) -> float | None:
    if not isinstance(part, (int, float)) or not isinstance(whole, (int, float)) or whole <= 0:
        return None
    return round(min(max(part / whole, 0.0), 1.0), _SHARE_DECIMALS)


def _boolean(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise EvaluationError("wrong_type", f"{_shown(value)} is neither true nor false.")


def _shown(value: object) -> str:
    return f'"{value[:64]}"' if isinstance(value, str) else text_of(value)[:64]
