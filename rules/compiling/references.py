"""What one construct of a flow names of another: steps, cards, variables, buttons; and names of events.

Each method reports what is not there, with the nearest thing that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from msgspec import UnsetType

from ..customers.profile import STANDARD, TEXTS
from ..documents import cards as document_cards
from ..documents import flow as written_flow
from ..documents import steps as written
from ..documents.elements import Submit
from ..documents.problems import Pointer, Report, child, nearest
from ..limits import NAME_BYTES_MAX
from ..model import Next
from ..project import RESERVED, UNKNOWN, Project


class References:
    """Segments and events are those of the project, as far as it says which there are. `segments` gathers the
    segments that are named."""

    def __init__(self, flow: written_flow.Flow, report: Report, project: Project = UNKNOWN) -> None:
        self._flow = flow
        self._report = report
        self._known_segments = project.segments
        self._events = project.events.keys() | project.app_events
        self.segments: set[str] = set()
        steps = flow.steps.items()
        self._notifying = [id for id, step in steps if _notifies(step)]
        self._starting = [id for id, step in steps if isinstance(step, written.StartFlow)]
        self._buttons = _buttons_by_step(flow)
        self._senders = [id for id, step in flow.steps.items() if isinstance(step, written.SendCard)]

    def next(self, given: object, pointer: Pointer) -> Next:
        """The steps of a `next`, without those that do not exist; none if it is left out."""
        found: list[str] = []
        for name, place in listed(given, pointer):
            if name in self._flow.steps:
                found.append(name)
            else:
                self._unknown("unknown_step", "step", name, self._flow.steps, place)
        return tuple(dict.fromkeys(found))

    def card(self, name: str, pointer: Pointer) -> str:
        if name not in self._flow.cards:
            self._unknown("unknown_card", "card template", name, self._flow.cards, pointer)
        return name

    def variable(self, name: str, pointer: Pointer) -> None:
        if name not in self._flow.variables:
            self._unknown("unknown_variable", "variable", name, self._flow.variables, pointer)

    def profile_field(self, name: str, pointer: Pointer) -> None:
        if name in STANDARD and name not in TEXTS:
            self._report.add("read_only", pointer, f'A flow cannot write "{name}" of a customer.')

    def sent_cards(self, given: object, pointer: Pointer) -> tuple[str, ...]:
        """The send_card steps that `of` or `close` names."""
        return tuple(dict.fromkeys(self.sent_card(name, place) for name, place in listed(given, pointer)))

    def sent_card(self, name: str, pointer: Pointer) -> str:
        step = self._flow.steps.get(name)
        if step is None:
            self._unknown("unknown_step", "send_card step", name, self._senders, pointer)
        elif not isinstance(step, written.SendCard):
            hint = f" Steps that send cards: {', '.join(self._senders[:5])}." if self._senders else ""
            self._report.add("wrong_step", pointer, f'The step "{name}" sends no card.{hint}')
        return name

    def notification(self, name: str, pointer: Pointer) -> str:
        if name not in self._flow.notifications:
            self._unknown("unknown_notification", "notification", name, self._flow.notifications, pointer)
        return name

    def notifying_step(self, name: str, pointer: Pointer) -> str:
        """A step that sends a notification: by itself, or with a card."""
        return self._step_that(name, "sends no notification", self._notifying, pointer)

    def starting_step(self, name: str, pointer: Pointer) -> str:
        return self._step_that(name, "starts no flow", self._starting, pointer)

    def _step_that(self, name: str, lacks: str, known: list[str], pointer: Pointer) -> str:
        if name not in self._flow.steps:
            self._unknown("unknown_step", "such step", name, known, pointer)
        elif name not in known:
            hint = f" Those that do: {', '.join(known[:5])}." if known else ""
            self._report.add("wrong_step", pointer, f'The step "{name}" {lacks}.{hint}')
        return name

    def segment(self, name: str, pointer: Pointer) -> str:
        """Segments are the server's: only a project that lists its own can say that one is missing."""
        self.segments.add(name)
        if self._known_segments is not None and name not in self._known_segments:
            self._unknown("unknown_segment", "segment", name, self._known_segments, pointer)
        return name

    def table_input(self, name: str, known: Iterable[str], pointer: Pointer) -> None:
        if name not in known:
            self._unknown("unknown_input", "input of this table", name, known, pointer)

    def button(self, name: str, of: str, pointer: Pointer) -> str:
        known = self._buttons.get(of)
        if known is not None and name not in known:
            self._unknown("unknown_button", "submit button", name, known, pointer)
        return name

    def event_name(self, name: str, pointer: Pointer, *, is_raised: bool = False) -> str:
        if len(name.encode()) > NAME_BYTES_MAX:
            message = f"A name of an event has at most {NAME_BYTES_MAX} bytes."
            self._report.add("bad_name", pointer, message)
        elif not name.isprintable():
            self._report.add("bad_name", pointer, "A name of an event is printable text.")
        elif name.startswith("=") or "{{" in name or "{%" in name:
            message = "A name of an event is written out: neither an expression nor a template is taken."
            self._report.add("bad_name", pointer, message)
        elif is_raised and name.startswith(RESERVED):
            message = f'Only the server raises events that begin with "{name.partition(".")[0]}.".'
            self._report.add("reserved_name", pointer, message)
        elif not is_raised:
            self._misspelt_event(name, pointer)
        return name

    def _misspelt_event(self, name: str, pointer: Pointer) -> None:
        """A name like that of an event, also in its last word: most begin with the same ones."""
        if name in self._events:
            return
        near = get_close_matches(name, self._events, n=1, cutoff=0.8)
        if near and get_close_matches(_last_word(name), [_last_word(near[0])], n=1, cutoff=0.6):
            message = f'The project has no event "{name}". Did you mean "{near[0]}"?'
            self._report.add("unknown_event", pointer, message)

    def _unknown(self, code: str, what: str, name: str, known: Iterable[str], pointer: Pointer) -> None:
        self._report.add(code, pointer, f'There is no {what} "{name}".{nearest(name, known)}')


def _notifies(step: written.Step) -> bool:
    if isinstance(step, written.SendCard):
        return not isinstance(step.notify, UnsetType)
    return isinstance(step, written.Notify)


def _last_word(event: str) -> str:
    return event.rpartition(".")[2]


def listed(given: object, pointer: Pointer) -> list[tuple[str, Pointer]]:
    """One name or a list of them, each with its place."""
    if isinstance(given, str):
        return [(given, pointer)]
    if isinstance(given, list):
        return [(str(name), child(pointer, index)) for index, name in enumerate(given)]
    return []


def templates_by_step(flow: written_flow.Flow) -> Mapping[str, tuple[str, ...]]:
    """The templates that the card of each send_card step may show."""
    found: dict[str, tuple[str, ...]] = {}
    for id, step in flow.steps.items():
        if isinstance(step, written.SendCard):
            found[id] = (*found.get(id, ()), step.card)
        elif isinstance(step, written.UpdateCard) and isinstance(step.card, str):
            found[step.of] = (*found.get(step.of, ()), step.card)
    return found


def _buttons_by_step(flow: written_flow.Flow) -> Mapping[str, tuple[str, ...]]:
    """The submit buttons of each send_card step's card; not of one whose template is unknown."""
    return {
        step: tuple(
            element.name
            for name in templates
            for element, *_ in document_cards.elements(flow.cards[name])
            if isinstance(element, Submit)
        )
        for step, templates in templates_by_step(flow).items()
        if all(name in flow.cards for name in templates)
    }
