"""The app's feed without a socket: long polls, actions, one card, one container (HTTP API, The app's own
API)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from rules.documents.parts import Platform
from server.errors import ApiError, FieldError
from server.http.answers import wants_msgpack
from server.http.checks import Faults, check_data
from server.http.routes import Answer, Call, Route

from .actions import Ended
from .codec import JSON, MSGPACK, Codec
from .containers import Container, Containers, ContainerSettings, etag
from .feed import News
from .frames import page_message
from .live import LIVE, Live
from .messages import ActionName, CardAction, Feed, Key, ShortText, TrackedEvents
from .pages import Page
from .wire import WireCard, is_published, wire_card

TAG: Final = "App"


class FeedQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`wait`: seconds to wait for a change when there is none yet. `platform`: what the app runs on; cards
    that are meant for some platforms only come where they are named."""

    container: ShortText
    since: str | None = None
    platform: Platform | None = None
    wait: Annotated[int, Meta(ge=0, le=60)] = 0


class ActionBody(CardAction, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One action on a card, or, with `events` instead, a batch of reports; as over the live protocol."""

    key: Key
    card: ShortText | UnsetType = UNSET  # type: ignore[assignment]  # an action without one is refused below
    action: ActionName | UnsetType = UNSET  # type: ignore[assignment]
    events: TrackedEvents | UnsetType = UNSET


class ActionAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The card as it is after the action; a batch has none."""

    code: Literal["ok"]
    card: WireCard | None = None


# ── the feed ───────────────────────────────────────────────────────────────────────────────────────────


class Poll:
    """A poll that waits for its container to change: a guest of `Live`, a watcher of the feed."""

    __slots__ = ("_changed", "_container")

    def __init__(self, container: Container) -> None:
        self._container = container
        self._changed = asyncio.Event()

    def feed_moved(self, news: News) -> None:
        if news.delta(self._container) is not None:
            self._changed.set()

    def feed_lost(self) -> None:
        self._changed.set()

    def containers_changed(self, containers: Containers) -> None:
        if containers.find(self._container.id, self._container.platform) is not self._container:
            self._changed.set()

    def stop(self) -> None:
        self._changed.set()

    async def changed(self, timeout_s: float) -> None:
        """Until something may have changed, or the time is over."""
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return


async def get_feed(call: Call) -> Answer:
    """What changed since a cursor, or the whole: a `feed` message. With `wait` it is answered at a change."""
    live, query = call.request.app[LIVE], call.query
    container = _container(live, query)
    assert call.token is not None, "the route is for apps"
    live.polled(call.token)
    if not live.admission.enter(call.customer):
        raise ApiError("too_many", "This customer has too many connections and waiting polls.")
    poll = Poll(container)
    live.add(poll)
    feed = live.feeds.watch(call.customer, poll)
    position = live.cursors.read(query.since, call.customer, container)
    ends = live.clock.monotonic() + min(query.wait, live.poll_s_max)
    try:
        page = await live.pages.read(feed, container, position)
        while not page.says_something and not live.is_stopping:
            left_s = ends - live.clock.monotonic()
            if left_s <= 0:
                break
            await poll.changed(left_s)
            container = _container(live, query)
            position = live.cursors.read(query.since, call.customer, container)
            page = await live.pages.read(feed, container, position)
    finally:
        live.feeds.leave(feed, poll)
        live.remove(poll)
        live.admission.leave(call.customer)
    return _feed_answer(live, call, container, page)


def _feed_answer(live: Live, call: Call, container: Container, page: Page) -> Answer:
    codec: Codec = live.codecs[MSGPACK if wants_msgpack(call.request) else JSON]
    message = page_message(page, call.customer, container, codec, live.cursors)
    return Answer(codec.encode(message), headers={"Cache-Control": "no-store"}, content_type=codec.media_type)


# ── cards ──────────────────────────────────────────────────────────────────────────────────────────────


async def post_action(call: Call) -> ActionAnswer:
    """The same actions as over the live protocol."""
    actions, body = call.request.app[LIVE].actions, call.body
    assert isinstance(body, ActionBody), "the route says so"
    _check(body)
    if body.events is UNSET:
        ended = await actions.act(call.customer, body.key, body)
    else:
        ended = await actions.track(call.customer, body.key, body.events)
    if ended.code != "ok":
        raise _refusal(ended)
    return ActionAnswer(code="ok", card=None if ended.card is None else wire_card(ended.card))


def _check(body: ActionBody) -> None:
    """Either an action or reports; and in what no type describes only what JSON can say."""
    faults = Faults()
    if body.events is UNSET:
        for name in ("card", "action"):
            if getattr(body, name) is UNSET:
                faults.add(f"/{name}", "missing", f"An action names its {name}.")
        check_data(body.values, "/values", faults)
    else:
        if body.card is not UNSET or body.action is not UNSET:
            faults.add("/events", "wrong_value", "Send an action or events, not both.")
        for number, event in enumerate(body.events):
            check_data(event.data, f"/events/{number}/data", faults)
    faults.end()


def _refusal(ended: Ended) -> ApiError:
    members: Mapping[str, object] = {} if ended.card is None else {"card": wire_card(ended.card)}
    errors = [FieldError(**error) for error in ended.errors]
    # Over HTTP a body that can be read but is wrong is `invalid`; a socket knows one code for both.
    code = "invalid" if ended.error == "bad_request" else ended.error
    return ApiError(code, ended.text, errors=errors, members=members, retry_after_s=ended.retry_after_s)


async def get_card(call: Call) -> WireCard:
    """One card of the customer's own; after a tap on a push, say."""
    row = await call.request.app[LIVE].store.card(call.path("card"))
    if row is None or row.customer != call.customer or not is_published(row.card):
        raise ApiError("not_found", f"There is no card {call.path('card')[:64]!r}.")
    return wire_card(row)


# ── containers ─────────────────────────────────────────────────────────────────────────────────────────


async def get_container(call: Call) -> Answer:
    """What a container looks like."""
    settings = call.request.app[LIVE].containers.settings(call.path("container"))
    if settings is None:
        raise ApiError("not_found", f"There is no container {call.path('container')[:64]!r}.")
    headers = {"ETag": etag(settings), "Cache-Control": "private, no-cache"}
    if _is_known(call.request.headers.get("If-None-Match", ""), headers["ETag"]):
        return Answer(b"", status=304, headers=headers, content_type="application/json")
    return Answer(settings, headers=headers)


def _is_known(given: str, present: str) -> bool:
    """RFC 9110 §13.1.2: `*`, or one of a list, weak or not."""
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return present in tags or "*" in tags


def _container(live: Live, query: FeedQuery) -> Container:
    container = live.containers.find(query.container, query.platform)
    if container is None:
        raise ApiError("not_found", f"There is no container {query.container!r}.")
    return container


def _route(method: Any, path: str, handle: Any, **rest: Any) -> Route:
    return Route(method=method, path=path, handle=handle, tag=TAG, audience="app", **rest)


ROUTES: Final = (
    _route(
        "GET",
        "/v1/feed",
        get_feed,
        summary="The feed by polling",
        query=FeedQuery,
        answer=Feed,
        codes=("not_found", "too_many", "overloaded"),
    ),
    _route(
        "POST",
        "/v1/feed/actions",
        post_action,
        summary="Act on a card, or report what was seen",
        body=ActionBody,
        answer=ActionAnswer,
        codes=(
            "not_found",
            "card_closed",
            "card_changed",
            "not_allowed",
            "invalid_values",
            "key_reused",
            "overloaded",
            "unknown_outcome",
        ),
    ),
    _route(
        "GET",
        "/v1/feed/cards/{card}",
        get_card,
        summary="One card",
        answer=WireCard,
        codes=("not_found",),
    ),
    _route(
        "GET",
        "/v1/containers/{container}",
        get_container,
        summary="What a container looks like",
        answer=ContainerSettings,
        codes=("not_found",),
    ),
)
