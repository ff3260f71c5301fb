"""Profiles as the loop sees them: the ones in use, who is known to exist, and writes waiting for a commit.

Loading is `prefetch.py`; what a profile is and how it changes is `rules/customers/profile.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice

import msgspec

from rules.customers.profile import Profile, new_profile

from .records import CustomerRow

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Profile).decode


class Customers:
    """The least recently used profiles leave first, but none before the commit that holds its last write."""

    def __init__(self, profiles_max: int) -> None:
        self._profiles_max = profiles_max
        # None: the store was asked and has no such customer.
        self._profiles: OrderedDict[str, Profile | None] = OrderedDict()
        self._dirty: dict[str, int] = {}
        self._pins: dict[str, int] = {}

    def is_loaded(self, id: str) -> bool:
        """Whether the profile, or that there is none, is known."""
        return id in self._profiles

    def profile(self, id: str) -> Profile | None:
        """The profile of a loaded customer; None if there is no such customer."""
        self._profiles.move_to_end(id)
        return self._profiles[id]

    def load(self, id: str, row: CustomerRow | None) -> None:
        """What the store said; a profile that is loaded already is newer, and stays."""
        if id not in self._profiles:
            self._profiles[id] = None if row is None else _decode(row.profile)

    def create(self, id: str, *, now: int, group: int) -> Profile:
        assert self._profiles[id] is None, "a customer is created once"
        return self.put(new_profile(id, now), group=group)

    def put(self, profile: Profile, *, group: int) -> Profile:
        """Written by the turn that the commit `group` holds."""
        self._profiles[profile.id] = profile
        self._profiles.move_to_end(profile.id)
        self._dirty[profile.id] = group
        return profile

    def committed(self, ids: Iterable[str], *, group: int) -> None:
        """These rows of `group` are stored."""
        for id in ids:
            if self._dirty.get(id) == group:
                del self._dirty[id]

    def clear(self) -> None:
        self._profiles.clear()
        self._dirty.clear()
        self._pins.clear()

    def pin(self, id: str) -> None:
        """An input on its way will ask for this profile: once loaded it stays until `unpin`."""
        self._pins[id] = self._pins.get(id, 0) + 1

    def unpin(self, id: str) -> None:
        self._pins[id] -= 1
        if not self._pins[id]:
            del self._pins[id]

    def evict(self) -> None:
        """Make room; called between turns, when nobody holds on to a profile that it has looked up."""
        surplus = len(self._profiles) - self._profiles_max
        if surplus <= 0:
            return
        oldest = islice(self._profiles, surplus)
        for id in [id for id in oldest if id not in self._dirty and id not in self._pins]:
            del self._profiles[id]


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
    )
