"""A customer's profile: its fields, how it is written, and how expressions see it (HTTP API, "Customers").

Writes are checked whole before anything changes; the profile itself is never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace as with_fields

from ..calendar.times import to_datetime
from ..calendar.zones import check_zone
from ..errors import RuleError
from ..limits import (
    NAME_BYTES_MAX,
    PROFILE_BYTES_MAX,
    PROFILE_FIELDS_MAX,
    PROFILE_TAGS_MAX,
    PROFILE_TEXT_CHARS_MAX,
)
from .errors import Problems, ProfileError
from .preferences import Preferences, merged_preferences, preferences_context

if TYPE_CHECKING:
    from ..effects import ChangeCustomer

__all__ = ["Activity", "Preferences", "Profile", "ProfileError"]


class Activity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When the customer's apps were seen, ms since the epoch."""

    first_seen_at: int | None = None
    last_seen_at: int | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer. `fields` are the custom ones; `segments` are kept by the server; instants are ms."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    locale: str | None = None
    timezone: str | None = None
    fields: dict[str, object] = {}
    tags: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    test: bool = False
    preferences: Preferences = Preferences()
    activity: Activity = Activity()
    created_at: int
    updated_at: int


TEXTS: Final = (
    "first_name",
    "last_name",
    "name",
    "email",
    "phone",
    "city",
    "region",
    "country",
    "locale",
    "timezone",
)
STANDARD: Final = frozenset(Profile.__struct_fields__)
"""Names that a custom field may not take: in expressions they stand beside each other."""

_FLAT: Final = frozenset({*TEXTS, "test", "tags"})
_KEPT_BY_SERVER: Final = frozenset({"segments", "activity", "created_at", "updated_at"})
_FIELD_NAME_CHARS_MAX: Final = 64

_encode = msgspec.msgpack.Encoder().encode


def new_profile(id: str, now: int) -> Profile:
    """The profile of a customer who was named for the first time."""
    return Profile(id=id, created_at=now, updated_at=now)


def context(profile: Profile) -> dict[str, object]:
    """The profile as expressions see it: custom fields beside the standard ones, instants as datetimes."""
    activity = profile.activity
    return {
        **profile.fields,
        "id": profile.id,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "name": profile.name,
        "email": profile.email,
        "phone": profile.phone,
        "city": profile.city,
        "region": profile.region,
        "country": profile.country,
        "locale": profile.locale,
        "timezone": profile.timezone,
        "fields": profile.fields,
        "tags": list(profile.tags),
        "segments": list(profile.segments),
        "test": profile.test,
        "preferences": preferences_context(profile.preferences),
        "activity": {
            "first_seen_at": _datetime(activity.first_seen_at),
            "last_seen_at": _datetime(activity.last_seen_at),
        },
        "created_at": to_datetime(profile.created_at),
        "updated_at": to_datetime(profile.updated_at),
    }


def change(profile: Profile, write: ChangeCustomer, now: int) -> Profile:
    """The profile after a step's write: fields by name, standard or custom; tags added, then removed."""
    problems = Problems()
    standard, fields = {}, dict(profile.fields)
    for name, value in write.set.items():
        if name in TEXTS:
            standard[name] = _text(name, value, f"/{name}", problems)
        elif name in STANDARD:
            problems.add(f"/{name}", "read_only", f"A flow cannot write `{name}`.")
        else:
            _set_field(fields, name, value, f"/{name}", problems)
    tags = dict.fromkeys((*profile.tags, *write.add_tags))
    kept = [tag for tag in tags if tag not in write.remove_tags]
    _check_tags(kept, problems)
    changed = with_fields(profile, **standard, fields=fields, tags=tuple(kept))
    return _dated(profile, _checked(changed, problems), now)


def seen(profile: Profile, now: int, *, every_ms: int) -> Profile:
    """The profile once an app of the customer was there: the very same if that was noted lately.

    It is no update: `updated_at` stays.
    """
    activity = profile.activity
    if activity.last_seen_at is not None and now - activity.last_seen_at < every_ms:
        return profile
    first = now if activity.first_seen_at is None else activity.first_seen_at
    return with_fields(profile, activity=Activity(first_seen_at=first, last_seen_at=now))


def can_be_claimed(name: str) -> bool:
    """Whether a login may say it of its customer: a standard field that is one value, or a custom one."""
    return name in _FLAT or (name not in STANDARD and _is_field_name(name))


def claimed(values: Mapping[str, object]) -> dict[str, object]:
    """Standard and custom fields by name, as the body of a `merge`."""
    standard = {name: value for name, value in values.items() if name in STANDARD}
    fields = {name: value for name, value in values.items() if name not in STANDARD}
    return {**standard, "fields": fields} if fields else standard


def merge(profile: Profile, body: Mapping[str, object], now: int) -> Profile:
    """PATCH: what the body names is written, null removes; `fields` and `preferences` are merged likewise.

    ProfileError, with everything that is wrong, changes nothing.
    """
    return _dated(profile, _merged(profile, body), now)


def replace(profile: Profile, body: Mapping[str, object], now: int) -> Profile:
    """PUT: as `merge` into an empty profile. What the server keeps stays, and may be sent back unread."""
    bare = Profile(
        id=profile.id,
        segments=profile.segments,
        activity=profile.activity,
        created_at=profile.created_at,
        updated_at=profile.updated_at,
    )
    given = {name: value for name, value in body.items() if name not in _KEPT_BY_SERVER}
    return _dated(profile, _merged(bare, given), now)


def _dated(before: Profile, after: Profile, now: int) -> Profile:
    """The very profile from before if nothing new is said: that is no update. True is not 1 here."""
    is_same = after == before and _encode(after) == _encode(before)
    return before if is_same else with_fields(after, updated_at=now)


def _merged(profile: Profile, body: Mapping[str, object]) -> Profile:
    problems = Problems()
    written: dict[str, object] = {}
    for name, value in body.items():
        if name == "id":
            if value != profile.id:
                problems.add("/id", "read_only", "The id of a customer cannot be changed.")
        elif name in TEXTS:
            written[name] = _text(name, value, f"/{name}", problems)
        elif name == "test":
            written[name] = _flag(value, "/test", problems)
        elif name == "tags":
            written[name] = _tags(value, problems)
        elif name == "fields":
            written[name] = _merged_fields(profile.fields, value, problems)
        elif name == "preferences":
            written[name] = merged_preferences(profile.preferences, value, problems)
        elif name in _KEPT_BY_SERVER:
            problems.add(f"/{name}", "read_only", f"`{name}` is kept by the server.")
        else:
            message = f"A profile has no `{name[:64]}`; custom fields stand under `fields`."
            problems.add_unknown("", name, message)
    return _checked(with_fields(profile, **written), problems)


def _checked(profile: Profile, problems: Problems) -> Profile:
    if len(profile.fields) > PROFILE_FIELDS_MAX:
        problems.add("/fields", "too_many", f"A profile has at most {PROFILE_FIELDS_MAX} custom fields.")
    # Memberships left aside: a profile that was taken once may be written again.
    if not problems.found and len(_encode(with_fields(profile, segments=()))) > PROFILE_BYTES_MAX:
        problems.add("", "too_large", f"A profile has at most {PROFILE_BYTES_MAX} bytes.")
    problems.raise_found()
    return profile


def _text(name: str, value: object, pointer: str, problems: Problems) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > PROFILE_TEXT_CHARS_MAX:
        message = f"This must be text of at most {PROFILE_TEXT_CHARS_MAX} characters."
        problems.add(pointer, "bad_value", message)
        return None
    if name == "timezone":
        try:
            check_zone(value)
        except RuleError as error:
            problems.add(pointer, error.code, error.message)
    return value


def _flag(value: object, pointer: str, problems: Problems) -> bool:
    if not isinstance(value, bool):
        problems.add(pointer, "bad_value", "This must be true or false.")
    return value is True


def _tags(value: object, problems: Problems) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        problems.add("/tags", "bad_value", "This must be a list of texts.")
        return ()
    tags = list(dict.fromkeys(value))
    _check_tags(tags, problems)
    return tuple(tags)


def _check_tags(tags: list[str], problems: Problems) -> None:
    if len(tags) > PROFILE_TAGS_MAX:
        problems.add("/tags", "too_many", f"A customer has at most {PROFILE_TAGS_MAX} tags.")
    if not all(tag.isprintable() and 0 < len(tag.encode()) <= NAME_BYTES_MAX for tag in tags):
        problems.add("/tags", "bad_value", f"A tag is printable text of at most {NAME_BYTES_MAX} bytes.")


def _merged_fields(fields: Mapping[str, object], value: object, problems: Problems) -> dict[str, object]:
    if value is None:
        return {}
    merged = dict(fields)
    if not isinstance(value, dict):
        problems.add("/fields", "bad_value", "This must be an object.")
        return merged
    for name, item in value.items():
        _set_field(merged, name, item, f"/fields/{name}", problems)
    return merged


def _set_field(fields: dict[str, object], name: str, value: object, pointer: str, problems: Problems) -> None:
    """Write one custom field; null removes it."""
    pointer = pointer[: 2 * _FIELD_NAME_CHARS_MAX]
    if name in STANDARD:
        problems.add(
            pointer, "standard_name", f"`{name}` is a standard field; a custom one needs another name."
        )
    elif not _is_field_name(name):
        message = f"A field's name has letters, digits and _, at most {_FIELD_NAME_CHARS_MAX} characters."
        problems.add(pointer, "bad_name", message)
    elif value is None:
        fields.pop(name, None)
    elif not _is_field_value(value):
        message = "A field is text, a number, true or false, or a list of these."
        problems.add(pointer, "bad_value", message)
    else:
        fields[name] = value


def _is_field_name(name: str) -> bool:
    return name.isidentifier() and name.isascii() and len(name) <= _FIELD_NAME_CHARS_MAX


def _is_field_value(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str | int | float) for item in value)
    return isinstance(value, str | int | float)


def _datetime(at: int | None) -> object:
    return None if at is None else to_datetime(at)
