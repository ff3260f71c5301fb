"""What customers and operators do to cards, taken: once for each key, by the instance that owns the card."""

from __future__ import annotations

from typing import Final

import msgspec

from rules.effects import Turn
from rules.inputs import CardActed, CardWithdrawn, Event
from rules.model import Origin

from .actor import Actor
from .commands import Action, TrackBatch, TrackEvent
from .dedupe import day_of
from .events import Events
from .holdings import Memory
from .records import DedupeRow, FeedCard, JournalRow
from .turns import Turns
from .work import CardAnswer, Withdraw, Work

NOT_KEPT: Final = frozenset({"invalid_values", "overloaded", "unknown_outcome"})
"""Codes after which the same key may try again (live protocol, Actions)."""

_encode = msgspec.msgpack.Encoder().encode


class Cards:
    def __init__(self, memory: Memory, turns: Turns, events: Events) -> None:
        self._turns = turns
        self._router = memory.router
        self._dedupe = memory.dedupe
        self._events = events

    def act(self, work: Work, action: Action) -> CardAnswer:
        kept = self._kept(work)
        if kept is not None:
            return CardAnswer(kept, action.card)
        card = work.cards.get(action.card)
        if card is None or action.customer not in (None, card.customer):
            return self._keep(work, CardAnswer("not_found"))
        self._turns.customer = card.customer
        self._turns.group.tally.actions += 1
        answer = self._act(action, card)
        if answer.code == "ok":
            source = action.client
            self._record("action", card.customer, action.action, action, id=action.key, source=source)
        self._turns.finish(self._events.route)
        return self._keep(work, answer)

    def track(self, work: Work, batch: TrackBatch) -> CardAnswer:
        kept = self._kept(work)
        if kept is not None:
            return CardAnswer(kept)
        self._turns.customer = batch.customer
        self._record("track", batch.customer, "track", batch, id=batch.key)
        for reported in batch.events:
            card = work.cards.get(reported.card)
            if card is not None and card.customer == batch.customer:
                self._turns.group.tally.actions += 1
                self._track(reported, card)
        self._turns.finish(self._events.route)
        return self._keep(work, CardAnswer("ok"))

    def withdraw(self, work: Work, order: Withdraw) -> CardAnswer:
        card = work.cards.get(order.card)
        if card is None:
            return CardAnswer("not_found")
        actor = self._router.actors.get(card.instance)
        if actor is None:
            return CardAnswer("card_closed", order.card)
        if not self._turns.can_turn(actor):
            return CardAnswer("unknown_outcome", order.card)
        self._turns.customer = card.customer
        what = {"card": order.card}
        self._record("operator", card.customer, "withdraw", what, id=order.card, source=order.by)
        turn = self._turns.turn(actor, CardWithdrawn(card=order.card))
        self._turns.finish(self._events.route)
        return _card_answer(turn, order.card)

    # ── one action ─────────────────────────────────────────────────────────────────────────────────────
    def _act(self, action: Action, card: FeedCard) -> CardAnswer:
        actor = self._router.actors.get(card.instance)
        if actor is None:  # an instance without an actor has only closed cards
            return CardAnswer("card_closed", action.card)
        if not self._turns.can_turn(actor):
            return CardAnswer("unknown_outcome", action.card)
        turn = self._turns.turn(
            actor,
            CardActed(
                card=action.card,
                action=action.action,
                button=action.button,
                values=action.values,
                until=action.until,
                reason=action.reason,
                message=action.message,
                element=action.element,
                outdated=action.seq is not None and self._is_outdated(actor, card, action.seq),
                by=action.by,
            ),
        )
        return _card_answer(turn, action.card)

    def _is_outdated(self, actor: Actor, card: FeedCard, seq: int) -> bool:
        """Rendered again since that view: as committed, or by a turn that is being committed."""
        if seq < card.view_seq:
            return True
        present = next((own for own in actor.unpack().cards if own.id == card.card.id), card.card)
        return present.render > card.card.render

    def _track(self, reported: TrackEvent, card: FeedCard) -> None:
        if reported.name == "custom":
            self._raise_custom(reported, card)
            return
        actor = self._router.actors.get(card.instance)
        if actor is not None and self._turns.can_turn(actor):
            element = reported.data.get("element")
            acted = CardActed(
                card=reported.card,
                action=reported.name,
                values=reported.data,
                element=element if isinstance(element, str) else None,
            )
            self._turns.turn(actor, acted)

    def _raise_custom(self, reported: TrackEvent, card: FeedCard) -> None:
        """The app's own event, for its own customer; the edge has checked that apps may send this name."""
        self._events.route(
            Event(
                id=self._turns.new_id(),
                name=reported.event or reported.name,
                time=reported.at,
                customer=card.customer,
                data={**reported.data, "card": card.card.id, "instance": card.instance},
                origin=Origin.APP,
                source="app",
            )
        )

    # ── once for each key ──────────────────────────────────────────────────────────────────────────────
    def _kept(self, work: Work) -> str | None:
        """The code that a request under this key got, or `key_reused` if it was another request."""
        if work.key is None:
            return None
        seen = self._dedupe.find(work.key) or work.seen
        if seen is None:
            return None
        return seen.code or "ok" if seen.digest == work.digest else "key_reused"

    def _keep(self, work: Work, answer: CardAnswer) -> CardAnswer:
        if work.key is not None and answer.code not in NOT_KEPT:
            row = DedupeRow(day_of(self._turns.now), work.key, work.digest, answer.code)
            self._dedupe.take(row)
            self._turns.group.rows.dedupe.append(row)
        return answer

    def _record(
        self, kind: str, customer: str, name: str, what: object, *, id: str, source: str = "app"
    ) -> None:
        self._turns.group.rows.journal.append(
            JournalRow(
                id=id or self._turns.new_id(),
                at=self._turns.now,
                kind=kind,
                source=source,
                customer=customer,
                name=name,
                payload=_encode(what),
            )
        )


def _card_answer(turn: Turn, card: str) -> CardAnswer:
    if turn.answer is None:
        return CardAnswer("ok", card)
    # The card is there: an instance that does not name it any more has closed it.
    code = "card_closed" if turn.answer.code == "not_found" else turn.answer.code
    return CardAnswer(code, card, turn.answer.errors)
