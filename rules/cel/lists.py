"""The functions on lists and objects."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from ..errors import EvaluationError
from .access import field
from .operators import less
from .times import to_text
from .values import Budget, Compared, int64, list_arg, mismatch, name_of


def size(budget: Budget, value: object) -> int:
    """Characters of a text, items of a list, entries of an object."""
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    mismatch(value)


def total(budget: Budget, items: object) -> int | float:
    """`sum`: of whole numbers written in the expression whole, of everything else a double."""
    numbers = [_number(item) for item in list_arg(budget, items)]
    if all(isinstance(number, int) for number in numbers):
        return int64(cast(int, sum(numbers)))
    return math.fsum(numbers)


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvaluationError("type_mismatch", f"a sum needs numbers, not {name_of(value)}")
    return value


def sort_by(budget: Budget, items: object, name: object) -> list[object]:
    """The objects in rising order of one field; those where it is missing or null come last, as they came."""
    rows = list_arg(budget, items)
    keys = [_key(row, name) for row in rows]
    present = [place for place, key in enumerate(keys) if key is not None]
    for place in present[1:]:
        less(keys[present[0]], keys[place])
    present.sort(key=lambda place: cast(int, keys[place]))
    missing = [place for place, key in enumerate(keys) if key is None]
    budget.spend(len(rows))
    return [rows[place] for place in (*present, *missing)]


def _key(row: object, name: object) -> Compared | None:
    if not isinstance(row, Mapping) or not isinstance(name, str):
        mismatch(row, name)
    key = row.get(name)
    if key is None or isinstance(key, bool | int | float | str | datetime | timedelta):
        return key
    mismatch(key)


def group_by(budget: Budget, items: object, name: object) -> dict[str, list[object]]:
    """The objects by the text of one field, groups and members in the order in which they came."""
    groups: dict[str, list[object]] = {}
    if not isinstance(name, str):
        mismatch(name)
    for row in list_arg(budget, items):
        groups.setdefault(to_text(budget, field(row, name)), []).append(row)
    return groups
