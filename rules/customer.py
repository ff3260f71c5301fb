"""A customer's profile: its fields, how it is written, and how expressions see it (HTTP API, "Customers")."""

from __future__ import annotations

import msgspec


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`windows`: when pushes may come, by day (`default`, `mon` … `sun`): pairs of local times."""

    notifications_enabled: bool = True
    windows: dict[str, tuple[tuple[str, str], ...]] = {}
    topics: dict[str, bool] = {}


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


def new_profile(id: str, now: int) -> Profile:
    """The profile of a customer who was named for the first time."""
    return Profile(id=id, created_at=now, updated_at=now)
