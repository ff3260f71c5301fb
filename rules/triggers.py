"""Event triggers: whether an event starts a flow, for whom, and with what (flow format §3)."""

from __future__ import annotations

from collections.abc import Mapping

from .calendar.times import to_datetime
from .conditions import values_read
from .customers import profile as customers
from .customers.profile import Profile
from .errors import EvaluationError
from .inputs import Event, Started
from .limits import KEY_BYTES_MAX, NAME_BYTES_MAX
from .model import EventTrigger, Flow, Origin
from .text.templates import Setting
from .turn.context import event_context
from .values import Value
from .world import StartPlan, TriggerFailed, World


def trigger_target(
    trigger: EventTrigger, event: Event, *, now: int, world: World
) -> str | TriggerFailed | None:
    """Whom the trigger concerns; None if it does not apply (disabled, a test, another origin, nobody).

    Called first, so that the runtime can load (or create) that customer's profile for `match_trigger`.
    """
    if not trigger.enabled or event.test or event.name not in trigger.events:
        return None
    if event.origin not in trigger.origins:
        return None
    if trigger.customer is None or event.origin is Origin.APP:
        return event.customer
    context = _context(event, None, now=now, world=world)
    return _named(trigger.customer, context, Setting(world.locale, world.zone), "customer", NAME_BYTES_MAX)


def match_trigger(  # noqa: PLR0913 – what a start depends on, each by its name
    flow: Flow,
    trigger: EventTrigger,
    event: Event,
    *,
    target: str,
    customer: Profile | None,
    now: int,
    world: World,
) -> StartPlan | TriggerFailed | None:
    """The start that the event asks for; None when `when` does not hold.

    `customer` is the target's profile, if the flow reads one.
    """
    profile = customer or customers.new_profile(target, now)
    context = _context(event, profile, now=now, world=world)
    setting = Setting(profile.locale or world.locale, profile.timezone or world.zone)
    if trigger.when is not None:
        try:
            if not trigger.when.holds(context):
                return None
        except EvaluationError as error:
            return TriggerFailed(
                code=error.code, message=error.message, read=values_read(trigger.when, context)
            )
    key = _named(trigger.key, context, setting, "key", KEY_BYTES_MAX) if trigger.key else event.key
    if isinstance(key, TriggerFailed):
        return key
    try:
        variables = _variables(flow, trigger, context, setting)
    except EvaluationError as error:
        return TriggerFailed(code=error.code, message=error.message)
    started = Started(
        trigger=trigger.name,
        trigger_type="event",
        event=event,
        variables=variables,
        start=trigger.start,
        depth=event.depth,
    )
    return StartPlan(customer=target, key=key, started=started)


def _context(event: Event, profile: Profile | None, *, now: int, world: World) -> dict[str, object]:
    context: dict[str, object] = {
        "event": event_context(event),
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
    flow: Flow, trigger: EventTrigger, context: Mapping[str, object], setting: Setting
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
