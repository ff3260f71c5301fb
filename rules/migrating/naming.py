"""Which step of the new version stands for one of the old, and under which numbers its activations go on.

Activations of a name are never given twice in an instance: what comes late, and idempotency keys, name them.
So a step that takes the place of another counts on after what its new name has counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..instance import State
from ..model import CardOutcome, Flow, FlowOutcome, NotificationOutcome, Outcome, Wait
from .plan import Plan


class Names:
    """Of one instance that moves from `old` to `new`."""

    def __init__(self, old: Flow, new: Flow, plan: Plan, state: State) -> None:
        self.old = old
        self.new = new
        self._plan = plan
        self._tokens = state.tokens
        self._shifts: dict[str, int] = {}
        self.runs = {step: _runs(outputs) for step, outputs in state.steps.items()}
        """How often each name was reached, by the names of both versions."""
        reached = dict.fromkeys([*self.runs, *[token.step for token in state.tokens]])
        counts = {step: self.runs.get(step, 0) for step in reached}
        for step, count in counts.items():
            name = self.of(step)
            if name is not None and name != step:
                self._shifts[step] = self.runs.get(name, 0)
                self.runs[name] = self._shifts[step] + count

    def of(self, step: str) -> str | None:
        """The step of the new version that stands for it, if there is one; "" (exits) for itself."""
        if not step:
            return step
        name = self._plan.steps.get(step, step) if step in self.old.steps else step
        return name if name in self.new.steps else None

    def heir(self, step: str) -> str | None:
        """The same, if it is of the same kind, so that it can have what the old one left."""
        name = self.of(step)
        before = self.old.steps.get(step)
        return name if name is not None and type(before) is type(self.new.steps[name]) else None

    def shifted(self, step: str, activation: int) -> int:
        return activation + self._shifts.get(step, 0)

    def source(self, name: str, steps: Iterable[str]) -> str | None:
        """Whose outputs a step of the new version has: where a token stands, of the same id, or any."""
        sources = [step for step in steps if self.of(step) == name]
        standing = next((token.step for token in reversed(self._tokens) if token.step in sources), None)
        return standing or (name if name in sources else next(iter(sources), None))

    def listeners(
        self, waiting: Iterable[str], before: Sequence[str], after: Sequence[str]
    ) -> tuple[str, ...]:
        """The wait steps that have not taken a fact: those of the old version as far as they still listen
        (`after`), and those that did not listen to it `before`.
        """
        left = {self.of(step) for step in waiting}
        known = {self.of(step) for step in before}
        return tuple([step for step in after if step in left or step not in known])

    def unchanged(self, step: str) -> frozenset[str]:
        """Ids of outcomes of the wait in its place, or of exits (""), that wait for what they did. Where they
        lead does not matter."""
        before, after = (_armed(flow, name) for flow, name in ((self.old, step), (self.new, self.of(step))))
        known = {outcome.id: outcome for outcome in before}
        return frozenset(
            [
                outcome.id
                for outcome in after
                if outcome.id in known and self._is_same(known[outcome.id], outcome)
            ]
        )

    def _is_same(self, before: Outcome, after: Outcome) -> bool:
        if isinstance(before, CardOutcome | NotificationOutcome | FlowOutcome):
            return replace(before, next=after.next, of=self.of(before.of) or "") == after
        return replace(before, next=after.next) == after


def _armed(flow: Flow, step: str | None) -> Sequence[Outcome]:
    if step == "":
        return [exit.on for exit in flow.exits]
    found = flow.steps.get(step) if step is not None else None
    return found.until if isinstance(found, Wait) else ()


def _runs(outputs: dict[str, object]) -> int:
    runs = outputs["runs"]
    assert isinstance(runs, int), "a step that was reached counts"
    return runs
