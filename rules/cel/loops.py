"""The macros over lists and over the keys of objects, each with its budget.

The plain forms stop at the first error; the patient ones go on, because CEL lets one decisive item
outweigh the errors of others.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..errors import EvaluationError
from .values import Budget, checked_list, mismatch

# What it costs to go on after an error, steps: making and carrying one takes about 8 µs.
_ERROR_STEPS = 4

Test: TypeAlias = Callable[[object], bool]
Result: TypeAlias = Callable[[object], object]


def all_of(budget: Budget, weight: int, source: object, test: Test) -> bool:
    for item in _items(source):
        budget.spend(weight)
        if not test(item):
            return False
    return True


def any_of(budget: Budget, weight: int, source: object, test: Test) -> bool:
    for item in _items(source):
        budget.spend(weight)
        if test(item):
            return True
    return False


def one_of(budget: Budget, weight: int, source: object, test: Test) -> bool:
    found = 0
    for item in _items(source):
        budget.spend(weight)
        found += test(item)
    return found == 1


def collected(
    budget: Budget, weight: int, source: object, test: Test | None, result: Result | None
) -> list[object]:
    """`map` and `filter`: the results of the items that pass."""
    kept: list[object] = []
    for item in _items(source):
        budget.spend(weight)
        if test is None or test(item):
            kept.append(item if result is None else result(item))
    return kept


def patient_all_of(budget: Budget, weight: int, source: object, test: Test) -> bool:
    return not _decided(budget, weight, source, test, decisive=False)


def patient_any_of(budget: Budget, weight: int, source: object, test: Test) -> bool:
    return _decided(budget, weight, source, test, decisive=True)


def _decided(budget: Budget, weight: int, source: object, test: Test, *, decisive: bool) -> bool:
    """Whether some item gives the decisive answer; the first error, if none does and there was one."""
    failure: EvaluationError | None = None
    for item in _items(source):
        budget.spend(weight)
        try:
            if test(item) is decisive:
                return True
        except EvaluationError as error:
            _go_on_after(error, budget)
            failure = failure or error
    if failure is not None:
        raise failure
    return False


def both(budget: Budget, left: Callable[[], bool], right: Callable[[], bool]) -> bool:
    """`&&` where either side may fail: false wins over an error."""
    try:
        if not left():
            return False
    except EvaluationError as error:
        _go_on_after(error, budget)
        if right():
            raise
        return False
    return right()


def either(budget: Budget, left: Callable[[], bool], right: Callable[[], bool]) -> bool:
    """`||` where either side may fail: true wins over an error."""
    try:
        if left():
            return True
    except EvaluationError as error:
        _go_on_after(error, budget)
        if not right():
            raise
        return True
    return right()


def _go_on_after(error: EvaluationError, budget: Budget) -> None:
    """Pays for what Python does about an error; there is no going on without steps."""
    if error.code == "too_many_steps":
        raise error
    budget.spend(_ERROR_STEPS)


def _items(source: object) -> list[object]:
    if isinstance(source, list | tuple | Mapping):
        return checked_list(source if isinstance(source, list) else list(source))
    mismatch(source)
