"""Wait steps: arming, latching, waking, and what the deadline and `close` do (flow format §5, §5.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, assert_never

from msgspec.structs import replace

from ...calendar.times import to_datetime
from ...cards import changes as card_changes
from ...cards.card import OPEN
from ...instance import Timer, TimerKind, Token
from ...model import CardOutcome, Next, Outcome, TimeOutcome, Wait
from .. import kept, outcomes
from ..context import card_context
from ..facts import CardReported, ChildEnded, EventCame, Fact, MomentCame, ProfileChanged, PushTold
from ..run import Run
from ..running import attempt

DEADLINE: Final = "deadline"
"""`steps.<id>.outcome` of a wait that its deadline ended."""


def enter(run: Run, wait: Wait, activation: int) -> Next | None:
    """Arm the wait, or go straight on if what has happened already is enough."""
    token = Token(wait.id, activation, run.now)
    run.add_token(token)
    if wait.looking_back:
        follow = _look_back(run, wait, activation, wait.looking_back)
        if follow is not None:
            return follow
        token = _armed(run, wait, activation)
    return _arm(run, wait, token)


def _look_back(run: Run, wait: Wait, activation: int, looking: Iterable[Outcome]) -> Next | None:
    """What has happened already, in document order, until it is enough."""
    newest, follow = 0, None
    for outcome in looking:
        fact = outcomes.already(run, wait.id, outcome)
        if fact is None:
            continue
        if isinstance(fact, EventCame):
            newest = max(newest, fact.number)
        follow = _happen(run, wait, _armed(run, wait, activation), outcome, fact)
        if follow is not None:
            break
    if newest:
        kept.pass_over(run, wait.id, newest)
    return follow


def reconsider(run: Run, wait: Wait, token: Token, fresh: frozenset[str]) -> None:
    """Another version of the flow knows other outcomes, `fresh` ones: what has come already may be enough."""

    def settle(*_: object) -> Next | None:
        follow = _settled(run, wait, token)
        if follow is not None:
            return follow
        looking = [
            outcome
            for outcome in wait.looking_back
            if outcome.id in fresh.difference(token.latched) and not isinstance(outcome, TimeOutcome)
        ]
        return _look_back(run, wait, token.activation, looking)

    attempt(run, wait, token.activation, settle)


def _settled(run: Run, wait: Wait, token: Token) -> Next | None:
    """Where the token goes if what has latched is enough for the wait as it is now."""
    if wait.need_all:
        return _complete(run, wait, token) if len(token.latched) == len(wait.until) else None
    outcome = next((outcome for outcome in wait.until if outcome.id in token.latched), None)
    if outcome is None:
        return None
    run.note(wait.id, f"outcome: {outcome.id}")
    _close(run, wait, {outcome.of} if isinstance(outcome, CardOutcome) else ())
    told = {**_latched_so_far(run, wait).get(outcome.id, {})}
    told.pop("at", None)
    outputs = {"runs": token.activation, "outcome": outcome.id, **told}
    return _go_on(run, wait, token, outcome.next, outputs)


def offer(run: Run, wait: Wait, token: Token, fact: Fact) -> bool:
    """Try the outcomes in document order; whether this wait took the fact.

    An event or report is taken once. A profile is no single fact: one write may latch several outcomes.
    """
    if isinstance(fact, EventCame):
        return _offer_event(run, wait, token, fact)
    took = False
    for outcome in wait.until:
        if outcome.id in token.latched or not outcomes.satisfied(run, wait.id, outcome, fact):
            continue
        wake(run, wait, token, outcome, fact)
        took = True
        if not isinstance(fact, ProfileChanged):
            break
        left = token_of(run, wait.id, token.activation)
        if left is None:
            break
        token = left
    return took


def _offer_event(run: Run, wait: Wait, token: Token, fact: EventCame) -> bool:
    for outcome in wait.by_event.get(fact.event.name, ()):
        if outcome.id not in token.latched and outcomes.event_satisfies(run, wait.id, outcome, fact):
            wake(run, wait, token, outcome, fact)
            return True
    return False


def wake(run: Run, wait: Wait, token: Token, outcome: Outcome, fact: Fact) -> None:
    """The fact satisfies the outcome of the wait at which the token is armed."""
    run.woke = True
    attempt(run, wait, token.activation, lambda *_: _happen(run, wait, token, outcome, fact))


def ring(run: Run, wait: Wait, timer: Timer) -> None:
    """The timer of an outcome or of the deadline rang."""
    token = _armed(run, wait, timer.activation)
    if timer.kind is TimerKind.DEADLINE:
        run.woke = True
        attempt(run, wait, timer.activation, lambda *_: _end_early(run, wait, token, timer.due))
        return
    outcome = next(outcome for outcome in wait.until if outcome.id == timer.outcome)
    wake(run, wait, token, outcome, MomentCame(timer.due))


def token_of(run: Run, step: str, activation: int) -> Token | None:
    """The token that is armed there."""
    for token in run.tokens:
        if token.step == step and token.activation == activation and token.error is None:
            return token
    return None


def _armed(run: Run, wait: Wait, activation: int) -> Token:
    token = token_of(run, wait.id, activation)
    assert token is not None, "timers and memories of a wait go with its token"
    return token


def _happen(run: Run, wait: Wait, token: Token, outcome: Outcome, fact: Fact) -> Next | None:
    """An outcome has happened: the steps to go on with, or None while others are needed."""
    kept.take(run, wait.id, outcome, fact)
    if not wait.need_all:
        run.note(wait.id, f"outcome: {outcome.id}")
        if wait.close:
            _close(run, wait, {outcome.of} if isinstance(outcome, CardOutcome) else ())
        outputs = {"runs": token.activation, "outcome": outcome.id, **_about(run, fact)}
        return _go_on(run, wait, token, outcome.next, outputs)
    run.note(wait.id, f"latched: {outcome.id}")
    return _latch(run, wait, token, outcome, fact)


def _latch(run: Run, wait: Wait, token: Token, outcome: Outcome, fact: Fact) -> Next | None:
    told = {"at": to_datetime(run.now), **_about(run, fact)}
    run.output(
        wait.id,
        {"runs": token.activation, "outcomes": {**_latched_so_far(run, wait), outcome.id: told}},
    )
    latched = replace(token, latched=(*token.latched, outcome.id))
    run.replace_token(token, latched)
    return _complete(run, wait, latched) if len(latched.latched) == len(wait.until) else None


def _complete(run: Run, wait: Wait, token: Token) -> Next:
    """Every outcome has happened."""
    _close(run, wait, {other.of for other in wait.until if isinstance(other, CardOutcome)})
    done = {"outcome": None, "outcomes": _latched_so_far(run, wait)}
    return _go_on(run, wait, token, wait.next, {"runs": token.activation, **done})


def _latched_so_far(run: Run, wait: Wait) -> dict[str, dict[str, object]]:
    so_far = run.steps[wait.id].get("outcomes", {})
    assert isinstance(so_far, dict)
    return so_far


def _end_early(run: Run, wait: Wait, token: Token, due: int) -> Next:
    assert wait.deadline is not None, "a deadline rings only where there is one"
    kept.took_moment(run, wait.id, wait.deadline, due)
    run.note(wait.id, DEADLINE)
    _close(run, wait, ())
    return _go_on(run, wait, token, wait.deadline.next, {**run.steps[wait.id], "outcome": DEADLINE})


def _go_on(run: Run, wait: Wait, token: Token, follow: Next, outputs: dict[str, object]) -> Next:
    run.drop_token(token)
    run.output(wait.id, outputs)
    return follow


def _close(run: Run, wait: Wait, winners: Collection[str]) -> None:
    """Cancel the cards of the steps in `close`, but not of those whose card has won."""
    for card in run.cards:
        if card.step in wait.close and card.step not in winners and card.status in OPEN:
            card_changes.cancel(run, card, "close")


def _arm(run: Run, wait: Wait, token: Token) -> Next | None:
    """Set the timers of what has not happened yet; a deadline that is past ends the wait at once."""
    for outcome in wait.timed:
        if outcome.id not in token.latched:
            due = outcomes.due_of(run, wait.id, outcome)
            if due is not None:
                run.set_timer(due, TimerKind.OUTCOME, wait.id, token.activation, outcome.id)
    if wait.deadline is not None:
        due = outcomes.due_of(run, wait.id, wait.deadline)
        if wait.deadline.at is not None and due is not None and due <= run.now:
            return _end_early(run, wait, token, due)
        if due is not None:
            run.set_timer(due, TimerKind.DEADLINE, wait.id, token.activation)
    run.note(wait.id, "waits")
    return None


def _about(run: Run, fact: Fact) -> dict[str, object]:
    """What the outputs say of the fact."""
    match fact:
        case EventCame():
            return {"event": fact.shown}
        case CardReported():
            return {"card": card_context(fact.card, fact.button)}
        case PushTold():
            return {"notification": {"id": fact.push, "status": fact.status}}
        case ChildEnded():
            return {"instance": _child(run, fact)}
        case ProfileChanged() | MomentCame():
            return {}
        case _:
            assert_never(fact)


def _child(run: Run, fact: ChildEnded) -> object:
    """The child as its step's output shows it; of one that was started before that, only the id."""
    shown = run.steps.get(fact.step, {}).get("instance")
    is_it = isinstance(shown, dict) and shown.get("id") == fact.child
    return shown if is_it else {"id": fact.child, "status": None, "outcome": None}
