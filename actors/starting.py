"""A start call before it is queued: which version it runs, and whether it can run at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import Refused, StartRequest, StartResult
from .limits import TARGETS_MAX
from .ports import Clock, Store
from .records import FlowRow, VersionRow
from .work import Start, Work

if TYPE_CHECKING:
    from .life import Life


class Starting:
    def __init__(self, store: Store, clock: Clock, life: Life) -> None:
        self._store = store
        self._clock = clock
        self._life = life

    async def start(self, request: StartRequest) -> StartResult | Refused:
        if not 1 <= len(request.targets) <= TARGETS_MAX:
            return Refused(code="invalid", reason=f"A start has 1 to {TARGETS_MAX} targets.")
        row = self._life.memory.definitions.row(request.flow)
        if row is None or row.archived:
            return Refused(code="not_found", reason=f'There is no flow "{request.flow}".')
        order = await self._draft(request) if request.test else self._published(request)
        if isinstance(order, Refused):
            return order
        only = len(request.targets) == 1
        work = Work(
            lane=request.targets[0].customer if only else f"\0start:{order.invocation}",
            kind=f"start:{request.flow}",
            order=order,
            weight=len(request.targets),
        )
        (result,) = await self._life.submit([work])
        assert isinstance(result, StartResult | Refused), "what a start gives"
        return result

    def _published(self, request: StartRequest) -> Start | Refused:
        version = self._life.memory.definitions.published(request.flow)
        if version is None:
            return Refused(code="conflict", reason=f'The flow "{request.flow}" was never published.')
        return Start(request=request, invocation=self._invocation(request), version=version)

    async def _draft(self, request: StartRequest) -> Start | Refused:
        """The draft's present revision as a version of its own: instances stay on it."""
        flow = await self._store.flow(request.flow)
        if flow is None:
            return Refused(code="not_found", reason=f'There is no flow "{request.flow}".')
        row = _version_row(flow, self._clock.now())
        version = self._life.memory.definitions.version(row.flow, row.number)
        if not version.is_ready or version.broken is not None:
            compiled = await self._life.memory.definitions.compile(row)
            if compiled.flow is None:
                reason = "The draft has errors."
                return Refused(code="invalid", reason=reason, problems=tuple(compiled.problems))
            self._life.memory.definitions.put_version(version, compiled)
        is_stored = await self._store.version(row.flow, row.number) is not None
        return Start(
            request=request,
            invocation=self._invocation(request),
            version=version,
            draft=None if is_stored else row,
        )

    def _invocation(self, request: StartRequest) -> str:
        return request.invocation or self._life.new_id()


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
