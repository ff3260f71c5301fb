"""A simulated server as a script sees it: each thing shaped as the API shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, assert_never

import msgspec

from rules.calendar.times import rfc3339, to_datetime
from rules.cards.card import CardView
from rules.customers import profile as customers
from rules.customers.profile import Profile
from rules.effects import CallRequest, SendPush
from rules.inspect import inspect
from rules.instance import State, Timer, TimerKind
from rules.json_values import as_json
from rules.scripts.judging import Coming, Thing
from rules.scripts.model import Kind
from rules.scripts.patterns import SCOPE
from rules.scripts.words import words

from ..records import FeedCard, InstanceRow
from .happened import (
    calls_of,
    dropped_pushes,
    raised,
    refusals,
    shown_event,
    shown_push,
    shown_request,
    whose,
)
from .record import Taken
from .server import SimulatedServer

_decode_state: Final = msgspec.msgpack.Decoder(State).decode
_decode_view: Final = msgspec.msgpack.Decoder(CardView).decode
_INSTANTS: Final = (
    "created_at",
    "publish_at",
    "published_at",
    "expires_at",
    "snoozed_until",
    "closed_at",
)
_SHOWN_AS: Final = {"vars": "variables", "steps": "steps"}


class ScriptContext(dict[str, object]):
    """What the sources of a script read; each name is worked out when it is asked for."""

    def __init__(self, seen: SeenServer) -> None:
        self._seen = seen

    def __missing__(self, name: str) -> object:
        value = self._seen.named(name)
        self[name] = value
        return value

    def __contains__(self, name: object) -> bool:
        return name in SCOPE.names or super().__contains__(name)

    def get(self, name: str, default: object = None) -> object:
        try:
            return self[name]  # dict.get would not work out what is missing
        except KeyError:
            return default


class SeenServer:
    """`rules.scripts.judging.Seen`. `since` is where the last action begins in the record."""

    def __init__(
        self,
        server: SimulatedServer,
        *,
        flow: str,
        customers: Sequence[str],
        constants: Mapping[str, object],
        zone: str,
    ) -> None:
        self._server = server
        self._flow = flow
        self._customers = customers
        self._constants = constants
        self._zone = zone
        self.since = 0

    @property
    def now(self) -> int:
        return self._server.now

    @property
    def zone(self) -> str:
        profile = self._server.profile(self._customers[0])
        return (profile and profile.timezone) or self._zone

    def things(self, kind: Kind, *, lately: bool) -> Sequence[Thing]:
        record = self._server.record[self.since :] if lately else self._server.record
        match kind:
            case Kind.INSTANCE:
                return [self.instance(row) for row in self._server.instances.values()]
            case Kind.CARD:
                return [self._card(card) for card in self._server.cards.values()]
            case Kind.CUSTOMER:
                return [_customer(profile) for profile in self._profiles()]
            case Kind.EVENT:
                return [shown_event(event) for taken in record for event in raised(taken)]
            case Kind.REQUEST:
                return [shown_request(turn, effect) for turn, effect in calls_of(record, CallRequest)]
            case Kind.NOTIFICATION:
                return [*self._sent(record), *self._held(), *dropped_pushes(record)]
            case Kind.REFUSED:
                return [refused for taken in record for refused in refusals(taken)]
            case _:
                assert_never(kind)

    def ran(self) -> Sequence[str]:
        lines = [
            line.step
            for taken in self._server.record[self.since :]
            for turn in taken.turns
            if turn.flow == self._flow
            for line in turn.turn.trace
            if line.step
        ]
        return [step for index, step in enumerate(lines) if index == 0 or lines[index - 1] != step]

    def coming(self) -> Coming | None:
        """Of all timers; the store may be told of some too early, so the states are asked."""
        first = None
        for row in self._server.instances.values():
            for timer in _decode_state(row.state).timers:
                if first is None or timer.due < first.at:
                    first = Coming(at=timer.due, what=_timer(row, timer))
        return first

    def context(self) -> ScriptContext:
        return ScriptContext(self)

    def named(self, name: str) -> object:
        """What a name of `SCOPE` stands for now."""
        match name:
            case "now":
                return to_datetime(self.now)
            case "constants":
                return self._constants
            case "customer":
                profile = self._server.profile(self._customers[0])
                return customers.context(profile) if profile else {}
            case "vars" | "steps" | "instance":
                last = self.last_instance()
                shown = self.instance(last) if last else {}
                return shown if name == "instance" else shown.get(_SHOWN_AS[name], {})
            case _:
                raise KeyError(name)

    def last_instance(self) -> InstanceRow | None:
        """The newest of the script's flow."""
        own = [row for row in self._server.instances.values() if row.flow == self._flow]
        return own[-1] if own else None

    def error(self, row: InstanceRow) -> str:
        """Why the instance has failed."""
        error = _decode_state(row.state).error or {}
        step = f"{error['step']}: " if "step" in error else ""
        return f"{step}{error.get('code')}: {error.get('message')}"

    def instance(self, row: InstanceRow) -> dict[str, object]:
        """As `GET /v1/instances/{id}` shows it; `at` is where its tokens stand."""
        state = _decode_state(row.state)
        return {
            "id": row.id,
            "flow": row.flow,
            "version": row.version if row.version > 0 else "draft",
            "customer": row.customer,
            "key": row.key,
            "invocation": row.invocation,
            "status": row.status,
            "outcome": row.outcome,
            "error": as_json(state.error),
            "test": row.test,
            "started_at": rfc3339(row.started_at),
            "ended_at": None if row.ended_at is None else rfc3339(row.ended_at),
            "at": sorted(token.step for token in state.tokens),
            **inspect(self._server.flow(row), state),
        }

    def _card(self, row: FeedCard) -> dict[str, object]:
        """As `GET /v1/cards/{id}` shows it and more; `words` are all that it says."""
        card, view = row.card, _decode_view(row.view)
        shown = {name: getattr(card, name) for name in card.__struct_fields__ if name != "form"}
        for name in _INSTANTS:
            shown[name] = None if shown[name] is None else rfc3339(shown[name])
        return {
            **shown,
            "status": card.status.value,
            "flow": row.flow,
            "instance": row.instance,
            "customer": row.customer,
            "key": self._server.instances[row.instance].key,
            "test": row.test,
            "title": view.view["title"],
            "view": view.view,
            "data": view.data,
            "menu": view.menu,
            "runtime_variables": view.runtime_variables,
            "metadata": view.metadata,
            "words": words(view.view),
        }

    def _sent(self, record: Sequence[Taken]) -> Iterator[Thing]:
        for turn, effect in calls_of(record, SendPush):
            status = self._server.calls.reported.get(effect.push, "queued")
            owner = whose(turn.flow, turn.instance, turn.customer)
            yield shown_push(owner, effect.step, effect.push, status, effect.content)

    def _held(self) -> Iterator[Thing]:
        for row in self._server.instances.values():
            for push in _decode_state(row.state).pushes:
                yield shown_push(whose(row.flow, row.id, row.customer), push.step, push.id, "held", push.push)

    def _profiles(self) -> Iterator[Profile]:
        """The script's customers first, then those who were named into being."""
        for id in dict.fromkeys((*self._customers, *self._server.customers)):
            profile = self._server.profile(id)
            if profile is not None:
                yield profile


def _customer(profile: Profile) -> dict[str, object]:
    shown: dict[str, object] = msgspec.to_builtins(profile)
    blank = dict.fromkeys(customers.TEXTS) | {"fields": {}, "tags": [], "segments": [], "test": False}
    times = {"created_at": rfc3339(profile.created_at), "updated_at": rfc3339(profile.updated_at)}
    return blank | shown | times


def _timer(row: InstanceRow, timer: Timer) -> str:
    match timer.kind:
        case TimerKind.OUTCOME:
            return f"{timer.outcome} of {timer.of} in {row.flow}"
        case TimerKind.DEADLINE:
            return f"the deadline of {timer.of} in {row.flow}"
        case TimerKind.EXIT:
            return f"the exit {timer.of} of {row.flow}"
        case _:
            return f"{timer.kind.value} of a card of {row.flow}"
