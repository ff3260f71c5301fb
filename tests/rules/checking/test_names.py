"""Keys of collects and ids of arms: what goes together and what must differ."""

from typing import Any

import pytest

from tests.rules.checking.small_flows import NOTHING, problems, to

COLLECTS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("for a time", {"for": "PT1H"}, []),
    ("until a time", {"until": "2026-03-01T09:00:00Z"}, []),
    ("without an end", {}, [("choose_one", "/steps/a")]),
    ("with two ends", {"for": "PT1H", "until": "2026-03-01T09:00:00Z"}, [("choose_one", "/steps/a")]),
    ("from the first event", {"for": "PT1H", "from": "first", "timeout": "P1D"}, []),
    (
        "from an event that may never come",
        {"for": "PT1H", "from": "first"},
        [("missing_key", "/steps/a/timeout")],
    ),
    (
        "with a time-out for nothing",
        {"for": "PT1H", "timeout": "P1D"},
        [("has_no_effect", "/steps/a/timeout")],
    ),
]


@pytest.mark.parametrize(("what", "keys", "expected"), COLLECTS, ids=[each[0] for each in COLLECTS])
def test_collects(what: str, keys: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems({"a": {"type": "collect", "events": "x", **keys}}) == expected, what


def test_arms_have_their_own_ids() -> None:
    arms = [{"id": "a", "weight": 1}, {"id": "a", "weight": 2}]
    assert problems({"s": {"type": "split", "arms": arms}}) == [("duplicate_id", "/steps/s/arms/1/id")]


def test_a_split_goes_on_with_its_arms() -> None:
    arms = [{"id": "a", "weight": 1, "next": "b"}, {"id": "b", "weight": 2}]
    found = problems({"s": to("b", {"type": "split", "arms": arms}), "b": NOTHING})
    assert found == [("next_not_taken", "/steps/s/next")]
