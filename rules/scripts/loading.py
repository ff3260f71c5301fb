"""From a written script to one that can be played, or to all that is wrong with it, each where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from msgspec import UNSET, UnsetType

from ..calendar.times import parse_rfc3339
from ..compiling.given import Given, given
from ..compiling.segments import compile_rule, rule_scope
from ..compiling.sources import Sources
from ..customers.profile import ProfileError, merge, new_profile
from ..customers.segments import Rule
from ..documents import script as written
from ..documents.convert import convert
from ..documents.problems import Pointer, Positions, Problem, Report, child
from ..documents.syntax import parse
from ..errors import ExpressionError, RuleError
from ..model import Flow
from ..values import Value
from .model import Script, Step
from .patterns import SCOPE
from .references import FlowReferences
from .shared import NOTHING, SEGMENTS, Shared, rule_by_hand
from .steps import StepLoading

AT_DEFAULT: Final = "2026-01-01T09:00:00Z"
"""When a script begins that does not say when: a Thursday."""
CUSTOMER_DEFAULT: Final[Mapping[str, object]] = {"id": "c1"}
SEED_DEFAULT: Final = "flowdeck"

FlowsOf: TypeAlias = Callable[[str, Mapping[str, object]], "Flow | str"]
"""The flow of a key, compiled with these constants; or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """`scripts` can be played; there are none if a problem is an error."""

    scripts: tuple[Script, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTest:
    """A well-formed flow test, before its flows are looked at."""

    test: written.FlowTest
    positions: Positions


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPlay:
    """A well-formed script by itself."""

    play: written.Play
    positions: Positions


def read_test(text: str | bytes, *, type: str) -> WrittenTest | tuple[Problem, ...]:
    """The test in `text` ("yaml" or "json"), or what makes it none."""
    data, report = parse(text, type=type)
    test = None if report.has_errors else convert(data, written.FlowTest, report)
    return report.problems() if test is None else WrittenTest(test=test, positions=report.positions)


def load_test(text: WrittenTest, flows_of: FlowsOf, *, shared: Shared = NOTHING) -> Loaded:
    """Every case, ready to be played; what is `shared` counts where the test does not say otherwise."""
    report = Report(text.positions)
    test = text.test
    scripts = []
    for name, case in test.cases.items():
        case, places = _with_defaults(case, test, child("/cases", name))
        keys = (test.flow, *test.flows)
        scripts.append(_Loading(case, places, report, flows_of, shared).script(name, keys))
    return _loaded(scripts, report)


def read_play(text: str | bytes, *, type: str) -> WrittenPlay | tuple[Problem, ...]:
    data, report = parse(text, type=type)
    play = None if report.has_errors else convert(data, written.Play, report)
    return report.problems() if play is None else WrittenPlay(play=play, positions=report.positions)


def load_play(text: WrittenPlay, flow: str, flows_of: FlowsOf, *, shared: Shared = NOTHING) -> Loaded:
    report = Report(text.positions)
    places = dict.fromkeys((*written.Setting.__struct_fields__, "script"), "")
    script = _Loading(text.play, places, report, flows_of, shared).script("", (flow, *text.play.flows))
    return _loaded([script], report)


def _loaded(scripts: list[Script | None], report: Report) -> Loaded:
    if report.has_errors:
        return Loaded(problems=report.problems())
    return Loaded(scripts=tuple([each for each in scripts if each is not None]), problems=report.problems())


def _with_defaults(
    case: written.Case, test: written.FlowTest, pointer: Pointer
) -> tuple[written.Case, dict[str, Pointer]]:
    """The case with what it leaves out as the test says, and what each of its fields stands in."""
    fields: dict[str, Any] = {"script": case.script}
    places = {"script": pointer}
    # The one customer and the many are the same thing.
    own_customers = case.customer is not UNSET or case.customers is not UNSET
    for name in written.Setting.__struct_fields__:
        is_own = own_customers if name.startswith("customer") else getattr(case, name) is not UNSET
        fields[name] = getattr(case if is_own else test, name)
        places[name] = pointer if is_own else ""
    return written.Case(**fields), places


class _Loading:
    """One script. What is wrong goes to the report."""

    def __init__(
        self,
        case: written.Case,
        places: Mapping[str, Pointer],
        report: Report,
        flows_of: FlowsOf,
        shared: Shared,
    ) -> None:
        self._case = case
        self._shared = shared
        self._places = places
        self._report = report
        self._flows_of = flows_of
        self._sources = Sources(report)
        self._given = Given(self._sources, SCOPE)

    def script(self, name: str, keys: tuple[str, ...]) -> Script | None:
        constants = {**self._shared.constants, **(given(self._case.constants) or {})}
        flows = self._flows(keys, constants)
        if keys[0] not in flows:
            return None
        bodies = self._bodies()
        segments = self._segments(flows.values(), bodies, constants)
        references = FlowReferences(flows, keys[0], segments, self._report)
        return Script(
            name=name,
            pointer=self._places["script"],
            flows=tuple(flows.values()),
            customers={id: self._body(id, body, pointer) for id, (pointer, body) in bodies.items()},
            at=self._at(),
            seed=given(self._case.seed) or SEED_DEFAULT,
            constants=constants,
            segments=segments,
            events=self._shared.events,
            steps=tuple(self._steps(StepLoading(self._sources, references))),
        )

    def _place(self, name: str) -> Pointer:
        return child(self._places[name], name)

    def _flows(self, keys: tuple[str, ...], constants: Mapping[str, object]) -> dict[str, Flow]:
        flows: dict[str, Flow] = {}
        for index, key in enumerate(keys):
            flow = self._flows_of(key, constants)
            if isinstance(flow, Flow):
                flows[key] = flow
            else:
                pointer = "/flow" if index == 0 else child("/flows", index - 1)
                self._report.add("unknown_flow", pointer, flow)
        return flows

    def _at(self) -> int:
        text = given(self._case.at) or AT_DEFAULT
        try:
            return parse_rfc3339(text)
        except RuleError as error:
            self._report.add(error.code, self._place("at"), error.message)
            return 0

    # --- customers ---------------------------------------------------------------------------------

    def _bodies(self) -> dict[str, tuple[Pointer, Mapping[str, object]]]:
        """Of all customers by id, and where each stands."""
        one, many = self._case.customer, self._case.customers
        if one is not UNSET and many is not UNSET:
            message = 'Name one "customer" or several "customers", not both.'
            self._report.add("choose_one", self._place("customers"), message)
        if not isinstance(many, UnsetType):
            place = self._place("customers")
            bodies = [(child(place, index), body) for index, body in enumerate(many)]
        else:
            body = dict(CUSTOMER_DEFAULT) | (given(one) or {})
            bodies = [(self._place("customer"), body)]
        found: dict[str, tuple[Pointer, Mapping[str, object]]] = {}
        for pointer, body in bodies:
            id = body.get("id")
            if not isinstance(id, str) or not id or id in found:
                self._report.add("bad_name", pointer, "Each customer has an `id` of its own.")
            else:
                found[id] = pointer, body
        return found

    def _body(self, id: str, body: Mapping[str, object], pointer: Pointer) -> Value:
        """Checked at once, as far as nothing in it is computed."""
        body = {name: body[name] for name in body if name not in ("id", SEGMENTS)}
        value = self._sources.value(body, SCOPE, pointer)
        if value.constant:
            try:
                merge(new_profile(id, 0), body, 0)
            except ProfileError as error:
                for wrong in error.errors:
                    self._report.add("bad_value", pointer + wrong["pointer"], wrong["message"])
        return value

    # --- segments ----------------------------------------------------------------------------------

    def _segments(
        self,
        flows: Iterable[Flow],
        bodies: Mapping[str, tuple[Pointer, Mapping[str, object]]],
        constants: Mapping[str, object],
    ) -> dict[str, Rule]:
        """By rule, as far as there is one and no customer says otherwise; else by hand."""
        members: dict[str, set[str]] = {}
        for id, (pointer, body) in bodies.items():
            for segment in self._listed(body, child(pointer, SEGMENTS)):
                members.setdefault(segment, set()).add(id)
        rules = {**self._shared.segments, **dict(self._rules(constants))}
        named = {segment for flow in flows for segment in flow.segments}
        for segment in members.keys() | (named - rules.keys()):
            rules[segment] = rule_by_hand(frozenset(members.get(segment, ())))
        return rules

    def _listed(self, body: Mapping[str, object], pointer: Pointer) -> list[str]:
        listed = body.get(SEGMENTS, [])
        if isinstance(listed, list) and all(isinstance(each, str) for each in listed):
            return listed
        self._report.add("wrong_type", pointer, "This is a list of segments.")
        return []

    def _rules(self, constants: Mapping[str, object]) -> Iterator[tuple[str, Rule]]:
        for id, source in (given(self._case.segments) or {}).items():
            try:
                yield id, compile_rule(source, rule_scope(constants))
            except ExpressionError as error:
                place = child(self._place("segments"), id)
                self._report.add(error.code, place, error.message, offset=error.offset)

    # --- steps -------------------------------------------------------------------------------------

    def _steps(self, loading: StepLoading) -> Iterator[Step]:
        start = self._case.start
        if not isinstance(start, UnsetType):
            pointer = self._place("start")
            yield Step(pointer=pointer, does=loading.start(start, pointer))
        place = self._place("script")
        for index, step in enumerate(self._case.script):
            yield loading.step(step, child(place, index))
