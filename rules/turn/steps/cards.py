"""Steps that send, render again and withdraw cards (flow format §5, §7.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from ...calendar.durations import shift
from ...calendar.moments import Moment
from ...cards import changes as card_changes
from ...cards.card import OPEN, Card, CardStatus, CardView
from ...cards.view import Rendered, render
from ...errors import RuleError
from ...instance import TimerKind
from ...json_values import as_json
from ...limits import OPEN_CARDS_PER_CUSTOMER_MAX
from ...model import CancelCard, Delivery, Next, SendCard, UpdateCard
from ..run import Run

PRIORITY_DEFAULT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When a card appears and when it expires; None: now, and never."""

    publish_at: int | None
    expires_at: int | None


def send(run: Run, step: SendCard) -> Next:
    """Create the card in place of those that it replaces; a `publish_at` that says skip creates none."""
    delivery = step.delivery
    publish_at = _moment(run, delivery.publish_at)
    if delivery.publish_at is not None and publish_at is None:
        run.note(step.id, "skipped: its time is past")
        return step.next
    if step.replaces is not None:
        _supersede(run, step.replaces)
    if run.world.open_cards + run.card_balance >= OPEN_CARDS_PER_CUSTOMER_MAX:
        message = f"The customer has {OPEN_CARDS_PER_CUSTOMER_MAX} open cards already."
        raise RuleError("too_many_cards", message)
    rendered = _render(run, step.id, step.card)
    times = Times(publish_at=publish_at, expires_at=_expires_at(run, delivery, created_at=run.now))
    card = _create(run, step, rendered, times)
    view = _with_metadata(run, step, rendered.view)
    run.grow(card)
    run.put_card(card, view)
    run.card_balance += 1
    _set_timers(run, card)
    run.note(step.id, "card sent")
    card_changes.announce(run, card, "created")
    if card.status is CardStatus.ACTIVE:
        card_changes.announce(run, card, "published")
        card_changes.notify(run, card)
    return step.next


def _supersede(run: Run, replaced: str) -> None:
    for card in card_changes.open_cards(run):
        if card.step == replaced:
            card_changes.supersede(run, card)


def update(run: Run, step: UpdateCard, activation: int) -> Next:
    """Render the latest card of the step again, if it is open; `updated` says whether it was."""
    card = card_changes.latest_of(run, step.of)
    if card is None or card.status not in OPEN:
        run.output(step.id, {"runs": activation, "updated": False})
        run.note(step.id, "no open card")
        return step.next
    rendered = _render(run, step.id, step.card or card.template)
    fresh = replace(
        card,
        template=step.card or card.template,
        form=rendered.form,
        render=card.render + 1,
        **_redelivered(run, step.delivery, card),
    )
    sender = run.flow.steps[step.of]
    assert isinstance(sender, SendCard), "checked: `of` names a step that sends cards"
    view = _with_metadata(run, sender, rendered.view)
    run.grow(rendered.form)
    run.put_card(fresh, view)
    _set_timers(run, fresh)
    run.output(step.id, {"runs": activation, "updated": True})
    run.note(step.id, "card updated")
    return step.next


def cancel(run: Run, step: CancelCard, activation: int) -> Next:
    """Withdraw every open card of the steps, or of the instance; `cancelled` counts them."""
    cards = [card for card in card_changes.open_cards(run) if step.of is None or card.step in step.of]
    for card in cards:
        card_changes.cancel(run, card, "flow")
    run.output(step.id, {"runs": activation, "cancelled": len(cards)})
    run.note(step.id, f"cancelled {len(cards)}")
    return step.next


def _render(run: Run, step: str, template: str) -> Rendered:
    """The card for the present context. An element whose condition failed is not shown, but noted."""
    rendered = render(run.flow.cards[template], run.context, run.setting)
    for element, error in rendered.failed:
        run.condition_errors += 1
        run.note(step, f"{element}: error", error={"code": error.code, "message": error.message})
    return rendered


def _with_metadata(run: Run, sender: SendCard, view: CardView) -> CardView:
    """The view with the metadata that the sending step gives the card."""
    if sender.metadata is None:
        return view
    metadata = as_json(sender.metadata.resolve(run.context, run.setting))
    if metadata is not None and not isinstance(metadata, dict):
        raise RuleError("bad_metadata", "The metadata of a card must be an object.")
    return replace(view, metadata=metadata or None)


def _create(run: Run, step: SendCard, rendered: Rendered, times: Times) -> Card:
    delivery, later = step.delivery, times.publish_at is not None and times.publish_at > run.now
    return Card(
        id=run.next_id(),
        step=step.id,
        template=step.card,
        status=CardStatus.EMBARGOED if later else CardStatus.ACTIVE,
        created_at=run.now,
        publish_at=times.publish_at if later else None,
        published_at=None if later else run.now,
        expires_at=times.expires_at,
        priority=PRIORITY_DEFAULT if delivery.priority is None else delivery.priority,
        streams=delivery.streams or (),
        form=rendered.form,
        platforms=delivery.platforms or (),
        containers=delivery.containers or (),
    )


def _set_timers(run: Run, card: Card) -> None:
    """The card's own times, set anew; the end of a snooze stays where it was, but not after the expiry."""
    run.drop_timers(card.id, TimerKind.PUBLISH, TimerKind.EXPIRE)
    if card.status is CardStatus.EMBARGOED and card.publish_at is not None:
        run.set_timer(card.publish_at, TimerKind.PUBLISH, card.id)
    if card.expires_at is not None:
        run.set_timer(card.expires_at, TimerKind.EXPIRE, card.id)


def _redelivered(run: Run, delivery: Delivery | None, card: Card) -> Mapping[str, object]:
    """The fields of the card that a new delivery changes; what it leaves out stays."""
    fields: dict[str, object] = {}
    if delivery is None:
        return fields
    for name in ("streams", "priority", "platforms", "containers"):
        if (given := getattr(delivery, name)) is not None:
            fields[name] = given
    if delivery.expires_at is not None or delivery.expires_after is not None:
        fields["expires_at"] = _expires_at(run, delivery, created_at=card.created_at)
    if delivery.publish_at is not None and card.status is CardStatus.EMBARGOED:
        publish_at = _moment(run, delivery.publish_at)
        fields["publish_at"] = card.publish_at if publish_at is None else publish_at
    return fields


def _expires_at(run: Run, delivery: Delivery, *, created_at: int) -> int | None:
    """The earlier of the moment and the time after creation."""
    ends = [_moment(run, delivery.expires_at)]
    if delivery.expires_after is not None:
        ends.append(shift(created_at, delivery.expires_after, run.setting.zone))
    return min((end for end in ends if end is not None), default=None)


def _moment(run: Run, moment: Moment | None) -> int | None:
    if moment is None:
        return None
    return moment.resolve(
        run.context, now=run.now, customer_zone=run.setting.zone, server_zone=run.world.zone
    )
