"""Flows as the runtime knows them: which version new starts take, who triggers on what, compiled on demand.

Published versions stay compiled; others (old ones that still have instances, drafts under test) are kept as
long as there is room. Writing them is `authoring.py`; what a flow means is `rules`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from rules.compiling.flows import Compiled, compile_flow, load
from rules.customers.segments import Segments
from rules.model import (
    EventTrigger,
    Flow,
    ScheduleTrigger,
    SegmentChange,
    SegmentTrigger,
    Trigger,
    UpdateCustomer,
)
from rules.project import UNKNOWN, Project

from .limits import COMPILED_VERSIONS_MAX
from .ports import Store
from .records import FlowRow, VersionRow
from .segments import KIND as SEGMENT
from .segments import SegmentBook


class Compile(Protocol):
    """Compiles a version with the server's constants, where it does not keep the loop waiting.

    `against` the project it is checked; with None it is not.
    """

    async def __call__(
        self, row: VersionRow, constants: Mapping[str, object], *, against: Project | None
    ) -> Compiled: ...


class Version:
    """One version of a flow, shared by its instances. `flow` is None while it is not compiled.

    `broken` says why it cannot be: a version that an older server published and this one cannot read.
    """

    __slots__ = (
        "broken",
        "flow",
        "flow_key",
        "needs_profile",
        "number",
        "pins",
        "published_at",
        "writes_profile",
    )

    def __init__(self, flow_key: str, number: int) -> None:
        self.flow_key = flow_key
        self.number = number
        self.flow: Flow | None = None
        self.needs_profile = False
        self.writes_profile = False
        self.broken: str | None = None
        self.pins = 0
        self.published_at = 0

    def put(self, compiled: Compiled) -> None:
        self.flow = compiled.flow
        if compiled.flow is None:
            self.broken = "; ".join(problem.message for problem in compiled.problems) or "it does not compile"
            return
        self.writes_profile = writes_profile(compiled.flow)
        self.needs_profile = self.writes_profile or compiled.flow.reads_customer

    @property
    def needs_ledger(self) -> bool:
        """Whether a turn looks at what the flow remembers of the customer."""
        return self.flow is not None and self.flow.needs_ledger

    @property
    def is_ready(self) -> bool:
        return self.flow is not None or self.broken is not None


@dataclass(frozen=True, slots=True)
class Armed:
    """A trigger of a flow that takes new starts."""

    version: Version
    flow: Flow
    trigger: Trigger


class Definitions:
    """Every flow's metadata, without drafts, and the compiled versions in use."""

    def __init__(
        self,
        store: Store,
        *,
        constants: Mapping[str, object],
        compile: Compile,
        project: Callable[[], Project] = lambda: UNKNOWN,
    ) -> None:
        self._store = store
        self._constants = constants
        self._compile = compile
        self._project = project
        self._rows: dict[str, FlowRow] = {}
        self._versions: dict[tuple[str, int], Version] = {}
        self._compiled: dict[Version, None] = {}
        self._armed: dict[tuple[str, str], Armed] = {}
        self._triggers: dict[str, tuple[tuple[Armed, EventTrigger], ...]] = {}
        self._schedules: tuple[tuple[Armed, ScheduleTrigger], ...] = ()
        self._moves: dict[tuple[str, SegmentChange], tuple[Armed, ...]] = {}
        self.book = SegmentBook(constants)
        self._sweeping: dict[str, FlowRow] = {}

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────────
    def row(self, flow: str) -> FlowRow | None:
        """The flow's metadata; its draft is left out ("")."""
        return self._rows.get(flow)

    def rows(self) -> Iterable[FlowRow]:
        return self._rows.values()

    def sweeping(self) -> Iterable[FlowRow]:
        """Flows whose older instances a publish is cancelling."""
        return self._sweeping.values()

    def triggers(self, event_name: str) -> Sequence[tuple[Armed, EventTrigger]]:
        return self._triggers.get(event_name, ())

    @property
    def segments(self) -> Segments:
        return self.book.segments

    def hears(self, event_name: str) -> bool:
        """Whether triggers or segments take events of this name, whomever they concern."""
        return event_name in self._triggers or event_name in self.segments.periods

    def moves(self, segment: str, change: SegmentChange) -> Sequence[Armed]:
        """Triggers that hear of this change of membership."""
        return self._moves.get((segment, change), ())

    def flows_using(self, segment: str) -> list[str]:
        """Flows whose published version names it, archived or not."""
        versions = [(row.key, self.published(row.key)) for row in self._rows.values()]
        return sorted(
            flow
            for flow, version in versions
            if version is not None and version.flow is not None and segment in version.flow.segments
        )

    def schedules(self) -> Sequence[tuple[Armed, ScheduleTrigger]]:
        return self._schedules

    def armed(self, flow: str, trigger: str) -> Armed | None:
        """The trigger of that name, if its flow takes new starts and it is enabled."""
        return self._armed.get((flow, trigger))

    def version(self, flow: str, number: int) -> Version:
        """The one object for this version, compiled or not."""
        at = (flow, number)
        found = self._versions.get(at)
        if found is None:
            found = self._versions[at] = Version(flow, number)
        return found

    def published(self, flow: str) -> Version | None:
        """The version that new starts take, paused or not."""
        row = self._rows.get(flow)
        return None if row is None or row.published is None else self.version(flow, row.published)

    # ── reading and compiling ──────────────────────────────────────────────────────────────────────────
    async def recover(self) -> None:
        await self.book.recover([row for row in await self._store.resources() if row.kind == SEGMENT])
        for row in await self._store.flows():
            self._keep(row)
        await self.prepare([version for row in self._rows.values() if (version := self.published(row.key))])
        self._arm()

    async def prepare(self, versions: Iterable[Version]) -> None:
        """Compile those that are not."""
        for version in versions:
            if version.is_ready:
                continue
            row = await self._store.version(version.flow_key, version.number)
            if row is None:
                version.broken = f"version {version.number} of {version.flow_key} is not in the store"
            else:
                version.published_at = row.published_at
                # Its checks were those of the server that published it: instances depend on it by now (0080).
                self.put_version(version, await self._compile(row, self._constants, against=None))

    async def compile(self, row: VersionRow) -> Compiled:
        """A version that is about to be published, or tested: with all checks."""
        return await self._compile(row, self._constants, against=self.project)

    @property
    def written_project(self) -> Project:
        """As it stands in its document."""
        return self._project()

    @property
    def project(self) -> Project:
        """What flows are checked against: the project, with the segments that there are."""
        return dataclasses.replace(self.written_project, segments=self.book.known)

    # ── writing: with the turn that stores it ──────────────────────────────────────────────────────────
    def put_row(self, row: FlowRow) -> None:
        self._keep(row)
        self._arm()

    def put_version(self, version: Version, compiled: Compiled) -> None:
        version.put(compiled)
        self._compiled[version] = None
        for oldest in tuple(self._compiled):
            if len(self._compiled) <= COMPILED_VERSIONS_MAX:
                break
            # A published version is wanted by whoever starts next, and never dropped.
            if not (oldest.pins or oldest is version or oldest is self.published(oldest.flow_key)):
                oldest.flow = None
                del self._compiled[oldest]

    def _keep(self, row: FlowRow) -> None:
        self._rows[row.key] = light = replace(row, draft="")
        self._sweeping.pop(row.key, None)
        if row.cancel_below is not None:
            self._sweeping[row.key] = light

    def _arm(self) -> None:
        """Work out anew which triggers there are."""
        self._armed = {}
        events: dict[str, list[tuple[Armed, EventTrigger]]] = {}
        schedules: list[tuple[Armed, ScheduleTrigger]] = []
        moves: dict[tuple[str, SegmentChange], list[Armed]] = {}
        for row in self._rows.values():
            version = self.published(row.key)
            if version is None or version.flow is None or not row.takes_starts:
                continue
            for trigger in version.flow.triggers:
                if not trigger.enabled:
                    continue
                armed = self._armed[row.key, trigger.name] = Armed(version, version.flow, trigger)
                if isinstance(trigger, EventTrigger):
                    for name in trigger.events:
                        events.setdefault(name, []).append((armed, trigger))
                elif isinstance(trigger, ScheduleTrigger):
                    schedules.append((armed, trigger))
                elif isinstance(trigger, SegmentTrigger):
                    moves.setdefault((trigger.segment, trigger.change), []).append(armed)
        self._triggers = {name: tuple(found) for name, found in events.items()}
        self._schedules = tuple(schedules)
        self._moves = {change: tuple(found) for change, found in moves.items()}


def compile_version(row: VersionRow, constants: Mapping[str, object], *, against: Project | None) -> Compiled:
    """Never raises for what an author wrote: `problems` say what is wrong."""
    document = load(row.document, type=row.document_type)
    if isinstance(document, list):
        return Compiled(problems=tuple(document))
    project = against or UNKNOWN
    return compile_flow(
        document, version=row.number, constants=constants, project=project, checked=against is not None
    )


def writes_profile(flow: Flow) -> bool:
    return any(isinstance(step, UpdateCustomer) for step in flow.steps.values())
