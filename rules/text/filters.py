"""The filters of templates: what each makes of a value. Small and pure; every result is bounded.

`money number date plural` print for a locale and a zone and are `locale_filters.py`.
"""

import html
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, DecimalException

from ..errors import EvaluationError
from ..limits import FILTER_DECIMALS_MAX, FILTER_ITEMS_MAX, FILTER_NUMBER_MAX, FILTER_TEXT_CHARS_MAX
from .printing import text_of

Filter = Callable[..., object]

# Longer than any number up to 2^53 with decimals is written.
_NUMBER_CHARS_MAX = 64


def default(value: object, other: object = "", *, allow_false: object = False) -> object:
    if value is False:
        return value if allow_false is True else other
    return other if value is None or value == "" or value == [] or value == {} else value


def escape(value: object) -> str:
    return html.escape(text_of(value))


def upcase(value: object) -> str:
    return text_of(value).upper()


def downcase(value: object) -> str:
    return text_of(value).lower()


def capitalize(value: object) -> str:
    return text_of(value).capitalize()


def strip(value: object) -> str:
    return text_of(value).strip()


def truncate(value: object, length: object = 50, ending: object = "...") -> str:
    """At most `length` characters, the ending among them."""
    text, end, limit = text_of(value), text_of(ending), whole(length)
    if len(text) <= limit:
        return text
    return text[: max(0, limit - len(end))] + end


def append(value: object, other: object) -> str:
    return text_of(value) + text_of(other)


def prepend(value: object, other: object) -> str:
    return text_of(other) + text_of(value)


def replace(value: object, old: object, new: object = "") -> str:
    text, search, put = text_of(value), text_of(old), text_of(new)
    if not search:
        return text
    # Before it is built: one short text replaced by long ones can be large.
    _check_length(len(text) + text.count(search) * (len(put) - len(search)))
    return text.replace(search, put)


def join(value: object, separator: object = " ") -> str:
    texts, between = [text_of(item) for item in items_of(value)], text_of(separator)
    _check_length(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def split(value: object, separator: object = " ") -> list[object]:
    text, between = text_of(value), text_of(separator)
    if not between:
        return list(text)
    return list(text.split(between, FILTER_ITEMS_MAX)) if text else []


def first(value: object) -> object:
    return value[0] if isinstance(value, list | tuple) and value else None


def last(value: object) -> object:
    return value[-1] if isinstance(value, list | tuple) and value else None


def size(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple | Mapping) else 0


def map_(value: object, key: object) -> list[object]:
    return [_field(item, key) for item in items_of(value)]


def sort(value: object, key: object = None) -> list[object]:
    """Ascending, by a field if one is named; what lacks it comes last."""
    keys = [(item if key is None else _field(item, key), item) for item in items_of(value)]
    present = [pair for pair in keys if pair[0] is not None]
    missing = [item for found, item in keys if found is None]
    try:
        ordered = sorted(present, key=lambda pair: pair[0])  # type: ignore[arg-type, return-value]  # may not compare
    except TypeError as error:
        raise EvaluationError("type_mismatch", '"sort" needs numbers only or texts only.') from error
    return [item for _, item in ordered] + missing


def uniq(value: object, key: object = None) -> list[object]:
    """Without repeats, by a field if one is named; the first of equals stays."""
    seen: dict[object, object] = {}
    for item in items_of(value):
        mark = item if key is None else _field(item, key)
        seen.setdefault(mark if isinstance(mark, str) else (type(mark).__name__, text_of(mark)), item)
    return list(seen.values())


def plus(value: object, other: object) -> int | float:
    return _result(number_of(value) + number_of(other))


def minus(value: object, other: object) -> int | float:
    return _result(number_of(value) - number_of(other))


def times(value: object, other: object) -> int | float:
    return _result(number_of(value) * number_of(other))


def divided_by(value: object, other: object) -> int | float:
    """Always exact: whether 5 came as an integer or as a double cannot be seen in untyped data."""
    divisor = number_of(other)
    if divisor == 0:
        raise EvaluationError("division_by_zero", '"divided_by: 0" has no result.')
    return _result(number_of(value) / divisor)


def modulo(value: object, other: object) -> int | float:
    """With the sign of the divisor."""
    dividend, divisor = number_of(value), number_of(other)
    if divisor == 0:
        raise EvaluationError("division_by_zero", '"modulo: 0" has no result.')
    rest = dividend % divisor
    return _result(rest + divisor if rest and (rest < 0) != (divisor < 0) else rest)


def round_(value: object, decimals: object = 0) -> int | float:
    """Halves away from zero, as people round."""
    places = decimals_of(decimals)
    return _result(number_of(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def abs_(value: object) -> int | float:
    return _result(abs(number_of(value)))


FILTERS: Mapping[str, Filter] = {
    "default": default,
    "escape": escape,
    "upcase": upcase,
    "downcase": downcase,
    "capitalize": capitalize,
    "strip": strip,
    "truncate": truncate,
    "append": append,
    "prepend": prepend,
    "replace": replace,
    "join": join,
    "split": split,
    "first": first,
    "last": last,
    "size": size,
    "map": map_,
    "sort": sort,
    "uniq": uniq,
    "plus": plus,
    "minus": minus,
    "times": times,
    "divided_by": divided_by,
    "modulo": modulo,
    "round": round_,
    "abs": abs_,
}


def items_of(value: object) -> list[object]:
    """A list as it is, null as an empty one, anything else as a list of itself."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        return [value]
    if len(value) > FILTER_ITEMS_MAX:
        raise EvaluationError("too_long", f"A list has more than {FILTER_ITEMS_MAX} items.")
    return list(value)


def number_of(value: object) -> Decimal:
    """The number that a filter computes with; null counts as 0, and a text may hold one."""
    if value is None:
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _not_a_number(value)
    # A double without a fraction has no decimals either: 1.0 is singular.
    text = value.strip() if isinstance(value, str) else text_of(value)
    if len(text) > _NUMBER_CHARS_MAX:
        raise _not_a_number(value)
    try:
        number = Decimal(text)
    except DecimalException as error:
        raise _not_a_number(value) from error
    return _checked(number, value)


def decimals_of(value: object) -> int:
    places = whole(value)
    if places > FILTER_DECIMALS_MAX:
        raise EvaluationError("invalid_value", f"At most {FILTER_DECIMALS_MAX} decimals can be asked for.")
    return places


def whole(value: object) -> int:
    """A count that a filter takes as its argument: a whole number from 0."""
    number = number_of(value)
    if number < 0 or number != number.to_integral_value():
        raise EvaluationError("invalid_value", f'"{text_of(value)[:64]}" is not a whole number from 0.')
    return int(number)


def check_result(value: object) -> object:
    """The result of a filter, if it is within bounds."""
    if isinstance(value, str):
        _check_length(len(value))
    elif isinstance(value, list | tuple):
        items_of(value)
    return value


def _check_length(length: int) -> None:
    if length > FILTER_TEXT_CHARS_MAX:
        raise EvaluationError("too_long", f"A filter gives more than {FILTER_TEXT_CHARS_MAX} characters.")


def _field(item: object, key: object) -> object:
    return item.get(text_of(key)) if isinstance(item, Mapping) else None


def _checked(number: Decimal, value: object) -> Decimal:
    if not number.is_finite():
        raise _not_a_number(value)
    # Compared without arithmetic, which would overflow.
    if not -FILTER_NUMBER_MAX <= number <= FILTER_NUMBER_MAX:
        raise EvaluationError("out_of_range", "A filter computes with numbers up to 2^53 only.")
    return number


def _result(number: Decimal) -> int | float:
    _checked(number, number)
    result = float(number)
    return int(result) if result.is_integer() else result


def _not_a_number(value: object) -> EvaluationError:
    return EvaluationError("type_mismatch", f'"{text_of(value)[:64]}" is not a number.')
