"""What operators do to cards, one and many: complete and dismiss as the customer would, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from actors.commands import Action, ActionResult
from actors.job_specs import TendCards
from actors.ports import CardFilter
from rules.inputs import CardActed, CardWithdrawn
from server.errors import ApiError, ErrorCode
from server.live.actions import Ended
from server.live.messages import ElementName
from server.live.wire import EVERY_STREAM

from .cards import TAG, OperatorCard, StatusName, item
from .checks import Faults, check_data
from .many import begin, many_route, most, some
from .refusals import fields
from .routes import Answer, Call, Route

OPERATOR = "operator"
"""Who acted, for flows that ask."""
OPEN = ("embargoed", "active", "snoozed")


class CompleteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which submit button, if not any, and the values of inputs."""

    button: ElementName | None = None
    values: dict[str, Any] = {}


class CardsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cards: all open ones that match everything given, as in their list."""

    customer: str | None = None
    flow: str | None = None
    instance: str | None = None
    status: StatusName | None = None
    stream: str | None = None


class CompleteMany(CompleteBody, frozen=True, kw_only=True):
    filter: CardsBody


class CardsMany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    filter: CardsBody


class CardsCount(msgspec.Struct, frozen=True, kw_only=True):
    status: str
    flow: str
    count: int


class CardsPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Which it would concern: how many, by what they are, and some of them."""

    total: int
    counts: Sequence[CardsCount]
    sample: Sequence[OperatorCard]


# ── one ────────────────────────────────────────────────────────────────────────────────────────────────
async def complete(call: Call) -> OperatorCard:
    body: CompleteBody = call.body
    check_values(body)
    return await act(call, "submit", button=body.button, values=body.values)


async def dismiss(call: Call) -> OperatorCard:
    return await act(call, "dismiss")


async def cancel(call: Call) -> OperatorCard:
    """Withdraws it, whatever it allows its customer."""
    return shown(call, await call.parts.engine.withdraw(call.path("card"), by=call.client))


async def act(call: Call, action: str, **more: Any) -> OperatorCard:
    given = Action(
        customer=None, card=call.path("card"), action=action, by=OPERATOR, client=call.client, **more
    )
    return shown(call, await call.parts.engine.act(given))


def shown(call: Call, result: ActionResult) -> OperatorCard:
    """The card after that; or why not, with the card as it is."""
    if result.card is None:
        raise ApiError("not_found", f"There is no card {call.path('card')[:64]!r}.")
    if result.code == "ok":
        return item(result.card)
    ended = Ended(result.code, result.card, result.errors)
    raise ApiError(ended.error, ended.text, errors=fields(ended.errors), members={"card": item(result.card)})


def check_values(body: CompleteBody) -> None:
    faults = Faults()
    check_data(body.values, "/values", faults)
    faults.end()


# ── many ───────────────────────────────────────────────────────────────────────────────────────────────
async def complete_many(call: Call) -> Answer:
    body: CompleteMany = call.body
    check_values(body)
    acted = CardActed(card="", action="submit", button=body.button, values=body.values, by=OPERATOR)
    return await many(call, acted, name="complete")


async def dismiss_many(call: Call) -> Answer:
    return await many(call, CardActed(card="", action="dismiss", by=OPERATOR), name="dismiss")


async def cancel_many(call: Call) -> Answer:
    return await many(call, CardWithdrawn(card=""), name="cancel")


async def many(call: Call, input: CardActed | CardWithdrawn, *, name: str) -> Answer:
    wanted: CardsBody = call.body.filter
    if wanted.status is not None and wanted.status not in OPEN:
        faults = Faults()
        message = f"There is nothing to {name} where the status is not {', '.join(OPEN)}."
        faults.add("/filter/status", "nothing_to_do", message)
        faults.end()
    filter = CardFilter(
        customer=wanted.customer,
        flow=wanted.flow,
        instance=wanted.instance,
        status=wanted.status,
        stream=None if wanted.stream == EVERY_STREAM else wanted.stream,
        open=True,
    )
    if call.query.dry_run:
        return Answer(await preview(call, filter), status=200)
    up_to = await call.parts.store.last_card_number()
    return await begin(call, TendCards(input=input, filter=filter, up_to=up_to), name=name)


async def preview(call: Call, filter: CardFilter) -> CardsPreview:
    store = call.parts.store
    tally = await store.tally_cards(filter)
    rows = await some(lambda cursor, limit: store.cards(replace(filter, cursor=cursor, limit=limit)))
    return CardsPreview(
        total=sum(tally.values()),
        counts=[CardsCount(status=status, flow=flow, count=n) for (status, flow), n in most(tally)],
        sample=[item(row) for row in rows],
    )


def _one(path: str, handle: Any, summary: str, *codes: ErrorCode, **rest: Any) -> Route:
    return Route(
        method="POST",
        path="/v1/cards/{card}/" + path,
        handle=handle,
        summary=summary,
        tag=TAG,
        role="operate",
        answer=OperatorCard,
        codes=("not_found", "card_closed", "overloaded", "unknown_outcome", *codes),
        **rest,
    )


def _many(path: str, handle: Any, summary: str, body: Any) -> Route:
    return many_route("/v1/cards/" + path, handle, summary, body, preview=CardsPreview, tag=TAG)


ROUTES = (
    _one(
        "complete",
        complete,
        "Complete a card as its customer would",
        "not_allowed",
        "invalid_values",
        body=CompleteBody,
        body_default=CompleteBody(),
    ),
    _one("dismiss", dismiss, "Dismiss a card as its customer would", "not_allowed"),
    _one("cancel", cancel, "Cancel a card"),
    _many("complete", complete_many, "Complete all cards that a filter finds", CompleteMany),
    _many("dismiss", dismiss_many, "Dismiss all cards that a filter finds", CardsMany),
    _many("cancel", cancel_many, "Cancel all cards that a filter finds", CardsMany),
)
