"""A start call before it is queued: which version it runs, and whether it can run at all.

Few targets are started by the call itself, many by a job.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rules import variables
from rules.documents.problems import nearest
from rules.model import Flow

from .commands import Refused, StartMany, StartRequest, StartResult
from .definitions import Version
from .job_specs import PAGE_TARGETS, Crowd, StartFlow, TargetList, decode_page, new_job
from .limits import TARGETS_MAX
from .ports import Clock, Store
from .records import FlowRow, VersionRow
from .work import NewJob, Start, Work, job_lane

if TYPE_CHECKING:
    from .life import Life

FAULTS_MAX = 100
"""Targets named in one refusal: enough to mend a list, not to repeat it."""

ReadTargets: TypeAlias = Callable[[Flow], Awaitable[TargetList]]
"""Gives the targets that come with a call, once it is known for which flow; raises if they are wrong."""


@dataclass(frozen=True, slots=True)
class Startable:
    """The version that a start runs; `draft` is its row, if it is to be stored."""

    version: Version
    draft: VersionRow | None = None


class Starting:
    def __init__(self, store: Store, clock: Clock, life: Life) -> None:
        self._store = store
        self._clock = clock
        self._life = life

    async def start(self, request: StartRequest) -> StartResult | Refused:
        if not 1 <= len(request.targets) <= TARGETS_MAX:
            return Refused(code="invalid", reason=f"A start has 1 to {TARGETS_MAX} targets.")
        found = await self._find(request.flow, test=request.test)
        if isinstance(found, Refused):
            return found
        invocation = request.invocation or self._life.new_id()
        only = len(request.targets) == 1
        work = Work(
            lane=request.targets[0].customer if only else f"\0start:{invocation}",
            kind=f"start:{request.flow}",
            order=Start(request=request, invocation=invocation, version=found.version, draft=found.draft),
            weight=len(request.targets),
        )
        (result,) = await self._life.submit([work])
        assert isinstance(result, StartResult | Refused), "what a start gives"
        return result

    async def start_many(self, request: StartMany, read: ReadTargets | None) -> StartResult | Refused:
        """By a job. `read` gives the targets; without it they are an audience."""
        found = await self._find(request.flow, test=request.test)
        if isinstance(found, Refused):
            return found
        row, flow = self._life.memory.definitions.row(request.flow), found.version.flow
        if row is not None and row.paused and not request.test:
            return Refused(code="conflict", reason=f'The flow "{request.flow}" is paused.')
        if flow is None:
            reason = f'The flow "{request.flow}" does not compile: {found.version.broken}.'
            return Refused(code="conflict", reason=reason)
        listed = None if read is None else await read(flow)
        refused = await self._check(request, flow, listed)
        if refused is not None:
            return refused
        spec = StartFlow(
            flow=request.flow,
            version=found.version.number,
            invocation=request.invocation or self._life.new_id(),
            client=request.client,
            crowd=Crowd(segment=request.segment, tag=request.tag, test=request.test),
            listed=listed,
            variables=request.variables,
            metadata=request.metadata,
            test=request.test,
        )
        return await self._begin(request, spec, found.draft)

    async def _begin(
        self, request: StartMany, spec: StartFlow, draft: VersionRow | None
    ) -> StartResult | Refused:
        id, now = self._life.new_id(), self._clock.now()
        order = NewJob(
            row=new_job(spec, id=id, name=request.flow, by=request.client, now=now),
            answer=StartResult(invocation=spec.invocation, job=id),
            draft=draft,
            idempotency=request.idempotency,
        )
        (result,) = await self._life.submit([Work(lane=job_lane(id), kind="operator", order=order)])
        assert isinstance(result, StartResult | Refused), "what a job that starts gives"
        return result

    # ── whom ───────────────────────────────────────────────────────────────────────────────────────────
    async def _check(self, request: StartMany, flow: Flow, listed: TargetList | None) -> Refused | None:
        """What would refuse every member of an audience, or makes a listed test reach somebody else."""
        errors: list[Mapping[str, str]] = []
        known = self._life.memory.definitions.book.known
        if request.segment is not None and request.segment not in known:
            message = f'There is no segment "{request.segment[:64]}".{nearest(request.segment, known)}'
            errors.append({"pointer": "/audience/segment", "code": "unknown_segment", "message": message})
        if listed is None:
            for name, error in variables.find_faults(flow.variables, request.variables)[:FAULTS_MAX]:
                pointer = f"/variables/{name}"
                errors.append({"pointer": pointer, "code": error.code, "message": error.message})
        elif request.test:
            errors = await self._not_of_tests(listed)
        if not errors:
            return None
        return Refused(code="invalid", reason=errors[0]["message"], errors=tuple(errors))

    async def _not_of_tests(self, listed: TargetList) -> list[Mapping[str, str]]:
        errors: list[Mapping[str, str]] = []
        for number, page in enumerate(listed.pages):
            targets = decode_page(page)
            rows = await self._store.profiles([target.customer for target in targets])
            for index, target in enumerate(targets, start=number * PAGE_TARGETS):
                row = rows.get(target.customer)
                if (row is None or not row.test) and len(errors) < FAULTS_MAX:
                    message = f'"{target.customer}" is not a test customer.'
                    pointer = f"/{index}/customer"
                    errors.append({"pointer": pointer, "code": "not_a_test_customer", "message": message})
        return errors

    # ── which version ──────────────────────────────────────────────────────────────────────────────────
    async def _find(self, flow: str, *, test: bool) -> Startable | Refused:
        row = self._life.memory.definitions.row(flow)
        if row is None or row.archived:
            return Refused(code="not_found", reason=f'There is no flow "{flow}".')
        return await self._draft(flow) if test else self._published(flow)

    def _published(self, flow: str) -> Startable | Refused:
        version = self._life.memory.definitions.published(flow)
        if version is None:
            return Refused(code="conflict", reason=f'The flow "{flow}" was never published.')
        return Startable(version)

    async def _draft(self, key: str) -> Startable | Refused:
        """The draft's present revision as a version of its own: instances stay on it."""
        flow = await self._store.flow(key)
        if flow is None:
            return Refused(code="not_found", reason=f'There is no flow "{key}".')
        row = _version_row(flow, self._clock.now())
        version = self._life.memory.definitions.version(row.flow, row.number)
        if not version.is_ready or version.broken is not None:
            compiled = await self._life.memory.definitions.compile(row)
            if compiled.flow is None:
                reason = "The draft has errors."
                return Refused(code="invalid", reason=reason, problems=tuple(compiled.problems))
            self._life.memory.definitions.put_version(version, compiled)
        is_stored = await self._store.version(row.flow, row.number) is not None
        return Startable(version, None if is_stored else row)


def _version_row(flow: FlowRow, now: int) -> VersionRow:
    return VersionRow(
        flow=flow.key,
        number=-flow.revision,
        document=flow.draft,
        document_type=flow.draft_type,
        note="",
        published_at=now,
        published_by="",
    )
