"""The closed set of what a turn can ask for, and the turn's whole result.

Effects are orders to the runtime; they are stored in the turn's own transaction and nothing acts on them
before it commits (flow format §9.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from .inputs import Event

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


Effect: TypeAlias = PutCard | RaiseEvent | ChangeCustomer


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
    all of them, None if they stay as they are. A turn that changed nothing gives back the very state it got.
    """

    state: State
    effects: tuple[Effect, ...] = ()
    due: int | None = None
    subscriptions: Subscriptions | None
    answer: Answer | None = None
    woke: bool = False
    trace: tuple[StepTrace, ...] = ()
    condition_errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A start that did not happen: a stable code and a sentence."""

    code: str
    reason: str
