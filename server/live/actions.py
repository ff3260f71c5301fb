"""What apps do to cards and report of them, whichever way it came: resolved, handed to the engine, its end a
value.

Times that an app names are read here; whether a card allows an action is decided by its instance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast, get_args

import msgspec

from actors.commands import (
    Action,
    ActionResult,
    Overloaded,
    TrackBatch,
    TrackEvent,
    UnknownOutcome,
)
from actors.dedupe import digest_of
from actors.ports import Clock, StoreError
from actors.records import FeedCard
from rules.calendar.durations import parse_duration, shift
from rules.calendar.times import parse_rfc3339
from rules.errors import RuleError
from server.errors import ERRORS, ErrorCode

from .messages import ActionName, CardAction, Tracked
from .wire import is_published

CUSTOM: Final = "custom"
ACTION_NAMES: Final = frozenset(get_args(ActionName))


class Acting(Protocol):
    """What is needed of the engine."""

    async def act(self, action: Action) -> ActionResult: ...

    async def track(self, batch: TrackBatch) -> ActionResult: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How an action ended: `ok` or a code, with the card as it is now where the app may see it."""

    code: str
    card: FeedCard | None = None
    errors: Sequence[Mapping[str, str]] = ()
    retry_after_s: float | None = None
    detail: str | None = None

    @property
    def text(self) -> str:
        return self.detail or ERRORS[self.error].title

    @property
    def error(self) -> ErrorCode:
        assert self.code in ERRORS, "the engine answers with codes of the table"
        return cast("ErrorCode", self.code)


class Actions:
    """`zone` is where days and months of a snooze are counted; `app_events` may be sent as `custom`."""

    def __init__(self, engine: Acting, clock: Clock, *, zone: str, app_events: Collection[str]) -> None:
        self._engine = engine
        self._clock = clock
        self._zone = zone
        self._app_events = frozenset(app_events)

    async def act(self, customer: str, key: str, body: CardAction) -> Ended:
        """Do it once for each (customer, key); answers after the commit."""
        try:
            until = self._until(body)
        except _WrongError as wrong:
            return Ended("invalid_values", errors=[wrong.error])
        action = Action(
            customer=customer,
            card=body.card,
            action=body.action,
            key=key,
            digest=_digest("act", [getattr(body, name) for name in CardAction.__struct_fields__]),
            seq=body.seq,
            button=body.button,
            values=body.values,
            until=until,
            reason=body.reason,
            message=body.message,
            element=body.element,
        )
        try:
            result = await self._engine.act(action)
        except (Overloaded, UnknownOutcome, StoreError) as trouble:
            return _trouble(trouble)
        return _shown(result)

    async def track(self, customer: str, key: str, events: Sequence[Tracked]) -> Ended:
        try:
            tracked = tuple(self._tracked(number, event) for number, event in enumerate(events))
        except _WrongError as wrong:
            return Ended("bad_request", errors=[wrong.error], detail=wrong.error["message"])
        batch = TrackBatch(customer=customer, events=tracked, key=key, digest=_digest("track", events))
        try:
            await self._engine.track(batch)
        except (Overloaded, UnknownOutcome, StoreError) as trouble:
            return _trouble(trouble)
        return Ended("ok")

    def _until(self, body: CardAction) -> int | None:
        """When a snooze ends; the instance bounds it."""
        if body.until is not None and body.for_ is not None:
            raise _WrongError("/for", "bad_time", "Give `until` or `for`, not both.")
        try:
            if body.for_ is not None:
                return shift(self._clock.now(), parse_duration(body.for_), self._zone)
            return None if body.until is None else parse_rfc3339(body.until)
        except RuleError as error:
            pointer = "/until" if body.for_ is None else "/for"
            raise _WrongError(pointer, error.code, error.message) from error

    def _tracked(self, number: int, event: Tracked) -> TrackEvent:
        pointer = f"/events/{number}"
        if event.name in ACTION_NAMES:
            raise _WrongError(f"{pointer}/name", "is_action", f"{event.name} is an action: send it with act.")
        if event.name == CUSTOM and event.event not in self._app_events:
            message = f"Apps may not send {event.event!r} to this server."
            raise _WrongError(f"{pointer}/event", "not_allowed", message)
        now = self._clock.now()
        try:
            at = now if event.at is None else parse_rfc3339(event.at)
        except RuleError as error:
            raise _WrongError(f"{pointer}/at", error.code, error.message) from error
        # An app whose clock is ahead must not report from the future.
        return TrackEvent(
            card=event.card, name=event.name, at=min(at, now), event=event.event, data=event.data
        )


class _WrongError(Exception):
    def __init__(self, pointer: str, code: str, message: str) -> None:
        super().__init__(message)
        self.error = {"pointer": pointer, "code": code, "message": message}


def _digest(kind: str, request: object) -> bytes:
    """Of the request as it came, but for its `id`: the same over every transport and encoding."""
    return digest_of([kind, msgspec.to_builtins(request)])


def _trouble(error: Overloaded | UnknownOutcome | StoreError) -> Ended:
    """A store that cannot give the card back may well have taken the action."""
    if isinstance(error, Overloaded):
        return Ended("overloaded", retry_after_s=error.retry_after_s)
    return Ended("unknown_outcome")


def _shown(result: ActionResult) -> Ended:
    """An embargoed card is not there yet, for its customer."""
    card = result.card
    if card is not None and result.code != "ok" and not is_published(card.card):
        return Ended("not_found")
    return Ended(result.code, card, result.errors)
