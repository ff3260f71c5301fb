"""The turn function: one input in, the next state and its effects out (flow format §9.2).

`start` takes an instance's first turn, `decide` every later one. Both are pure: same in, same out. Neither
raises for other people's input: what they raise is a fault of ours, which the runtime commits through
`faulted`.
"""

from __future__ import annotations

from .customer import Profile
from .effects import Refusal, Turn
from .inputs import Event, Input, Started
from .instance import State
from .model import EventTrigger, Flow
from .world import Identity, StartPlan, TriggerFailed, World

__all__ = [
    "Identity",
    "StartPlan",
    "TriggerFailed",
    "World",
    "decide",
    "faulted",
    "match_trigger",
    "start",
    "trigger_target",
]


def start(  # noqa: PLR0913 – what a turn depends on, each by its name
    flow: Flow,
    started: Started,
    who: Identity,
    *,
    customer: Profile | None,
    now: int,
    seed: str,
    world: World,
) -> Turn | Refusal:
    """The first turn of an instance, or why there is none (a variable is missing or wrong, no such step)."""
    raise NotImplementedError


def decide(  # noqa: PLR0913 – what a turn depends on, each by its name
    flow: Flow, state: State, input: Input, *, customer: Profile | None, now: int, seed: str, world: World
) -> Turn:
    """One later turn. `now` may lag: the turn's time is never before the state's. `seed`: "{id}:{turn}"."""
    raise NotImplementedError


def faulted(state: State, input: Input, *, now: int, message: str) -> Turn:
    """After a fault of ours: the state from before the turn, its input consumed, the instance failed.

    For `TimeCame` the timer that would have been applied is dropped, so that it never fires for ever.
    """
    raise NotImplementedError


def trigger_target(
    flow: Flow, trigger: EventTrigger, event: Event, *, now: int, world: World
) -> str | TriggerFailed | None:
    """Whom the trigger concerns; None when it does not apply (disabled, another origin, nobody named).

    Called first, so that the runtime can load (or create) that customer's profile for `match_trigger`.
    """
    raise NotImplementedError


def match_trigger(  # noqa: PLR0913 – what a start depends on, each by its name
    flow: Flow,
    trigger: EventTrigger,
    event: Event,
    *,
    target: str,
    customer: Profile | None,
    now: int,
    world: World,
) -> StartPlan | TriggerFailed | None:
    """The start that the event asks for; None when `when` does not hold.

    `customer` is the target's profile, if the flow reads one.
    """
    raise NotImplementedError
