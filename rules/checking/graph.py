"""The graph of a flow's steps: who leads where, what can be reached, where it turns in a circle.

Sets of steps are bits of an integer, so that a flow of 500 steps costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import assert_never

from ..model import (
    Branch,
    CancelCard,
    Collect,
    Decide,
    Emit,
    End,
    Join,
    Limit,
    Next,
    Notify,
    Request,
    SendCard,
    Set,
    Split,
    StartFlow,
    Step,
    UpdateCard,
    UpdateCustomer,
    Wait,
)


@dataclass(frozen=True, slots=True)
class Graph:
    """`ways[s]` are the steps that a token may stand at next after `s`; `reach[s]` all it can come to."""

    ways: Mapping[str, tuple[str, ...]]
    reach: Mapping[str, frozenset[str]]

    def is_in_loop(self, step: str) -> bool:
        return step in self.reach[step]


def build(steps: Mapping[str, Step]) -> Graph:
    """Ways to steps that do not exist are left out: they are reported as references."""
    ways = {id: tuple(way for way in targets(step) if way in steps) for id, step in steps.items()}
    return Graph(ways, reach_of(ways))


def targets(step: Step) -> tuple[str, ...]:
    """Where the step leads, each once: its own ways first, `on_error` last."""
    return tuple(dict.fromkeys(chain.from_iterable(departures(step))))


def departures(step: Step) -> Iterator[Next]:  # noqa: C901 – an arm a kind of step
    """The steps that get a token together, for each way to leave the step; `on_error` last."""
    match step:
        case Wait():
            yield from (outcome.next for outcome in step.until)
            if step.deadline is not None:
                yield step.deadline.next
            if step.need_all:
                yield step.next
        case Branch():
            cases = [case.next for case in step.cases]
            yield from (tuple(chain.from_iterable(cases)),) if step.take_every else cases
            yield step.otherwise
        case Split():
            yield from (arm.next for arm in step.arms)
        case Limit():
            yield step.otherwise
            yield step.next
        case Collect():
            yield step.if_empty or ()
            yield step.next
        case End():
            pass
        case SendCard() | UpdateCard() | CancelCard() | Set() | UpdateCustomer() | Emit() | Join():
            yield step.next
        case Decide() | Request() | Notify() | StartFlow():
            yield step.next
        case _:
            assert_never(step)
    yield step.on_error or ()


def blocks(step: Step) -> bool:
    """Whether a token stays at the step until something happens, so that a loop through it may go round."""
    match step:
        case Wait() | Collect() | Request():
            return True
        case StartFlow():
            return step.wait
        case _:
            return False


def reach_of(ways: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """What each step can come to; itself only through a loop."""
    names = list(ways)
    bits = {name: 1 << index for index, name in enumerate(names)}
    reach = dict.fromkeys(names, 0)
    # Later steps first: most ways lead down the document, so that one or two passes settle everything.
    changed = True
    while changed:
        changed = False
        for name in reversed(names):
            found = 0
            for way in ways[name]:
                found |= bits[way] | reach[way]
            if found != reach[name]:
                reach[name] = found
                changed = True
    shared: dict[int, frozenset[str]] = {}
    for found in reach.values():
        if found not in shared:
            shared[found] = frozenset(name for name in names if bits[name] & found)
    return {name: shared[found] for name, found in reach.items()}


def reachable(ways: Mapping[str, tuple[str, ...]], roots: Iterable[str]) -> set[str]:
    """The roots and all that can be come to from them."""
    found: set[str] = set()
    waiting = [root for root in roots if root in ways]
    while waiting:
        step = waiting.pop()
        if step not in found:
            found.add(step)
            waiting.extend(ways[step])
    return found


def busy_loop(graph: Graph, blocking: Iterable[str]) -> tuple[str, ...] | None:
    """The steps of a loop that goes through no blocking step, in order, or None."""
    free = set(graph.ways) - set(blocking)
    ways = {
        name: tuple(way for way in graph.ways[name] if way in free) for name in graph.ways if name in free
    }
    reach = reach_of(ways)
    for start in ways:
        if start in reach[start]:
            return _shortest_loop(ways, start)
    return None


def _shortest_loop(ways: Mapping[str, tuple[str, ...]], start: str) -> tuple[str, ...]:
    paths: dict[str, tuple[str, ...]] = {way: (start, way) for way in ways[start]}
    if start in paths:
        return (start,)
    waiting = list(paths)
    for step in waiting:
        for way in ways[step]:
            if way == start:
                return paths[step]
            if way not in paths:
                paths[way] = (*paths[step], way)
                waiting.append(way)
    raise AssertionError("a step that reaches itself lies on a loop")


def definitely_set(
    ways: Mapping[str, tuple[str, ...]], roots: Iterable[str], sets: Mapping[str, Next]
) -> dict[str, frozenset[str]]:
    """For each reachable step what is set on every path before it; `sets` says what each step sets."""
    found: dict[str, frozenset[str]] = {root: frozenset() for root in roots if root in ways}
    waiting = list(found)
    while waiting:
        step = waiting.pop()
        after = found[step] | frozenset(sets.get(step, ()))
        for way in ways[step]:
            known = found.get(way)
            now = after if known is None else known & after
            if now != known:
                found[way] = now
                waiting.append(way)
    return found
