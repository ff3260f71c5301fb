"""Compiles the steps of a document into those of the model, with their outcomes, exits and deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict, TypeVar, assert_never

import msgspec
from msgspec import UnsetType

from .. import model
from ..calendar.durations import Duration
from ..calendar.moments import Moment
from ..conditions import Condition
from ..documents import flow as written
from ..documents.parts import MomentParts
from ..documents.problems import Pointer, child
from ..types import Scope
from ..values import Value
from .references import References
from .scopes import Scopes
from .sources import Sources

Given = TypeVar("Given")


class _Base(TypedDict):
    id: str
    name: str
    next: model.Next
    on_error: model.Next | None


class StepCompiler:
    """One document's steps. What is wrong goes to the report of `sources`."""

    def __init__(
        self,
        sources: Sources,
        scopes: Scopes,
        references: References,
        variables: Mapping[str, model.Variable],
    ) -> None:
        self._variables = variables
        self._sources = sources
        self._scopes = scopes
        self._references = references

    def step(self, id: str, step: written.Step, pointer: Pointer) -> model.Step:
        references = self._references
        on_error = given(step.on_error)
        base = _Base(
            id=id,
            name=step.name,
            next=references.next(step.next, child(pointer, "next")),
            on_error=None if on_error is None else references.next(on_error, child(pointer, "on_error")),
        )
        match step:
            case written.SendCard() | written.UpdateCard() | written.CancelCard():
                return self._card_step(base, step, pointer)
            case written.Wait():
                return self._wait(base, step, pointer)
            case written.Branch():
                return self._branch(base, step, pointer)
            case written.Set() | written.UpdateCustomer() | written.Emit():
                return self._writing_step(base, step, pointer)
            case written.Join():
                return model.Join(**base, need=_needed(step))
            case written.End():
                return model.End(**base, outcome=given(step.outcome), cancel_cards=step.cancel_cards)
            case _:
                assert_never(step)

    # --- cards -------------------------------------------------------------------------------------

    def _card_step(
        self,
        base: _Base,
        step: written.SendCard | written.UpdateCard | written.CancelCard,
        pointer: Pointer,
    ) -> model.Step:
        references, of, card = self._references, child(pointer, "of"), child(pointer, "card")
        match step:
            case written.SendCard():
                return model.SendCard(
                    **base,
                    card=references.card(step.card, card),
                    delivery=self._delivery(step.delivery, child(pointer, "delivery")),
                    metadata=self._value(step.metadata, child(pointer, "metadata")),
                )
            case written.UpdateCard():
                delivery = given(step.delivery)
                return model.UpdateCard(
                    **base,
                    of=references.sent_card(step.of, of),
                    card=references.card(step.card, card) if isinstance(step.card, str) else None,
                    delivery=self._delivery(delivery, child(pointer, "delivery")) if delivery else None,
                )
            case written.CancelCard():
                named = given(step.of)
                return model.CancelCard(
                    **base, of=None if named is None else references.sent_cards(named, of)
                )
            case _:
                assert_never(step)

    def _delivery(self, delivery: written.Delivery, pointer: Pointer) -> model.Delivery:
        return model.Delivery(
            streams=_distinct(delivery.streams),
            priority=given(delivery.priority),
            expires_after=self._duration(delivery.expires_after, child(pointer, "expires_after")),
            expires_at=self._moment(delivery.expires_at, child(pointer, "expires_at")),
            publish_at=self._moment(delivery.publish_at, child(pointer, "publish_at")),
            platforms=_distinct(delivery.platforms),
            containers=_distinct(delivery.containers),
        )

    # --- waits and paths ---------------------------------------------------------------------------

    def _wait(self, base: _Base, wait: written.Wait, pointer: Pointer) -> model.Wait:
        until = child(pointer, "until")
        deadline = given(wait.deadline)
        return model.Wait(
            **base,
            until=tuple(self.outcome(each, child(until, index)) for index, each in enumerate(wait.until)),
            need_all=wait.need == "all",
            deadline=None if deadline is None else self._deadline(deadline, child(pointer, "deadline")),
            close=self._references.sent_cards(wait.close, child(pointer, "close")),
        )

    def _deadline(self, deadline: written.Deadline, pointer: Pointer) -> model.Deadline:
        return model.Deadline(
            after=self._duration(deadline.after, child(pointer, "after")),
            at=self._moment(deadline.at, child(pointer, "at")),
            next=self._references.next(deadline.next, child(pointer, "next")),
        )

    def outcome(self, outcome: written.Outcome, pointer: Pointer) -> model.Outcome:
        references, when = self._references, child(pointer, "when")
        next = references.next(outcome.next, child(pointer, "next"))
        match outcome:
            case written.TimeOutcome():
                after = self._duration(outcome.after, child(pointer, "after"))
                at = self._moment(outcome.at, child(pointer, "at"))
                return model.TimeOutcome(id=outcome.id, after=after, at=at, next=next)
            case written.CardOutcome():
                of = references.sent_card(outcome.of, child(pointer, "of"))
                button = given(outcome.button)
                if button is not None:
                    references.button(button, of, child(pointer, "button"))
                actions = [outcome.action] if isinstance(outcome.action, str) else outcome.action
                return model.CardOutcome(
                    id=outcome.id,
                    of=of,
                    actions=frozenset(actions),
                    button=button,
                    when=self._condition(outcome.when, self._scopes.card(of), when),
                    next=next,
                )
            case written.EventOutcome():
                return model.EventOutcome(
                    id=outcome.id,
                    event=references.event_name(outcome.event, child(pointer, "event")),
                    match=model.Match(outcome.match),
                    when=self._condition(outcome.when, self._scopes.event, when),
                    since_start=outcome.since == "start",
                    next=next,
                )
            case written.ProfileOutcome():
                condition = self._sources.condition(outcome.when, self._scopes.steps, when)
                return model.ProfileOutcome(id=outcome.id, when=condition, next=next)
            case _:
                assert_never(outcome)

    def exit(self, exit: written.Exit, pointer: Pointer) -> model.Exit:
        return model.Exit(
            on=self.outcome(exit, pointer), outcome=given(exit.outcome), cancel_cards=exit.cancel_cards
        )

    def _branch(self, base: _Base, branch: written.Branch, pointer: Pointer) -> model.Branch:
        cases = []
        for index, case in enumerate(branch.cases):
            place = child(child(pointer, "cases"), index)
            when = self._sources.condition(case.when, self._scopes.steps, child(place, "when"))
            next = self._references.next(case.next, child(place, "next"))
            cases.append(model.Case(id=case.id, when=when, next=next))
        return model.Branch(
            **base,
            cases=tuple(cases),
            otherwise=self._references.next(branch.otherwise, child(pointer, "else")),
            take_every=branch.take == "every",
        )

    # --- what writes -------------------------------------------------------------------------------

    def _writing_step(
        self, base: _Base, step: written.Set | written.UpdateCustomer | written.Emit, pointer: Pointer
    ) -> model.Step:
        match step:
            case written.Set():
                return model.Set(**base, variables=self._set(step, child(pointer, "variables")))
            case written.UpdateCustomer():
                place = child(pointer, "set")
                for name in step.set:
                    self._references.profile_field(name, child(place, name))
                return model.UpdateCustomer(
                    **base,
                    set=self._values(step.set, place),
                    add_tags=self._tags(step.add_tags, child(pointer, "add_tags")),
                    remove_tags=self._tags(step.remove_tags, child(pointer, "remove_tags")),
                )
            case written.Emit():
                name = child(pointer, "event")
                return model.Emit(
                    **base,
                    event=self._references.event_name(step.event, name, is_raised=True),
                    data=self._value(step.data, child(pointer, "data")),
                    customer=self._value(step.customer, child(pointer, "customer")),
                    key=self._value(step.key, child(pointer, "key")),
                )
            case _:
                assert_never(step)

    def _set(self, step: written.Set, pointer: Pointer) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for name, raw in step.variables.items():
            place, variable = child(pointer, name), self._variables.get(name)
            self._references.variable(name, place)
            values[name] = self._sources.variable_value(variable, raw, self._scopes.steps, place)
        return values

    def _tags(self, tags: list[str], pointer: Pointer) -> tuple[Value, ...]:
        return tuple(
            self._sources.value(tag, self._scopes.steps, child(pointer, index))
            for index, tag in enumerate(tags)
        )

    def _values(self, values: Mapping[str, object], pointer: Pointer) -> dict[str, Value]:
        return {
            name: self._sources.value(value, self._scopes.steps, child(pointer, name))
            for name, value in values.items()
        }

    # --- what may be left out ----------------------------------------------------------------------

    def _value(self, raw: object, pointer: Pointer) -> Value | None:
        if isinstance(raw, UnsetType):
            return None
        return self._sources.value(raw, self._scopes.steps, pointer)

    def _condition(self, source: str | UnsetType, scope: Scope, pointer: Pointer) -> Condition | None:
        return None if isinstance(source, UnsetType) else self._sources.condition(source, scope, pointer)

    def _duration(self, text: str | UnsetType, pointer: Pointer) -> Duration | None:
        return None if isinstance(text, UnsetType) else self._sources.duration(text, pointer)

    def _moment(self, moment: str | MomentParts | UnsetType, pointer: Pointer) -> Moment | None:
        if isinstance(moment, UnsetType):
            return None
        raw = msgspec.to_builtins(moment)
        return self._sources.moment(raw, self._scopes.steps, pointer)


def given(value: Given | UnsetType) -> Given | None:
    """What the author gave, or None."""
    return None if isinstance(value, UnsetType) else value


def _distinct(names: Iterable[str] | UnsetType) -> tuple[str, ...] | None:
    return None if isinstance(names, UnsetType) else tuple(dict.fromkeys(names))


def _needed(join: written.Join) -> int | None:
    if isinstance(join.need, int):
        return join.need
    return 1 if join.need == "any" else None
