"""Which of some locales is the nearest to a customer's: itself, its language with less and less, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

Value = TypeVar("Value")


def canonical(locale: str) -> str:
    """One spelling for each: `en_NZ` and `EN-nz` are `en-nz`."""
    return locale.replace("_", "-").lower()


def widened(locale: str) -> Iterator[str]:
    """The locale, then what is around it: `zh-hant-tw`, `zh-hant`, `zh`."""
    name = canonical(locale)
    while name:
        yield name
        name = name.rpartition("-")[0]


def nearest(by_locale: Mapping[str, Value], locale: str) -> Value | None:
    """What there is for the nearest locale. The keys are canonical."""
    return next((by_locale[name] for name in widened(locale) if name in by_locale), None)
