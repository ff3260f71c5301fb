"""Marks in place of values."""

import pytest

from rules.errors import EvaluationError, ExpressionError
from rules.limits import RENDERED_BYTES_MAX
from rules.text.marks import Marks, Runtime, fill, mark, refuse_marks, split_marks


def test_values_are_kept_by_number() -> None:
    marks = Marks()
    text = f"a{marks.add('x')}b{marks.add_runtime('balance')}"
    assert text == f"a{mark(0)}b{mark(1)}"
    assert marks.values == ["x", Runtime("balance")]


def test_splits_texts_and_marks() -> None:
    assert split_marks(f"{mark(0)}a{mark(12)}{mark(1)}") == [0, "a", 12, 1]
    assert split_marks("") == []


def test_fills() -> None:
    assert fill(f"{mark(1)}-{mark(0)}", ["a", "b"].__getitem__) == "b-a"


def test_value_that_looks_like_a_mark_stays_a_value() -> None:
    assert fill(mark(0), [mark(1), "secret"].__getitem__) == mark(1)


@pytest.mark.parametrize("character", ["\ufdd0", "\ufdd1"])
def test_sources_with_the_characters_of_marks_are_refused(character: str) -> None:
    with pytest.raises(ExpressionError, match="bad_text") as caught:
        refuse_marks(f"ab{character}")
    assert caught.value.offset == 2


def test_values_are_bounded_together() -> None:
    marks = Marks()
    marks.add("ā" * (RENDERED_BYTES_MAX // 4))
    marks.add("ā" * (RENDERED_BYTES_MAX // 4))
    with pytest.raises(EvaluationError, match="too_long"):
        marks.add("x")
