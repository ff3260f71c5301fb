"""Steps that write: variables, the customer's profile, events (flow format §5)."""

from __future__ import annotations

from collections.abc import Mapping

from ...customers.profile import change, new_profile
from ...effects import ChangeCustomer, RaiseEvent
from ...errors import RuleError
from ...inputs import Event
from ...json_values import as_json
from ...limits import EMITTED_BYTES_MAX, KEY_BYTES_MAX, NAME_BYTES_MAX
from ...model import Emit, Next, Origin, Set, UpdateCustomer
from ...values import Value
from ...variables import coerce
from ..facts import ProfileChanged
from ..run import Run, pack


def set_variables(run: Run, step: Set) -> Next:
    """All values see the variables as they were before the step."""
    variables = run.flow.variables
    written = {
        name: coerce(variables[name], value.resolve(run.context, run.setting))
        for name, value in step.variables.items()
    }
    run.set_variables(written)
    run.note(step.id, f"set {', '.join(written)}")
    return step.next


def update_customer(run: Run, step: UpdateCustomer) -> Next:
    """Write the profile: this turn sees it at once, others afterwards."""
    write = ChangeCustomer(
        set=_resolve(run, step.set),
        add_tags=_texts(run, step.add_tags),
        remove_tags=_texts(run, step.remove_tags),
    )
    profile = run.profile or new_profile(run.base.customer, run.now)
    run.set_profile(change(profile, write, run.now))
    run.effects.append(write)
    run.note(step.id, "customer updated")
    if run.flow.listening.profile:
        run.facts.append(ProfileChanged())
    return step.next


def emit(run: Run, step: Emit, activation: int) -> Next:
    """Raise an event, for this customer unless the step says for whom."""
    data = as_json(step.data.resolve(run.context, run.setting)) if step.data else {}
    if not isinstance(data, dict):
        raise RuleError("bad_event", "The data of an event must be an object.")
    if len(pack(data)) > EMITTED_BYTES_MAX:
        raise RuleError("bad_event", f"The data of an event may have at most {EMITTED_BYTES_MAX} bytes.")
    event = Event(
        id=run.next_id(),
        name=step.event,
        time=run.now,
        customer=_name(run, step.customer, "customer", NAME_BYTES_MAX) or run.base.customer,
        key=_name(run, step.key, "key", KEY_BYTES_MAX),
        data={**data},
        origin=Origin.FLOW,
        source=f"flow:{run.base.flow}",
        depth=run.depth + 1,
        test=run.base.test,
    )
    run.effects.append(RaiseEvent(event=event))
    run.output(step.id, {"runs": activation, "event": {"id": event.id}})
    run.note(step.id, f"emitted {event.name}")
    return step.next


def _resolve(run: Run, values: Mapping[str, Value]) -> dict[str, object]:
    return {name: as_json(value.resolve(run.context, run.setting)) for name, value in values.items()}


def _texts(run: Run, values: tuple[Value, ...]) -> tuple[str, ...]:
    texts = [value.resolve(run.context, run.setting) for value in values]
    if not all(isinstance(text, str) for text in texts):
        raise RuleError("bad_tag", "A tag must be text.")
    return tuple([str(text) for text in texts])


def _name(run: Run, value: Value | None, what: str, bytes_max: int) -> str | None:
    """An id or key that the step names; null names nobody."""
    name = value.resolve(run.context, run.setting) if value else None
    if name is None:
        return None
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.encode()) <= bytes_max:
        raise RuleError("bad_event", f"The {what} must be printable text of at most {bytes_max} bytes.")
    return name
