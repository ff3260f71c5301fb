"""The closed set of what an instance can be told. One input, one turn (flow format §9.2).

Inputs are values that can be serialised: what is not taken in the commit of its cause waits in the inbox
as MessagePack of these types.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from .instance import Parent
from .model import Origin


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened. `time` is ms since the epoch; `depth` counts causes (§9.5).

    What a test instance raised is a `test`: only test instances hear it, and it starts none (§9.10).
    """

    id: str
    name: str
    time: int
    customer: str | None = None
    key: str | None = None
    data: dict[str, object] = {}
    origin: Origin = Origin.BACKEND
    source: str = ""
    depth: int = 0
    test: bool = False


class Started(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="started"):
    """The first input of an instance. `trigger` is the trigger's name, or "api".

    `variables` are what the trigger or the caller supplied, resolved but not yet checked against the
    flow's declarations; `start` overrides the flow's first steps; `depth` is that of the cause; `parent` the
    instance whose start_flow step it is; `begin_at` (ms) when its first steps run, if not at once.
    """

    trigger: str
    trigger_type: str
    event: Event | None = None
    variables: dict[str, object] = {}
    metadata: dict[str, object] = {}
    start: tuple[str, ...] | None = None
    depth: int = 0
    parent: Parent | None = None
    begin_at: int | None = None


class EventArrived(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="event"):
    """An event that one of the instance's subscriptions asked for."""

    event: Event


class TimeCame(msgspec.Struct, frozen=True, kw_only=True, tag="time"):
    """The earliest timer or card transition that is due by `now` is to be applied: exactly one a turn."""


class CardActed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="action"):
    """The customer did something to a card. Names are those of the live protocol's `act`.

    `outdated`: the tap was made on a view that has been rendered again since (for `fresh` buttons).
    `until` is ms since the epoch, resolved from `until` or `for` by the edge.
    """

    card: str
    action: str
    button: str | None = None
    values: dict[str, object] = {}
    until: int | None = None
    reason: str | None = None
    message: str | None = None
    element: str | None = None
    outdated: bool = False
    by: str = "customer"


class CardWithdrawn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="withdrawn"):
    """An operator or the API cancels one open card."""

    card: str
    reason: str = "api"


class CustomerChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="customer"):
    """The profile was written: profile outcomes look again. `depth` is that of the write (§9.5)."""

    depth: int = 0


class Cancelled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="cancelled"):
    """The whole instance is cancelled (by hand, API, publish)."""

    reason: str = "api"


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What a third party answered; header names are in lower case, a JSON body is parsed."""

    status: int
    headers: dict[str, str] = {}
    body: object = None


class RequestDone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="response"):
    """An attempt of a request step is over: with a response, or a failure of a stable code (`timeout`, …)."""

    step: str
    activation: int
    attempt: int
    response: Response | None = None
    failure: str | None = None
    message: str = ""


class PushReported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="push"):
    """What became of a push: `sent`, `failed`, `no_device`, `dropped` or `opened`."""

    push: str
    step: str
    status: str
    message: str = ""


class ChildReported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="child"):
    """An instance that a start_flow step started has ended, or was refused (`reason`)."""

    instance: str
    step: str
    activation: int
    status: str
    outcome: str | None = None
    reason: str = ""


class Repaired(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="repair"):
    """An operator has parked tokens tried again, or led past their step (flow format §9.7).

    `step` None: every parked token, and what a fault of ours consumed. `to`: where a skip goes on instead of
    the step's `next`. `fresh`: a new activation, and with it a new idempotency key.
    """

    action: Literal["retry", "skip"]
    step: str | None = None
    to: tuple[str, ...] | None = None
    fresh: bool = False


class Migrated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="migrated"):
    """The instance moves from one version of its flow to another, or back (`undone`); see `migrating`."""

    before: int
    version: int
    undone: bool = False


Input: TypeAlias = (
    Started
    | EventArrived
    | TimeCame
    | CardActed
    | CardWithdrawn
    | CustomerChanged
    | Cancelled
    | RequestDone
    | PushReported
    | ChildReported
    | Repaired
    | Migrated
)
