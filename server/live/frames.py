"""From what a feed says to the messages that carry it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from msgspec import UNSET, UnsetType

from actors.records import FeedCard

from .codec import Codec
from .containers import Container
from .cursor import Cursors, Position
from .feed import News
from .messages import Feed
from .pages import Page
from .wire import WireCard


def change_frame(news: News, container: Container, codec: Codec, cursors: Cursors) -> bytes | None:
    """The frame of one commit, made by the first connection that needs it; None if nothing there changed."""
    delta = news.delta(container)
    if delta is None:
        return None
    key = (container.membership, codec.subprotocol)
    frame = news.frames.get(key)
    if frame is None:
        message = Feed(
            container=container.id,
            cursor=cursors.write(news.feed.customer, container, Position(news.seq)),
            reset=False,
            cards=encoded(codec, delta.cards),
            removed=delta.removed,
            total=delta.counts.total,
            unseen=delta.counts.unseen,
        )
        frame = news.frames[key] = codec.frame(message)
    return frame


def page_message(
    page: Page,
    customer: str,
    container: Container,
    codec: Codec,
    cursors: Cursors,
    *,
    id: int | UnsetType = UNSET,
) -> Feed:
    return Feed(
        id=id,
        container=container.id,
        cursor=cursors.write(customer, container, page.position),
        reset=page.reset,
        cards=encoded(codec, page.cards),
        removed=page.removed,
        more=page.more,
        limit=UNSET if container.limit is None else container.limit,
        total=page.counts.total,
        unseen=page.counts.unseen,
    )


def encoded(codec: Codec, rows: Iterable[FeedCard]) -> Sequence[WireCard]:
    """The cards' bytes: the encoder puts them into the message as the values that they stand for."""
    return cast("Sequence[WireCard]", [codec.cards.get(row) for row in rows])


def encoded_card(codec: Codec, row: FeedCard | None) -> WireCard | UnsetType:
    return UNSET if row is None else cast("WireCard", codec.cards.get(row))
