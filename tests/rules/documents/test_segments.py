"""Segments brought into the text of a project: the rest stays as it is written."""

import pytest

from rules.documents.project import SegmentRule
from rules.documents.segments import with_segments
from rules.documents.syntax import parse

GOLD = SegmentRule(rule='customer.tier == "gold"')
GOLD_YAML = 'segments:\n  gold:\n    rule: customer.tier == "gold"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", GOLD_YAML),
        ("{}\n", GOLD_YAML),
        ("segments: {}\n", GOLD_YAML),
        ("# alone", f"# alone\n{GOLD_YAML}"),
        ("---\n# first\nfields: {}  # none\n", f"---\n# first\nfields: {{}}  # none\n{GOLD_YAML}"),
        ("fields: {}\r\n", f"fields: {{}}\n{GOLD_YAML}".replace("\n", "\r\n")),
        ("segments:\n  a: {rule: 'true'} # a\n", "segments:\n  a: {rule: 'true'} # a\n" + GOLD_YAML[10:]),
        (
            "segments:\n    # gold\n    gold:\n        rule: 'x' # r\n    # next\n    b: {rule: 'true'}\n",
            "segments:\n    # gold\n    gold:\n        rule: 'customer.tier == \"gold\"' # r\n"
            "    # next\n    b: {rule: 'true'}\n",
        ),
        (
            "fields:\n    f:\n        type: list\napp_events:\n  - 'a'\n  - b\n",
            "fields:\n    f:\n        type: list\napp_events:\n  - 'a'\n  - b\n"
            'segments:\n    gold:\n        rule: customer.tier == "gold"\n',
        ),
    ],
)
def test_only_the_segment_is_written_anew(before: str, after: str) -> None:
    assert with_segments(before, {"gold": GOLD}) == after


def test_what_is_so_already_changes_nothing() -> None:
    text = "segments:   {gold:   {rule:   'customer.tier == \"gold\"' , name: ''}}\n"
    assert with_segments(text, {"gold": GOLD}) == text


def test_name_that_is_gone_is_empty() -> None:
    text = "segments: {gold: {name: Gold, rule: 'customer.tier == \"gold\"'}}\n"
    data, _ = parse(with_segments(text, {"gold": GOLD}), type="yaml")
    assert data == {"segments": {"gold": {"name": "", "rule": GOLD.rule}}}


@pytest.mark.parametrize(
    "before",
    [
        "constants: {day: 2026-13-45, at: 2026-01-01T10:00:00+25:00}\n",
        "constants: {n: 010, o: 0o17, x: 0x1F, d: .5, big: 1e3, s: yes, z: ~, e: =, m: {<<: {b: 1}}}\n",
        'constants:\n  a: |2\n     x\n  b: >-\n   fold\n   ed\n\n   para\n  c: "x\\\n    y"\n',
        "app_events:\n-\n  a\n",
        "? constants\n: a: 1\n",
        '\ufeff{"fields": {}}',
    ],
)
def test_values_of_any_writing_stay_what_they_are(before: str) -> None:
    data, report = parse(before, type="yaml")
    assert not report.has_errors
    assert isinstance(data, dict)
    after, _ = parse(with_segments(before, {"gold": GOLD}), type="yaml")
    assert after == {**data, "segments": {"gold": {"rule": GOLD.rule}}}


@pytest.mark.parametrize(
    "rule",
    ["a\n&& b", " a\n b", "a\n\n", "\na", "yes", "a: b # c", "'", "a\u2028b\nc", "x" * 99 + " y" * 99],
)
def test_any_rule_reads_back_as_it_is(rule: str) -> None:
    segment = SegmentRule(rule=rule, name="1", description="on")
    data, report = parse(with_segments("fields: {}\n", {"s": segment}), type="yaml")
    assert not report.has_errors
    assert data == {"fields": {}, "segments": {"s": {"name": "1", "description": "on", "rule": rule}}}
