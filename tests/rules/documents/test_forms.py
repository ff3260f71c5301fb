"""YAML and JSON of a document: from one to the other, and what counts as a difference."""

import pytest

from rules.documents.forms import in_form, is_equal
from rules.documents.syntax import parse

TEXT = "# why\nflow: a\nname: 'yes'\nn: 5\nx: 5.0\nlist: [true, null, \"1\"]\n"


def test_data_and_order_survive_both_ways() -> None:
    there = in_form(TEXT, type="yaml", wanted="json")
    back = in_form(there, type="json", wanted="yaml")
    before, _ = parse(TEXT, type="yaml")
    after, report = parse(back, type="yaml")
    assert not report.has_errors
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert is_equal(before, after)
    assert list(before) == list(after)


def test_text_of_the_wanted_form_stays_as_it_is() -> None:
    assert in_form(TEXT, type="yaml", wanted="yaml") == TEXT


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ({"a": True}, {"a": 1}, False),
        ({"a": "1"}, {"a": 1}, False),
        ({"a": None}, {}, False),
    ],
)
def test_what_counts_as_a_difference(one: object, other: object, expected: bool) -> None:
    assert is_equal(one, other) is expected
