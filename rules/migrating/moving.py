"""The migration of one instance is one turn; so is undoing it, as long as no other turn came between.

What is under way waits for its end (`busy`), what has no place in the new version keeps the instance where it
is. A turn that had effects cannot be undone: others know of it.
"""

from __future__ import annotations

from msgspec.structs import replace

from ..customers.profile import Profile
from ..effects import PutCard, Turn
from ..errors import RuleError
from ..instance import State
from ..model import Flow
from ..turn.advance import advance
from ..turn.closing import close
from ..turn.run import Run
from ..turn.subscribing import all_subscriptions
from ..world import World
from .arming import arm
from .carrying import carry
from .naming import Names
from .plan import Plan, Reason, Stays, Stuck


def migrate(  # noqa: PLR0913 – what a turn depends on, each by its name
    old: Flow,
    new: Flow,
    state: State,
    plan: Plan,
    *,
    customer: Profile | None,
    now: int,
    seed: str,
    world: World,
) -> Turn | Stuck:
    """The turn in which a live instance of `old` becomes one of `new`; or why it stays as it is."""
    if not state.live:
        return Stuck(reason=Reason.ENDED, message="The instance has ended.")
    names = Names(old, new, plan, state)
    try:
        carried = carry(names, state, plan)
        run = Run(new, carried, profile=customer, now=now, seed=seed, world=world)
        run.note("", f"version {old.version} → {new.version}")
        _tell_cards(run, state)
        arm(run, names, state.tokens)
        _check_size(run)
    except Stays as stays:
        return stays.stuck
    advance(run)
    return _closed(run)


def undo(old: Flow, state: State, before: State, *, turn: int, now: int, seed: str) -> Turn | Stuck:
    """The turn in which the instance is again as `before` it was moved in `turn`; what fell due is due."""
    if state.turn != turn:
        return Stuck(reason=Reason.MOVED_ON, message="The instance has had turns since it was moved.")
    again = replace(before, now=state.now, turn=state.turn)
    run = Run(old, again, profile=None, now=now, seed=seed, world=World())
    run.note("", f"version {state.version} → {old.version}, undone")
    _tell_cards(run, state)
    return _closed(run)


def can_undo(turn: Turn) -> bool:
    """Whether nobody knows of the migration besides the instance and its cards."""
    return all(isinstance(effect, PutCard) and effect.view is None for effect in turn.effects)


def _check_size(run: Run) -> None:
    try:
        run.check_size()
    except RuleError as error:
        raise Stays(Reason.TOO_LARGE, error.message) from error


def _tell_cards(run: Run, before: State) -> None:
    """Rows of cards name their step, which may have another name in the version of the run."""
    known = {card.id: card for card in before.cards}
    for card in run.cards:
        if card.id in known and known[card.id] != card:
            run.effects.append(PutCard(card=card))


def _closed(run: Run) -> Turn:
    """What it waits for is told whole: the version is another."""
    return replace(close(run), subscriptions=all_subscriptions(run))
