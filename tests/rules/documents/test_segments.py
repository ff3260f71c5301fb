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
    "rule",
    ["a\n&& b", " a\n b", "a\n\n", "\na", "yes", "a: b # c", "'", "a\u2028b\nc", "x" * 99 + " y" * 99],
)
def test_any_rule_reads_back_as_it_is(rule: str) -> None:
    segment = SegmentRule(rule=rule, name="1", description="on")
    data, report = parse(with_segments("fields: {}\n", {"s": segment}), type="yaml")
    assert not report.has_errors
    assert data == {"fields": {}, "segments": {"s": {"name": "1", "description": "on", "rule": rule}}}
