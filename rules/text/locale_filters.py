"""The filters that print for people: money, numbers, dates and plurals in a locale and a zone."""

import re
from collections.abc import Callable, Mapping
from copy import copy
from datetime import date as Date
from datetime import datetime
from functools import lru_cache

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency

from ..calendar.times import parse_rfc3339, to_ms
from ..calendar.zones import zoned
from ..errors import EvaluationError, RuleError
from ..limits import DATE_PATTERN_CHARS_MAX
from .filters import decimals_of, number_of
from .printing import Setting, text_of

_LENGTHS = frozenset({"short", "medium", "long", "full"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
# Letters and digits only: a locale's name becomes the name of a file of its data.
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_FALLBACK = "en"

LocaleFilter = Callable[..., object]


def money(setting: Setting, value: object, currency: object) -> str:
    """`{{ 12.5 | money: "EUR" }}`; nothing for null."""
    code = text_of(currency).upper()
    if _CURRENCY.fullmatch(code) is None:
        raise EvaluationError("invalid_value", f'"{code[:16]}" is not a currency code such as EUR.')
    return (
        "" if value is None else format_currency(number_of(value), code, locale=find_locale(setting.locale))
    )


def number(setting: Setting, value: object, decimals: object = None) -> str:
    """Grouped, with the decimals it has or those asked for; `number: "percent"` of 0.2 is 20 %."""
    if value is None:
        return ""
    locale = find_locale(setting.locale)
    if decimals == "percent":
        return str(locale.percent_formats[None].apply(number_of(value), locale))
    pattern = copy(locale.decimal_formats[None])
    if decimals is not None:
        pattern.frac_prec = (decimals_of(decimals),) * 2
    return str(pattern.apply(number_of(value), locale))


def date(setting: Setting, value: object, form: object = "medium") -> str:
    """`short medium long full` print the day; anything else is a CLDR pattern (`EEEE HH:mm`)."""
    if value is None or value == "":
        return ""
    pattern, locale = text_of(form), find_locale(setting.locale)
    if len(pattern) > DATE_PATTERN_CHARS_MAX:
        raise EvaluationError(
            "invalid_value", f"A date pattern has at most {DATE_PATTERN_CHARS_MAX} characters."
        )
    moment = _local(value, setting.zone)
    if pattern in _LENGTHS:
        return format_date(moment, pattern, locale=locale)
    try:
        return format_datetime(moment, pattern, tzinfo=moment.tzinfo, locale=locale)
    except (ValueError, KeyError, AttributeError) as error:
        raise EvaluationError("invalid_value", f'"{pattern}" is not a date pattern.') from error


def plural(setting: Setting, value: object, one: object = None, other: object = None, **forms: object) -> str:
    """`{{ n | plural: "day", "days" }}`, or by the locale's own forms: `plural: one: …, few: …, other: …`."""
    unknown = forms.keys() - {"zero", "two", "few", "many"}
    if unknown or other is None:
        raise EvaluationError("invalid_value", '"plural" takes zero, one, two, few, many and, always, other.')
    form = find_locale(setting.locale).plural_form(number_of(value))
    chosen = {"one": one, **forms}.get(form)
    return text_of(other if chosen is None else chosen)


LOCALE_FILTERS: Mapping[str, LocaleFilter] = {
    "money": money,
    "number": number,
    "date": date,
    "plural": plural,
}


@lru_cache(maxsize=256)
def find_locale(name: str) -> Locale:
    """The nearest locale there is: `mi-XX` falls back to `mi`, what is unknown to English."""
    if _LOCALE.fullmatch(name) is None:
        return Locale(_FALLBACK)
    parts = name.replace("-", "_").split("_")
    while parts:
        try:
            return Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return Locale(_FALLBACK)


def _local(value: object, zone: str) -> datetime:
    """The instant on the customer's clocks; a day alone is that day everywhere."""
    try:
        if isinstance(value, datetime):
            return zoned(to_ms(value), zone).to_stdlib()
        if isinstance(value, str) and _DATE.fullmatch(value):
            return datetime.combine(Date.fromisoformat(value), datetime.min.time())
        if isinstance(value, str):
            return zoned(parse_rfc3339(value), zone).to_stdlib()
    except ValueError as error:
        raise _no_date(value) from error
    except RuleError as error:
        raise EvaluationError(error.code, error.message) from error
    raise _no_date(value)


def _no_date(value: object) -> EvaluationError:
    return EvaluationError("bad_time", f'"{text_of(value)[:40]}" is neither a time nor a date.')
