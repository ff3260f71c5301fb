"""Texts, numbers and dates: what every reader of YAML and JSON would understand alike."""

from __future__ import annotations

import re
from datetime import date
from math import isfinite

from ..limits import INTEGER_MAX
from .problems import Pointer, Report

# An integer of more digits is beyond 2^53 in every base, and is not worth the time to read.
_INTEGER_CHARS_MAX = 24
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def read_integer(text: str, pointer: Pointer, report: Report) -> int | None:
    """The integer of `7`, `-7`, `0o7` or `0x7`; reported, and None, beyond 2^53."""
    digits = text.lstrip("+-0") or "0"
    if len(digits) > _INTEGER_CHARS_MAX:
        return bad_number(text, pointer, report)
    value = int(text, base=0) if text[:2] in ("0o", "0x") else int(text)
    return value if -INTEGER_MAX <= value <= INTEGER_MAX else bad_number(text, pointer, report)


def read_float(text: str, pointer: Pointer, report: Report) -> float | None:
    value = float(text)
    return value if isfinite(value) else bad_number(text, pointer, report)


def bad_number(text: str, pointer: Pointer, report: Report) -> int | None:
    """Report a number that cannot be kept; there is no value for it."""
    report.add("bad_number", pointer, f"{text[:40]} is not finite, or an integer beyond 2^53.")
    return None


def check_text(text: str, pointer: Pointer, report: Report) -> str:
    """`text` itself; reported when it holds half of a character (a lone surrogate)."""
    if not is_unicode(text):
        report.add("bad_text", pointer, "The text holds half of a character (a lone surrogate).")
    return text


def is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8: it holds no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_date(text: str) -> bool:
    """Whether it is a day of the calendar, as `2026-03-01`."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_time_of_day(text: str) -> bool:
    """Whether it is a time on a clock of 24 hours, as `09:30`."""
    return _TIME_OF_DAY.fullmatch(text) is not None
