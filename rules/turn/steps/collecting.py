"""Collect steps: gathering events until the time is over or there are enough (flow format §5)."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from ...calendar.durations import shift
from ...instance import OF_TOKENS, Timer, TimerKind, Token
from ...limits import COLLECTED_BYTES_MAX
from ...model import Collect, EventOutcome, Next
from ..facts import EventCame
from ..outcomes import event_satisfies
from ..run import Run, pack
from ..running import attempt

_SHOWN: Final = ("id", "name", "time", "customer", "key", "data")


def enter(run: Run, step: Collect, activation: int) -> Next | None:
    """Begin to gather, with the starting event if the step wants it."""
    token = Token(step.id, activation, run.now)
    run.add_token(token)
    trigger = run.base.trigger or {}
    first = trigger.get("event") if step.include_trigger else None
    if not step.from_first:
        _set_end(run, step, token)
    elif first is None and step.timeout is not None:
        due = shift(run.now, step.timeout, run.setting.zone)
        run.set_timer(due, TimerKind.FIRST, step.id, activation)
    run.note(step.id, "collects")
    if not isinstance(first, dict):
        return None
    return _add(run, step, token, first)


def offer(run: Run, step: Collect, token: Token, fact: EventCame) -> bool:
    """Whether this step took the event."""
    if fact.event.name not in step.events or not _fits(run, step, fact):
        return False
    run.woke = run.collected = True
    attempt(run, step, token.activation, lambda *_: _add(run, step, token, fact.shown))
    return True


def ring(run: Run, step: Collect, timer: Timer) -> None:
    """The time is over, or no first event has come."""
    token = next(
        token
        for token in run.tokens
        if token.step == step.id and token.activation == timer.activation and token.error is None
    )
    run.woke = True
    attempt(run, step, timer.activation, lambda *_: _finish(run, step, token))


def _fits(run: Run, step: Collect, fact: EventCame) -> bool:
    wanted = EventOutcome(id="event", event=fact.event.name, match=step.match, when=step.when)
    return event_satisfies(run, step.id, wanted, fact)


def _add(run: Run, step: Collect, token: Token, event: dict[str, object]) -> Next | None:
    """One more; enough of them, in number or in bytes, end the gathering."""
    item = {name: event.get(name) for name in _SHOWN}
    added = replace(token, items=(*token.items, item))
    run.replace_token(token, added)
    run.grow(item)
    run.note(step.id, f"collected {len(added.items)}")
    if step.from_first and not token.items:
        _drop_timers(run, token)
        _set_end(run, step, added)
    if len(added.items) >= step.max or len(pack(added.items)) >= COLLECTED_BYTES_MAX:
        return _finish(run, step, added)
    return None


def _set_end(run: Run, step: Collect, token: Token) -> None:
    zone = run.setting.zone
    if step.duration is not None:
        due: int | None = shift(run.now, step.duration, zone)
    else:
        assert step.until is not None, "a collect step has an end"
        due = step.until.resolve(run.context, now=run.now, customer_zone=zone, server_zone=run.world.zone)
    run.set_timer(run.now if due is None else due, TimerKind.COLLECT, step.id, token.activation)


def _drop_timers(run: Run, token: Token) -> None:
    run.timers = tuple(
        [
            timer
            for timer in run.timers
            if (timer.of, timer.activation) != (token.step, token.activation) or timer.kind not in OF_TOKENS
        ]
    )


def _finish(run: Run, step: Collect, token: Token) -> Next:
    run.drop_token(token)
    items, count = list(token.items), len(token.items)
    run.output(step.id, {"runs": token.activation, "items": items, "count": count})
    run.note(step.id, f"collected {count} in all")
    return step.if_empty if not count and step.if_empty is not None else step.next
