"""What becomes of the cards that a flow sends: named where one can be, ended some day, not left open (§11).

What stands in their templates is `cards.py`. Only what is certain is reported: a step that may deal with a
card counts, whether an instance ever gets there or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import model
from ..compiling.references import listed
from ..documents import flow as written_flow
from ..documents import steps as written
from ..documents.problems import Pointer, Report, child
from .cards import closes, is_note
from .order import Order


def check_sent_cards(flow: model.Flow, document: written_flow.Flow, order: Order, report: Report) -> None:
    checking = _Checking(flow, document, order, report)
    checking.named()
    checking.ended()
    checking.left_open()


class _Checking:
    def __init__(self, flow: model.Flow, document: written_flow.Flow, order: Order, report: Report) -> None:
        self._flow = flow
        self._document = document
        self._order = order
        self._report = report
        steps = flow.steps.values()
        self._senders = {step.id: step for step in steps if isinstance(step, model.SendCard)}
        self._updates = frozenset(step.id for step in steps if isinstance(step, model.UpdateCard))
        self._ending = {
            card: frozenset(step.id for step in steps if _ends_card(step, card)) for card in self._senders
        }
        self._dealing = {
            card: frozenset(step.id for step in steps if self._deals_with(step, card))
            for card in self._senders
        }

    # --- named where one can be --------------------------------------------------------------------

    def named(self) -> None:
        for id, step in self._document.steps.items():
            for sender, pointer in _names_of_cards(step, _place(id)):
                if sender in self._senders and not self._order.may_precede(sender, id):
                    message = f'No path that leads to "{id}" has sent the card of "{sender}".'
                    self._report.add("card_never_sent", pointer, message)

    # --- ended some day ----------------------------------------------------------------------------

    def ended(self) -> None:
        for id, sender in self._senders.items():
            if not self._may_end(sender):
                message = f'Nothing ends the card of "{id}": no expiry, no button, no step.'
                self._report.add("never_ends", _place(id), message, at_key=True)

    def _may_end(self, sender: model.SendCard) -> bool:
        template = self._document.cards.get(sender.card)
        return (
            template is None
            or closes(template)
            or _expires(sender.delivery)
            or any(exit.cancel_cards for exit in self._flow.exits)
            or bool(self._ending[sender.id])
        )

    # --- not left open -----------------------------------------------------------------------------

    def left_open(self) -> None:
        """Cards that a wait listens to and that may stay for good when something else wins."""
        waits = [step for step in self._flow.steps.values() if isinstance(step, model.Wait)]
        for card, sender in self._senders.items():
            if self._needs_nobody(sender):
                continue
            lost = {wait.id: self._lost_ways(wait, card) for wait in waits if _listens(wait, card)}
            for wait, ways in lost.items():
                if ways and not self._may_be_dealt_with_elsewhere(wait, card, lost):
                    wins = f'When {" or ".join(ways)} of "{wait}" wins'
                    message = f'{wins}, the card of "{card}" may stay open for good.'
                    self._report.add("left_open", _place(wait), message, at_key=True)

    def _needs_nobody(self, sender: model.SendCard) -> bool:
        """Whether the card goes by itself, or can be put away as it asks nothing, or an exit may end it."""
        return (
            _expires(sender.delivery)
            or self._is_note(sender.card)
            or any(exit.cancel_cards for exit in self._flow.exits)
            or not self._ending[sender.id].isdisjoint(self._order.after_exits)
        )

    def _lost_ways(self, wait: model.Wait, card: str) -> list[str]:
        """What can win instead of the card so that nothing after it deals with the card."""
        if card in wait.close:
            return []
        ways: dict[str, model.Next] = {}
        if not wait.need_all:
            ways = {f'"{each.id}"': each.next for each in wait.until if not _is_of(each, card)}
        if wait.deadline is not None:
            ways["the deadline"] = wait.deadline.next
        dealing = self._dealing[card]
        return [name for name, way in ways.items() if not self._order.comes_to(way, dealing)]

    def _deals_with(self, step: model.Step, card: str) -> bool:
        """Ends the card, makes a note of it, or waits for it: then that wait is looked at by itself."""
        match step:
            case model.Wait():
                return _ends_card(step, card) or _listens(step, card)
            case model.UpdateCard():
                return _ends_card(step, card) or (step.of == card and self._is_note(step.card))
            case _:
                return _ends_card(step, card)

    def _may_be_dealt_with_elsewhere(self, wait: str, card: str, lost: Mapping[str, list[str]]) -> bool:
        """An update before the wait may let it expire; a token beside it may end it, or not lose it."""
        beside = self._order.beside(wait)
        return (
            any(self._order.may_precede(step, wait) for step in self._ending[card] & self._updates)
            or not self._ending[card].isdisjoint(beside)
            or any(not ways for other, ways in lost.items() if other in beside)
        )

    def _is_note(self, template: str | None) -> bool:
        card = self._document.cards.get(template or "")
        return card is not None and is_note(card)


def _names_of_cards(step: written.Step, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    """The send_card steps that the step names, each with its place."""
    match step:
        case written.SendCard():
            yield from listed(step.replaces, child(pointer, "replaces"))
        case written.UpdateCard() | written.CancelCard():
            yield from listed(step.of, child(pointer, "of"))
        case written.Wait():
            for index, outcome in enumerate(step.until):
                if isinstance(outcome, written.CardOutcome):
                    yield outcome.of, child(child(child(pointer, "until"), index), "of")
            yield from listed(step.close, child(pointer, "close"))
        case _:
            return


def _listens(wait: model.Wait, card: str) -> bool:
    return any(_is_of(outcome, card) for outcome in wait.until)


def _is_of(outcome: model.Outcome, card: str) -> bool:
    return isinstance(outcome, model.CardOutcome) and outcome.of == card


def _ends_card(step: model.Step, card: str) -> bool:
    match step:
        case model.Wait():
            return card in step.close
        case model.CancelCard():
            return step.of is None or card in step.of
        case model.End():
            return step.cancel_cards
        case model.SendCard():
            return step.replaces == card
        case model.UpdateCard():
            return step.of == card and step.delivery is not None and _expires(step.delivery)
        case _:
            return False


def _expires(delivery: model.Delivery) -> bool:
    return delivery.expires_after is not None or delivery.expires_at is not None


def _place(step: str) -> Pointer:
    return child("/steps", step)
