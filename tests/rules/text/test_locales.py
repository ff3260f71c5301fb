"""The nearest of some locales."""

from __future__ import annotations

import pytest

from rules.text.locales import canonical, nearest, widened


@pytest.mark.parametrize(
    ("locale", "found"),
    [
        ("mi-NZ", "mi-nz"),
        ("mi_NZ", "mi-nz"),
        ("MI", "mi"),
        ("mi-AU", "mi"),
        ("zh-Hant-TW", "zh-hant"),
        ("zh", None),
        ("en", None),
        ("", None),
    ],
)
def test_a_locale_gets_itself_else_what_is_around_it(locale: str, found: str | None) -> None:
    known = {name: name for name in ("mi", "mi-nz", "zh-hant")}
    assert nearest(known, locale) == found


def test_locales_have_one_spelling() -> None:
    assert canonical("zh_Hant_TW") == canonical("ZH-hant-tw") == "zh-hant-tw"
    assert list(widened("zh_Hant_TW")) == ["zh-hant-tw", "zh-hant", "zh"]
