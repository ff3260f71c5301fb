"""What only the whole flow shows: ways, loops, joins, cards that are not sent, never end or stay behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from .. import model
from ..compiling.sources import Sources
from ..customers.profile import STANDARD
from ..documents import flow as written
from ..documents.problems import Pointer, Report, child
from .cards import check_card, closes
from .graph import Graph, busy_loop, definitely_set, reachable
from .names import check_names


def check_flow(flow: model.Flow, graph: Graph, document: written.Flow, sources: Sources) -> None:
    """Report what is wrong with the flow as a whole."""
    checking = _Checking(flow, graph, document, sources.report)
    check_names(document, sources.report)
    checking.ways()
    checking.joins()
    checking.waits()
    checking.sent_cards()
    for name, card in document.cards.items():
        check_card(card, sources.report, child("/cards", name))
    checking.variables(sources)
    checking.customer(sources)


class _Checking:
    def __init__(self, flow: model.Flow, graph: Graph, document: written.Flow, report: Report) -> None:
        self._flow = flow
        self._graph = graph
        self._document = document
        self._report = report
        self._roots = tuple(dict.fromkeys(_roots(flow)))

    # --- ways --------------------------------------------------------------------------------------

    def ways(self) -> None:
        found = reachable(self._graph.ways, self._roots)
        for step in self._flow.steps:
            if step not in found:
                self._report.add(
                    "unreachable", _place(step), f'Nothing leads to the step "{step}".', at_key=True
                )
        waits = [id for id, step in self._flow.steps.items() if isinstance(step, model.Wait)]
        loop = busy_loop(self._graph, waits)
        if loop is not None:
            way = " → ".join((*loop, loop[0]))
            message = f"The loop {way} goes through no wait."
            self._report.add("busy_loop", _place(loop[0]), message, at_key=True)

    def joins(self) -> None:
        for id, step in self._flow.steps.items():
            if isinstance(step, model.Join) and step.need is not None and self._graph.is_in_loop(id):
                message = "A join for any or for some lies in a loop: it would fire only once."
                self._report.add("join_in_loop", child(_place(id), "need"), message)

    # --- waits -------------------------------------------------------------------------------------

    def waits(self) -> None:
        for id, step in self._flow.steps.items():
            if isinstance(step, model.Wait):
                self._wait_ends(step)
                for index, outcome in enumerate(step.until):
                    if isinstance(outcome, model.CardOutcome):
                        self._card_is_sent(id, outcome, child(child(_place(id), "until"), index))
                self._cards_left_open(step)

    def _wait_ends(self, wait: model.Wait) -> None:
        has_time = any(isinstance(outcome, model.TimeOutcome) for outcome in wait.until)
        if not ((has_time and not wait.need_all) or wait.deadline or self._flow.exits):
            message = f'The wait "{wait.id}" may wait for ever: it has no time, and the flow has no exit.'
            self._report.add("waits_forever", _place(wait.id), message, at_key=True)

    def _card_is_sent(self, wait: str, outcome: model.CardOutcome, pointer: Pointer) -> None:
        sender = self._flow.steps.get(outcome.of)
        if isinstance(sender, model.SendCard) and wait not in self._graph.reach[outcome.of]:
            message = f'No path that leads to "{wait}" has sent the card of "{outcome.of}".'
            self._report.add("card_never_sent", child(pointer, "of"), message)

    def _cards_left_open(self, wait: model.Wait) -> None:
        """A card that only this wait listens to stays behind when another outcome wins."""
        waited = {outcome.of for outcome in wait.until if isinstance(outcome, model.CardOutcome)}
        for card in sorted(waited - set(wait.close)):
            others = [outcome for outcome in wait.until if not _is_of(outcome, card)]
            ways = [outcome.next for outcome in others] + ([wait.deadline.next] if wait.deadline else [])
            lost = [way for way in ways if not self._is_handled(card, way)]
            if lost and not wait.need_all:
                message = f'The card of "{card}" stays open when another outcome of "{wait.id}" wins.'
                self._report.add("left_open", _place(wait.id), message, at_key=True)

    def _is_handled(self, card: str, way: Iterable[str]) -> bool:
        """Whether a step on the way, or after it, still deals with the card."""
        return any(
            _deals_with(self._flow.steps[step], card) for step in reachable(self._graph.ways, way)
        ) or any(exit.cancel_cards for exit in self._flow.exits)

    # --- cards -------------------------------------------------------------------------------------

    def sent_cards(self) -> None:
        for id, step in self._flow.steps.items():
            if isinstance(step, model.SendCard) and not self._may_end(step):
                message = f'Nothing ends the card of "{id}": no expiry, no button, no step.'
                self._report.add("never_ends", _place(id), message, at_key=True)

    def _may_end(self, sender: model.SendCard) -> bool:
        template = self._document.cards.get(sender.card)
        delivery = sender.delivery
        if template is None or closes(template) or delivery.expires_after or delivery.expires_at:
            return True
        steps = self._flow.steps.values()
        return any(exit.cancel_cards for exit in self._flow.exits) or any(
            _ends_card(step, sender.id) for step in steps
        )

    # --- names that may hold nothing ---------------------------------------------------------------

    def variables(self, sources: Sources) -> None:
        """Optional variables that are read in a step before every path has set them."""
        optional = {
            name for name, each in self._flow.variables.items() if not each.required and each.default is None
        }
        sets = {
            id: tuple(step.variables) for id, step in self._flow.steps.items() if isinstance(step, model.Set)
        }
        known = definitely_set(self._graph.ways, self._roots, sets)
        for name in sorted(optional):
            for pointer in sources.places(f"vars.{name}"):
                if not self._is_set(name, pointer, known) and not sources.is_careful(pointer):
                    message = f'The variable "{name}" may have no value here.'
                    self._report.add("maybe_missing", pointer, message)
                    break

    def _is_set(self, name: str, pointer: Pointer, known: dict[str, frozenset[str]]) -> bool:
        """Whether every path to the place has set the variable; a card is looked at where it is sent."""
        area, _, rest = pointer.removeprefix("/").partition("/")
        place = rest.partition("/")[0]
        if area == "cards":
            shown = [id for id, step in self._flow.steps.items() if getattr(step, "card", None) == place]
        else:
            shown = [place] if area == "steps" else []
        return all(name in known.get(step, frozenset((name,))) for step in shown) if shown else False

    def customer(self, sources: Sources) -> None:
        """Names that are nearly, but not quite, those of a profile's own fields."""
        for read, pointers in sources.reads.items():
            root, _, path = read.partition(".")
            field = path.partition(".")[0]
            if root != "customer" or not field or field in STANDARD:
                continue
            near = get_close_matches(field, STANDARD, n=1, cutoff=0.8)
            if near:
                message = f'A profile has no "{field}" of its own. Did you mean "{near[0]}"?'
                self._report.add("missing_name", next(iter(pointers)), message)


def _roots(flow: model.Flow) -> Iterator[str]:
    """Where tokens come from: starts, triggers' starts, exits."""
    yield from flow.start
    for trigger in flow.triggers:
        yield from trigger.start or ()
    for exit in flow.exits:
        yield from exit.on.next


def _place(step: str) -> Pointer:
    return child("/steps", step)


def _is_of(outcome: model.Outcome, card: str) -> bool:
    return isinstance(outcome, model.CardOutcome) and outcome.of == card


def _deals_with(step: model.Step, card: str) -> bool:
    match step:
        case model.Wait():
            return card in step.close or any(_is_of(outcome, card) for outcome in step.until)
        case model.SendCard():
            return step.id == card
        case _:
            return _ends_card(step, card)


def _ends_card(step: model.Step, card: str) -> bool:
    match step:
        case model.Wait():
            return card in step.close
        case model.CancelCard():
            return step.of is None or card in step.of
        case model.End():
            return step.cancel_cards
        case model.UpdateCard():
            delivery = step.delivery
            return (
                step.of == card
                and delivery is not None
                and bool(delivery.expires_after or delivery.expires_at)
            )
        case _:
            return False
