"""Writes of flows and segments: one after the other.

Flows are written from the row as committed, and compiled before they are taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from msgspec.structs import replace

from rules.migrating.plan import Plan
from rules.model import Flow

from .commands import (
    TOO_MANY_JOBS,
    ChangeFlow,
    CreateFlow,
    FlowWrite,
    Overloaded,
    Published,
    PublishFlow,
    Refused,
    SaveDraft,
    SegmentWrite,
)
from .holdings import Memory, Surroundings
from .limits import FLOW_WRITERS_MAX, RETRY_AFTER_S
from .plans import refused, versions_in_use
from .records import FlowRow, ResourceRow, VersionRow
from .segments import KIND as SEGMENT
from .work import FlowChange, Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Submit: TypeAlias = Callable[[Sequence[Work]], Coroutine[Any, Any, list[object]]]
"""Queues inputs and gives their results after the commit."""

FLOW = "flow"


class Authoring:
    def __init__(self, around: Surroundings, memory: Memory, *, submit: Submit) -> None:
        self._store = around.store
        self._clock = around.clock
        self._definitions = memory.definitions
        self._submit = submit
        self._jobs = memory.jobs
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def write(self, write: FlowWrite) -> FlowRow | Published | Refused:
        async with self._turn():
            change = await self._change(write)
            if isinstance(change, Refused):
                return change
            return await self._store_change(change)

    async def write_segment(self, write: SegmentWrite) -> ResourceRow | Refused:
        """In turn with flows: none is published that names a segment which is dropped meanwhile."""
        async with self._turn():
            (answer,) = await self._submit([Work(lane=f"\0segment:{write.id}", kind=SEGMENT, order=write)])
        assert isinstance(answer, ResourceRow | Refused), "what a write of a segment gives"
        return answer

    async def swept(self, flow: str, below: int) -> None:
        """No instance below this version is left to cancel."""
        async with self._turn():
            row = await self._store.flow(flow)
            if row is not None and row.cancel_below == below:
                swept = replace(row, cancel_below=None)
                await self._store_change(FlowChange(row=swept, what="swept"))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= FLOW_WRITERS_MAX:
            raise Overloaded(RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with self._lock:
                yield
        finally:
            self._waiting -= 1

    async def _store_change(self, change: FlowChange) -> FlowRow | Published:
        (answer,) = await self._submit([Work(lane=f"\0flow:{change.row.key}", kind=FLOW, order=change)])
        assert isinstance(answer, FlowRow | Published), "what a flow change answers"
        return answer

    # ── the change ─────────────────────────────────────────────────────────────────────────────────────
    async def _change(self, write: FlowWrite) -> FlowChange | Refused:
        now = self._clock.now()
        if isinstance(write, CreateFlow):
            if await self._store.flow(write.key) is not None:
                return Refused(code="key_exists", reason=f'There is a flow "{write.key}" already.')
            return _created(write, now)
        row = await self._store.flow(write.flow)
        if row is None:
            return Refused(code="not_found", reason=f'There is no flow "{write.flow}".')
        match write:
            case SaveDraft():
                return _saved(write, row, now)
            case ChangeFlow():
                return _changed(write, row, now)
            case PublishFlow():
                return await self._published(write, row, now)
            case _:
                assert_never(write)

    async def _published(self, write: PublishFlow, row: FlowRow, now: int) -> FlowChange | Refused:
        if row.archived:
            return Refused(code="conflict", reason=f'The flow "{row.key}" is archived.')
        if write.revision is not None and write.revision != row.revision:
            return _outdated(row)
        number = (row.published or 0) + 1
        version = VersionRow(
            flow=row.key,
            number=number,
            document=row.draft,
            document_type=row.draft_type,
            note=write.note,
            published_at=now,
            published_by=write.by,
        )
        compiled = await self._definitions.compile(version)
        if compiled.flow is None:
            return Refused(code="invalid", reason="The draft has errors.", problems=tuple(compiled.problems))
        moves = write.running == "migrate" and number > 1
        if moves and (why := await self._refused(write.plan, compiled.flow)) is not None:
            return why
        cancel_below = number if write.running == "cancel" and number > 1 else row.cancel_below
        return FlowChange(
            row=replace(row, published=number, updated_at=now, cancel_below=cancel_below),
            version=version,
            flow=compiled.flow,
            plan=write.plan if moves else None,
            by=write.by,
            what="publish",
            idempotency=write.idempotency,
        )

    async def _refused(self, plan: Plan, flow: Flow) -> Refused | None:
        """Why instances cannot be moved to the flow by the plan."""
        if self._jobs.is_full:
            return TOO_MANY_JOBS
        versions = await versions_in_use(flow.key, self._store, self._definitions)
        return await refused(plan, flow, versions, self._definitions)


def _created(write: CreateFlow, now: int) -> FlowChange:
    row = FlowRow(
        key=write.key,
        name=write.name,
        description=write.description,
        folder=write.folder,
        draft=write.text,
        draft_type=write.type,
        revision=1,
        published=None,
        paused=False,
        archived=False,
        created_at=now,
        updated_at=now,
    )
    return FlowChange(row=row, by=write.by, what="create", idempotency=write.idempotency)


def _saved(write: SaveDraft, row: FlowRow, now: int) -> FlowChange | Refused:
    if write.revision is not None and write.revision != row.revision:
        return _outdated(row)
    saved = replace(
        row,
        draft=write.text,
        draft_type=write.type,
        revision=row.revision + 1,
        name=write.name,
        description=write.description,
        folder=write.folder,
        updated_at=now,
    )
    return FlowChange(row=saved, by=write.by, what="draft")


def _changed(write: ChangeFlow, row: FlowRow, now: int) -> FlowChange | Refused:
    if write.revision is not None and write.revision != row.revision:
        return _outdated(row)
    names = ("name", "description", "folder", "paused", "archived")
    given = {name: value for name in names if (value := getattr(write, name)) is not None}
    if write.text is not None:
        given |= {"draft": write.text, "revision": row.revision + 1}
    changed = replace(row, **given, updated_at=now)
    if changed.takes_starts and not row.takes_starts:
        changed = replace(changed, resumed_at=now)
    return FlowChange(row=changed, by=write.by, what="change")


def _outdated(row: FlowRow) -> Refused:
    reason = f"The draft was changed in the meantime: it is revision {row.revision} now."
    return Refused(code="precondition_failed", reason=reason)
