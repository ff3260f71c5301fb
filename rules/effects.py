"""The closed set of what a turn can ask for, and the turn's whole result.

Effects are orders to the runtime; they are stored in the turn's own transaction and nothing acts on them
before it commits (flow format §9.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import UNSET

from .inputs import Event
from .instance import Parent
from .ledgers import Ledger

if TYPE_CHECKING:
    from .cards.card import Card, CardView
    from .instance import State


class PutCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card was created or changed. `view` is None when the rendered view stays as it is."""

    card: Card
    view: CardView | None = None


class RaiseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to route: one that the flow emits, or one of the server's own names (§7.3).

    The server's own (`card.created`, `instance.completed`, …) are routed only when somebody subscribes.
    """

    event: Event
    own: bool = False


class ChangeCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """Writes to the instance's customer: `set` replaces fields (None removes); tags: added, then removed."""

    set: dict[str, object] = {}
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


class CallRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="request"):
    """One attempt of a request, to be made after the commit; it comes back as `RequestDone`.

    `key` is the `Idempotency-Key`: the same for every attempt of an activation. At most one of `json`, `form`
    and `body` is there. `credential` names a secret of the server.
    """

    step: str
    activation: int
    attempt: int
    key: str
    method: str
    url: str
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    json: object = UNSET
    form: dict[str, str] | None = None
    body: str | None = None
    credential: str | None = None
    timeout_ms: int


class SendPush(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="push"):
    """A rendered notification for the customer's devices; it comes back as `PushReported`."""

    push: str
    step: str
    activation: int
    content: dict[str, object]
    card: str | None = None


class StartChild(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Start another flow; how it ends comes back as `ChildReported`. `depth` is that of the start."""

    instance: str
    flow: str
    customer: str
    variables: dict[str, object] = {}
    step: str
    activation: int
    depth: int
    test: bool = False


class TellParent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """This instance has ended, and one that started it wants to know."""

    parent: Parent
    status: str
    outcome: str | None = None


class CancelChild(msgspec.Struct, frozen=True, kw_only=True):
    """Cancelling reaches children that are waited for (flow format §9.8)."""

    instance: str
    customer: str


class DropCalls(msgspec.Struct, frozen=True, kw_only=True):
    """Calls and pushes of this instance that have not left yet stay (flow format §9.8)."""


class WriteLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What the flow remembers of this customer across instances has changed."""

    ledger: Ledger


class Redeliver(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs that faults of ours consumed come again, packed, in order."""

    inputs: tuple[bytes, ...]


Effect: TypeAlias = (
    PutCard
    | RaiseEvent
    | ChangeCustomer
    | CallRequest
    | SendPush
    | StartChild
    | TellParent
    | CancelChild
    | DropCalls
    | WriteLedger
    | Redeliver
)


class Subscriptions(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What can wake an instance besides time and its own cards; equal sets are shared by the runtime.

    `by_customer`: event names for its own customer. `by_key`: event names for its own key.
    `by_any`: event names whoever they concern. `profile`: whether writes to its customer's profile matter.
    """

    by_customer: tuple[str, ...] = ()
    by_key: tuple[str, ...] = ()
    by_any: tuple[str, ...] = ()
    profile: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the one who acted is told: a code of the live protocol (`ok`, `card_closed`, …).

    `errors` are located problems of submitted values: pointer, code, message.
    """

    code: str = "ok"
    card: str | None = None
    errors: tuple[Mapping[str, str], ...] = ()


class StepTrace(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a turn's timeline: what a step did, or what a condition said and the values that it read.

    `step` is "" for what concerns the whole instance. `error` says why a condition or a step failed.
    """

    step: str
    result: str
    read: dict[str, object] = {}
    error: dict[str, object] | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What `decide` gives back.

    `due`: when time next matters to this instance (ms), None if never. `woke`: whether the input satisfied an
    outcome or exit. `condition_errors` counts conditions that failed and so were false. `subscriptions`:
    all of them, None if they stay as they are. `collected`: a collect step took the event, which therefore
    starts no instance of this flow. A turn that changed nothing gives back the very state it got.
    """

    state: State
    effects: tuple[Effect, ...] = ()
    due: int | None = None
    subscriptions: Subscriptions | None
    answer: Answer | None = None
    woke: bool = False
    collected: bool = False
    trace: tuple[StepTrace, ...] = ()
    condition_errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A start that did not happen: a stable code and a sentence."""

    code: str
    reason: str
