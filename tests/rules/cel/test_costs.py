"""What each function pays of an evaluation's steps: about one for each 2 µs that it takes at its worst.

So the steps bound the time: `bench/hostile.py` measures it, these tests hold the prices.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rules.cel.library import FUNCTIONS, ZONED
from rules.cel.values import Budget
from rules.conditions import compile_expression
from rules.errors import EvaluationError
from rules.limits import EXPRESSION_LIST_ITEMS_MAX, EXPRESSION_STEPS_MAX, EXPRESSION_STRING_CHARS_MAX
from rules.types import Scope, Type

NOW = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)
TEXT = "x" * EXPRESSION_STRING_CHARS_MAX
TEXT_STEPS = EXPRESSION_STRING_CHARS_MAX // 64
ITEMS: list[object] = [{"k": n, "t": "a"} for n in range(EXPRESSION_LIST_ITEMS_MAX)]
NUMBERS = list(range(EXPRESSION_LIST_ITEMS_MAX))


def spent(run: Callable[[Budget], object]) -> int:
    budget = Budget()
    run(budget)
    return EXPRESSION_STEPS_MAX - budget.steps


PRICES: list[tuple[str, tuple[object, ...], int]] = [
    ("contains", (TEXT, "y"), TEXT_STEPS),
    ("startsWith", (TEXT, TEXT), 2 * TEXT_STEPS),
    ("endsWith", (TEXT, "y"), TEXT_STEPS),
    ("lowerAscii", (TEXT,), TEXT_STEPS),
    ("upperAscii", (TEXT,), TEXT_STEPS),
    ("trim", (TEXT,), TEXT_STEPS),
    ("charAt", (TEXT, 1), TEXT_STEPS),
    ("indexOf", (TEXT, "y"), TEXT_STEPS),
    ("substring", (TEXT, 1), TEXT_STEPS),
    ("replace", (TEXT, "x", "y"), TEXT_STEPS),
    ("split", ("x" * 400, ""), 6 + 400),
    ("join", (["x" * 64] * 100,), 100 + 100),
    ("sum", (NUMBERS,), EXPRESSION_LIST_ITEMS_MAX),
    ("sort_by", (ITEMS, "k"), 2 * EXPRESSION_LIST_ITEMS_MAX),
    ("group_by", (ITEMS, "t"), EXPRESSION_LIST_ITEMS_MAX),
    ("double", ("1" * 400,), 7),
    ("string", (0.1,), 1),
    ("string", (NOW,), 2),
    ("string", (timedelta(1),), 2),
    ("timestamp", ("2026-03-08T09:30:00Z",), 2),
    ("duration", ("1h" * 40,), 41),
    ("getHours", (NOW, "Pacific/Auckland"), 2),
]


@pytest.mark.parametrize(("name", "args", "steps"), PRICES)
def test_function_pays_for_its_work(name: str, args: tuple[object, ...], steps: int) -> None:
    assert spent(lambda budget: FUNCTIONS[name](budget, *args)) == steps


@pytest.mark.parametrize(("name", "args", "steps"), [("local", (NOW,), 4), ("plus", (NOW, "P1M"), 12)])
def test_function_of_the_zone_pays_for_its_work(name: str, args: tuple[object, ...], steps: int) -> None:
    assert spent(lambda budget: ZONED[name]("Pacific/Auckland", budget, *args)) == steps


SCOPE = Scope({"x": Type.DYN, "texts": Type.LIST})


def code_of_failure(source: str, context: dict[str, object]) -> str:
    with pytest.raises(EvaluationError) as caught:
        compile_expression(source, SCOPE).value(context)
    assert caught.value.offset is not None
    return caught.value.code


def test_looking_through_a_list_is_paid_for_in_a_loop() -> None:
    context: dict[str, object] = {"x": [0] * 21, "texts": ["a"] * EXPRESSION_LIST_ITEMS_MAX}
    assert compile_expression("'b' in texts", SCOPE).value(context) is False
    assert code_of_failure("x.exists(i, 'b' in texts)", context) == "too_many_steps"
    context["texts"] = ["a"] * (EXPRESSION_LIST_ITEMS_MAX + 1)
    assert code_of_failure("'b' in texts", context) == "too_long"


@pytest.mark.parametrize("source", ["x.exists(i, i.nope)", "x.exists(i, i.nope || false)"])
def test_going_on_after_an_error_is_paid_for(source: str) -> None:
    """Four steps, with one for the turn five."""
    few: list[object] = [{"k": 1}] * 30
    many: list[object] = [{"k": 1}] * 45
    nested = "x.exists(j, " + source + ")"
    assert code_of_failure(nested, {"x": few}) == "no_such_key"
    assert code_of_failure(nested, {"x": many}) == "too_many_steps"


@pytest.mark.parametrize(
    "source", ["{0} || true", "true || {0}", "x.exists(i, {0} || i == 1)", "!({0} && false)"]
)
def test_nothing_outweighs_that_the_steps_are_used_up(source: str) -> None:
    loop = "x.all(j, x == x)"
    context: dict[str, object] = {"x": [1] * 200}
    if source.startswith("true"):
        assert compile_expression(source.format(loop), SCOPE).value(context) is True
    else:
        assert code_of_failure(source.format(loop), context) == "too_many_steps"
