"""Letters: what other commits left for later, kept in the inbox as MessagePack; the closed set of them."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from rules.causes import Cause
from rules.effects import StartChild
from rules.inputs import Event, Input
from rules.instance import Parent

from .commands import Target


class Deliver(msgspec.Struct, frozen=True, tag="deliver", array_like=True):
    """An input for one instance."""

    instance: str
    input: Input
    depth: int = 0


class Raise(msgspec.Struct, frozen=True, tag="raise", array_like=True):
    """An event that a flow raised for another customer, or for nobody in particular."""

    event: Event


class Pull(msgspec.Struct, frozen=True, tag="pull", array_like=True):
    """A trigger that is pulled for somebody whose start could not be taken at once."""

    flow: str
    trigger: str
    target: str
    cause: Cause
    begin_at: int | None = None
    test: bool = False


class Review(msgspec.Struct, frozen=True, tag="review", array_like=True):
    """A customer who could not be held against segments at once, and the event to be counted, if any."""

    customer: str
    event: str = ""
    at: int = 0
    depth: int = 0
    test: bool = False


class Spread(msgspec.Struct, frozen=True, tag="spread", array_like=True):
    """An event for many instances: taken, it becomes a `Deliver` for each."""

    instances: tuple[str, ...]
    event: Event


class Begin(msgspec.Struct, frozen=True, tag="begin", array_like=True):
    """A flow that another instance starts, under the id that it gave."""

    child: StartChild
    parent: Parent


class StartOne(msgspec.Struct, frozen=True, tag="start", array_like=True):
    """A start by API of this version for one target; a letter where what it looks at is not in memory."""

    flow: str
    version: int
    target: Target
    invocation: str
    client: str
    test: bool = False


Letter: TypeAlias = Deliver | Raise | Pull | Review | Spread | Begin | StartOne

encode_letter: Final = msgspec.msgpack.Encoder().encode
decode_letter: Final = msgspec.msgpack.Decoder(Letter).decode
