"""Compiles outcomes, and the exits and deadlines that are made of them (flow format §4, §5.1)."""

from __future__ import annotations

from typing import assert_never

from .. import model
from ..documents import steps as written
from ..documents.problems import Pointer, child
from .given import Given, given
from .references import References
from .scopes import Scopes
from .sources import Sources


class OutcomeCompiler:
    def __init__(self, sources: Sources, scopes: Scopes, references: References) -> None:
        self._sources = sources
        self._scopes = scopes
        self._references = references
        self._given = Given(sources, scopes.steps)

    def outcome(self, outcome: written.Outcome, pointer: Pointer) -> model.Outcome:
        id, next = outcome.id, self._references.next(outcome.next, child(pointer, "next"))
        match outcome:
            case written.TimeOutcome():
                after = self._given.duration(outcome.after, child(pointer, "after"))
                at = self._given.moment(outcome.at, child(pointer, "at"))
                return model.TimeOutcome(id=id, after=after, at=at, next=next)
            case written.CardOutcome():
                return self._card(outcome, next, pointer)
            case written.EventOutcome():
                return self._event(outcome, next, pointer)
            case written.ProfileOutcome():
                when = self._sources.condition(outcome.when, self._scopes.steps, child(pointer, "when"))
                return model.ProfileOutcome(id=id, when=when, next=next)
            case written.SegmentOutcome():
                segment = self._references.segment(outcome.segment, child(pointer, "segment"))
                return model.SegmentOutcome(id=id, segment=segment, member=outcome.member == "in", next=next)
            case written.NotificationOutcome():
                of = self._references.notifying_step(outcome.of, child(pointer, "of"))
                statuses = [outcome.status] if isinstance(outcome.status, str) else outcome.status
                return model.NotificationOutcome(id=id, of=of, statuses=frozenset(statuses), next=next)
            case written.FlowOutcome():
                of = self._references.starting_step(outcome.of, child(pointer, "of"))
                return model.FlowOutcome(id=id, of=of, next=next)
            case _:
                assert_never(outcome)

    def _card(self, outcome: written.CardOutcome, next: model.Next, pointer: Pointer) -> model.CardOutcome:
        of = self._references.sent_card(outcome.of, child(pointer, "of"))
        button = given(outcome.button)
        if button is not None:
            self._references.button(button, of, child(pointer, "button"))
        actions = [outcome.action] if isinstance(outcome.action, str) else outcome.action
        return model.CardOutcome(
            id=outcome.id,
            of=of,
            actions=frozenset(actions),
            button=button,
            when=self._given.condition(outcome.when, child(pointer, "when"), self._scopes.card(of)),
            next=next,
        )

    def _event(self, outcome: written.EventOutcome, next: model.Next, pointer: Pointer) -> model.EventOutcome:
        return model.EventOutcome(
            id=outcome.id,
            event=self._references.event_name(outcome.event, child(pointer, "event")),
            match=model.Match(outcome.match),
            when=self._given.condition(
                outcome.when, child(pointer, "when"), self._scopes.event([outcome.event])
            ),
            since_start=outcome.since == "start",
            next=next,
        )

    def exit(self, exit: written.Exit, pointer: Pointer) -> model.Exit:
        return model.Exit(
            on=self.outcome(exit, pointer), outcome=given(exit.outcome), cancel_cards=exit.cancel_cards
        )

    def deadline(self, deadline: written.Deadline, pointer: Pointer) -> model.Deadline:
        return model.Deadline(
            after=self._given.duration(deadline.after, child(pointer, "after")),
            at=self._given.moment(deadline.at, child(pointer, "at")),
            next=self._references.next(deadline.next, child(pointer, "next")),
        )
