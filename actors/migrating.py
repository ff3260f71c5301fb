"""Moving instances to other versions, before it is queued: which version, whether the plan fits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from rules.compiling.flows import Compiled
from rules.migrating.plan import Plan, Stuck

from .commands import Refused
from .definitions import Version
from .holdings import Memory, Surroundings
from .job_specs import MOVE, OPEN, MoveInstances, UndoMove, new_job
from .moving import GONE
from .plans import refused, versions_in_use
from .ports import InstanceFilter
from .records import InstanceRow, JobRow
from .rehearsals import Rehearsals, Tried
from .work import Migrate, NewJob, Work, job_lane

Submit: TypeAlias = Callable[[Sequence[Work]], Coroutine[Any, Any, list[object]]]

KIND: Final = "operator"
ANY: Final = InstanceFilter()


class Migrating:
    def __init__(
        self, around: Surroundings, memory: Memory, *, submit: Submit, new_id: Callable[[], str]
    ) -> None:
        self._store = around.store
        self._clock = around.clock
        self._definitions = memory.definitions
        self._router = memory.router
        self._submit = submit
        self._new_id = new_id
        self._rehearsals = Rehearsals(around, memory)
        self._undoing = asyncio.Lock()

    # ── one ────────────────────────────────────────────────────────────────────────────────────────────
    async def move(
        self, row: InstanceRow, plan: Plan, *, to: int | None, by: str = ""
    ) -> Stuck | Refused | None:
        """None: it is of that version now."""
        version = await self._target_of(row, plan, to)
        if isinstance(version, Refused):
            return version
        actor = self._router.actors.get(row.id)
        if actor is None:
            return GONE
        order = Migrate(row.id, version, plan, by)
        (answer,) = await self._submit([Work(lane=actor.customer, kind=KIND, order=order)])
        assert answer is None or isinstance(answer, Stuck), "what a migration gives"
        return answer

    async def try_to_move(self, row: InstanceRow, plan: Plan, *, to: int | None) -> Stuck | Refused | None:
        """What `move` would give, with nothing done."""
        version = await self._target_of(row, plan, to)
        if isinstance(version, Refused):
            return version
        return await self._rehearsals.one(row, version, plan)

    async def _target_of(self, row: InstanceRow, plan: Plan, to: int | None) -> Version | Refused:
        if row.version < 1:
            return Refused(code="conflict", reason="A test of a draft stays on its revision.")
        return await self._target(row.flow, plan, to, [row.version])

    # ── many ───────────────────────────────────────────────────────────────────────────────────────────
    async def spec(
        self, flow: str, plan: Plan, *, to: int | None = None, filter: InstanceFilter = ANY
    ) -> MoveInstances | Refused:
        """What a job has to do that moves what the filter finds to that version, or to the published one.

        Whatever the filter says of flow and status: of this flow, the live ones, without tests of drafts.
        """
        versions = await versions_in_use(flow, self._store, self._definitions)
        version = await self._target(flow, plan, to, versions)
        if isinstance(version, Refused):
            return version
        filter = replace(filter, flow=flow)
        return MoveInstances(flow=flow, to=version.number, latest=max(versions), plan=plan, filter=filter)

    async def rehearse(self, spec: MoveInstances) -> list[Tried]:
        """What the job would do, tried on instances as they are stored."""
        version = self._definitions.version(spec.flow, spec.to)
        await self._definitions.prepare([version])
        return await self._rehearsals.many(spec, version)

    async def rehearse_publish(self, compiled: Compiled, plan: Plan) -> list[Tried] | Refused:
        """What would move to a version that is not published yet."""
        to = compiled.flow
        assert to is not None, "it could be published"
        versions = await versions_in_use(to.key, self._store, self._definitions)
        wrong = await refused(plan, to, versions, self._definitions)
        if wrong is not None:
            return wrong
        version = Version(to.key, to.version)
        version.put(compiled)
        found = InstanceFilter(flow=to.key)
        latest = max(versions, default=0)
        spec = MoveInstances(flow=to.key, to=to.version, latest=latest, plan=plan, filter=found)
        return await self._rehearsals.many(spec, version)

    async def undo(self, id: str, *, by: str) -> JobRow | Refused:
        """Take back what the migration did, where that can be: the job that does so."""
        async with self._undoing:
            row = await self._store.job(id)
            if row is None:
                return Refused(code="not_found", reason=f'There is no job "{id[:64]}".')
            if row.kind != MOVE:
                return Refused(code="conflict", reason="Only a migration can be undone.")
            if row.state in OPEN:
                return Refused(code="conflict", reason="The migration is still under way: stop it first.")
            unique = f"undo:{id}"
            undone_by = (await self._store.job_uniques([unique])).get(unique)
            if undone_by is not None:
                return Refused(code="conflict", reason=f"The job {undone_by} has undone it already.")
            spec = UndoMove(job=id, moved=row.done)
            now = self._clock.now()
            job = new_job(spec, id=self._new_id(), name=row.name, by=by, now=now, unique=unique)
            return await self._begin(job)

    async def _begin(self, job: JobRow) -> JobRow | Refused:
        order = NewJob(row=job, answer=job)
        (answer,) = await self._submit([Work(lane=job_lane(job.id), kind=KIND, order=order)])
        assert isinstance(answer, JobRow | Refused), "what a new job gives"
        return answer

    # ── the version ────────────────────────────────────────────────────────────────────────────────────
    async def _target(
        self, flow: str, plan: Plan, to: int | None, versions: Sequence[int]
    ) -> Version | Refused:
        """A version that can run, and to which instances of these can be moved by the plan."""
        row = self._definitions.row(flow)
        if row is None:
            return Refused(code="not_found", reason=f'There is no flow "{flow[:64]}".')
        number = row.published if to is None else to
        if number is None or not 1 <= number <= (row.published or 0):
            return Refused(code="not_found", reason=f'The flow "{flow}" has no such version.')
        version = self._definitions.version(flow, number)
        await self._definitions.prepare([version])
        if version.flow is None:
            return Refused(code="conflict", reason=f"Version {number} cannot run: {version.broken}.")
        return await refused(plan, version.flow, versions, self._definitions) or version
