"""A customer's preferences: whether, when and about what they may be sent notifications."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from ..calendar.times import WEEKDAYS
from ..calendar.windows import Window
from ..limits import NAME_BYTES_MAX, TOPICS_MAX, WINDOWS_PER_DAY_MAX
from .errors import Problems

DAYS: Final = ("default", *WEEKDAYS)
_LOCAL_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`windows`: when pushes may come, by day (`default`, `mon` … `sun`): pairs of local times."""

    notifications_enabled: bool = True
    windows: dict[str, tuple[Window, ...]] = {}
    topics: dict[str, bool] = {}


def preferences_context(preferences: Preferences) -> dict[str, object]:
    """As expressions see them."""
    windows = {day: [list(window) for window in windows] for day, windows in preferences.windows.items()}
    return {
        "notifications_enabled": preferences.notifications_enabled,
        "windows": windows,
        "topics": preferences.topics,
    }


def merged_preferences(preferences: Preferences, value: object, problems: Problems) -> Preferences:
    """The preferences with what `value` names; null restores a default, of a day or topic too."""
    if value is None:
        return Preferences()
    if not isinstance(value, dict):
        problems.add("/preferences", "bad_value", "This must be an object.")
        return preferences
    enabled, windows, topics = preferences.notifications_enabled, preferences.windows, preferences.topics
    for name, item in value.items():
        if name == "notifications_enabled":
            enabled = True if item is None else _flag(item, "/preferences/notifications_enabled", problems)
        elif name == "windows":
            windows = _merged_windows(windows, item, problems)
        elif name == "topics":
            topics = _merged_topics(topics, item, problems)
        else:
            problems.add_unknown("/preferences", name, f"Preferences have no `{name[:64]}`.")
    return Preferences(notifications_enabled=enabled, windows=windows, topics=topics)


def _flag(value: object, pointer: str, problems: Problems) -> bool:
    if not isinstance(value, bool):
        problems.add(pointer, "bad_value", "This must be true or false.")
    return value is True


def _merged_windows(
    windows: Mapping[str, tuple[Window, ...]], value: object, problems: Problems
) -> dict[str, tuple[Window, ...]]:
    merged = {} if value is None else dict(windows)
    if not isinstance(value, dict | None):
        problems.add("/preferences/windows", "bad_value", "This must be an object of days.")
        return merged
    for day, item in (value or {}).items():
        if day not in DAYS:
            message = f"There is no day `{day[:64]}`; days are {', '.join(DAYS)}."
            problems.add_unknown("/preferences/windows", day, message)
        elif item is None:
            merged.pop(day, None)
        elif _are_windows(item):
            merged[day] = tuple((first, last) for first, last in item)
        else:
            message = (
                f'This must be a list of at most {WINDOWS_PER_DAY_MAX} windows such as ["09:00", "17:00"].'
            )
            problems.add(f"/preferences/windows/{day}", "bad_value", message)
    return merged


def _are_windows(value: object) -> bool:
    return isinstance(value, list) and len(value) <= WINDOWS_PER_DAY_MAX and all(map(_is_window, value))


def _is_window(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return (
        all(isinstance(time, str) and _LOCAL_TIME.fullmatch(time) for time in value) and value[0] < value[1]
    )


def _merged_topics(topics: Mapping[str, bool], value: object, problems: Problems) -> dict[str, bool]:
    merged = {} if value is None else dict(topics)
    if not isinstance(value, dict | None):
        problems.add("/preferences/topics", "bad_value", "This must be an object of topics.")
        return merged
    for topic, item in (value or {}).items():
        if not topic or len(topic.encode()) > NAME_BYTES_MAX or not topic.isprintable():
            message = f"A topic is printable text of at most {NAME_BYTES_MAX} bytes."
            problems.add("/preferences/topics", "bad_name", message)
        elif item is None:
            merged.pop(topic, None)
        else:
            merged[topic] = _flag(item, f"/preferences/topics/{topic}", problems)
    if len(merged) > TOPICS_MAX:
        problems.add("/preferences/topics", "too_many", f"A customer has at most {TOPICS_MAX} topics.")
    return merged
