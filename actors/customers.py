"""Profiles as the loop sees them: None where the store was asked and has no such customer.

What a profile is and how it changes is `rules/customers/profile.py`.
"""

from __future__ import annotations

import msgspec

from rules.customers.profile import Profile

from .cache import Cache
from .records import CustomerRow

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Profile).decode


class Customers(Cache[str, Profile | None]):
    """By id."""

    def load_row(self, id: str, row: CustomerRow | None) -> None:
        if not self.is_loaded(id):
            self.load(id, None if row is None else profile_of(row))

    def write(self, profile: Profile, *, group: int) -> None:
        self.put(profile.id, profile, group=group)


def profile_of(row: CustomerRow) -> Profile:
    return _decode(row.profile)


def row_of(profile: Profile) -> CustomerRow:
    searched = (profile.name, profile.first_name, profile.last_name, profile.email, profile.phone)
    return CustomerRow(
        id=profile.id,
        profile=_encode(profile),
        test=profile.test,
        tags=profile.tags,
        created_at=profile.created_at,
        updated_at=profile.updated_at,
        search=" ".join(part for part in searched if part),
        segments=profile.segments,
        timezone=profile.timezone,
    )
