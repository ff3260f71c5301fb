"""What can have run before a step, or run beside it, over all tokens of an instance.

A path is more than the way of one token: a fork lets others run beside it, and an exit goes on from wherever
they stood. What is said here errs to one side: a step that only may come before another counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from .. import model
from .graph import Graph, departures, reachable


class Order:
    """`after_exits` are the steps on the ways of exits: before them everything may have run."""

    def __init__(self, flow: model.Flow, graph: Graph) -> None:
        self._graph = graph
        self._siblings = _siblings(flow)
        self._beside: dict[str, Set[str]] = {}
        self.after_exits = reachable(graph.ways, (step for exit in flow.exits for step in exit.on.next))

    def may_precede(self, earlier: str, step: str) -> bool:
        return step in self._graph.reach[earlier] or step in self.after_exits or earlier in self.beside(step)

    def comes_to(self, way: model.Next, steps: Set[str]) -> bool:
        """Whether a token that takes this way may come to one of the steps."""
        return any(step in steps or not self._graph.reach[step].isdisjoint(steps) for step in way)

    def beside(self, step: str) -> Set[str]:
        """Where other tokens may stand, or have stood, while one is at this step."""
        found = self._beside.get(step)
        if found is None:
            siblings: set[str] = set()
            for first, others in self._siblings.items():
                if step == first or step in self._graph.reach[first]:
                    siblings |= others
            found = self._beside[step] = reachable(self._graph.ways, siblings)
        return found


def _siblings(flow: model.Flow) -> dict[str, set[str]]:
    """For each step to which a fork leads, the others to which it leads."""
    found: dict[str, set[str]] = {}
    for fork in _forks(flow):
        together = set(fork) & flow.steps.keys()
        for step in together if len(together) > 1 else ():
            found.setdefault(step, set()).update(together - {step})
    return found


def _forks(flow: model.Flow) -> Iterator[model.Next]:
    """Steps that get a token together: first ones, those after an exit, those after a step."""
    yield flow.start
    yield from (trigger.start or () for trigger in flow.triggers)
    yield from (exit.on.next for exit in flow.exits)
    for step in flow.steps.values():
        yield from departures(step)
