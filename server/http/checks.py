"""What the door lets in: names, ids, times, untyped data (flow format §1, §6); each fault with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from rules.calendar.times import parse_rfc3339
from rules.documents.scalars import is_unicode
from rules.errors import RuleError
from rules.limits import DOCUMENT_DEPTH_MAX, INTEGER_MAX, NAME_BYTES_MAX
from server.errors import ApiError, FieldError

from .bodies import POINTER_NAME_CHARACTERS_MAX, escape

FAULTS_MAX: Final = 100
"""Faults named in one answer: enough to mend a batch, not to repeat it."""
RESERVED: Final = ("card.", "instance.", "notification.", "customer.", "flow.")
NO_INSTANT: Final = 0
"""Stands for a time that is wrong; what it belongs to is refused."""


class Faults:
    """What is wrong in a batch, in order, up to `FAULTS_MAX`."""

    def __init__(self) -> None:
        self.found: list[FieldError] = []

    @property
    def is_full(self) -> bool:
        return len(self.found) >= FAULTS_MAX

    def add(self, pointer: str, code: str, message: str) -> None:
        if not self.is_full:
            self.found.append(FieldError(pointer=pointer, code=code, message=message))

    def take(self, pointer: str, error: ApiError) -> None:
        """What is wrong with one of several, which stands at `pointer`."""
        for fault in error.errors:
            self.add(pointer + fault.pointer, fault.code, fault.message)

    def end(self) -> None:
        """Refuse the whole if anything was found."""
        if self.found:
            first = self.found[0]
            where = first.pointer or "The event"
            raise ApiError("invalid", f"{where}: {first.message}", errors=self.found)


def check_name(name: str, pointer: str, faults: Faults) -> None:
    """An event's name: none of the server's own."""
    check_text(name, NAME_BYTES_MAX, pointer, faults)
    if name.startswith(RESERVED):
        own = name.partition(".")[0]
        faults.add(pointer, "reserved", f"Names that begin with {own}. are the server's own.")


def check_text(text: str | None, bytes_max: int, pointer: str, faults: Faults) -> None:
    """Printable UTF-8 of 1 to so many bytes."""
    if text is None or (0 < len(text) <= bytes_max and text.isascii() and text.isprintable()):
        return
    if not text:
        faults.add(pointer, "empty", "It may not be empty.")
    elif not text.isprintable() or not is_unicode(text):
        faults.add(pointer, "not_printable", "Only printable characters are allowed here.")
    elif len(text.encode()) > bytes_max:
        faults.add(pointer, "too_long", f"At most {bytes_max} bytes of UTF-8 are allowed here.")


def read_time(text: str, pointer: str, faults: Faults) -> int:
    """The instant of an RFC 3339 text."""
    try:
        return parse_rfc3339(text)
    except RuleError as error:
        faults.add(pointer, error.code, error.message)
        return NO_INSTANT


def check_data(value: object, pointer: str, faults: Faults) -> None:
    """Untyped data must be exact in every language, and no deeper than a document."""
    if not is_sound(value, 0):
        find_faults(value, pointer, faults, 0)


def is_sound(value: object, depth: int) -> bool:
    """Whether nothing in it is wrong; where something is, is looked for only then."""
    kind = type(value)
    if (kind is dict or kind is list) and depth >= DOCUMENT_DEPTH_MAX:
        return False
    if kind is dict:
        # A loop: a generator would cost more than the few fields that it looks at.
        for name, item in value.items():  # type: ignore[attr-defined]  # a dict
            if type(name) is not str or not is_unicode(name) or not is_sound(item, depth + 1):
                return False
        return True
    if kind is list:
        return all(is_sound(item, depth + 1) for item in value)  # type: ignore[attr-defined]  # a list
    is_allowed = _SCALARS.get(kind)
    return is_allowed is not None and is_allowed(value)


def find_faults(value: object, pointer: str, faults: Faults, depth: int) -> None:
    if isinstance(value, dict | list) and depth >= DOCUMENT_DEPTH_MAX:
        faults.add(pointer, "too_deep", f"At most {DOCUMENT_DEPTH_MAX} levels are allowed.")
    elif isinstance(value, dict):
        for name, item in value.items():
            if type(name) is not str or not is_unicode(name):
                faults.add(pointer, "bad_name", "The names in an object must be text.")
                continue
            place = f"{pointer}/{escape(name[:POINTER_NAME_CHARACTERS_MAX])}"
            find_faults(item, place, faults, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            find_faults(item, f"{pointer}/{number}", faults, depth + 1)
    elif not is_sound(value, depth):
        code, message = _WRONG.get(type(value), _NO_JSON)
        faults.add(pointer, code, message)


def is_exact(value: int) -> bool:
    return -INTEGER_MAX <= value <= INTEGER_MAX


_SCALARS: Final[Mapping[type, Callable[[Any], bool]]] = {
    str: is_unicode,
    int: is_exact,
    float: isfinite,
    bool: lambda _: True,
    type(None): lambda _: True,
}
_WRONG: Final[Mapping[type, tuple[str, str]]] = {
    str: ("not_unicode", "A lone surrogate is no text."),
    int: ("integer_too_large", "Integers beyond 2^53 are not exact; send text instead."),
    float: ("not_a_number", "NaN and infinity are no JSON numbers."),
}
_NO_JSON: Final = (
    "wrong_value",
    "Only null, booleans, numbers, text, lists and objects are allowed.",
)
