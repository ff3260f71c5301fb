"""A live instance between its turns: a small object that knows how to be found and where its state is.

A resting actor holds its packed state, or none (cold: the store has it). It unpacks for a turn, and is packed
once a group. A million of them must fit in a GiB, so nothing is kept here that the state tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from rules.effects import Subscriptions
from rules.inputs import Input
from rules.instance import State

from .limits import SUBSCRIPTION_SETS_MAX

if TYPE_CHECKING:
    from .definitions import Version

_encode = msgspec.msgpack.Encoder().encode
_decode_subscriptions = msgspec.msgpack.Decoder(Subscriptions).decode
_decode_state = msgspec.msgpack.Decoder(State).decode


class Mail:
    """An input that an actor is to take in this commit, the depth of its cause, and whether it counts."""

    __slots__ = ("depth", "input")

    def __init__(self, input: Input, depth: int) -> None:
        self.input = input
        self.depth = depth


class Actor:
    """One live instance. `group` is the number of the newest commit that holds a change of it; `filed_due` is
    the time that this commit gives the store for it, None as long as that is not known."""

    __slots__ = (
        "customer",
        "due",
        "filed_due",
        "group",
        "id",
        "key",
        "mail",
        "new",
        "open_cards",
        "packed",
        "pins",
        "state",
        "subscriptions",
        "touched",
        "version",
    )

    def __init__(self, *, id: str, customer: str, key: str | None, version: Version) -> None:
        self.id = id
        self.customer = customer
        self.key = key
        self.version = version
        self.subscriptions: SubscriptionSet = NONE
        self.open_cards = 0
        self.packed: bytes | None = None
        self.state: State | None = None
        self.due: int | None = None
        self.filed_due: int | None = None
        self.mail: list[Mail] | None = None
        self.pins = 0
        self.group = 0
        self.new = False
        self.touched = False

    @property
    def is_cold(self) -> bool:
        return self.packed is None and self.state is None

    def unpack(self) -> State:
        """The state, as objects; the actor must not be cold."""
        if self.state is None:
            assert self.packed is not None, f"{self.id} is cold"
            self.state = _decode_state(self.packed)
            self.due = next_due(self.state)
        return self.state

    def pack(self) -> bytes:
        """The state, as bytes, from here on."""
        assert self.state is not None, f"{self.id} had no turn"
        self.packed = _encode(self.state)
        self.state = None
        return self.packed


def next_due(state: State) -> int | None:
    """When time next matters to an instance in this state (what `Turn.due` said after its last turn)."""
    timers = state.timers
    if len(timers) == 1:
        return timers[0].due
    return min([timer.due for timer in timers], default=None)


class SubscriptionSet:
    """`Subscriptions` as many instances share them: with their packed form, and sets to ask."""

    __slots__ = ("by_any", "by_customer", "by_key", "packed", "profile", "value")

    def __init__(self, value: Subscriptions, packed: bytes) -> None:
        self.value = value
        self.packed = packed
        self.by_customer = frozenset(value.by_customer)
        self.by_key = frozenset(value.by_key)
        self.by_any = frozenset(value.by_any)
        self.profile = value.profile


NONE: Final = SubscriptionSet(Subscriptions(), _encode(Subscriptions()))


class SubscriptionSets:
    """Gives equal subscriptions one object. Forgetting them costs memory, never a delivery."""

    def __init__(self) -> None:
        self._by_value: dict[Subscriptions, SubscriptionSet] = {}
        self._by_packed: dict[bytes, SubscriptionSet] = {}

    def of(self, value: Subscriptions) -> SubscriptionSet:
        return self._by_value.get(value) or self._add(value)

    def packed(self, packed: bytes) -> SubscriptionSet:
        return self._by_packed.get(packed) or self._add(_decode_subscriptions(packed))

    def _add(self, value: Subscriptions) -> SubscriptionSet:
        if len(self._by_value) >= SUBSCRIPTION_SETS_MAX:
            self._by_value.clear()
            self._by_packed.clear()
        added = SubscriptionSet(value, _encode(value))
        self._by_value[value] = self._by_packed[added.packed] = added
        return added
