"""Money, numbers, dates and plurals for people."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from rules.errors import EvaluationError
from rules.limits import DATE_PATTERN_CHARS_MAX
from rules.text.locale_filters import LOCALE_FILTERS, find_locale
from rules.text.printing import Setting

MOMENT = datetime(2026, 3, 1, 20, 5, tzinfo=UTC)
EN, DE, NZ = Setting("en"), Setting("de", "Europe/Berlin"), Setting("en-NZ", "Pacific/Auckland")


def apply(name: str, setting: Setting, *arguments: object, **named: object) -> object:
    return LOCALE_FILTERS[name](setting, *arguments, **named)


@pytest.mark.parametrize(
    ("name", "setting", "arguments", "text"),
    [
        ("money", EN, (1234.5, "EUR"), "€1,234.50"),
        ("money", DE, ("1234.5", "eur"), "1.234,50\xa0€"),
        ("money", EN, (1234.0, "JPY"), "¥1,234"),
        ("money", EN, (None, "EUR"), ""),
        ("number", EN, (1234567.891,), "1,234,567.891"),
        ("number", DE, (1234.5, 2), "1.234,50"),
        ("number", Setting("hi-IN"), (1234567, 0), "12,34,567"),
        ("number", EN, (0.256, "percent"), "26%"),
        ("number", EN, (None,), ""),
        ("date", EN, (MOMENT,), "Mar 1, 2026"),
        ("date", EN, (MOMENT, "short"), "3/1/26"),
        ("date", DE, (MOMENT, "long"), "1. März 2026"),
        ("date", DE, (MOMENT, "full"), "Sonntag, 1. März 2026"),
        ("date", NZ, (MOMENT, "long"), "2 March 2026"),
        ("date", NZ, (MOMENT, "EEEE HH:mm"), "Monday 09:05"),
        ("date", NZ, ("2026-03-01T20:05:00Z", "d/M HH:mm"), "2/3 09:05"),
        ("date", NZ, ("2026-03-01", "long"), "1 March 2026"),
        ("date", DE, ("2026-03-29T00:59:59Z", "HH:mm xxx"), "01:59 +01:00"),
        ("date", DE, ("2026-03-29T01:00:00Z", "HH:mm xxx"), "03:00 +02:00"),
        ("date", DE, ("2026-10-25T00:30:00Z", "HH:mm xxx"), "02:30 +02:00"),
        ("date", DE, ("2026-10-25T01:30:00Z", "HH:mm xxx"), "02:30 +01:00"),
        ("date", NZ, ("2028-02-28T12:00:00Z", "long"), "29 February 2028"),
        ("date", EN, (None,), ""),
        ("date", EN, ("",), ""),
        ("plural", EN, (1, "day", "days"), "day"),
        ("plural", EN, (1.0, "day", "days"), "day"),
        ("plural", EN, (0, "day", "days"), "days"),
        ("plural", EN, ("2", "day", "days"), "days"),
    ],
)
def test_prints_for_people(name: str, setting: Setting, arguments: tuple[object, ...], text: str) -> None:
    assert apply(name, setting, *arguments) == text


POLISH: Mapping[str, object] = {"one": "dzień", "few": "dni", "many": "dni!", "other": "dnia"}


@pytest.mark.parametrize(("count", "form"), [(1, "dzień"), (2, "dni"), (5, "dni!"), (1.5, "dnia")])
def test_plural_has_the_forms_of_the_language(count: float, form: str) -> None:
    assert apply("plural", Setting("pl"), count, **POLISH) == form


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("money", (5, "Euro"), "invalid_value"),
        ("money", (5, None), "invalid_value"),
        ("money", ("five", "EUR"), "type_mismatch"),
        ("number", ("five",), "type_mismatch"),
        ("number", (5, 99), "invalid_value"),
        ("date", ("soon",), "bad_time"),
        ("date", ("2026-02-30",), "bad_time"),
        ("date", ("2026-02-30T00:00:00Z",), "bad_time"),
        ("date", (5,), "bad_time"),
        ("date", (MOMENT, "y" * (DATE_PATTERN_CHARS_MAX + 1)), "invalid_value"),
        ("date", (MOMENT, "DDDDDDDD"), "invalid_value"),
        ("plural", (5, "day"), "invalid_value"),
        ("plural", ("x", "day", "days"), "type_mismatch"),
    ],
)
def test_fails(name: str, arguments: tuple[object, ...], code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        apply(name, EN, *arguments)
    assert caught.value.code == code


def test_plural_refuses_forms_that_no_language_has() -> None:
    with pytest.raises(EvaluationError, match="invalid_value"):
        apply("plural", EN, 5, "day", "days", dozen="x")


def test_longest_date_pattern_is_taken() -> None:
    assert apply("date", EN, MOMENT, "y" * DATE_PATTERN_CHARS_MAX)


def test_unknown_zone_fails() -> None:
    with pytest.raises(EvaluationError, match="unknown_zone"):
        apply("date", Setting("en", "Mars/Base"), MOMENT)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("de", "de"),
        ("en-NZ", "en_NZ"),
        ("en_NZ", "en_NZ"),
        ("mi-XX", "mi"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("xx", "en"),
        ("", "en"),
        ("../../etc/passwd", "en"),
        ("de" * 500, "en"),
    ],
)
def test_nearest_locale(name: str, found: str) -> None:
    assert str(find_locale(name)) == found
