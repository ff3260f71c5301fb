"""Pushes of an instance: sent at once, held for the customer's next window, or dropped (flow format §8).

A held push is part of the state, with a timer; it dies when its instance is cancelled or its card closes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..calendar.windows import is_open, next_open
from ..customers.profile import Profile, new_profile
from ..effects import SendPush
from ..errors import RuleError
from ..inputs import PushReported
from ..instance import HeldPush, TimerKind
from ..limits import HELD_PUSHES_MAX
from ..model import Window
from ..notifications import render_notification
from .facts import PushTold
from .run import Run

OPENED = "opened"
_NOT_SENT = {"no_device": "failed"}
"""Reports that the world knows by the name of another event (flow format §7.3)."""


def queue(
    run: Run, step: str, activation: int, notification: str, window: Window, *, card: str | None = None
) -> None:
    """Render the notification and send, hold or drop it; `steps.<id>.notification` says which."""
    template = run.flow.notifications[notification]
    content = render_notification(template, run.context, run.setting)
    push = HeldPush(run.next_id(), step, activation, content, card, template.topic)
    _show(run, push, "queued")
    refusal = _refusal(_profile(run), push)
    if refusal is not None:
        _drop(run, push, refusal)
    elif window is Window.IGNORE or is_open(_windows(run), run.setting.zone, run.now):
        _send(run, push)
    elif window is Window.DROP:
        _drop(run, push, "outside the customer's windows")
    else:
        _hold(run, push)


def ring(run: Run, id: str) -> None:
    """A held push's window has come: by the profile as it is now it is sent, held on, or dropped."""
    push = next(push for push in run.pushes if push.id == id)
    _let_go(run, push)
    refusal = _refusal(_profile(run), push)
    if refusal is not None:
        _drop(run, push, refusal)
    elif is_open(_windows(run), run.setting.zone, run.now):
        _send(run, push)
    else:
        _hold(run, push)


def report(run: Run, reported: PushReported) -> None:
    """What the push service, or the app, says of a push."""
    step = _step_of(run, reported)
    run.note(step, f"push {reported.status}")
    _say(run, step, reported.push, reported.status)
    _tell(run, step, reported.push, reported.status, reported.message)


def _step_of(run: Run, reported: PushReported) -> str:
    """The step of the push, which may have another name in the instance's present version."""
    if _is_shown(run, reported.step, reported.push):
        return reported.step
    return next((step for step in run.steps if _is_shown(run, step, reported.push)), reported.step)


def drop_of_card(run: Run, card: str) -> None:
    """The card has closed: what was held for it is not sent any more."""
    for push in run.pushes:
        if push.card == card:
            _let_go(run, push)
            _drop(run, push, "its card has closed")


def drop_all(run: Run) -> None:
    """The instance was cancelled, or has expired."""
    for push in run.pushes:
        run.drop_timers(push.id, TimerKind.PUSH)
        run.note(push.step, "push dropped: the instance has ended")
    run.pushes = ()


def _profile(run: Run) -> Profile:
    return run.profile or new_profile(run.base.customer, run.now)


def _windows(run: Run) -> Mapping[str, tuple[tuple[str, str], ...]]:
    return _profile(run).preferences.windows


def _refusal(profile: Profile, push: HeldPush) -> str | None:
    preferences = profile.preferences
    if not preferences.notifications_enabled:
        return "the customer wants no notifications"
    if push.topic is not None and preferences.topics.get(push.topic) is False:
        return f"the customer wants none about {push.topic}"
    return None


def _hold(run: Run, push: HeldPush) -> None:
    due = next_open(_windows(run), run.setting.zone, run.now)
    if due is None:
        _drop(run, push, "the customer's windows never open")
        return
    if len(run.pushes) >= HELD_PUSHES_MAX:
        raise RuleError("too_many_pushes", f"An instance holds at most {HELD_PUSHES_MAX} pushes.")
    run.pushes = (*run.pushes, push)
    run.grow(push)
    run.set_timer(due, TimerKind.PUSH, push.id)
    run.note(push.step, "push held")
    _say(run, push.step, push.id, "held")
    run.raise_own("notification.held", _about(push.step, push.id))


def _let_go(run: Run, push: HeldPush) -> None:
    run.drop_timers(push.id, TimerKind.PUSH)
    run.pushes = tuple([other for other in run.pushes if other is not push])


def _send(run: Run, push: HeldPush) -> None:
    run.effects.append(
        SendPush(push=push.id, step=push.step, activation=push.activation, content=push.push, card=push.card)
    )
    run.note(push.step, "push queued")
    _say(run, push.step, push.id, "queued")


def _drop(run: Run, push: HeldPush, why: str) -> None:
    run.note(push.step, f"push dropped: {why}")
    _say(run, push.step, push.id, "dropped")
    _tell(run, push.step, push.id, "dropped", why)


def _tell(run: Run, step: str, push: str, status: str, why: str) -> None:
    run.facts.append(PushTold(step, push, status))
    about = _about(step, push)
    if why:
        about["reason"] = why
    run.raise_own(f"notification.{_NOT_SENT.get(status, status)}", about)


def _about(step: str, push: str) -> dict[str, object]:
    return {"notification": push, "step": step}


def _show(run: Run, push: HeldPush, status: str) -> None:
    """The step's newest push from here on."""
    shown = {"id": push.id, "status": status}
    run.output(push.step, {**run.steps.get(push.step, {"runs": push.activation}), "notification": shown})


def _is_shown(run: Run, step: str, push: str) -> bool:
    """Whether it is the step's newest."""
    shown = run.steps.get(step, {}).get("notification")
    return isinstance(shown, dict) and shown.get("id") == push


def _say(run: Run, step: str, push: str, status: str) -> None:
    if _is_shown(run, step, push):
        run.output(step, {**run.steps[step], "notification": {"id": push, "status": status}})
