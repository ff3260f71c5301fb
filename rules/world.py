"""What the runtime lends to a turn besides state and input: who the instance is, and the server around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .inputs import Started
from .ledgers import EMPTY, Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What is fixed about an instance before its first turn. `invocation` groups the starts of one call."""

    id: str
    customer: str
    key: str | None = None
    invocation: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The server as a turn sees it.

    `zone` and `locale` are used where the customer has none. `open_cards` counts the customer's open cards
    over all instances before the turn: it is held against the 500 that a customer may have. `ledger`: what
    the flow remembers of the customer, where it looks at that.
    """

    constants: Mapping[str, object] = field(default_factory=dict)
    zone: str = "UTC"
    locale: str = "en"
    open_cards: int = 0
    ledger: Ledger = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlan:
    """A trigger matched: start the flow for this customer, under this key, with this first input."""

    customer: str
    key: str | None
    started: Started


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerFailed:
    """A trigger could not be evaluated: it starts nothing, and the operator is shown why."""

    code: str
    message: str
    read: Mapping[str, object] = field(default_factory=dict)
