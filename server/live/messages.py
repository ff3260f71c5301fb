"""Every message of the live protocol, as types: what they say is what is decoded, encoded and documented.

Unknown fields are ignored, so that older servers can talk with newer apps. What a message does is
`protocol.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from rules.limits import ELEMENT_NAME_CHARS_MAX, TITLE_CHARS_MAX

from .wire import WireCard

FEEDBACK_CHARS_MAX: Final = 280
"""A message with a vote (live protocol, Actions)."""
TRACKED_EVENTS_MAX: Final = 100
"""Reports in one batch: each may be a turn."""

RequestId: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Key: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
ShortText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
ElementName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=ELEMENT_NAME_CHARS_MAX)]
ActionName: TypeAlias = Literal["submit", "dismiss", "snooze", "unsnooze", "vote_up", "vote_down", "link"]
ReportName: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


# ── from the app ───────────────────────────────────────────────────────────────────────────────────────


class Incoming(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all messages from an app have in common."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """What runs on the other side. `platform`: cards that are meant for some platforms (`web`, `ios`,
    `android`) only come to apps that say they run there; the rest is for the log."""

    sdk: Annotated[str, Meta(max_length=64)] = ""
    platform: Annotated[str, Meta(max_length=64)] = ""
    app_version: Annotated[str, Meta(max_length=64)] = ""


class Hello(Incoming, frozen=True, kw_only=True, tag="hello"):
    """The first message. Without `token` that of the `Authorization` header counts."""

    token: str | None = None
    client: Client = Client()


class Token(Incoming, frozen=True, kw_only=True, tag="token"):
    """The successor of a token that is about to expire."""

    token: str
    id: RequestId | UnsetType = UNSET


class Subscribe(Incoming, frozen=True, kw_only=True, tag="subscribe"):
    """Answered with `feed`: what changed after `since`, or the whole. A second one for a container replaces
    it."""

    id: RequestId
    container: ShortText
    since: str | None = None


class Unsubscribe(Incoming, frozen=True, kw_only=True, tag="unsubscribe"):
    """No more of this container; answered with `ok`."""

    id: RequestId
    container: ShortText


class CardAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer does to a card. `seq` says which view was tapped; a snooze has `until` or `for`."""

    card: ShortText
    action: ActionName
    seq: RequestId | None = None
    button: ElementName | None = None
    values: dict[str, Any] = {}
    until: str | None = None
    for_: str | None = msgspec.field(default=None, name="for")
    reason: Annotated[str, Meta(max_length=TITLE_CHARS_MAX)] | None = None
    message: Annotated[str, Meta(max_length=FEEDBACK_CHARS_MAX)] | None = None
    element: ElementName | None = None


class Act(Incoming, CardAction, frozen=True, kw_only=True, tag="act"):
    """Answered after the commit; `key` makes it safe to send again."""

    id: RequestId
    key: Key


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """A report about a card: `displayed`, `subview`, `video`, …; `custom` has the app's own `event` and
    `data`."""

    card: ShortText
    name: ReportName
    at: str | None = None
    event: ShortText | None = None
    data: dict[str, Any] = {}


TrackedEvents: TypeAlias = Annotated[list[Tracked], Meta(min_length=1, max_length=TRACKED_EVENTS_MAX)]


class Track(Incoming, frozen=True, kw_only=True, tag="track"):
    """Reports that need no answer of their own, answered with `ok`."""

    id: RequestId
    key: Key
    events: TrackedEvents


ClientMessage: TypeAlias = Hello | Token | Subscribe | Unsubscribe | Act | Track
CLIENT_MESSAGES: Final = (Hello, Token, Subscribe, Unsubscribe, Act, Track)


# ── from the server ────────────────────────────────────────────────────────────────────────────────────


class Outgoing(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all messages from the server have in common."""


class Welcome(Outgoing, frozen=True, kw_only=True, tag="welcome"):
    """`heartbeat`: seconds between the server's pings."""

    customer: str
    session: str
    heartbeat: int
    expires_at: str


class Feed(Outgoing, frozen=True, kw_only=True, tag="feed"):
    """`reset`: replace what you have; else `cards` are upserts and `removed` left. `more`: another page
    follows.

    `total` and `unseen` count what belongs to the container at this cursor. `limit` is how many cards the
    container shows at once; the app applies it.
    """

    container: str
    cursor: str
    reset: bool
    cards: Sequence[WireCard]
    removed: Sequence[str]
    total: int
    unseen: int
    id: RequestId | UnsetType = UNSET
    more: bool | UnsetType = UNSET
    limit: int | UnsetType = UNSET


class ContainerChanged(Outgoing, frozen=True, kw_only=True, tag="container"):
    """The container's settings changed: fetch them again."""

    container: str
    version: int


class Renew(Outgoing, frozen=True, kw_only=True, tag="renew"):
    """The token is about to expire: send its successor."""


class Ok(Outgoing, frozen=True, kw_only=True, tag="ok"):
    """A request was taken. `card` as it is now; `expires_at` of a token."""

    id: RequestId | UnsetType = UNSET
    card: WireCard | UnsetType = UNSET
    expires_at: str | UnsetType = UNSET


class Error(Outgoing, frozen=True, kw_only=True, tag="error"):
    """A request was not taken. `errors` say where its values are wrong; `card` is as it is now."""

    code: str
    message: str
    id: RequestId | UnsetType = UNSET
    card: WireCard | UnsetType = UNSET
    errors: Sequence[Mapping[str, str]] | UnsetType = UNSET


ServerMessage: TypeAlias = Welcome | Feed | ContainerChanged | Renew | Ok | Error
SERVER_MESSAGES: Final = (Welcome, Feed, ContainerChanged, Renew, Ok, Error)
