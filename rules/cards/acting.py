"""What somebody does to a card (live protocol, "Actions"): checked, applied once, answered with a code.

A card that is closed is answered with `card_closed` and stays as it is, also when its instance has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..effects import Answer
from ..errors import RuleError
from ..inputs import CardActed, CardWithdrawn
from ..limits import CARD_VALUES_BYTES_MAX, SNOOZE_MS_MAX
from ..turn.run import Run, pack
from . import changes as card_changes
from .card import OPEN, Card, CardChange, CardStatus
from .form import allows, check_link, check_values, submit_rules
from .names import written_name

Error = Mapping[str, str]


def act(run: Run, acted: CardActed) -> None:
    """Apply the action, or refuse it; either way the run has its answer."""
    card = card_changes.find(run, acted.card)
    run.answer = _not_now(card, acted) or Answer(card=acted.card)
    if run.answer.code != "ok" or card is None:
        return
    apply = _ACTIONS.get(acted.action)
    if apply is None:
        run.note(card.step, f"card {acted.action}")
        return
    mark = run.mark()
    try:
        run.answer = apply(run, card, acted) or run.answer
        run.check_size()
    except RuleError as error:
        run.undo(mark)
        run.answer = _invalid(card, {"pointer": "/values", "code": error.code, "message": error.message})


def withdraw(run: Run, withdrawn: CardWithdrawn) -> None:
    """An operator cancels one card; a closed one stays as it is."""
    card = card_changes.find(run, withdrawn.card)
    if card is None:
        run.answer = Answer(code="not_found", card=withdrawn.card)
    elif card.status not in OPEN:
        run.answer = Answer(code="card_closed", card=card.id)
    else:
        run.answer = Answer(card=card.id)
        card_changes.cancel(run, card, withdrawn.reason)


def _not_now(card: Card | None, acted: CardActed) -> Answer | None:
    """Why this card cannot be acted on at all."""
    if card is None:
        return Answer(code="not_found", card=acted.card)
    if card.status not in OPEN:
        return Answer(code="card_closed", card=card.id)
    if card.status is CardStatus.EMBARGOED or not allows(card.form, acted.action):
        return Answer(code="not_allowed", card=card.id)
    return None


def _submit(run: Run, card: Card, acted: CardActed) -> Answer | None:
    rules = submit_rules(card.form, acted.button) or {}
    if acted.outdated and rules.get("fresh"):
        return Answer(code="card_changed", card=card.id)
    cleaned, errors = check_values(card.form, acted.button, acted.values)
    if errors:
        return _invalid(card, *errors)
    values = {**card.values, **cleaned}
    if len(pack(values)) > CARD_VALUES_BYTES_MAX:
        message = f"A card holds at most {CARD_VALUES_BYTES_MAX} bytes of values."
        return _invalid(card, {"pointer": "/values", "code": "too_large", "message": message})
    run.grow(cleaned)
    keep = bool(rules.get("keep_open"))
    change = CardChange.SUBMIT_AND_KEEP if keep else CardChange.SUBMIT
    card = card_changes.changed(run, card, change, button=_button(acted), values=values)
    _report(run, card, "submitted" if keep else "completed", acted, values=values)
    return None


def _dismiss(run: Run, card: Card, acted: CardActed) -> None:
    card = card_changes.changed(run, card, CardChange.DISMISS, reason=acted.reason)
    _report(run, card, "dismissed", acted, reason=acted.reason)


def _snooze(run: Run, card: Card, acted: CardActed) -> Answer | None:
    until = acted.until
    if until is None or not run.now < until <= run.now + SNOOZE_MS_MAX:
        days = SNOOZE_MS_MAX // 86_400_000
        message = f"Say until when: a time in the future, at most {days} days away."
        return _invalid(card, {"pointer": "/until", "code": "bad_time", "message": message})
    card_changes.snooze(run, card, until)
    return None


def _unsnooze(run: Run, card: Card, acted: CardActed) -> Answer | None:
    if not card_changes.allowed(card, CardChange.UNSNOOZE):
        return Answer(code="not_allowed", card=card.id)
    card_changes.unsnooze(run, card)
    return None


def _display(run: Run, card: Card, acted: CardActed) -> None:
    if not card.seen:
        card = card_changes.marked_seen(run, card)
    _report(run, card, "displayed", acted)


def _vote(run: Run, card: Card, acted: CardActed) -> Answer | None:
    said = [name for name in ("reason", "message") if getattr(acted, name)]
    if said and not card.form.get("feedback"):
        message = "The card asks for a vote, but not for words with it."
        return _invalid(
            card, *({"pointer": f"/{name}", "code": "not_asked", "message": message} for name in said)
        )
    action = "voted_up" if acted.action == "vote_up" else "voted_down"
    _report(run, card, action, acted, reason=acted.reason, message=acted.message)
    return None


def _open(run: Run, card: Card, acted: CardActed) -> Answer | None:
    error = None if acted.element is None else check_link(card.form, acted.element)
    if error is not None:
        return _invalid(card, error)
    action = "linked" if acted.action == "link" else "subview"
    _report(run, card, action, acted, element=acted.element)
    return None


def _report(run: Run, card: Card, action: str, acted: CardActed, **more: object) -> None:
    run.note(card.step, f"card {action}")
    card_changes.report(run, card, action, button=_button(acted), by=acted.by, **more)


def _button(acted: CardActed) -> str | None:
    """As the flow knows it: which one of a repeated button was tapped, its own values say."""
    return None if acted.button is None else written_name(acted.button)


def _invalid(card: Card, *errors: Error) -> Answer:
    return Answer(code="invalid_values", card=card.id, errors=errors)


_ACTIONS: Final[dict[str, Callable[[Run, Card, CardActed], Answer | None]]] = {
    "submit": _submit,
    "dismiss": _dismiss,
    "snooze": _snooze,
    "unsnooze": _unsnooze,
    "displayed": _display,
    "vote_up": _vote,
    "vote_down": _vote,
    "link": _open,
    "subview": _open,
}
"""Anything else that an app tracks (`video`, `custom`, …) is a line on the timeline and changes nothing."""
