"""Plays a flow turn by turn, without a runtime: does what that does with time, ids and profiles.

After every turn the invariants of `check_turn` hold; whoever plays gets them for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from rules.cards.card import OPEN, Card, CardStatus
from rules.compiling.flows import check
from rules.customers.profile import Profile, change, merge, new_profile
from rules.decide import decide, start
from rules.effects import (
    Answer,
    CallRequest,
    ChangeCustomer,
    PutCard,
    RaiseEvent,
    Refusal,
    SendPush,
    StartChild,
    Subscriptions,
    Turn,
    WriteLedger,
)
from rules.inputs import (
    CardActed,
    CardWithdrawn,
    ChildReported,
    CustomerChanged,
    Event,
    EventArrived,
    Input,
    PushReported,
    Repaired,
    RequestDone,
    Response,
    Started,
    TimeCame,
)
from rules.instance import InstanceStatus, State
from rules.ledgers import EMPTY, Ledger
from rules.limits import STATE_BYTES_MAX
from rules.migrating.moving import migrate
from rules.migrating.plan import Plan, Stuck
from rules.model import Collect, Flow, Origin, Request, StartFlow, Wait
from rules.world import Identity, World

NOW = 1_770_000_000_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
INSTANCE = "019c0000-0000-7000-8000-000000000001"

_decode = msgspec.msgpack.Decoder(State).decode
_encode = msgspec.msgpack.Encoder().encode


def flow_of(text: str) -> Flow:
    """The flow; a test that writes a wrong one fails here."""
    is_json = text.startswith("{")
    compiled = check(text if is_json else dedent(text), type="json" if is_json else "yaml", version=1)
    assert compiled.flow is not None, [
        problem for problem in compiled.problems if problem.severity == "error"
    ]
    return compiled.flow


@dataclass
class Playing:
    """One instance of a flow: its state, its customer, the clock, and what the last turn gave."""

    flow: Flow
    state: State
    turn: Turn
    profile: Profile
    now: int
    subscriptions: Subscriptions
    open_cards_elsewhere: int = 0
    ledger: Ledger = EMPTY
    effects: list[object] = field(default_factory=list)

    # --- what happens --------------------------------------------------------------------------------

    def event(
        self,
        name: str,
        data: dict[str, object] | None = None,
        *,
        customer: str | None = "c-1",
        key: str | None = None,
        origin: Origin = Origin.BACKEND,
        depth: int = 0,
    ) -> Playing:
        event = Event(
            id=f"e-{self.state.turn}",
            name=name,
            time=self.now,
            customer=customer,
            key=key,
            data=data or {},
            origin=origin,
            depth=depth,
        )
        return self.give(EventArrived(event=event))

    def act(self, step: str, action: str, **more: object) -> Playing:
        """On the latest card of the step; `more` are fields of CardActed."""
        acted = {"card": self.card(step).id, "action": action, **more}
        return self.give(msgspec.convert(acted, CardActed))

    def withdraw(self, step: str) -> Playing:
        return self.give(CardWithdrawn(card=self.card(step).id))

    def write_customer(self, **fields: object) -> Playing:
        """Somebody else writes custom fields of the profile."""
        self.profile = change(self.profile, ChangeCustomer(set=fields), self.now)
        return self.give(CustomerChanged())

    def write_preferences(self, **preferences: object) -> Playing:
        """Somebody else writes when and about what the customer may be told."""
        self.profile = merge(self.profile, {"preferences": preferences}, self.now)
        return self.give(CustomerChanged())

    def in_segments(self, *segments: str) -> Playing:
        """The customer's memberships change to these."""
        self.profile = replace(self.profile, segments=segments)
        return self.give(CustomerChanged())

    def respond(self, step: str, answer: int | str, *, body: object = None, attempt: int = 0) -> Playing:
        """The present attempt of the request ends: with a status, or a failure of that code."""
        token = next(token for token in self.state.tokens if token.step == step and token.error is None)
        is_status = isinstance(answer, int)
        return self.give(
            RequestDone(
                step=step,
                activation=token.activation,
                attempt=attempt or token.attempt,
                response=Response(status=answer, body=body) if isinstance(answer, int) else None,
                failure=None if is_status else str(answer),
            )
        )

    def push(self, step: str, status: str) -> Playing:
        """The push service, or the app, reports of the step's newest notification."""
        shown = self.state.steps[step]["notification"]
        assert isinstance(shown, dict)
        return self.give(PushReported(push=str(shown["id"]), step=step, status=status))

    def child(self, status: str, outcome: str | None = None, *, of: int = 0, reason: str = "") -> Playing:
        """The oldest child, or the `of`-th after it, has ended."""
        child = self.state.children[of]
        return self.give(
            ChildReported(
                instance=child.id,
                step=child.step,
                activation=child.activation,
                status=status,
                outcome=outcome,
                reason=reason,
            )
        )

    def repair(self, action: Literal["retry", "skip"] = "retry", **more: object) -> Playing:
        """An operator has parked tokens tried again, or led past their step."""
        return self.give(msgspec.convert({"action": action, **more}, Repaired))

    def move(self, flow: Flow | str, plan: Plan | None = None) -> Playing:
        """To another version of the flow."""
        flow = flow_of(flow) if isinstance(flow, str) else flow
        turn = self.try_to_move(flow, plan)
        assert isinstance(turn, Turn), turn
        check_turn(flow, None, turn)
        assert turn.state.turn == self.state.turn + 1
        self.flow = flow
        self._take(turn)
        return self

    def stuck(self, flow: Flow | str, plan: Plan | None = None) -> Stuck:
        """Why it cannot be moved to that version."""
        turn = self.try_to_move(flow_of(flow) if isinstance(flow, str) else flow, plan)
        assert isinstance(turn, Stuck)
        return turn

    def try_to_move(self, flow: Flow, plan: Plan | None = None) -> Turn | Stuck:
        before, packed = self.state, _encode(self.state)
        turn = migrate(
            self.flow,
            flow,
            before,
            plan or Plan(),
            customer=self.profile,
            now=self.now,
            seed=f"{before.id}:{before.turn}",
            world=World(open_cards=len(self.open_cards()) + self.open_cards_elsewhere, ledger=self.ledger),
        )
        assert _encode(before) == packed, "a turn does not touch the state that it came from"
        return turn

    def later(self, ms: int) -> Playing:
        """Let time go by; all that falls due happens in turns of its own, each at its time or later."""
        self.now += ms
        for _ in range(1_000):
            if self.turn.due is None or self.turn.due > self.now:
                return self
            self.give(TimeCame())
        raise AssertionError("time never comes to rest")

    def give(self, input: Input) -> Playing:
        before, packed = self.state, _encode(self.state)
        turn = decide(
            self.flow,
            before,
            input,
            customer=self.profile,
            now=self.now,
            seed=f"{before.id}:{before.turn}",
            world=World(open_cards=len(self.open_cards()) + self.open_cards_elsewhere, ledger=self.ledger),
        )
        assert _encode(before) == packed, "a turn does not touch the state that it came from"
        check_turn(self.flow, before, turn)
        self._take(turn)
        return self

    def _take(self, turn: Turn) -> None:
        self.turn, self.state = turn, _decode(_encode(turn.state))
        assert self.state == turn.state
        self.effects = list(turn.effects)
        if turn.subscriptions is not None:
            self.subscriptions = turn.subscriptions
        for effect in turn.effects:
            if isinstance(effect, ChangeCustomer):
                self.profile = change(self.profile, effect, self.now)
            elif isinstance(effect, WriteLedger):
                self.ledger = effect.ledger

    # --- what one sees ---------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        return self.state.status.value

    @property
    def log(self) -> object:
        return self.state.variables["log"]

    @property
    def at(self) -> list[str]:
        """Where tokens stand, oldest first; a parked one has a `!`."""
        return [token.step + ("!" if token.error else "") for token in self.state.tokens]

    @property
    def ran(self) -> list[str]:
        """Which steps wrote a line of the last turn's timeline, each once in a row."""
        steps = [line.step for line in self.turn.trace if line.step]
        return [step for index, step in enumerate(steps) if index == 0 or steps[index - 1] != step]

    @property
    def answer(self) -> Answer:
        assert self.turn.answer is not None
        return self.turn.answer

    @property
    def events(self) -> list[Event]:
        return [effect.event for effect in self.effects if isinstance(effect, RaiseEvent)]

    @property
    def own_events(self) -> list[str]:
        return [effect.event.name for effect in self.effects if isinstance(effect, RaiseEvent) and effect.own]

    @property
    def emitted(self) -> list[Event]:
        return [effect.event for effect in self.effects if isinstance(effect, RaiseEvent) and not effect.own]

    @property
    def put_cards(self) -> list[PutCard]:
        return [effect for effect in self.effects if isinstance(effect, PutCard)]

    @property
    def calls(self) -> list[CallRequest]:
        return [effect for effect in self.effects if isinstance(effect, CallRequest)]

    @property
    def pushes(self) -> list[SendPush]:
        return [effect for effect in self.effects if isinstance(effect, SendPush)]

    @property
    def starts(self) -> list[StartChild]:
        return [effect for effect in self.effects if isinstance(effect, StartChild)]

    def card(self, step: str) -> Card:
        return [card for card in self.state.cards if card.step == step][-1]

    def open_cards(self) -> list[Card]:
        return [card for card in self.state.cards if card.status in OPEN]

    def output(self, step: str) -> dict[str, object]:
        return self.state.steps[step]

    def error(self, step: str) -> str:
        """The code of the error that the step failed with."""
        error = self.state.steps[step]["error"]
        assert isinstance(error, dict)
        return str(error["code"])


Part: TypeAlias = "dict[str, object]"

_ENDS: dict[str, Part] = {
    "a": {"type": "set", "variables": {"log": '=vars.log + ["a"]'}},
    "b": {"type": "set", "variables": {"log": '=vars.log + ["b"]'}},
    "again": {"type": "set", "variables": {"log": '=vars.log + ["again"]'}, "next": "w"},
}
"""Steps that leave their name in `vars.log`; `again` leads back to the step `w`."""

HELLO: Part = {
    "title": "Hello",
    "body": [
        {"type": "text", "text": "Hello"},
        {"type": "text_input", "name": "note", "label": "Note", "max_length": 4_000},
        {"type": "submit", "name": "ok", "label": "OK", "values": {"sure": True}},
        {"type": "submit", "name": "no", "label": "No", "fresh": True},
        {"type": "submit", "name": "more", "label": "More", "keep_open": True},
        {"type": "dismiss", "label": "Away"},
    ],
    "menu": {"snooze": True, "vote": True, "feedback": True},
}


def document(steps: Mapping[str, object], *, start: object = "w", **more: object) -> str:
    """A flow of these steps. `a`, `b`, `again` and the card `hello` are there if something refers to them."""
    text = json.dumps([steps, start, more])
    ends = {name: step for name, step in _ENDS.items() if f'"{name}"' in text and name not in steps}
    cards = {"cards": {"hello": HELLO}} if '"hello"' in text else {}
    variables = {"variables": {"log": {"type": "list", "default": []}}} if ends else {}
    whole = {"flow": "played", "start": start, "steps": {**steps, **ends}}
    return json.dumps(whole | cards | variables | more)


def on_event(id: str, name: str, **more: object) -> Part:
    return {"id": id, "type": "event", "event": name, **more}


def on_card(id: str, *actions: str, of: str = "send", **more: object) -> Part:
    return {"id": id, "type": "card", "of": of, "action": list(actions), **more}


def on_time(id: str, **more: object) -> Part:
    return {"id": id, "type": "time", **more}


def on_profile(id: str, when: str, **more: object) -> Part:
    return {"id": id, "type": "profile", "when": when, **more}


def wait(*until: Part, **more: object) -> Part:
    return {"type": "wait", "until": list(until), **more}


def pause(next: object = (), *, after: str = "P1D") -> Part:
    """A step that only waits."""
    return wait(on_time("t", after=after, next=next))


def send(next: object = (), **more: object) -> Part:
    return {"type": "send_card", "card": "hello", "next": next, **more}


def play(
    flow: str | Flow,
    *,
    event: Event | None = None,
    key: str | None = None,
    profile: Profile | None = None,
    test: bool = False,
    open_cards_elsewhere: int = 0,
    ledger: Ledger = EMPTY,
    begin_in: int | None = None,
    **variables: object,
) -> Playing:
    """Start the flow for customer c-1; its first steps run in so many ms, or at once."""
    flow = flow_of(flow) if isinstance(flow, str) else flow
    profile = profile or new_profile("c-1", NOW)
    started = Started(
        trigger="api",
        trigger_type="api",
        event=event,
        variables=variables,
        begin_at=None if begin_in is None else NOW + begin_in,
    )
    turn = start(
        flow,
        started,
        Identity(id=INSTANCE, customer="c-1", key=key, test=test),
        customer=profile,
        now=NOW,
        seed=f"{INSTANCE}:0",
        world=World(open_cards=open_cards_elsewhere, ledger=ledger),
    )
    assert isinstance(turn, Turn), turn
    assert turn.subscriptions is not None
    playing = Playing(
        flow,
        turn.state,
        turn,
        profile,
        NOW,
        turn.subscriptions,
        open_cards_elsewhere=open_cards_elsewhere,
        ledger=ledger,
    )
    check_turn(flow, None, turn)
    playing._take(turn)
    return playing


def refuse(flow: str, variables: dict[str, object], *, first: tuple[str, ...] | None = None) -> Refusal:
    """The refusal of a start."""
    turn = start(
        flow_of(flow),
        Started(trigger="api", trigger_type="api", variables=variables, start=first),
        Identity(id=INSTANCE, customer="c-1"),
        customer=None,
        now=NOW,
        seed="s",
        world=World(),
    )
    assert isinstance(turn, Refusal)
    return turn


def check_turn(flow: Flow, before: State | None, turn: Turn) -> None:
    """What holds after every turn, whatever the flow and the input."""
    state = turn.state
    assert turn.due == min((timer.due for timer in state.timers), default=None)
    assert len(_encode(state)) <= STATE_BYTES_MAX + 1_024
    assert len(_encode(state)) <= state.size + 512, "what is stored is counted"
    _check_status(state)
    _check_tokens(flow, state)
    if before is not None and state is not before:
        _check_progress(before, state)
        _check_cards(before, turn)


def _check_status(state: State) -> None:
    is_live = state.status in {InstanceStatus.RUNNING, InstanceStatus.FAILED}
    assert is_live == (state.ended_at is None) == state.live
    has_work = bool(state.tokens or state.begins)
    assert is_live == has_work, "an instance without tokens has ended, and the other way round"
    if is_live:
        is_broken = state.fault or any(token.error for token in state.tokens)
        assert is_broken == (state.status is InstanceStatus.FAILED)


def _check_tokens(flow: Flow, state: State) -> None:
    """Every timer belongs to something that is there; every token stands where one can."""
    armed = {(token.step, token.activation) for token in state.tokens if token.error is None}
    open_ids = {card.id for card in state.cards if card.status in OPEN}
    for timer in state.timers:
        if timer.kind.value in {"outcome", "deadline", "retry", "collect", "first"}:
            assert (timer.of, timer.activation) in armed
        elif timer.kind.value == "push":
            assert timer.of in {push.id for push in state.pushes}
        elif timer.kind.value not in {"exit", "begin", "max_age"}:
            assert timer.of in open_ids
    assert len({timer.armed for timer in state.timers}) == len(state.timers)
    for token in state.tokens:
        blocks = isinstance(flow.steps[token.step], Wait | Request | Collect | StartFlow)
        assert token.error is not None or blocks or _is_join(flow, token.step)


def _is_join(flow: Flow, step: str) -> bool:
    return step in flow.listening.joins


def _check_progress(before: State, state: State) -> None:
    assert state.turn == before.turn + 1
    assert state.now >= before.now
    assert state.numbered >= before.numbered
    assert state.step_count >= before.step_count
    if not before.live:
        assert state.status is before.status
        assert state.ended_at == before.ended_at


def _check_cards(before: State, turn: Turn) -> None:
    """Closed cards never change, and none is lost before everybody was told that it has closed."""
    present = {card.id: card for card in turn.state.cards}
    put = {effect.card.id: effect.card for effect in turn.effects if isinstance(effect, PutCard)}
    assert all(put[id] == card for id, card in present.items() if id in put)
    for card in before.cards:
        after = put.get(card.id) or present.get(card.id)
        if card.status in OPEN:
            assert after is not None, "an open card is never lost"
            assert CardStatus.EMBARGOED in {card.status} or after.status is not CardStatus.EMBARGOED
        else:
            assert after is None or after == card, "a closed card never changes"
