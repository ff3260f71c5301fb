"""What only the whole flow shows: ways, loops, joins, waits, names that may hold nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from .. import model
from ..compiling.sources import Sources
from ..customers.profile import STANDARD
from ..documents import flow as written
from ..documents.problems import Pointer, Report, child
from ..project import Project
from .cards import check_card
from .graph import Graph, blocks, busy_loop, definitely_set, reachable
from .names import check_names
from .order import Order
from .outside import check_outside
from .sent_cards import check_sent_cards
from .tables import check_tables


def check_flow(
    flow: model.Flow, graph: Graph, document: written.Flow, sources: Sources, project: Project
) -> None:
    """Report what is wrong with the flow as a whole."""
    checking = _Checking(flow, graph, document, sources.report)
    check_names(document, sources.report)
    checking.ways()
    checking.joins()
    checking.waits()
    order = Order(flow, graph)
    check_sent_cards(flow, document, order, sources.report)
    check_outside(flow, document, order, sources.report)
    check_tables(flow, sources.report)
    for name, card in document.cards.items():
        check_card(card, sources.report, child("/cards", name))
    checking.variables(sources)
    checking.customer(sources, project.fields)


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
        blocking = [id for id, step in self._flow.steps.items() if blocks(step)]
        loop = busy_loop(self._graph, blocking)
        if loop is not None:
            way = " → ".join((*loop, loop[0]))
            message = f"The loop {way} goes through no step that waits."
            self._report.add("busy_loop", _place(loop[0]), message, at_key=True)

    def joins(self) -> None:
        for id, step in self._flow.steps.items():
            if isinstance(step, model.Join) and step.need is not None and self._graph.is_in_loop(id):
                message = "A join for any or for some lies in a loop: it would fire only once."
                self._report.add("join_in_loop", child(_place(id), "need"), message)

    # --- waits -------------------------------------------------------------------------------------

    def waits(self) -> None:
        for step in self._flow.steps.values():
            if isinstance(step, model.Wait):
                self._wait_ends(step)

    def _wait_ends(self, wait: model.Wait) -> None:
        has_time = any(isinstance(outcome, model.TimeOutcome) for outcome in wait.until)
        is_left = self._flow.exits or self._flow.entry.max_age is not None
        if not ((has_time and not wait.need_all) or wait.deadline or is_left):
            message = f'The wait "{wait.id}" may wait for ever: it has no time, and the flow has no exit.'
            self._report.add("waits_forever", _place(wait.id), message, at_key=True)

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

    def customer(self, sources: Sources, fields: Iterable[str] | None) -> None:
        """Names that are nearly, but not quite, those of a profile; all others, if the project lists its
        fields."""
        known = STANDARD.union(fields or ())
        for read, pointers in sources.reads.items():
            root, _, path = read.partition(".")
            field = path.partition(".")[0]
            if root != "customer" or not field or field in known:
                continue
            near = get_close_matches(field, known, n=1, cutoff=0.8)
            if near or fields is not None:
                hint = f' Did you mean "{near[0]}"?' if near else ""
                message = f'A profile has no "{field}" of its own.{hint}'
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
