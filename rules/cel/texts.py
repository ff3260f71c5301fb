"""The functions on texts, and the conversions between texts, numbers and bools.

Each takes the budget first, pays for the text it handles and gives at most the longest text allowed.
"""

import math
import re

from ..errors import EvaluationError
from ..limits import EXPRESSION_LIST_ITEMS_MAX, EXPRESSION_STRING_CHARS_MAX
from .values import (
    STEP_CHARS,
    Budget,
    checked_text,
    int64,
    int_arg,
    list_arg,
    mismatch,
    name_of,
    overflow,
    text_arg,
)

_INT = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", re.ASCII)
# Longest text that may stand for a number, characters.
_NUMBER_CHARS_MAX = 400
_BOOLS = {
    "true": True, "True": True, "TRUE": True, "t": True, "1": True,
    "false": False, "False": False, "FALSE": False, "f": False, "0": False,
}  # fmt: skip
# What Unicode calls white space; to Python four control characters are too.
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


def contains(budget: Budget, text: object, part: object) -> bool:
    return text_arg(budget, part) in text_arg(budget, text)


def starts_with(budget: Budget, text: object, part: object) -> bool:
    return text_arg(budget, text).startswith(text_arg(budget, part))


def ends_with(budget: Budget, text: object, part: object) -> bool:
    return text_arg(budget, text).endswith(text_arg(budget, part))


def lower_ascii(budget: Budget, text: object) -> str:
    # In bytes these methods change A to Z only, and some ten times faster than a table would.
    return text_arg(budget, text).encode(errors="surrogatepass").lower().decode(errors="surrogatepass")


def upper_ascii(budget: Budget, text: object) -> str:
    return text_arg(budget, text).encode(errors="surrogatepass").upper().decode(errors="surrogatepass")


def trim(budget: Budget, text: object) -> str:
    return text_arg(budget, text).strip(_SPACE)


def char_at(budget: Budget, text: object, place: object) -> str:
    value, at = text_arg(budget, text), int_arg(place)
    _check_place(at, value)
    return value[at : at + 1]


def index_of(budget: Budget, text: object, part: object, start: object = 0) -> int:
    value, at = text_arg(budget, text), int_arg(start)
    _check_place(at, value)
    return value.find(text_arg(budget, part), at)


def substring(budget: Budget, text: object, start: object, end: object = None) -> str:
    value = text_arg(budget, text)
    first, last = int_arg(start), len(value) if end is None else int_arg(end)
    _check_place(first, value)
    _check_place(last, value)
    if first > last:
        raise EvaluationError("out_of_range", f"place {first} stands behind place {last}")
    return value[first:last]


def _check_place(place: int, text: str) -> None:
    if not 0 <= place <= len(text):
        raise EvaluationError(
            "out_of_range", f"there is no place {place} in a text of {len(text)} characters"
        )


def replace(budget: Budget, text: object, old: object, new: object, limit: object = -1) -> str:
    value, before, after = (text_arg(budget, part) for part in (text, old, new))
    times = int_arg(limit)
    count = value.count(before) if times < 0 else min(value.count(before), times)
    length = len(value) + count * (len(after) - len(before))
    if length > EXPRESSION_STRING_CHARS_MAX:
        raise EvaluationError("too_long", f"a text has more than {EXPRESSION_STRING_CHARS_MAX} characters")
    return value.replace(before, after, count)


def split(budget: Budget, text: object, separator: object, limit: object = -1) -> list[object]:
    value, between, times = text_arg(budget, text), text_arg(budget, separator), int_arg(limit)
    if times == 0:
        return []
    if not value:
        return [""]
    wanted = times if 0 < times <= EXPRESSION_LIST_ITEMS_MAX else EXPRESSION_LIST_ITEMS_MAX + 1
    if between:
        parts: list[object] = [*value.split(between, wanted - 1)]
    else:
        parts = [*value[: wanted - 1]]
        parts += [value[wanted - 1 :]] if len(value) >= wanted else []
    return list_arg(budget, parts)


def join(budget: Budget, items: object, separator: object = "") -> str:
    between = text_arg(budget, separator)
    parts = [text_arg(budget, item) for item in list_arg(budget, items)]
    if sum(map(len, parts)) + len(between) * max(len(parts) - 1, 0) > EXPRESSION_STRING_CHARS_MAX:
        raise EvaluationError("too_long", f"a text has more than {EXPRESSION_STRING_CHARS_MAX} characters")
    return between.join(parts)


# ── conversions ────────────────────────────────────────────────────────────────────────────────────────


def to_double(budget: Budget, value: object) -> float:
    match value:
        case bool():
            mismatch(value)
        case int() | float():
            return float(value)
        case str():
            budget.spend(1 + min(len(value), _NUMBER_CHARS_MAX) // STEP_CHARS)
            if len(value) <= _NUMBER_CHARS_MAX and _DOUBLE.fullmatch(value):
                return float(value)
            raise EvaluationError("invalid_value", "the text is not a number")
    mismatch(value)


def number_to_int(value: object) -> int:
    """A number or its text as an int; what is behind the point is cut off."""
    match value:
        case bool():
            mismatch(value)
        case int():
            return value
        case float():
            # 2^63 itself is the first double that does not fit, so the bounds are not those of an int.
            if math.isnan(value) or not -(2.0**63) < value < 2.0**63:
                overflow()
            return int(value)
        case str() if _INT.fullmatch(value):
            return int64(int(value))
        case str():
            raise EvaluationError("invalid_value", "the text is not a whole number")
    mismatch(value)


def to_bool(budget: Budget, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        mismatch(value)
    if value not in _BOOLS:
        raise EvaluationError("invalid_value", "the text is not true or false")
    return _BOOLS[value]


def scalar_to_text(budget: Budget, value: object) -> str:
    """A text, bool or number as text; a double without a fraction is written without one."""
    match value:
        case str():
            return checked_text(value)
        case bool():
            return "true" if value else "false"
        case float():
            budget.spend(1)
            # Adding zero takes the sign from -0.0.
            return repr(value + 0.0).removesuffix(".0")
        case int():
            return str(value)
    raise EvaluationError("type_mismatch", f"{name_of(value)} cannot become a text")
