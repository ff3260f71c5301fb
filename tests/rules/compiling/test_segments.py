"""What the rule of a segment may say, what it is known to read, and what is refused with its place."""

import pytest

from rules.compiling.segments import compile_rule, rule_scope
from rules.conditions import Window, compile_condition
from rules.customers.segments import WHOLE
from rules.errors import ExpressionError
from rules.limits import COUNTED_PERIOD_MS_MAX
from rules.types import Scope, Type

DAY = 86_400_000
SCOPE = rule_scope({"vip_orders": 3, "start": {"at": "2026-01-01T00:00:00Z"}})

READS = [
    # rule, parts of the profile, windows, whether it reads the time
    ("true", set(), set(), False),
    ('customer.tier == "gold"', {"tier"}, set(), False),
    ('has(customer.tier) && customer.?city.orValue("") != ""', {"tier", "city"}, set(), False),
    ('customer.fields["tier"] == "gold"', {"fields"}, set(), False),
    ('customer[constants.start.at] == "x"', {WHOLE}, set(), False),
    ('"vip" in customer.tags', {"tags"}, set(), False),
    ('events("a", "P30D").count() >= constants.vip_orders', set(), {("a", 30 * DAY)}, False),
    (
        'events("a", "P7D").count() > 1 && events("b", "PT36H").last() == null '
        '&& events("a", "P7D").first() != null',
        set(),
        {("a", 7 * DAY), ("b", 36 * 3_600_000)},
        False,
    ),
    (
        '(customer.test ? events("a", "PT1H") : events("b", "P1W")).count() == 2',
        {"test"},
        {("a", 3_600_000), ("b", 7 * DAY)},
        False,
    ),
    ('now - customer.created_at < duration("24h")', {"created_at"}, set(), True),
    ("local(now).getHours() < 9", {"timezone"}, set(), True),
    ('["a", "b"].exists(tag, tag in customer.tags)', {"tags"}, set(), False),
    ('events("a", "P366D").count() > 0', set(), {("a", COUNTED_PERIOD_MS_MAX)}, False),
]  # fmt: skip


@pytest.mark.parametrize(("source", "parts", "windows", "reads_now"), READS)
def test_rule_tells_what_it_reads(
    source: str, parts: set[str], windows: set[tuple[str, int]], reads_now: bool
) -> None:
    rule = compile_rule(source, SCOPE)
    assert rule.parts == parts
    assert rule.windows == {Window(*window) for window in windows}
    assert rule.reads_now is reads_now
    assert rule.is_timed is bool(reads_now or windows)


REFUSED = [
    # rule, code, where, what the sentence names
    ('event("a", "P1D").count() > 1', "unknown_name", 0, '"events"'),
    ('events("a", "P1D").cont() > 1', "unknown_name", 19, '"count"'),
    ('customer.x == 1 && evnts("a", "P1D").count() > 1', "unknown_name", 19, '"events"'),
    ('events("a").count() > 1', "type_mismatch", 0, "number of arguments"),
    ('events(1, "P1D").count() > 1', "type_mismatch", 6, "whole number"),
    ('events("a", "P1D").size() > 1', "type_mismatch", 23, "events"),
    ('events("a", "P1D") > 1', "type_mismatch", 19, "events"),
    ('events("a", "P1D")', "not_a_condition", 6, "true or false"),
    ('events("a", "P1D").count()', "not_a_condition", 24, "true or false"),
    ("[1, 2].count() > 1", "type_mismatch", 12, "a list"),
    ("now.last() == null", "type_mismatch", 8, "a datetime"),
    ('events("a", "bad").count() > 1', "bad_duration", 12, "bad"),
    ('events("a", "30D").count() > 1', "bad_duration", 12, "30D"),
    ('events("a", "P1M").count() > 1', "bad_duration", 12, "fixed"),
    ('events("a", "P1Y").count() > 1', "bad_duration", 12, "fixed"),
    ('events("a", "PT0S").count() > 1', "bad_duration", 12, "more than nothing"),
    ('events("a", "-P1D").count() > 1', "bad_duration", 12, "more than nothing"),
    ('events("a", "P367D").count() > 1', "bad_duration", 12, "at most"),
    ('events(customer.event, "P1D").count() > 1', "bad_window", 15, "written out"),
    ('events("a" + "b", "P1D").count() > 1', "bad_window", 11, "written out"),
    ('events("a", string(1)).count() > 1', "bad_window", 18, "written out"),
    ('events("", "P1D").count() > 1', "bad_name", 7, "printable"),
    ('events("a\\n", "P1D").count() > 1', "bad_name", 7, "printable"),
    (f'events("{"ä" * 65}", "P1D").count() > 1', "bad_name", 7, "128 bytes"),
    ('"vip" in customer.segments', "reads_segments", 18, "depend"),
    ("vars.n > 1", "unknown_name", 0, "vars"),
    ("customer.tier == ", "syntax_error", 17, "early"),
]


@pytest.mark.parametrize(("source", "code", "offset", "names"), REFUSED)
def test_what_is_no_rule_is_refused_with_its_place(source: str, code: str, offset: int, names: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_rule(source, SCOPE)
    error = caught.value
    assert (error.code, error.offset) == (code, offset), error
    assert names in error.message


def test_only_rules_may_ask_about_the_past() -> None:
    with pytest.raises(ExpressionError, match='no function "events"'):
        compile_condition('events("a", "P1D").count() > 1', Scope({"now": Type.TIMESTAMP}))
