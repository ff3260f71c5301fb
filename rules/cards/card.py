"""A card's life: the one table of its states, and what an instance knows of its own cards (flow format §7.3).

Open: embargoed, active, snoozed. Closed, final: completed, dismissed, cancelled, expired. One action closes a
card once; what comes later is answered with the card's present state and changes nothing. Every change of a
status goes through `TRANSITIONS`; the docs draw their diagram from it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class CardStatus(StrEnum):
    EMBARGOED = "embargoed"
    ACTIVE = "active"
    SNOOZED = "snoozed"
    COMPLETED = "completed"
    DISMISSED = "dismissed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


OPEN: Final = frozenset({CardStatus.EMBARGOED, CardStatus.ACTIVE, CardStatus.SNOOZED})
ON_SCREEN: Final = frozenset({CardStatus.ACTIVE, CardStatus.SNOOZED})
"""What a feed holds: an embargoed card arrives when it is published (live protocol, Opening)."""


class CardChange(StrEnum):
    PUBLISH = "publish"
    SUBMIT = "submit"
    SUBMIT_AND_KEEP = "submit, keep_open"
    DISMISS = "dismiss"
    SNOOZE = "snooze"
    UNSNOOZE = "unsnooze"
    CANCEL = "cancel"
    EXPIRE = "expire"


_E, _A, _S = CardStatus.EMBARGOED, CardStatus.ACTIVE, CardStatus.SNOOZED

TRANSITIONS: Final[dict[tuple[CardStatus, CardChange], CardStatus]] = {
    (_E, CardChange.PUBLISH): _A,
    (_A, CardChange.SUBMIT): CardStatus.COMPLETED,
    (_A, CardChange.SUBMIT_AND_KEEP): _A,
    (_A, CardChange.DISMISS): CardStatus.DISMISSED,
    (_A, CardChange.SNOOZE): _S,
    (_S, CardChange.SNOOZE): _S,
    (_S, CardChange.UNSNOOZE): _A,
    (_S, CardChange.SUBMIT): CardStatus.COMPLETED,
    (_S, CardChange.SUBMIT_AND_KEEP): _S,
    (_S, CardChange.DISMISS): CardStatus.DISMISSED,
    (_E, CardChange.CANCEL): CardStatus.CANCELLED,
    (_A, CardChange.CANCEL): CardStatus.CANCELLED,
    (_S, CardChange.CANCEL): CardStatus.CANCELLED,
    (_E, CardChange.EXPIRE): CardStatus.EXPIRED,
    (_A, CardChange.EXPIRE): CardStatus.EXPIRED,
    (_S, CardChange.EXPIRE): CardStatus.EXPIRED,
}


class CardView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rendered card as it stands on the wire: the app needs no template engine (live protocol).

    `view` is {"title", "body": [element…], "subviews": {}}; see `view.py` and `protocol/schema/view.json`.
    """

    view: dict[str, object]
    data: dict[str, object] | None = None
    menu: dict[str, object] = {}
    runtime_variables: dict[str, object] = {}
    metadata: dict[str, object] | None = None


class Card(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the instance keeps of a card: enough to decide about every action without its view.

    `form` is what submitted values are checked against (see `form.py`); `render` counts how often the view
    was rendered, so that a tap on an older one can be told apart; instants are ms since the epoch.
    """

    id: str
    step: str
    template: str
    status: CardStatus
    created_at: int
    reason: str | None = None
    publish_at: int | None = None
    published_at: int | None = None
    expires_at: int | None = None
    snoozed_until: int | None = None
    closed_at: int | None = None
    seen: bool = False
    priority: int = 5
    streams: tuple[str, ...] = ()
    render: int = 1
    button: str | None = None
    values: dict[str, object] = {}
    form: dict[str, object] = {}
    platforms: tuple[str, ...] = ()
    """It is for apps on these only, and in these containers only; none: for all."""
    containers: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return self.status in OPEN
