"""Compiles triggers, audiences and the rules of entry (flow format §3, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, assert_never

from .. import model
from ..calendar.schedules import ONCE_SCOPE, Cron, parse_cron
from ..calendar.zones import check_zone
from ..conditions import Expression
from ..documents import triggers as written
from ..documents.problems import Pointer, child
from ..errors import RuleError
from ..limits import CATCH_UP_MS_MAX, JITTER_MS_MAX
from ..types import Scope
from ..values import Value
from .given import Given, given
from .references import References
from .scopes import Scopes, names_of_events
from .sources import Sources


class _Base(TypedDict):
    name: str
    when: Any
    key: Value | None
    variables: Mapping[str, Value]
    variables_from: Expression | None
    start: model.Next | None
    enabled: bool


class TriggerCompiler:
    def __init__(
        self,
        sources: Sources,
        scopes: Scopes,
        references: References,
        variables: Mapping[str, model.Variable],
    ) -> None:
        self._sources = sources
        self._scopes = scopes
        self._references = references
        self._variables = variables

    def trigger(self, name: str, trigger: written.Trigger, pointer: Pointer) -> model.Trigger:
        match trigger:
            case written.EventTrigger():
                return self._event(name, trigger, pointer)
            case written.SegmentTrigger():
                return model.SegmentTrigger(
                    **self._base(name, trigger, self._scopes.start, pointer),
                    segment=self._references.segment(trigger.segment, child(pointer, "segment")),
                    change=model.SegmentChange(trigger.change),
                )
            case written.ScheduleTrigger():
                return self._schedule(name, trigger, pointer)
            case written.WebhookTrigger():
                return self._webhook(name, trigger, pointer)
            case _:
                assert_never(trigger)

    def _base(self, name: str, trigger: written.Trigger, scope: Scope, pointer: Pointer) -> _Base:
        in_scope = Given(self._sources, scope)
        source, start = given(trigger.variables_from), given(trigger.start)
        place = child(pointer, "variables_from")
        return _Base(
            name=name,
            when=in_scope.condition(trigger.when, child(pointer, "when")),
            key=in_scope.value(trigger.key, child(pointer, "key")),
            variables=self._values(trigger, scope, child(pointer, "variables")),
            variables_from=None if source is None else self._sources.equals(source, scope, place),
            start=None if start is None else self._references.next(start, child(pointer, "start")),
            enabled=trigger.enabled,
        )

    def _values(self, trigger: written.Trigger, scope: Scope, pointer: Pointer) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for name, raw in trigger.variables.items():
            place = child(pointer, name)
            self._references.variable(name, place)
            values[name] = self._sources.variable_value(self._variables.get(name), raw, scope, place)
        return values

    def _event(self, name: str, trigger: written.EventTrigger, pointer: Pointer) -> model.EventTrigger:
        events = names_of_events(trigger.event)
        scope = self._scopes.trigger(events)
        place = child(pointer, "event")
        for index, event in enumerate(events):
            self._references.event_name(
                event, place if isinstance(trigger.event, str) else child(place, index)
            )
        audience = given(trigger.audience)
        if audience is not None and given(trigger.customer) is not None:
            message = 'A trigger starts for one "customer" or for an "audience".'
            self._sources.report.add("choose_one", child(pointer, "customer"), message)
        return model.EventTrigger(
            **self._base(name, trigger, scope, pointer),
            events=tuple(dict.fromkeys(events)),
            origins=frozenset(model.Origin(origin) for origin in trigger.origins),
            customer=Given(self._sources, scope).value(trigger.customer, child(pointer, "customer")),
            audience=None if audience is None else self._audience(audience, child(pointer, "audience")),
        )

    def _schedule(
        self, name: str, trigger: written.ScheduleTrigger, pointer: Pointer
    ) -> model.ScheduleTrigger:
        times = Given(self._sources, ONCE_SCOPE)
        if (given(trigger.cron) is None) == (given(trigger.at) is None):
            message = 'One of "cron" and "at" is needed, and only one.'
            self._sources.report.add("choose_one", pointer, message)
        if trigger.timezone != "customer":
            self._attempt(lambda: check_zone(trigger.timezone), child(pointer, "timezone"))
        jitter, place = given(trigger.jitter), child(pointer, "jitter")
        return model.ScheduleTrigger(
            **self._base(name, trigger, self._scopes.start, pointer),
            cron=self._cron(given(trigger.cron), child(pointer, "cron")),
            at=times.moment(trigger.at, child(pointer, "at")),
            zone=trigger.timezone,
            audience=self._audience(trigger.audience, child(pointer, "audience")),
            jitter_ms=0 if jitter is None else times.exact_ms(jitter, place, most=JITTER_MS_MAX),
            catch_up_ms=times.exact_ms(trigger.catch_up, child(pointer, "catch_up"), most=CATCH_UP_MS_MAX),
        )

    def _cron(self, text: str | None, pointer: Pointer) -> Cron | None:
        if text is None:
            return None
        try:
            return parse_cron(text)
        except RuleError as error:
            self._sources.report.add(error.code, pointer, error.message)
            return None

    def _webhook(self, name: str, trigger: written.WebhookTrigger, pointer: Pointer) -> model.WebhookTrigger:
        in_request = Given(self._sources, self._scopes.webhook)
        customer = in_request.value(trigger.customer, child(pointer, "customer"))
        assert customer is not None, "a webhook trigger names its customer"
        auth, place = trigger.auth, child(pointer, "auth")
        needs = auth.type != "none"
        if needs is (given(auth.credential) is None):
            message = f'"{auth.type}" {"needs a" if needs else "takes no"} credential.'
            self._sources.report.add("choose_one", place, message)
        return model.WebhookTrigger(
            **self._base(name, trigger, self._scopes.webhook, pointer),
            customer=customer,
            id=in_request.value(trigger.id, child(pointer, "id")),
            verification=auth.type,
            credential=given(auth.credential),
            is_live=trigger.mode == "live",
        )

    def _audience(self, audience: written.Audience, pointer: Pointer) -> model.Audience:
        kinds = ("customers", "segment", "tag", "all")
        named = [kind for kind in kinds if given(getattr(audience, kind)) not in (None, False)]
        if len(named) != 1:
            message = 'Exactly one of "customers", "segment", "tag" and "all" says who it is.'
            self._sources.report.add("choose_one", pointer, message)
        customers, segment = given(audience.customers), given(audience.segment)
        if segment is not None:
            self._references.segment(segment, child(pointer, "segment"))
        return model.Audience(
            customers=None if customers is None else tuple(dict.fromkeys(customers)),
            segment=segment,
            tag=given(audience.tag),
            when=Given(self._sources, self._scopes.start).condition(audience.when, child(pointer, "when")),
        )

    def _attempt(self, check: Any, pointer: Pointer) -> None:
        try:
            check()
        except RuleError as error:
            self._sources.report.add(error.code, pointer, error.message)

    def entry(self, entry: written.Entry, pointer: Pointer) -> model.Entry:
        in_steps = Given(self._sources, self._scopes.steps)
        limit = given(entry.limit)
        return model.Entry(
            key=in_steps.value(entry.key, child(pointer, "key")),
            per_key=entry.per == "customer_key",
            when_live=model.WhenLive(entry.when_live),
            once=entry.once,
            limit=None if limit is None else self._limit(limit, child(pointer, "limit")),
            max_age=in_steps.duration(entry.max_age, child(pointer, "max_age")),
        )

    def _limit(self, limit: written.StartLimit, pointer: Pointer) -> model.StartLimit:
        return model.StartLimit(max=limit.max, per=self._sources.duration(limit.per, child(pointer, "per")))
