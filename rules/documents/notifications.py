"""Notification templates as they are written (flow format §8)."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .parts import DurationText, Locale, Name, Part, Platform, Template


class NotificationTexts(Part, frozen=True, kw_only=True):
    """The texts of a notification in another language."""

    title: Template | UnsetType = UNSET
    body: Template | UnsetType = UNSET


class Notification(Part, frozen=True, kw_only=True):
    """A push to the customer's devices; rendered, it may have at most 4 KiB."""

    title: Template = ""
    body: Template
    data: dict[str, Any] | UnsetType = UNSET
    image: Template | UnsetType = UNSET
    sound: Annotated[str, Meta(max_length=limits.TITLE_CHARS_MAX)] | UnsetType = UNSET
    badge: int | Template | UnsetType = UNSET
    collapse_key: Template | UnsetType = UNSET
    ttl: DurationText | UnsetType = UNSET
    platforms: (
        Annotated[list[Platform], Meta(min_length=1, max_length=limits.PLATFORM_COUNT_MAX)] | UnsetType
    ) = UNSET
    topic: Name | UnsetType = UNSET
    translations: Annotated[
        dict[Locale, NotificationTexts], Meta(max_length=limits.TRANSLATION_COUNT_MAX)
    ] = {}
