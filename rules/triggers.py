"""Triggers: whether a cause starts a flow, for whom, and with what (flow format §3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from .calendar.times import to_datetime
from .causes import Cause, OfEvent, OfRequest, depth_of, event_of, metadata_of, names_of
from .conditions import Condition, values_read
from .customers import profile as customers
from .customers.profile import Profile
from .errors import EvaluationError
from .inputs import Event, Started
from .limits import KEY_BYTES_MAX, NAME_BYTES_MAX
from .model import (
    Audience,
    EventTrigger,
    Flow,
    Origin,
    ScheduleTrigger,
    SegmentTrigger,
    Trigger,
    WebhookTrigger,
)
from .text.templates import Setting
from .values import Value
from .world import StartPlan, TriggerFailed, World

_TYPES: Final = {
    EventTrigger: "event",
    SegmentTrigger: "segment",
    ScheduleTrigger: "schedule",
    WebhookTrigger: "webhook",
}


def trigger_target(
    trigger: EventTrigger, event: Event, *, now: int, world: World
) -> str | TriggerFailed | None:
    """Whom the trigger concerns; None if it does not apply (disabled, a test, another origin, nobody).

    Of one with an audience nobody is asked for here: a job goes to each member.

    Called first, so that the runtime can load (or create) that customer's profile for `match_trigger`.
    """
    if not applies(trigger, event):
        return None
    if trigger.customer is None or event.origin is Origin.APP:
        return event.customer
    context = _context(OfEvent(event), None, now=now, world=world)
    return _named(trigger.customer, context, Setting(world.locale, world.zone), "customer", NAME_BYTES_MAX)


def applies(trigger: EventTrigger, event: Event) -> bool:
    """Whether the event may pull the trigger at all: enabled, no test, of its names and origins."""
    if not trigger.enabled or event.test or event.name not in trigger.events:
        return False
    return event.origin in trigger.origins


def match_trigger(  # noqa: PLR0913 – what a start depends on, each by its name
    flow: Flow,
    trigger: Trigger,
    cause: Cause,
    *,
    target: str,
    customer: Profile | None,
    now: int,
    world: World,
) -> StartPlan | TriggerFailed | None:
    """The start that the cause asks for; None when a `when`, of the trigger or its audience, does not hold.

    `customer` is the target's profile, if the flow reads one.
    """
    profile = customer or customers.new_profile(target, now)
    context = _context(cause, profile, now=now, world=world)
    setting = Setting(profile.locale or world.locale, profile.timezone or world.zone)
    for condition in _conditions(trigger):
        try:
            if not condition.holds(context):
                return None
        except EvaluationError as error:
            read = values_read(condition, context)
            return TriggerFailed(code=error.code, message=error.message, read=read)
    key = cause.event.key if isinstance(cause, OfEvent) else None
    if trigger.key is not None:
        named = _named(trigger.key, context, setting, "key", KEY_BYTES_MAX)
        if isinstance(named, TriggerFailed):
            return named
        key = named
    try:
        variables = _variables(flow, trigger, context, setting)
    except EvaluationError as error:
        return TriggerFailed(code=error.code, message=error.message)
    started = Started(
        trigger=trigger.name,
        trigger_type=_TYPES[type(trigger)],
        event=event_of(cause, target),
        variables=variables,
        metadata=metadata_of(cause),
        start=trigger.start,
        depth=depth_of(cause),
    )
    return StartPlan(customer=target, key=key, started=started)


def webhook_target(
    trigger: WebhookTrigger, request: OfRequest, *, now: int, world: World
) -> str | TriggerFailed | None:
    """The customer whom the request names, by the trigger's mapping; None for nobody."""
    context = _context(request, None, now=now, world=world)
    return _named(trigger.customer, context, Setting(world.locale, world.zone), "customer", NAME_BYTES_MAX)


def webhook_id(
    trigger: WebhookTrigger, request: OfRequest, *, now: int, world: World
) -> str | TriggerFailed | None:
    """What a repeat of the request is known by: the trigger's own, else the `webhook-id` header."""
    if trigger.id is None:
        return request.headers.get("webhook-id")
    context = _context(request, None, now=now, world=world)
    return _named(trigger.id, context, Setting(world.locale, world.zone), "id", NAME_BYTES_MAX)


def _conditions(trigger: Trigger) -> Iterator[Condition]:
    audience = getattr(trigger, "audience", None)
    if isinstance(audience, Audience) and audience.when is not None:
        yield audience.when
    if trigger.when is not None:
        yield trigger.when


def _context(cause: Cause, profile: Profile | None, *, now: int, world: World) -> dict[str, object]:
    context: dict[str, object] = {
        **names_of(cause),
        "constants": world.constants,
        "now": to_datetime(now),
        "timezone": world.zone,
    }
    if profile is not None:
        context["customer"] = customers.context(profile)
    return context


def _named(
    value: Value, context: Mapping[str, object], setting: Setting, what: str, bytes_max: int
) -> str | TriggerFailed | None:
    """The id or key that the trigger maps out of the event; null and "" name nobody."""
    try:
        name = value.resolve(context, setting)
    except EvaluationError as error:
        return TriggerFailed(code=error.code, message=error.message)
    if name is None or name == "":
        return None
    if not isinstance(name, str) or not name.isprintable() or len(name.encode()) > bytes_max:
        message = f"The trigger's {what} must be printable text of at most {bytes_max} bytes."
        return TriggerFailed(code=f"bad_{what}", message=message)
    return name


def _variables(
    flow: Flow, trigger: Trigger, context: Mapping[str, object], setting: Setting
) -> dict[str, object]:
    """Same-named fields of `variables_from`, then what `variables` says."""
    variables: dict[str, object] = {}
    if trigger.variables_from is not None:
        source = trigger.variables_from.value(context)
        if not isinstance(source, Mapping):
            raise EvaluationError("bad_variables", "`variables_from` must give an object.")
        variables |= {name: source[name] for name in flow.variables if name in source}
    for name, value in trigger.variables.items():
        variables[name] = value.resolve(context, setting)
    return variables
