"""What can wake an instance besides time and its own cards, worked out after each turn."""

from __future__ import annotations

from typing import Final

from ..effects import Subscriptions
from ..instance import Token
from ..model import Collect, EventOutcome, Match, Outcome, ProfileOutcome, SegmentOutcome, Wait
from .run import Run

NOTHING: Final = Subscriptions()


def subscriptions(run: Run) -> Subscriptions | None:
    """None: a later turn of the same version left everything that counts here as it was."""
    is_later = run.live and run.base.turn
    if is_later and run.held == run.base.held and _stand_alike(run.tokens, run.base.tokens):
        return None
    return all_subscriptions(run)


def all_subscriptions(run: Run) -> Subscriptions:
    """Of exits, armed waits and `since: start`; an instance that has ended subscribes to nothing."""
    if not run.live:
        return NOTHING
    names: set[tuple[Match, str]] = set()
    profile = bool(run.held)
    for outcome in _armed(run):
        if isinstance(outcome, EventOutcome):
            names.add((outcome.match, outcome.event))
        elif isinstance(outcome, ProfileOutcome | SegmentOutcome):
            profile = True
    for token in run.tokens:
        step = run.flow.steps[token.step]
        if isinstance(step, Collect) and token.error is None:
            names.update([(step.match, name) for name in step.events])
    for name, listeners in run.flow.listening.kept.items():
        names.update([(outcome.match, name) for _, outcome in listeners])
    if not names and not profile:
        return NOTHING
    return Subscriptions(
        by_customer=_sorted(names, Match.CUSTOMER),
        by_key=_sorted(names, Match.KEY) if run.base.key is not None else (),
        by_any=_sorted(names, Match.ANY),
        profile=profile,
    )


def _stand_alike(tokens: tuple[Token, ...], before: tuple[Token, ...]) -> bool:
    """Whether all stand as those before, whenever they came."""
    return len(tokens) == len(before) and all(map(_stands_like, tokens, before))


def _stands_like(one: Token, other: Token) -> bool:
    return (
        one.step == other.step
        and one.latched == other.latched
        and (one.error is None) == (other.error is None)
    )


def _armed(run: Run) -> list[Outcome]:
    armed = [exit.on for exit in run.flow.exits]
    for token in run.tokens:
        step = run.flow.steps[token.step]
        if isinstance(step, Wait) and token.error is None:
            armed += [outcome for outcome in step.until if outcome.id not in token.latched]
    return armed


def _sorted(names: set[tuple[Match, str]], match: Match) -> tuple[str, ...]:
    return tuple(sorted([name for by, name in names if by is match]))
