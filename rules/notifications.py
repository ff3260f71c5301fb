"""Notifications: a template compiled once, and the push that it renders to for one customer (§8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from .errors import RuleError
from .json_values import as_json
from .limits import PUSH_BYTES_MAX
from .text.printing import text_of

if TYPE_CHECKING:
    from .text.printing import Setting
    from .values import Value

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationTemplate:
    """`texts` are `title` and `body`, `translations` the same by locale, `values` what else is rendered."""

    id: str
    texts: Mapping[str, Value]
    translations: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    fixed: Mapping[str, object] = field(default_factory=dict)
    topic: str | None = None


def render_notification(
    template: NotificationTemplate, context: Mapping[str, object], setting: Setting
) -> dict[str, object]:
    """What is sent: title, body and the rest that the template has. RuleError `push_too_large` over 4 KiB."""
    translated = _translation(template, setting.locale)
    texts = {
        name: text_of(translated.get(name, text).resolve(context, setting))
        for name, text in template.texts.items()
    }
    values = {name: as_json(value.resolve(context, setting)) for name, value in template.values.items()}
    push: dict[str, object] = {**template.fixed, **texts, **values}
    size = len(_encode(push))
    if size > PUSH_BYTES_MAX:
        raise RuleError(
            "push_too_large", f"The notification has {size} bytes; {PUSH_BYTES_MAX} are the most."
        )
    return push


def _translation(template: NotificationTemplate, locale: str) -> Mapping[str, Value]:
    """The texts for the locale, else for its language, else none: then the template's own are taken."""
    found = template.translations.get(locale)
    return found or template.translations.get(locale.partition("-")[0], {})
