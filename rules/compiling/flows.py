"""From a document's text to a flow that can run, or to all that keeps it from running, each where it stands.

`load` refuses what is no document of this format; `compile_flow` finds what may stand in a draft, but not be
published; `check` does both. The work is done by `compile_steps.py`, `elements.py` and `check.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .. import model
from ..cards.templates import CardTemplate, compile_card
from ..checking.flows import check_flow
from ..checking.graph import Graph, build
from ..documents import cards as document_cards
from ..documents import flow as written
from ..documents.convert import convert
from ..documents.problems import Positions, Problem, Report, child
from ..documents.syntax import parse
from ..errors import RuleError
from ..limits import FOLDER_DEPTH_MAX, PATTERN_COUNT_MAX
from ..model.flow import listening
from ..project import UNKNOWN, Project
from ..variables import coerce
from .given import given
from .outside import OutsideCompiler
from .references import References
from .scopes import VARIABLE_TYPES, Scopes
from .sources import Sources
from .steps import StepCompiler
from .triggers import TriggerCompiler

_MATCHES = re.compile(r"\bmatches\s*\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A well-formed document. `data` is what was written, plain; `positions` are those of its YAML."""

    flow: written.Flow
    data: Mapping[str, object]
    positions: Positions

    @property
    def key(self) -> str:
        return self.flow.flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """`flow` is None exactly when a problem is an error, `document` when the text is none."""

    flow: model.Flow | None = None
    problems: tuple[Problem, ...] = ()
    document: Document | None = None


def load(text: str | bytes, *, type: str) -> Document | list[Problem]:
    """The document in `text` ("yaml" or "json"), or what makes it none: syntax, schema, no support."""
    data, report = parse(text, type=type)
    flow = None if report.has_errors else convert(data, written.Flow, report)
    if flow is None:
        return list(report.problems())
    assert isinstance(data, dict)
    return Document(flow=flow, data=data, positions=report.positions)


def check(
    text: str | bytes,
    *,
    type: str,
    version: int = 0,
    constants: Mapping[str, object] | None = None,
    project: Project = UNKNOWN,
) -> Compiled:
    """All problems of a text. `constants` are those of the server, the project's are for who has none."""
    document = load(text, type=type)
    if isinstance(document, list):
        return Compiled(problems=tuple(document))
    return compile_flow(document, version=version, constants=constants or {}, project=project)


def compile_flow(
    document: Document,
    *,
    version: int,
    constants: Mapping[str, object],
    project: Project = UNKNOWN,
    checked: bool = True,
) -> Compiled:
    """The flow as version `version` (minus the draft's revision for tests); `constants` and `segments` are
    this server's (None: it is not known which segments there are).

    Not `checked`: as one that was published before. What is compiled runs, whatever is thought of it by now.
    """
    report = Report(document.positions)
    if checked and _pattern_count(document.data) > PATTERN_COUNT_MAX:
        report.add("too_many_patterns", "", f"There are more than {PATTERN_COUNT_MAX} patterns.")
        return Compiled(problems=report.problems(), document=document)
    compiler = _FlowCompiler(document.flow, report, constants, project, checked=checked)
    flow = compiler.flow(version)
    return Compiled(flow=None if report.has_errors else flow, problems=report.problems(), document=document)


def _pattern_count(data: object) -> int:
    """How many patterns stand in `data`, at the most: texts that only look so are counted too."""
    match data:
        case str():
            return len(_MATCHES.findall(data))
        case list():
            return sum(map(_pattern_count, data))
        case dict():
            return ("pattern" in data) + sum(map(_pattern_count, data.values()))
    return 0


class _FlowCompiler:
    def __init__(
        self,
        flow: written.Flow,
        report: Report,
        constants: Mapping[str, object],
        project: Project,
        *,
        checked: bool,
    ) -> None:
        self._flow = flow
        self._report = report
        self._checked = checked
        self._project = project
        self._scopes = Scopes(flow, constants, project.events)
        self._sources = Sources(report)
        self._references = References(flow, report, project)
        self._variables = {name: self._variable(name, each) for name, each in flow.variables.items()}
        parts = (self._sources, self._scopes, self._references, self._variables)
        self._steps = StepCompiler(*parts)
        self._triggers = TriggerCompiler(*parts)
        self._outside = OutsideCompiler(*parts[:3])

    def flow(self, version: int) -> model.Flow:
        flow = self._flow
        steps = {id: self._steps.step(id, step, child("/steps", id)) for id, step in flow.steps.items()}
        exits = [self._steps.exit(exit, child("/exits", index)) for index, exit in enumerate(flow.exits)]
        triggers = [
            self._triggers.trigger(name, each, child("/triggers", name))
            for name, each in flow.triggers.items()
        ]
        start = self._references.next(flow.start, "/start")
        cards = {name: self._card(name, each) for name, each in flow.cards.items()}
        graph = build(steps)
        made = model.Flow(
            key=flow.flow,
            version=version,
            name=flow.name,
            folder=flow.folder,
            variables=self._variables,
            triggers=tuple(triggers),
            entry=self._triggers.entry(flow.entry, "/entry"),
            exits=tuple(exits),
            start=start,
            steps=steps,
            cards=cards,
            notifications={
                name: self._outside.notification(name, each, child("/notifications", name))
                for name, each in flow.notifications.items()
            },
            reach=graph.reach,
            reads_customer=self._reads_customer(steps, exits),
            reads_trigger=self._reads("trigger") or any(map(_includes_trigger, steps.values())),
            segments=frozenset(self._references.segments),
        )
        if self._checked:
            self._check(made, graph)
        return made

    def _check(self, flow: model.Flow, graph: Graph) -> None:
        self._check_folder()
        check_flow(flow, graph, self._flow, self._sources, self._project)

    def _reads(self, root: str) -> bool:
        return any(name == root or name.startswith(f"{root}.") for name in self._sources.reads)

    def _reads_customer(self, steps: Mapping[str, model.Step], exits: Sequence[model.Exit]) -> bool:
        """Whether a turn needs the profile: also to know the zone, locale and segments, and to write it."""
        kinds = (model.UpdateCustomer, model.Notify)
        writes = any(isinstance(step, kinds) for step in steps.values()) or bool(self._flow.notifications)
        looks = listening(steps, exits).profile
        return writes or looks or self._sources.needs_setting or self._reads("customer")

    def _check_folder(self) -> None:
        folder = self._flow.folder
        if folder and (folder.count("/") >= FOLDER_DEPTH_MAX or not all(folder.split("/"))):
            message = f"A folder has at most {FOLDER_DEPTH_MAX} levels, none of them empty."
            self._report.add("bad_name", "/folder", message)

    def _variable(self, name: str, variable: written.Variable) -> model.Variable:
        default = given(variable.default)
        place = child("/variables", name)
        made = model.Variable(
            name=name,
            type=VARIABLE_TYPES[variable.type],
            is_date=variable.type == "date",
            required=variable.required,
            has_default=default is not None,
            default=default,
            description=variable.description,
        )
        if default is not None:
            self._check_default(made, child(place, "default"))
        return made

    def _check_default(self, variable: model.Variable, pointer: str) -> None:
        default = variable.default
        if isinstance(default, str) and (default.startswith("=") or "{{" in default or "{%" in default):
            message = "A default is a plain value; compute one in a trigger or a set step."
            self._report.add("bad_default", pointer, message)
            return
        try:
            coerce(variable, default)
        except RuleError as error:
            self._report.add("bad_default", pointer, error.message)

    def _card(self, name: str, card: document_cards.Card) -> CardTemplate:
        return compile_card(name, card, self._sources, self._scopes.steps, child("/cards", name))


def _includes_trigger(step: model.Step) -> bool:
    return isinstance(step, model.Collect) and step.include_trigger
