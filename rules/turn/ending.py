"""How an instance ends (flow format §9.8), and how an exit takes it out of all that it waits for (§4)."""

from __future__ import annotations

from typing import Final

from ..cards import changes as card_changes
from ..effects import CancelChild, DropCalls, TellParent
from ..instance import OF_TOKENS, Change, InstanceStatus, TimerKind
from ..model import Exit
from . import pushes
from .run import Run

_OUTLIVING: Final = frozenset({TimerKind.PUBLISH, TimerKind.UNSNOOZE, TimerKind.EXPIRE, TimerKind.PUSH})
"""Timers of cards that stay open, and of pushes that still leave."""


def finish(run: Run, change: Change, *, outcome: str | None = None, cancel_cards: str | None = None) -> None:
    """End the instance: tokens and timers go. Open cards are cancelled for that reason, or stay open."""
    run.move(change)
    run.ended_at = run.now
    run.outcome = outcome
    if run.status is InstanceStatus.COMPLETED:
        run.error = None
    if cancel_cards is not None:
        for card in card_changes.open_cards(run):
            card_changes.cancel(run, card, cancel_cards)
    if run.status is not InstanceStatus.COMPLETED:
        _call_back(run)
    run.tokens, run.begins, run.joined = (), (), ()
    run.reports, run.events = (), ()
    run.held, run.fired = (), {}
    run.fault, run.missed, run.children = False, (), ()
    run.timers = tuple([timer for timer in run.timers if timer.kind in _OUTLIVING])
    run.queue.clear()
    run.facts.clear()
    run.note("", run.status.value if outcome is None else f"{run.status.value}: {outcome}")
    run.raise_own(f"instance.{run.status.value}", {} if outcome is None else {"outcome": outcome})
    parent = run.base.parent
    if parent is not None:
        run.effects.append(TellParent(parent=parent, status=run.status.value, outcome=outcome))


def _call_back(run: Run) -> None:
    """Cancelled or expired: what has not left stays, and children that are waited for go with it."""
    pushes.drop_all(run)
    run.effects.append(DropCalls())
    for child in run.children:
        if child.waits:
            run.effects.append(CancelChild(instance=child.id, customer=child.customer))


def leave(run: Run, exit: Exit) -> None:
    """An exit holds: every token goes; the instance ends, or goes on where the exit leads."""
    run.woke = True
    run.note("", f"exit: {exit.on.id}")
    run.tokens, run.begins = (), ()
    run.joined = ()
    run.queue.clear()
    run.timers = tuple([timer for timer in run.timers if timer.kind not in OF_TOKENS])
    if not exit.on.next:
        finish(run, Change.FINISHED, outcome=exit.outcome, cancel_cards="exit" if exit.cancel_cards else None)
        return
    if exit.cancel_cards:
        for card in card_changes.open_cards(run):
            card_changes.cancel(run, card, "exit")
    run.queue.extend(exit.on.next)
