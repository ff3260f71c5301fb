"""Cards for operators: list, one (HTTP API, Instances and cards). Acting on them is `card_actions.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from actors.ports import CardFilter
from actors.records import FeedCard
from server.errors import ApiError
from server.live.wire import EVERY_STREAM, WireCard, wire_card

from .lists import PageQuery, page_size, row_cursor
from .routes import Call, Route

TAG = "Cards"
StatusName: TypeAlias = Literal[
    "embargoed", "active", "snoozed", "completed", "dismissed", "cancelled", "expired"
]


class OperatorCard(WireCard, frozen=True, kw_only=True):
    """A card as its app sees it, with whose it is and where it goes: everywhere, if nothing is named."""

    customer: str
    streams: tuple[str, ...]
    platforms: tuple[str, ...]
    containers: tuple[str, ...]
    reason: str | None
    test: bool


class CardPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[OperatorCard]
    next_cursor: str | None


class CardQuery(PageQuery, frozen=True, kw_only=True):
    customer: str | None = None
    flow: str | None = None
    instance: str | None = None
    status: StatusName | None = None
    stream: str | None = None


def item(row: FeedCard) -> OperatorCard:
    card, shown = row.card, wire_card(row)
    return OperatorCard(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        customer=row.customer,
        streams=card.streams,
        platforms=card.platforms,
        containers=card.containers,
        reason=card.reason,
        test=row.test,
    )


async def list_cards(call: Call) -> CardPage:
    query: CardQuery = call.query
    given = msgspec.structs.asdict(query)
    given |= {"limit": page_size(call, query.limit), "cursor": row_cursor(query.cursor)}
    if query.stream == EVERY_STREAM:
        given["stream"] = None  # no card names the one that has them all
    cards, cursor = await call.parts.store.cards(CardFilter(**given))
    return CardPage(items=[item(card) for card in cards], next_cursor=cursor)


async def get_card(call: Call) -> OperatorCard:
    card = await call.parts.store.card(call.path("card"))
    if card is None:
        raise not_found(call)
    return item(card)


def not_found(call: Call) -> ApiError:
    return ApiError("not_found", f"There is no card {call.path('card')[:64]!r}.")


def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(method=method, path=path, handle=handle, summary=summary, tag=TAG, role="operate", **rest)


ROUTES = (
    _route("GET", "/v1/cards", list_cards, "List cards", query=CardQuery, answer=CardPage),
    _route("GET", "/v1/cards/{card}", get_card, "One card", answer=OperatorCard, codes=("not_found",)),
)
