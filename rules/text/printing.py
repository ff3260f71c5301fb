"""How a value is printed where it meets text: one way, in plain interpolation, filters and the engine."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from ..calendar.times import rfc3339, to_ms
from ..errors import EvaluationError
from ..limits import FILTER_NUMBER_MAX

# Items of a list or object that are printed at the price of one step.
_PRINTED_PER_STEP = 4


class Effort:
    """The work that may still be done, in steps: by one template, within it by all those of a card."""

    __slots__ = ("_left", "_most", "_whose", "_within")

    def __init__(
        self, most: int, whose: str = "All templates together take", within: "Effort | None" = None
    ) -> None:
        self._most = self._left = most
        self._whose = whose
        self._within = within

    def spend(self, steps: int) -> None:
        if self._within is not None:
            self._within.spend(steps)
        self._left -= steps
        if self._left < 0:
            raise EvaluationError("too_many_steps", f"{self._whose} more than {self._most} steps.")

    def print(self, value: object) -> str:
        """What `value` prints, paid for."""
        if isinstance(value, list | tuple | Mapping):
            self.spend(count_items(value) // _PRINTED_PER_STEP)
        return text_of(value)


class Setting(msgspec.Struct, frozen=True, gc=False):
    """For whom a text is rendered, a BCP 47 locale and an IANA zone, and the effort that it shares."""

    locale: str = "en"
    zone: str = "UTC"
    effort: Effort | None = None


def text_of(value: object) -> str:
    """Text as it is, nothing for null, `5` for 5.0, RFC 3339 for times, lists joined, objects as JSON."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            # Adding zero takes the sign from -0.0.
            return repr(value + 0.0).removesuffix(".0")
        case datetime():
            return rfc3339(to_ms(value))
        case list() | tuple():
            return "".join(_text_of_item(item) for item in value)
        case Mapping():
            return _json(value)
        case _:
            return str(value)


def count_items(value: object) -> int:
    """The items of a list or object, at every depth."""
    total, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, list | tuple | Mapping):
            total += len(inner)
            waiting.extend(inner.values() if isinstance(inner, Mapping) else inner)
    return total


def _text_of_item(item: object) -> str:
    return _json(item) if isinstance(item, list | tuple) else text_of(item)


def _json(value: object) -> str:
    try:
        return msgspec.json.encode(_plain(value)).decode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EvaluationError("invalid_value", "An object cannot be printed as text.") from error


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if value.is_integer() and abs(value) <= FILTER_NUMBER_MAX:
            return int(value)
        case datetime():
            return text_of(value)
        case _:
            return value
