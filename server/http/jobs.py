"""Long operations for those who began them, and for operators: list, one, stop (HTTP API, Events and starts).

A key with the role `operate` sees all jobs, one with `events` only those that it made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from actors.job_specs import MOVE, UNDO, Moves, decode_moves
from actors.ports import JobFilter
from actors.records import JobRow
from server.errors import ApiError

from .answers import instant
from .lists import PageQuery, page_size, row_cursor
from .routes import Answer, Call, Route

TAG = "Jobs"
ADDRESS: Final = "/v1/jobs"


class JobItem(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is. `name`: the flow, its trigger, or what is done; `error`: a code of why it failed.

    `done` and `failed` count members that were tried: started or refused, say. `total` is null while nobody
    has counted; `missed`: an occurrence of a schedule that came too late to be made up for.
    """

    id: str
    kind: str
    name: str
    state: Literal["waiting", "running", "done", "stopped", "failed", "missed"]
    done: int
    total: int | None
    failed: int
    error: str | None
    by: str
    created_at: str | None
    updated_at: str | None
    ended_at: str | None


class StayedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that stays on its version: a code, the step or "", and a sentence."""

    instance: str
    reason: str
    step: str
    message: str


class MovesItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a migration did, or one that undoes it: how many it moved, who stayed by reason – `busy` ones are
    tried again –, and the first of those.
    """

    moved: int
    stayed: dict[str, int]
    listed: Sequence[StayedItem]


class JobDetail(JobItem, frozen=True, kw_only=True):
    moves: MovesItem | None


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[JobItem]
    next_cursor: str | None


class JobQuery(PageQuery, frozen=True, kw_only=True):
    kind: str | None = None
    name: str | None = None
    state: Literal["waiting", "running", "done", "stopped", "failed", "missed"] | None = None


def item(row: JobRow) -> JobItem:
    given: dict[str, Any] = {name: getattr(row, name) for name in JobItem.__struct_fields__}
    given |= {name: instant(at) for name, at in given.items() if name.endswith("_at")}
    return JobItem(**given)


def detail(row: JobRow) -> JobDetail:
    moves = None if row.kind not in (MOVE, UNDO) else decode_moves(row.result) if row.result else Moves()
    shown = None
    if moves is not None:
        shown = MovesItem(moved=moves.moved, stayed=moves.stayed, listed=listed(moves))
    return JobDetail(**msgspec.structs.asdict(item(row)), moves=shown)


def begun(row: JobRow) -> Answer:
    """It goes on in the background."""
    return Answer(item(row), headers={"Location": f"{ADDRESS}/{row.id}"})


def listed(moves: Moves) -> list[StayedItem]:
    return [StayedItem(**msgspec.structs.asdict(stayed)) for stayed in moves.listed]


def maker(call: Call) -> str | None:
    """Whose jobs the caller may see; None: everybody's."""
    assert call.principal is not None, "a route of backends"
    return None if call.principal.may("operate") else call.client


async def list_jobs(call: Call) -> JobPage:
    query: JobQuery = call.query
    rows, cursor = await call.parts.store.jobs(
        JobFilter(
            kind=query.kind,
            name=query.name,
            state=query.state,
            by=maker(call),
            limit=page_size(call, query.limit),
            cursor=row_cursor(query.cursor),
        )
    )
    return JobPage(items=[item(row) for row in rows], next_cursor=cursor)


async def found(call: Call) -> JobRow:
    row = await call.parts.store.job(call.path("job"))
    if row is None or maker(call) not in (None, row.by):
        raise ApiError("not_found", f"There is no job {call.path('job')[:64]!r}.")
    return row


async def get_job(call: Call) -> JobDetail:
    return detail(await found(call))


async def stop(call: Call) -> JobDetail:
    """What was done stays done; a job that has ended stays as it is."""
    await found(call)
    row = await call.parts.engine.stop_job(call.path("job"))
    assert row is not None, "it was just there"
    return detail(row)


def _route(method: Any, path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(
        method=method, path=path, handle=handle, summary=summary, tag=TAG, role=("events", "operate"), **rest
    )


ROUTES = (
    _route("GET", ADDRESS, list_jobs, "List long operations", query=JobQuery, answer=JobPage),
    _route("GET", ADDRESS + "/{job}", get_job, "How far a job is", answer=JobDetail, codes=("not_found",)),
    _route(
        "DELETE",
        ADDRESS + "/{job}",
        stop,
        "Stop a job",
        answer=JobDetail,
        codes=("not_found", "overloaded", "unknown_outcome"),
    ),
)
