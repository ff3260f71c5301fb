"""The end of a turn: the status by what is parked, the cards that stay in the state, and all as a `Turn`."""

from __future__ import annotations

from ..cards.card import OPEN, Card
from ..effects import Turn
from ..instance import Change, InstanceStatus, Timer
from .run import Run
from .subscribing import subscriptions


def close(run: Run) -> Turn:
    """What the turn comes to; nothing may follow in it."""
    _settle(run)
    run.cards = _worth_keeping(run)
    # The context knows its run: without this only the garbage collector would free the two.
    del run.context
    return Turn(
        state=run.state() if _did_something(run) else run.base,
        effects=tuple(run.effects),
        due=next_due(run.timers),
        subscriptions=subscriptions(run),
        answer=run.answer,
        woke=run.woke,
        collected=run.collected,
        trace=tuple(run.trace),
        condition_errors=run.condition_errors,
    )


def _did_something(run: Run) -> bool:
    base = run.base
    return bool(
        run.trace
        or run.effects
        or run.timers is not base.timers
        or run.reports is not base.reports
        or run.events is not base.events
        or run.held is not base.held
        or run.missed is not base.missed
    )


def _settle(run: Run) -> None:
    """A live instance is `failed` as long as a token is parked, or a fault of ours is not repaired."""
    if run.error is None or not run.live:
        return  # who parks a token, and who commits a fault, says why
    is_broken = run.fault or any([token.error is not None for token in run.tokens])
    if is_broken == (run.status is InstanceStatus.FAILED):
        return
    if is_broken:
        run.move(Change.PARKED)
        run.raise_own("instance.failed", {"error": run.error})
    else:
        run.move(Change.REPAIRED)
        run.error = None


def _worth_keeping(run: Run) -> tuple[Card, ...]:
    """Open cards, and closed ones that are the latest of their step or that a report still names."""
    if run.cards is run.base.cards and run.reports is run.base.reports:
        return run.cards
    named = {report.about for report in run.reports}
    named |= {card.id for card in {card.step: card for card in run.cards}.values()}
    return tuple([card for card in run.cards if card.status in OPEN or card.id in named])


def next_due(timers: tuple[Timer, ...]) -> int | None:
    return min([timer.due for timer in timers]) if timers else None
