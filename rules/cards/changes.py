"""What happens to a card, whoever does it: its status by the table, its timers, the report and the event.

Which step or action asked for it is decided elsewhere.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from ..errors import RuleError
from ..instance import TimerKind
from ..model import SendCard
from ..turn import pushes
from ..turn.facts import CardReported
from ..turn.run import Run
from .card import OPEN, TRANSITIONS, Card, CardChange

_EVENTS: Final = {"voted_up": "card.voted", "voted_down": "card.voted"}
_CARD_TIMERS: Final = (TimerKind.PUBLISH, TimerKind.UNSNOOZE, TimerKind.EXPIRE)


def find(run: Run, id: str) -> Card | None:
    return next((card for card in run.cards if card.id == id), None)


def latest_of(run: Run, step: str) -> Card | None:
    """The card that the step sent last, open or not."""
    return next((card for card in reversed(run.cards) if card.step == step), None)


def open_cards(run: Run) -> list[Card]:
    return [card for card in run.cards if card.status in OPEN]


def allowed(card: Card, change: CardChange) -> bool:
    return (card.status, change) in TRANSITIONS


def changed(run: Run, card: Card, change: CardChange, **fields: object) -> Card:
    """The card after a change that its table allows, with `fields`; one that closes loses its timers."""
    status = TRANSITIONS[card.status, change]
    if status not in OPEN:
        fields |= {"closed_at": run.now, "snoozed_until": None}
        run.drop_timers(card.id, *_CARD_TIMERS)
        run.card_balance -= 1
    card = replace(card, status=status, **fields)
    run.put_card(card)
    if run.pushes and status not in OPEN:
        pushes.drop_of_card(run, card.id)
    return card


def marked_seen(run: Run, card: Card) -> Card:
    card = replace(card, seen=True)
    run.put_card(card)
    return card


def report(run: Run, card: Card, action: str, *, button: str | None = None, **more: object) -> None:
    """Tell the instance (as a fact) and the world (as an event) what the card reports."""
    run.facts.append(CardReported(card, action, button))
    announce(run, card, action, button=button, **more)


def announce(run: Run, card: Card, action: str, **more: object) -> None:
    """The card's event alone. What is None is left out."""
    about: dict[str, object] = {"card": card.id, "step": card.step, "template": card.template}
    about |= {name: value for name, value in more.items() if value is not None}
    run.raise_own(
        _EVENTS.get(action, f"card.{action}"), about | {"action": action, "status": card.status.value}
    )


def cancel(run: Run, card: Card, reason: str) -> None:
    card = changed(run, card, CardChange.CANCEL, reason=reason)
    run.note(card.step, f"card cancelled: {reason}")
    report(run, card, "cancelled", reason=reason)


def supersede(run: Run, card: Card) -> None:
    """Another card has taken its place: a reason of its own, which no `cancelled` outcome counts (§5.1)."""
    card = changed(run, card, CardChange.CANCEL, reason="superseded")
    run.note(card.step, "card superseded")
    announce(run, card, "cancelled", reason="superseded")


def expire(run: Run, card: Card) -> None:
    card = changed(run, card, CardChange.EXPIRE)
    run.note(card.step, "card expired")
    report(run, card, "expired")


def publish(run: Run, card: Card) -> None:
    run.drop_timers(card.id, TimerKind.PUBLISH)
    card = changed(run, card, CardChange.PUBLISH, published_at=run.now)
    run.note(card.step, "card published")
    announce(run, card, "published")
    _notify_if_possible(run, card)


def notify(run: Run, card: Card) -> None:
    """The push that goes out with the card, once there is something to see."""
    step = run.flow.steps.get(card.step)
    if isinstance(step, SendCard) and step.notify is not None:
        how = step.notify
        pushes.queue(run, step.id, run.runs(step.id), how.notification, how.window, card=card.id)


def _notify_if_possible(run: Run, card: Card) -> None:
    """No step runs that could fail: a push that cannot be made leaves the card's change as it is."""
    mark = run.mark()
    try:
        notify(run, card)
    except RuleError as error:
        run.undo(mark)
        run.note(card.step, "push failed", error={"code": error.code, "message": error.message})


def snooze(run: Run, card: Card, until: int) -> None:
    """Away until then, at the latest until it expires."""
    run.drop_timers(card.id, TimerKind.UNSNOOZE)
    until = until if card.expires_at is None else min(until, card.expires_at)
    card = changed(run, card, CardChange.SNOOZE, snoozed_until=until)
    run.set_timer(until, TimerKind.UNSNOOZE, card.id)
    run.note(card.step, "card snoozed")
    report(run, card, "snoozed", until=until)


def unsnooze(run: Run, card: Card, *, is_over: bool = False) -> None:
    """`is_over`: its time has come, and not the customer: the card may say that they hear of it."""
    run.drop_timers(card.id, TimerKind.UNSNOOZE)
    card = changed(run, card, CardChange.UNSNOOZE, snoozed_until=None)
    run.note(card.step, "card unsnoozed")
    reminds = is_over and bool(card.form.get("snooze_notify"))
    report(run, card, "unsnoozed", notify=reminds or None)
    if reminds:
        _notify_if_possible(run, card)
