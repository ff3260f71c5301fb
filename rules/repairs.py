"""Whether a repair can be done as an operator asks for it, before its turn (flow format §9.7).

What it does is part of the turn (`turn/advance.py`); there what cannot be done changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from .documents.problems import nearest
from .inputs import Repaired
from .instance import InstanceStatus, State
from .model import Flow


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why not; `pointer` where what was asked for names something that the version does not have."""

    code: str
    message: str
    pointer: str | None = None


def find_obstacle(flow: Flow, state: State, repaired: Repaired) -> Obstacle | None:
    """The first thing that is in the way."""
    places = [("/step", repaired.step), *_targets(repaired)]
    for pointer, step in places:
        if step is not None and step not in flow.steps:
            message = f'Version {flow.version} has no step "{step[:64]}".{nearest(step, flow.steps)}'
            return Obstacle("unknown_step", message, pointer)
    if state.status is not InstanceStatus.FAILED:
        return Obstacle("not_failed", f"The instance is {state.status}: nothing of it has failed.")
    parked = {token.step for token in state.tokens if token.error is not None}
    if repaired.step is not None and repaired.step not in parked:
        return Obstacle("not_parked", f'Nothing has failed at "{repaired.step}".')
    return None


def _targets(repaired: Repaired) -> list[tuple[str, str]]:
    return [(f"/to/{index}", step) for index, step in enumerate(repaired.to or ())]
