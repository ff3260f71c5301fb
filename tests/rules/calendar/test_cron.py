"""Cron rules on clocks that never jump: what is read, what is refused, and which times are named."""

from itertools import islice

import pytest
from whenever import PlainDateTime

from rules.calendar.cron import parse_cron
from rules.errors import RuleError
from rules.limits import CRON_CHARS_MAX


def local(text: str) -> PlainDateTime:
    return PlainDateTime.parse_iso(text)


def shown(times: list[PlainDateTime]) -> list[str]:
    return [time.format_iso().removesuffix(":00") for time in times]


NAMED = [
    # rule, from, the next times
    ("0 9 * * *", "2026-03-04T09:00:00", ["2026-03-05T09:00", "2026-03-06T09:00"]),
    ("0 9 * * *", "2026-03-04T08:59:59.999", ["2026-03-04T09:00", "2026-03-05T09:00"]),
    ("*/20 * * * *", "2026-12-31T23:21:00", ["2026-12-31T23:40", "2027-01-01T00:00"]),
    ("5-59/25 8,20 * * *", "2026-03-04T08:30:00", ["2026-03-04T08:55", "2026-03-04T20:05"]),
    # 2026-03-06 is a Friday
    ("0 9 * * MON-FRI", "2026-03-06T10:00:00", ["2026-03-09T09:00", "2026-03-10T09:00"]),
    ("0 9 * * mon,wed", "2026-03-06T10:00:00", ["2026-03-09T09:00", "2026-03-11T09:00"]),
    ("0 9 * * 0", "2026-03-06T10:00:00", ["2026-03-08T09:00", "2026-03-15T09:00"]),
    ("0 9 * * 7", "2026-03-06T10:00:00", ["2026-03-08T09:00", "2026-03-15T09:00"]),
    # ends of months, leap days
    ("0 9 31 * *", "2026-03-31T09:00:00", ["2026-05-31T09:00", "2026-07-31T09:00"]),
    ("0 9 L * *", "2026-01-31T09:00:00", ["2026-02-28T09:00", "2026-03-31T09:00"]),
    ("0 9 L FEB *", "2026-03-01T00:00:00", ["2027-02-28T09:00", "2028-02-29T09:00"]),
    ("0 9 LW * *", "2026-01-01T00:00:00", ["2026-01-30T09:00", "2026-02-27T09:00"]),
    ("0 9 29 2 *", "2026-01-01T00:00:00", ["2028-02-29T09:00", "2032-02-29T09:00"]),
    ("0 9 29 2 *", "2096-03-01T00:00:00", ["2104-02-29T09:00", "2108-02-29T09:00"]),
    # days of a month by weekday
    ("0 9 * * MON#1", "2026-03-04T00:00:00", ["2026-04-06T09:00", "2026-05-04T09:00"]),
    ("0 9 * * 5L", "2026-03-04T00:00:00", ["2026-03-27T09:00", "2026-04-24T09:00"]),
    # a day of the month and a day of the week: either; when one begins with a star: both
    ("0 9 13 * FRI", "2026-03-07T00:00:00", ["2026-03-13T09:00", "2026-03-20T09:00"]),
    ("0 9 15 * FRI", "2026-03-07T00:00:00", ["2026-03-13T09:00", "2026-03-15T09:00"]),
    ("0 9 */2 * FRI", "2026-03-07T00:00:00", ["2026-03-13T09:00", "2026-03-27T09:00"]),
    # a rare one: leap days that are Sundays
    ("0 0 29 2 */7", "2073-01-01T00:00:00", ["2088-02-29T00:00", "2128-02-29T00:00"]),
]


@pytest.mark.parametrize(("rule", "start", "expected"), NAMED)
def test_names_times_after_another(rule: str, start: str, expected: list[str]) -> None:
    assert shown(list(islice(parse_cron(rule).after(local(start)), 2))) == expected


@pytest.mark.parametrize(("rule", "start", "expected"), NAMED)
def test_names_the_same_times_backwards(rule: str, start: str, expected: list[str]) -> None:
    first, second = (local(text) for text in expected)
    assert shown(list(islice(parse_cron(rule).until(second), 2))) == [expected[1], expected[0]]
    earlier = next(time for time in parse_cron(rule).until(first) if time < first)
    assert earlier <= local(start)


def test_backwards_begins_with_the_time_itself() -> None:
    rule = parse_cron("30 9 * * *")
    assert shown([next(rule.until(local("2026-03-04T09:30:00")))]) == ["2026-03-04T09:30"]
    assert shown([next(rule.until(local("2026-03-04T09:30:59.999")))]) == ["2026-03-04T09:30"]
    assert shown([next(rule.until(local("2026-03-04T09:29:59.999")))]) == ["2026-03-03T09:30"]


REFUSED = [
    ("", "five fields (minute, hour, day of the month, month, day of the week); \"\" has 0"),
    ("@daily", "has 1"),
    ("0 9 * *", "has 4"),
    ("0 0 9 * * *", "has 6"),
    ("60 * * * *", '"60" is no minute of a cron rule: it takes 0 to 59'),
    ("-5 * * * *", '"-5" is no minute'),
    ("x * * * *", '"x" is no minute'),
    ("1,,2 * * * *", '"1,,2" is no minute'),
    ("*/0 * * * *", '"*/0" is no minute'),
    ("* 24 * * *", '"24" is no hour of a cron rule: it takes 0 to 23'),
    ("* 22-6 * * *", '"22-6" is no hour of a cron rule: it takes 0 to 23, or a list, a rising range'),
    ("0 9 0 * *", '"0" is no day of the month of a cron rule: it takes 1 to 31'),
    ("0 9 32 * *", '"32" is no day of the month'),
    ("0 9 1W * *", '"1W" is no day of the month'),
    ("0 9 * 13 *", '"13" is no month of a cron rule: it takes 1 to 12 or JAN to DEC'),
    ("0 9 * MARCH *", '"MARCH" is no month'),
    ("0 9 * * 8", '"8" is no day of the week of a cron rule: it takes 0 to 7'),
    ("0 9 * * FRI-MON", '"FRI-MON" is no day of the week'),
    ("0 9 * * MON#6", '"MON#6" is no day of the week'),
    ("0 9 ? * *", '"?" is no day of the month'),
    # a step that only looks as if it did something
    ("*/90 * * * *", '"*/90" steps further than 59, the last minute'),
    ("*/5,*/60 * * * *", "steps further than 59"),
    ("0 */24 * * *", "steps further than 23, the last hour"),
    # days that no month has
    ("0 9 30 2 *", '"0 9 30 2 *" never happens: no month has such a day'),
    ("0 9 31 2,4,6,9,11 *", "never happens"),
    ("0 9 */30 2 MON#5", "never happens"),
    # other alphabets
    ("0 9 * * \u017fUN", "ASCII"),
    ("\u0663 9 * * *", "ASCII"),
    ("0\u20039 * * *", "ASCII"),
    ("0 9 * * " + "1" * 5_000, f"at most {CRON_CHARS_MAX} characters"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_refusal_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_cron(text)
    assert caught.value.code == "bad_cron"
    assert why in caught.value.message
    assert caught.value.message.endswith(".")


def test_length_of_a_rule_is_bounded() -> None:
    longest = ",".join(f"{minute}" for minute in range(60)) + " * * * *"
    assert parse_cron(longest.ljust(CRON_CHARS_MAX)).source.startswith("0,1,2")
    with pytest.raises(RuleError, match="bad_cron"):
        parse_cron(longest.ljust(CRON_CHARS_MAX + 1))


@pytest.mark.parametrize("rule", ["* * * * *", "0 0 1 1 *", "0 0 29 2 *"])
def test_times_end_with_the_calendar(rule: str) -> None:
    assert list(parse_cron(rule).after(PlainDateTime.MAX)) == []
    assert list(islice(parse_cron(rule).until(PlainDateTime.MIN), 2)) in ([], [PlainDateTime.MIN])
