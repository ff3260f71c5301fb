"""A turn under way: the state being changed, the effects collected, the tokens that still have to run.

Its fields hold values that are replaced, never changed in place; so the state that the turn came from stays
as it was, and what a failed step did is undone by putting the old values back. What the changes mean is
decided elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Final, TypeAlias

import msgspec

from ..cards.card import Card, CardView
from ..customers.profile import Profile
from ..effects import Answer, Effect, PutCard, RaiseEvent, StepTrace, WriteLedger
from ..errors import RuleError
from ..ids import make_id, share
from ..inputs import Event
from ..instance import (
    OF_TOKENS,
    TRANSITIONS,
    Change,
    State,
    Timer,
    TimerKind,
    Token,
)
from ..ledgers import Ledger
from ..limits import STATE_BYTES_MAX, TRACE_LINES_MAX, TRACE_VALUE_BYTES_MAX
from ..model import Flow, Origin
from ..text.templates import Setting
from ..world import World
from .context import Context
from .facts import Fact

pack = msgspec.msgpack.Encoder().encode

_SMALL = frozenset({bool, int, float, type(None), datetime})
_ITEM_BYTES = 192
"""What a token or a timer weighs at most: two keys of 64 characters, and numbers."""


_MARKED: Final = (
    "cards",
    "variables",
    "steps",
    "tokens",
    "timers",
    "reports",
    "events",
    "held",
    "fired",
    "joined",
    "pushes",
    "children",
    "ledger",
    "profile",
    "card_balance",
    "size",
)
"""What a failed step must not have changed. Counters are not in it: they number things, gaps do no harm."""
_marked: Final = attrgetter(*_MARKED)

Mark: TypeAlias = tuple[tuple[object, ...], int, int]
"""The values of `_MARKED`, and how many effects and facts there were."""


class Run:
    """The turn that is being taken, from the state `base`."""

    __slots__ = (
        "_setting",
        "answer",
        "base",
        "begins",
        "card_balance",
        "cards",
        "children",
        "collected",
        "condition_errors",
        "context",
        "depth",
        "effects",
        "ended_at",
        "error",
        "events",
        "facts",
        "fault",
        "fired",
        "flow",
        "held",
        "id_count",
        "joined",
        "ledger",
        "missed",
        "now",
        "numbered",
        "outcome",
        "profile",
        "pushes",
        "queue",
        "reports",
        "seed",
        "size",
        "status",
        "step_count",
        "steps",
        "timers",
        "tokens",
        "trace",
        "variables",
        "woke",
        "world",
    )

    def __init__(
        self, flow: Flow, base: State, *, profile: Profile | None, now: int, seed: str, world: World
    ) -> None:
        self.flow = flow
        self.base: State = base
        self.profile = profile
        self.now: int = now if now > base.now else base.now
        self.seed = seed
        self.world: World = world

        self._begin_from(base)
        self.ledger: Ledger = world.ledger
        self.depth = 0
        self.queue: deque[str] = deque()
        self.facts: deque[Fact] = deque()
        self.effects: list[Effect] = []
        self.trace: list[StepTrace] = []
        self.answer: Answer | None = None
        self.woke = False
        self.collected = False
        self.condition_errors = 0
        self.card_balance = 0
        self.id_count = 0
        self.context = Context()
        self.context.run = self
        self._setting: Setting | None = None

    def _begin_from(self, base: State) -> None:
        self.status = base.status
        self.outcome = base.outcome
        self.ended_at = base.ended_at
        self.error = base.error
        self.cards = base.cards
        self.variables = base.variables
        self.tokens = base.tokens
        self.steps = base.steps
        self.timers = base.timers
        self.reports = base.reports
        self.events = base.events
        self.held = base.held
        self.fired = base.fired
        self.joined = base.joined
        self.numbered = base.numbered
        self.step_count = base.step_count
        self.size = base.size
        self.fault = base.fault
        self.missed = base.missed
        self.pushes = base.pushes
        self.children = base.children
        self.begins = base.begins

    @property
    def live(self) -> bool:
        return self.ended_at is None

    @property
    def setting(self) -> Setting:
        """For whom this turn renders and counts days."""
        if self._setting is None:
            profile, world = self.profile, self.world
            self._setting = Setting(
                locale=(profile and profile.locale) or world.locale,
                zone=(profile and profile.timezone) or world.zone,
            )
        return self._setting

    # --- undoing -----------------------------------------------------------------------------------

    def mark(self) -> Mark:
        """Where a step begins."""
        return _marked(self), len(self.effects), len(self.facts)

    def undo(self, mark: Mark) -> None:
        """Put back everything as it was at `mark`, the effects included."""
        values, effect_count, fact_count = mark
        for name, value in zip(_MARKED, values, strict=True):
            setattr(self, name, value)
        del self.effects[effect_count:]
        while len(self.facts) > fact_count:
            self.facts.pop()
        self.context.clear()
        self._setting = None

    # --- changing ----------------------------------------------------------------------------------

    def move(self, change: Change) -> None:
        """Take the instance's status through its table; a pair that is not in it is a fault of ours."""
        self.status = TRANSITIONS[self.status, change]

    def next_id(self) -> str:
        self.id_count += 1
        return make_id(self.now, self.seed, self.id_count)

    def chance(self, *of: object) -> float:
        """A number from 0 to 1 that is the same in every replay."""
        return share(f"{self.seed}/{'/'.join(map(str, of))}")

    def next_number(self) -> int:
        self.numbered += 1
        return self.numbered

    def set_variables(self, values: Mapping[str, object]) -> None:
        self.variables = {**self.variables, **values}
        self.grow(values)
        self.context.pop("vars", None)

    def output(self, step: str, outputs: dict[str, object]) -> None:
        """What `steps.<id>` says from now on."""
        self.steps = {**self.steps, step: outputs}
        self.size += len(pack(outputs))
        self.context.pop("steps", None)

    def begin(self, step: str) -> int:
        """A token has reached the step: the number of this activation. Outputs of the one before are gone."""
        outputs = self.steps.get(step)
        activation: int = 1 if outputs is None else outputs["runs"] + 1  # type: ignore[operator]  # see `runs`
        self.steps = {**self.steps, step: {"runs": activation}}
        self.context.pop("steps", None)
        return activation

    def runs(self, step: str) -> int:
        """How often the step was reached: the number of its newest activation."""
        outputs = self.steps.get(step)
        runs = outputs["runs"] if outputs else 0
        assert isinstance(runs, int)
        return runs

    def write_ledger(self, ledger: Ledger) -> None:
        """What the flow remembers of the customer: this turn sees it at once."""
        self.ledger = ledger
        self.effects.append(WriteLedger(ledger=ledger))

    def put_card(self, card: Card, view: CardView | None = None) -> None:
        """The card is new or has changed; with `view` it is rendered (again)."""
        if any(known.id == card.id for known in self.cards):
            self.cards = tuple([card if known.id == card.id else known for known in self.cards])
        else:
            self.cards = (*self.cards, card)
        self.effects.append(PutCard(card=card, view=view))
        self.context.pop("steps", None)

    def set_profile(self, profile: Profile) -> None:
        self.profile = profile
        self._setting = None
        self.context.pop("customer", None)

    def set_timer(self, due: int, kind: TimerKind, of: str, activation: int = 0, outcome: str = "") -> None:
        self.size += _ITEM_BYTES
        self.timers = (*self.timers, Timer(due, self.next_number(), kind, of, activation, outcome))

    def add_token(self, token: Token) -> None:
        self.size += _ITEM_BYTES
        self.tokens = (*self.tokens, token)

    def replace_token(self, token: Token, new: Token) -> None:
        self.tokens = tuple([new if other is token else other for other in self.tokens])

    def drop_token(self, token: Token) -> None:
        """The token has left; its timers go with it."""
        at = self.tokens.index(token)
        self.tokens = self.tokens[:at] + self.tokens[at + 1 :]
        step, activation = token.step, token.activation
        left = []
        for timer in self.timers:
            if timer.of != step or timer.activation != activation or timer.kind not in OF_TOKENS:
                left.append(timer)
        self.timers = tuple(left)

    def drop_timers(self, of: str, *kinds: TimerKind) -> None:
        """Those of these kinds that belong to the card or push."""
        self.timers = tuple([timer for timer in self.timers if timer.of != of or timer.kind not in kinds])

    # --- effects -----------------------------------------------------------------------------------

    def raise_own(self, name: str, data: dict[str, object]) -> None:
        """One of the server's own events about this instance, for whoever subscribes."""
        base = self.base
        about: dict[str, object] = {"instance": base.id, "flow": base.flow, "version": base.version}
        if base.test:
            about["test"] = True
        event = Event(
            id=self.next_id(),
            name=name,
            time=self.now,
            customer=base.customer,
            key=base.key,
            data=about | data,
            origin=Origin.FLOW,
            source=f"flow:{base.flow}",
            depth=self.depth + 1,
            test=base.test,
        )
        self.effects.append(RaiseEvent(event=event, own=True))

    def note(
        self,
        step: str,
        result: str,
        *,
        read: Mapping[str, object] | None = None,
        error: dict[str, object] | None = None,
    ) -> None:
        """A line for the timeline; beyond the limit only that there was more."""
        count = len(self.trace)
        if count < TRACE_LINES_MAX:
            shown = {name: _shown(read[name]) for name in read} if read else {}
            self.trace.append(StepTrace(step, result, shown, error))
        elif count == TRACE_LINES_MAX:
            self.trace.append(StepTrace("", "and more"))

    def state(self) -> State:
        """The state as it is now."""
        base = self.base
        return State(
            base.layout,
            base.id,
            base.flow,
            base.version,
            base.customer,
            base.key,
            base.invocation,
            base.test,
            self.status,
            self.outcome,
            base.started_at,
            self.ended_at,
            self.now,
            base.turn + 1,
            self.error,
            self.cards,
            self.variables,
            self.tokens,
            self.steps,
            self.timers,
            self.reports,
            self.events,
            self.held,
            self.fired,
            self.joined,
            self.numbered,
            self.step_count,
            base.trigger,
            self.size,
            self.fault,
            self.missed,
            self.pushes,
            self.children,
            base.parent,
            self.begins,
            base.renamed,
        )

    # --- size --------------------------------------------------------------------------------------

    def grow(self, stored: object) -> None:
        """Something more is stored; what it replaces is only subtracted when the state is measured anew."""
        self.size += len(pack(stored))

    def check_size(self) -> None:
        """RuleError `state_too_large` when the state would pass its limit."""
        if self.size <= STATE_BYTES_MAX:
            return
        self.size = len(pack(self.state()))
        if self.size > STATE_BYTES_MAX:
            raise RuleError("state_too_large", f"The instance's state would pass {STATE_BYTES_MAX} bytes.")


def _shown(value: object) -> object:
    """A value as the timeline shows it: whole if it is small."""
    if value.__class__ in _SMALL:
        return value
    if isinstance(value, str):
        return value if len(value) <= TRACE_VALUE_BYTES_MAX else value[:TRACE_VALUE_BYTES_MAX] + "…"
    if isinstance(value, dict | list | tuple) and len(pack(value)) > TRACE_VALUE_BYTES_MAX:
        return f"({len(value)} items)"
    return value
