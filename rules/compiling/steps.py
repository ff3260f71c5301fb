"""Compiles the steps of a document into those of the model, with their deliveries (flow format §5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from msgspec import UnsetType

from .. import model
from ..conditions import Expression
from ..documents import steps as written
from ..documents.problems import Pointer, child
from ..errors import RuleError
from ..tables import Cell, Row, compile_cell
from ..values import Value
from .given import Given, given
from .outcomes import OutcomeCompiler
from .outside import OutsideCompiler
from .references import References
from .scopes import Scopes, names_of_events
from .sources import Sources
from .step_base import Base


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
        self._given = Given(sources, scopes.steps)
        self._outcomes = OutcomeCompiler(sources, scopes, references)
        self._outside = OutsideCompiler(sources, scopes, references)

    def step(self, id: str, step: written.Step, pointer: Pointer) -> model.Step:  # noqa: C901, PLR0912 – an arm a kind
        base = self._base(id, step, pointer)
        match step:
            case written.SendCard() | written.UpdateCard() | written.CancelCard():
                return self._card_step(base, step, pointer)
            case written.Wait():
                return self._wait(base, step, pointer)
            case written.Branch():
                return self._branch(base, step, pointer)
            case written.Split():
                return self._split(base, step, pointer)
            case written.Decide():
                return self._decide(base, step, pointer)
            case written.Collect():
                return self._collect(base, step, pointer)
            case written.Limit():
                return self._limit(base, step, pointer)
            case written.Request():
                return self._outside.request(base, step, pointer)
            case written.StartFlow():
                return self._outside.start_flow(base, step, pointer)
            case written.Notify():
                name = self._references.notification(step.notification, child(pointer, "notification"))
                return model.Notify(**base, notification=name, window=model.Window(step.window))
            case written.Set() | written.UpdateCustomer() | written.Emit():
                return self._writing_step(base, step, pointer)
            case written.Join():
                return model.Join(**base, need=_needed(step))
            case written.End():
                return model.End(**base, outcome=given(step.outcome), cancel_cards=step.cancel_cards)
            case _:
                assert_never(step)

    def exit(self, exit: written.Exit, pointer: Pointer) -> model.Exit:
        return self._outcomes.exit(exit, pointer)

    def _base(self, id: str, step: written.Step, pointer: Pointer) -> Base:
        on_error = given(step.on_error)
        return Base(
            id=id,
            name=step.name,
            next=self._references.next(step.next, child(pointer, "next")),
            on_error=None
            if on_error is None
            else self._references.next(on_error, child(pointer, "on_error")),
        )

    # --- cards -------------------------------------------------------------------------------------

    def _card_step(
        self,
        base: Base,
        step: written.SendCard | written.UpdateCard | written.CancelCard,
        pointer: Pointer,
    ) -> model.Step:
        references, of, card = self._references, child(pointer, "of"), child(pointer, "card")
        match step:
            case written.SendCard():
                return self._send_card(base, step, pointer)
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

    def _send_card(self, base: Base, step: written.SendCard, pointer: Pointer) -> model.SendCard:
        replaces, notify = given(step.replaces), given(step.notify)
        return model.SendCard(
            **base,
            card=self._references.card(step.card, child(pointer, "card")),
            delivery=self._delivery(step.delivery, child(pointer, "delivery")),
            notify=None if notify is None else self._card_notification(notify, child(pointer, "notify")),
            replaces=None
            if replaces is None
            else self._references.sent_card(replaces, child(pointer, "replaces")),
            metadata=self._given.value(step.metadata, child(pointer, "metadata")),
        )

    def _card_notification(
        self, notify: written.CardNotification, pointer: Pointer
    ) -> model.CardNotification:
        name = self._references.notification(notify.notification, child(pointer, "notification"))
        return model.CardNotification(notification=name, window=model.Window(notify.window))

    def _delivery(self, delivery: written.Delivery, pointer: Pointer) -> model.Delivery:
        return model.Delivery(
            streams=_distinct(delivery.streams),
            priority=given(delivery.priority),
            expires_after=self._given.duration(delivery.expires_after, child(pointer, "expires_after")),
            expires_at=self._given.moment(delivery.expires_at, child(pointer, "expires_at")),
            publish_at=self._given.moment(delivery.publish_at, child(pointer, "publish_at")),
            platforms=_distinct(delivery.platforms),
            containers=_distinct(delivery.containers),
        )

    # --- waits and paths ---------------------------------------------------------------------------

    def _wait(self, base: Base, wait: written.Wait, pointer: Pointer) -> model.Wait:
        until, outcomes = child(pointer, "until"), self._outcomes
        deadline = given(wait.deadline)
        return model.Wait(
            **base,
            until=tuple(outcomes.outcome(each, child(until, index)) for index, each in enumerate(wait.until)),
            need_all=wait.need == "all",
            deadline=None if deadline is None else outcomes.deadline(deadline, child(pointer, "deadline")),
            close=self._references.sent_cards(wait.close, child(pointer, "close")),
        )

    def _branch(self, base: Base, branch: written.Branch, pointer: Pointer) -> model.Branch:
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

    def _split(self, base: Base, split: written.Split, pointer: Pointer) -> model.Split:
        place, by = child(pointer, "arms"), given(split.by)
        arms = tuple(
            model.Arm(
                id=arm.id,
                weight=float(arm.weight),
                next=self._references.next(arm.next, child(child(place, index), "next")),
            )
            for index, arm in enumerate(split.arms)
        )
        if not sum(arm.weight for arm in arms):
            self._sources.report.add("bad_bounds", place, "The weights must not all be zero.")
        expression: Expression | None = None
        if by is not None:
            expression = self._sources.expression(by, self._scopes.steps, child(pointer, "by"))
        return model.Split(**base, by=expression, arms=arms)

    def _decide(self, base: Base, step: written.Decide, pointer: Pointer) -> model.Decide:
        inputs = self._given.values(step.inputs, child(pointer, "inputs"))
        place = child(pointer, "rows")
        rows = tuple(self._row(row, inputs, child(place, index)) for index, row in enumerate(step.rows))
        default = given(step.default)
        for index, outputs in enumerate((*(row.then for row in step.rows), default or {})):
            at = child(pointer, "default") if index == len(step.rows) else child(child(place, index), "then")
            self._check_outputs(outputs, at)
        return model.Decide(
            **base,
            inputs=inputs,
            rows=rows,
            default=None if default is None else self._given.values(default, child(pointer, "default")),
            hit_all=step.hit == "all",
        )

    def _check_outputs(self, outputs: Mapping[str, object], pointer: Pointer) -> None:
        """What every step says of itself is no name for an output."""
        for name in outputs:
            if name in ("runs", "error"):
                message = f'Every step has a "{name}" of its own: choose another name.'
                self._sources.report.add("reserved_name", child(pointer, name), message, at_key=True)

    def _row(self, row: written.DecisionRow, inputs: Mapping[str, Value], pointer: Pointer) -> Row:
        cells: dict[str, Cell] = {}
        for name, raw in row.cells.items():
            place = child(child(pointer, "if"), name)
            self._references.table_input(name, inputs, place)
            cell = self._cell(raw, inputs.get(name), place)
            if cell is not None:
                cells[name] = cell
        return Row(cells=cells, then=self._given.values(row.then, child(pointer, "then")))

    def _cell(self, raw: object, input: Value | None, pointer: Pointer) -> Cell | None:
        shape = input.type if input is not None else None
        try:
            return compile_cell(raw, self._scopes.steps, shape=shape) if shape else None
        except RuleError as error:
            self._sources.refuse(error, pointer)
            return None

    def _collect(self, base: Base, step: written.Collect, pointer: Pointer) -> model.Collect:
        events = names_of_events(step.events)
        for index, event in enumerate(events):
            place = child(pointer, "events")
            self._references.event_name(event, place if isinstance(step.events, str) else child(place, index))
        if_empty = given(step.if_empty)
        return model.Collect(
            **base,
            events=tuple(dict.fromkeys(events)),
            match=model.Match(step.match),
            when=self._given.condition(step.when, child(pointer, "when"), self._scopes.event(events)),
            duration=self._given.duration(step.duration, child(pointer, "for")),
            until=self._given.moment(step.until, child(pointer, "until")),
            from_first=step.origin == "first",
            timeout=self._given.duration(step.timeout, child(pointer, "timeout")),
            max=step.max,
            include_trigger=step.include_trigger,
            if_empty=None
            if if_empty is None
            else self._references.next(if_empty, child(pointer, "if_empty")),
        )

    def _limit(self, base: Base, step: written.Limit, pointer: Pointer) -> model.Limit:
        return model.Limit(
            **base,
            max=step.max,
            per=self._sources.duration(step.per, child(pointer, "per")),
            key=self._given.value(step.key, child(pointer, "key")),
            otherwise=self._references.next(step.otherwise, child(pointer, "else")),
        )

    # --- what writes -------------------------------------------------------------------------------

    def _writing_step(
        self, base: Base, step: written.Set | written.UpdateCustomer | written.Emit, pointer: Pointer
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
                    set=self._given.values(step.set, place),
                    add_tags=self._tags(step.add_tags, child(pointer, "add_tags")),
                    remove_tags=self._tags(step.remove_tags, child(pointer, "remove_tags")),
                )
            case written.Emit():
                name = child(pointer, "event")
                return model.Emit(
                    **base,
                    event=self._references.event_name(step.event, name, is_raised=True),
                    data=self._given.value(step.data, child(pointer, "data")),
                    customer=self._given.value(step.customer, child(pointer, "customer")),
                    key=self._given.value(step.key, child(pointer, "key")),
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


def _distinct(names: Iterable[str] | UnsetType) -> tuple[str, ...] | None:
    return None if isinstance(names, UnsetType) else tuple(dict.fromkeys(names))


def _needed(join: written.Join) -> int | None:
    if isinstance(join.need, int):
        return join.need
    return 1 if join.need == "any" else None
