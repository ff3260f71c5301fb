"""Patterns: how large they are counted, what is refused, what a match costs."""

import pytest

from rules import limits
from rules.cel.patterns import compile_pattern
from rules.cel.values import Budget
from rules.errors import EvaluationError, ExpressionError

ATOMS = limits.EXPRESSION_PATTERN_ATOMS_MAX


@pytest.mark.parametrize(
    "pattern",
    [
        "a+",
        "^[a-z0-9._]+@[a-z.]+$",
        "(?i)kia ora",
        r"\d{4}-\d{2}",
        r"\pL+",
        "[[:alpha:]]{3}",
        "[]a]",
        "a{2,}",
    ],
)
def test_everyday_patterns_compile(pattern: str) -> None:
    compile_pattern(pattern, 0)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a{100}){100}",
        "((a{30}){30}){5}",
        f"a{{{ATOMS + 1}}}",
        f"a{{1,{ATOMS + 1}}}",
        r"\pL{20}",
        r"(.{50}[[:alpha:](]){9}",
        r"(.{50}\Q(\E){9}",
        r"(.{50}\)){9}",
        r"a){600}",
    ],
)
def test_pattern_that_repeats_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_pattern(pattern, 5)
    assert (caught.value.code, caught.value.offset) == ("bad_pattern", 5)
    assert "repeats too much" in caught.value.message


@pytest.mark.parametrize("pattern", ["(", "[", "a**", "(?=a)", r"\1", "a)"])
def test_what_re2_does_not_take_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_pattern(pattern, 0)
    assert "RE2" in caught.value.message


@pytest.mark.parametrize("pattern", ["\\", "'", '"', "\n", "é", '") || true || ("'])
def test_pattern_is_never_taken_for_source(pattern: str) -> None:
    try:
        found = compile_pattern(pattern, 0).matches(Budget(), "zz")
    except ExpressionError:
        return
    assert found is False


def test_match_costs_the_product_of_pattern_and_text() -> None:
    small, large = Budget(), Budget()
    compile_pattern("a", 0).matches(small, "x" * 1_000)
    compile_pattern("a{30}", 0).matches(large, "x" * 1_000)
    spent = [limits.EXPRESSION_STEPS_MAX - budget.steps for budget in (small, large)]
    assert spent[1] > 10 * spent[0]
    with pytest.raises(EvaluationError) as caught:
        compile_pattern("(.{0,9}){0,9}z", 0).matches(Budget(), "x" * 8_000)
    assert caught.value.code == "too_many_steps"


def test_text_that_cannot_be_encoded_is_an_error() -> None:
    with pytest.raises(EvaluationError):
        compile_pattern("a", 0).matches(Budget(), "\ud800")
