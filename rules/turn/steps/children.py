"""Start_flow steps: starting another flow, and hearing how its instance ends (flow format §5)."""

from __future__ import annotations

from ...effects import StartChild
from ...errors import RuleError
from ...inputs import ChildReported
from ...instance import Child, Token
from ...json_values import as_json
from ...limits import CHILDREN_MAX, NAME_BYTES_MAX
from ...model import Next, StartFlow
from ..facts import ChildEnded
from ..run import Run
from ..running import attempt

REFUSED = "refused"


def start(run: Run, step: StartFlow, activation: int) -> Next | None:
    """The child starts with this turn's commit; with `wait` the token stays until it has ended."""
    if len(run.children) >= CHILDREN_MAX:
        raise RuleError("too_many_children", f"An instance waits for at most {CHILDREN_MAX} others.")
    customer = step.customer.resolve(run.context, run.setting) if step.customer else None
    child = Child(run.next_id(), _customer(run, customer), step.id, activation, step.wait)
    variables: dict[str, object] = {
        name: as_json(value.resolve(run.context, run.setting)) for name, value in step.variables.items()
    }
    run.effects.append(
        StartChild(
            instance=child.id,
            flow=step.flow,
            customer=child.customer,
            variables=variables,
            step=step.id,
            activation=activation,
            depth=run.depth + 1,
            test=run.base.test,
        )
    )
    run.children = (*run.children, child)
    run.grow(child)
    run.output(step.id, {"runs": activation, "instance": _shown(child.id, "running", None)})
    run.note(step.id, f"started {step.flow}")
    if not step.wait:
        return step.next
    run.add_token(Token(step.id, activation, run.now))
    return None


def report(run: Run, reported: ChildReported) -> None:
    """The child has ended, or was refused; who waits for it goes on."""
    child = next((child for child in run.children if child.id == reported.instance), None)
    if child is None:
        run.note(reported.step, "stale report of a child")
        return
    run.children = tuple([other for other in run.children if other is not child])
    shown = run.steps.get(child.step, {}).get("instance")
    if isinstance(shown, dict) and shown.get("id") == child.id:
        shown = _shown(child.id, reported.status, reported.outcome)
        run.output(child.step, {**run.steps[child.step], "instance": shown})
    run.note(child.step, f"child {reported.status}")
    step, token = run.flow.steps.get(child.step), _waiting(run, child)
    if isinstance(step, StartFlow) and token is not None:
        starting, waiting = step, token
        run.woke = True
        attempt(run, starting, child.activation, lambda *_: _go_on(run, starting, waiting, reported))
    run.facts.append(ChildEnded(child.step, child.id))


def _waiting(run: Run, child: Child) -> Token | None:
    """The token that waits for the child; an exit may have taken it."""
    for token in run.tokens:
        if (token.step, token.activation) == (child.step, child.activation) and child.waits:
            return token
    return None


def _go_on(run: Run, step: StartFlow, token: Token, reported: ChildReported) -> Next:
    if reported.status == REFUSED:
        raise RuleError(REFUSED, f"The flow did not start: {reported.reason or 'it was refused'}.")
    run.drop_token(token)
    return step.next


def _shown(id: str, status: str, outcome: str | None) -> dict[str, object]:
    return {"id": id, "status": status, "outcome": outcome}


def _customer(run: Run, customer: object) -> str:
    if customer is None or customer == "":
        return run.base.customer
    if not isinstance(customer, str) or not customer.isprintable() or len(customer.encode()) > NAME_BYTES_MAX:
        message = f"A customer's id is printable text of at most {NAME_BYTES_MAX} bytes."
        raise RuleError("bad_customer", message)
    return customer
