"""Simulations for authors: a script is played in a flow, in bounded time; nothing is stored (§10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from actors.definitions import compile_version
from actors.records import FlowRow, VersionRow
from actors.simulation.bounds import Bounds
from actors.simulation.happened import refusals
from actors.simulation.playing import Playing
from actors.simulation.server import SimulatedServer
from rules.calendar.times import rfc3339
from rules.compiling.flows import Document, compile_flow, load
from rules.compiling.given import given
from rules.documents import script as written
from rules.documents.convert import convert
from rules.documents.parts import FlowKey
from rules.documents.problems import Problem, Severity
from rules.documents.syntax import parse
from rules.model import Flow
from rules.scripts.judging import Failure
from rules.scripts.loading import WrittenPlay, load_play
from rules.scripts.model import Script
from rules.scripts.shared import Shared
from rules.world import World
from server.errors import ApiError

from . import documents
from .flows import flow_route
from .instances import InstanceDetail, TurnItem, detail_of, turn
from .refusals import document_error
from .routes import Call

MS_PER_DAY = 86_400_000
FIRST_VERSION = 1


class Simulation(written.Play, frozen=True, kw_only=True):
    """A script, and what it is played in: a flow of this server by its key – its draft, or a version –, or a
    document."""

    flow: FlowKey | UnsetType = UNSET
    version: int | Literal["draft"] = "draft"
    document: dict[str, Any] | str | UnsetType = UNSET


class SimulatedTurn(TurnItem, frozen=True, kw_only=True):
    """A turn, and whose it is."""

    instance: str
    flow: str
    customer: str


class RefusedStart(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    flow: str
    customer: str
    reason: str
    detail: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    expected: str
    actual: str


class NotAsScripted(msgspec.Struct, frozen=True, kw_only=True):
    """Where the script could not go on, or what was not as it expects."""

    pointer: str
    message: str
    differences: Sequence[Difference]


class SimulationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`items` are all turns, in the order in which they were taken; `instances` as they stand at the end."""

    items: Sequence[SimulatedTurn]
    instances: Sequence[InstanceDetail]
    refused: Sequence[RefusedStart]
    ended_at: str
    failure: NotAsScripted | None


async def simulate(call: Call) -> SimulationAnswer:
    text, kind = await documents.read_text(call)
    room = call.parts.simulations
    if room.locked():
        raise ApiError("overloaded", "As many simulations as may be played at once are under way.")
    async with room:
        play = await documents.off_the_loop(lambda: _read(text, kind))
        rows = await _rows(call, play.body)
        return await documents.off_the_loop(_Simulating(call, play, rows).answer)


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────


class _Read(msgspec.Struct, frozen=True):
    body: Simulation
    text: WrittenPlay


def _read(text: str, kind: str) -> _Read:
    data, report = parse(text, type=kind)
    body = None if report.has_errors else convert(data, Simulation, report)
    if body is not None and (body.flow is UNSET) == (body.document is UNSET):
        report.add("choose_one", "/flow", 'Name the "flow" of this server, or give a "document".')
    if body is None or report.has_errors:
        raise document_error(report.problems(), "The simulation is not well formed.")
    return _Read(body, WrittenPlay(play=body, positions=report.positions))


async def _rows(call: Call, body: Simulation) -> dict[str, VersionRow]:
    """The texts of the flows that are named, by key; those that are not there are found missing later."""
    found: dict[str, VersionRow] = {}
    own = given(body.flow)
    for key in ([] if own is None else [own]) + body.flows:
        row = await call.parts.store.flow(key)
        if row is None:
            continue
        number = body.version if key == own else row.published or "draft"
        version = draft_of(row) if number == "draft" else await call.parts.store.version(key, number)
        if version is not None:
            found[key] = version
    return found


def draft_of(row: FlowRow) -> VersionRow:
    return VersionRow(
        flow=row.key,
        number=-row.revision,
        document=row.draft,
        document_type=row.draft_type,
        note="",
        published_at=row.updated_at,
        published_by="",
    )


# ── playing, off the loop ──────────────────────────────────────────────────────────────────────────────


class _Simulating:
    """One call. It is made on the loop; what `answer` works on is its own, or never changes."""

    def __init__(self, call: Call, read: _Read, rows: Mapping[str, VersionRow]) -> None:
        self._body = read.body
        self._text = read.text
        self._rows = rows
        self._config = call.parts.config
        definitions = call.parts.engine.definitions
        self._project = definitions.project
        self._shared = Shared(
            constants=self._config.flows.constants,
            segments={each.id: each.rule for each in definitions.segments.all if each.rule is not None},
            events=self._project.events,
        )
        self._clock = call.parts.clock
        self._ends_at = self._clock.monotonic() + self._config.api.simulation_s

    def answer(self) -> SimulationAnswer:
        script = self._script()
        flows = self._config.flows
        playing = Playing(
            script,
            world=World(constants=script.constants, zone=flows.timezone, locale=flows.locale),
            bounds=self._bounds(),
        )
        failure = playing.play()
        return SimulationAnswer(
            items=list(items_of(playing.server)),
            instances=list(instances_of(playing.server)),
            refused=list(_refused(playing.server)),
            ended_at=rfc3339(playing.server.now),
            failure=None if failure is None else _told(failure),
        )

    def _bounds(self) -> Bounds:
        api = self._config.api
        return Bounds(
            turns_max=api.simulation_turns_max,
            timeline_bytes_max=api.simulation_bytes_max,
            span_ms_max=api.simulation_days_max * MS_PER_DAY,
            is_over=lambda: self._clock.monotonic() > self._ends_at,
        )

    def _script(self) -> Script:
        document = self._document()
        key = document.key if document else str(self._body.flow)
        flows_of = partial(self._flow, document)
        loaded = load_play(self._text, key, flows_of, shared=self._shared)
        if not loaded.scripts:
            raise document_error(loaded.problems, "The script cannot be played.")
        return loaded.scripts[0]

    def _document(self) -> Document | None:
        given = self._body.document
        if isinstance(given, UnsetType):
            return None
        if isinstance(given, str):
            document = load(given, type="yaml")
        else:
            document = load(msgspec.json.encode(given), type="json")
        if not isinstance(document, Document):
            raise self._wrong_document(document)
        return document

    def _flow(self, document: Document | None, key: str, constants: Mapping[str, object]) -> Flow | str:
        if document is not None and key == document.key:
            compiled = compile_flow(
                document, version=FIRST_VERSION, constants=constants, project=self._project
            )
            if compiled.flow is None:
                raise self._wrong_document(compiled.problems)
            return compiled.flow
        row = self._rows.get(key)
        if row is None:
            return f'There is no flow "{key}" here, or no such version of it.'
        is_draft = row.number < FIRST_VERSION
        compiled = compile_version(row, constants, against=self._project if is_draft else None)
        if compiled.flow is None:
            errors = [each for each in compiled.problems if each.severity is Severity.ERROR]
            return f"The flow has errors, the first at {errors[0].pointer or '/'}: {errors[0].message}"
        return compiled.flow

    def _wrong_document(self, problems: Sequence[Problem]) -> ApiError:
        """Problems of the document that is part of the request, where they stand in that."""
        placed = []
        for each in problems:
            pointer = f"/document{each.pointer}"
            line, column = self._text.positions.find(pointer)
            if isinstance(self._body.document, str):
                pointer, line, column = "/document", each.line, each.column
            placed.append(msgspec.structs.replace(each, pointer=pointer, line=line, column=column))
        return document_error(placed, "The document cannot be played.")


# ── what came of it ────────────────────────────────────────────────────────────────────────────────────


def items_of(server: SimulatedServer) -> Iterator[SimulatedTurn]:
    """Every turn as a timeline shows it."""
    for taken in server.record:
        for each in taken.turns:
            shown = msgspec.structs.asdict(turn(each.row))
            yield SimulatedTurn(**shown, instance=each.instance, flow=each.flow, customer=each.customer)


def instances_of(server: SimulatedServer) -> Iterator[InstanceDetail]:
    for row in server.instances.values():
        yield detail_of(row, server.flow(row))


def _refused(server: SimulatedServer) -> Iterator[RefusedStart]:
    for taken in server.record:
        for each in refusals(taken):
            yield RefusedStart(at=rfc3339(taken.at), **each)


def _told(failure: Failure) -> NotAsScripted:
    return NotAsScripted(
        pointer=failure.pointer,
        message=failure.message,
        differences=[
            Difference(path=each.path, expected=each.expected, actual=each.actual)
            for each in failure.differences
        ],
    )


ROUTES = (
    flow_route(
        "POST",
        "/v1/flows/simulate",
        simulate,
        "Play a script in a flow",
        raw_types=(documents.YAML_TYPES[0], "application/json"),
        raw_body=Simulation,
        answer=SimulationAnswer,
        codes=("not_supported_yet", "too_large", "unsupported_type", "overloaded"),
    ),
)
