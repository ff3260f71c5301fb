"""Moving live instances to other versions of their flows: one, many by filter, and back (HTTP API)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from actors.commands import Refused
from actors.job_specs import Moves
from actors.ports import InstanceFilter
from actors.rehearsals import Tried
from rules.limits import STEP_COUNT_MAX, VARIABLE_COUNT_MAX
from rules.migrating.plan import Plan, Stuck
from server.errors import ApiError, ErrorCode

from . import instances, jobs
from .checks import Faults, check_data
from .many import MANY_CODES, ManyQuery, begin
from .refusals import unwrap
from .repairs import InstancesBody
from .routes import Answer, Call, Route

TAG = "Instances"
EXAMPLES_MAX = 20
"""Instances that a preview names for each version, with why they would stay."""

Version = Annotated[int, Meta(ge=1, le=instances.VERSION_MAX)]


class PlanBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`steps`: old step to new step; those of the same id map by themselves. `variables`: what a variable of
    the new version gets in an instance that has no value for it.
    """

    steps: Annotated[dict[str, str], Meta(max_length=STEP_COUNT_MAX)] = {}
    variables: Annotated[dict[str, Any], Meta(max_length=VARIABLE_COUNT_MAX)] = {}


class MoveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`to`: the version; null is the published one."""

    map: PlanBody = PlanBody()
    to: Version | None = None


class MoveFilter(InstancesBody, frozen=True, kw_only=True):
    """Which instances: of one flow, and of the live ones, since others are on no version any more."""

    flow: str
    version: Version | None = None
    status: Literal["running", "failed"] | None = None


class MoveMany(MoveBody, frozen=True, kw_only=True):
    filter: MoveFilter


class VersionPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Of the `running` instances of a version, `tried` were looked at: all of them, or some of all times."""

    version: int
    running: int
    tried: int
    moved: int
    stayed: dict[str, int]
    examples: Sequence[jobs.StayedItem]


class MovePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a migration would do, with nothing done."""

    versions: Sequence[VersionPreview]


# ── one ────────────────────────────────────────────────────────────────────────────────────────────────
async def migrate(call: Call) -> object:
    body: MoveBody = call.body
    plan = plan_of(body.map)
    row = await instances.found(call)
    migrating = call.parts.engine.migrating
    if call.query.dry_run:
        stuck = unwrap_stuck(await migrating.try_to_move(row, plan, to=body.to))
        moves = Moves().with_moved() if stuck is None else Moves().with_stayed(row.id, stuck)
        return MovePreview(versions=[preview(Tried(version=row.version, running=1, moves=moves))])
    stuck = unwrap_stuck(await migrating.move(row, plan, to=body.to, by=call.client))
    if stuck is not None:
        members = {"reason": stuck.reason.value, "step": stuck.step}
        raise ApiError("conflict", stuck.message, members=members)
    return Answer(instances.item(await instances.found(call)))


def unwrap_stuck(answer: Stuck | Refused | None) -> Stuck | None:
    return unwrap(answer)


# ── many ───────────────────────────────────────────────────────────────────────────────────────────────
async def migrate_many(call: Call) -> Answer:
    body: MoveMany = call.body
    filter = InstanceFilter(**msgspec.structs.asdict(body.filter))
    migrating = call.parts.engine.migrating
    spec = unwrap(await migrating.spec(body.filter.flow, plan_of(body.map), to=body.to, filter=filter))
    if call.query.dry_run:
        return Answer(previews(await migrating.rehearse(spec)), status=200)
    return await begin(call, spec, name=spec.flow)


async def undo(call: Call) -> Answer:
    """Instances that have moved on since, and those of whose migration others know, stay; they are listed."""
    row = await call.parts.engine.migrating.undo(call.path("job"), by=call.client)
    return jobs.begun(unwrap(row))


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────
def plan_of(map: PlanBody) -> Plan:
    faults = Faults()
    check_data(map.variables, "/map/variables", faults)
    faults.end()
    return Plan(steps=map.steps, variables=map.variables)


def previews(tried: Sequence[Tried]) -> MovePreview:
    return MovePreview(versions=[preview(one) for one in tried])


def preview(tried: Tried) -> VersionPreview:
    return VersionPreview(
        version=tried.version,
        running=tried.running,
        tried=tried.count,
        moved=tried.moves.moved,
        stayed=tried.moves.stayed,
        examples=jobs.listed(tried.moves)[:EXAMPLES_MAX],
    )


# ── routes ─────────────────────────────────────────────────────────────────────────────────────────────
CODES: tuple[ErrorCode, ...] = ("not_found", "conflict", "overloaded", "unknown_outcome")


def _route(path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(
        method="POST", path=path, handle=handle, summary=summary, role="operate", **{"tag": TAG, **rest}
    )


ROUTES = (
    _route(
        "/v1/instances/migrate",
        migrate_many,
        "Move instances of a flow to another version",
        query=ManyQuery,
        body=MoveMany,
        status=202,
        answer=jobs.JobItem,
        preview=MovePreview,
        idempotent=True,
        codes=("not_found", "conflict", *MANY_CODES),
    ),
    _route(
        "/v1/instances/{instance}/migrate",
        migrate,
        "Move an instance to another version of its flow",
        query=ManyQuery,
        body=MoveBody,
        body_default=MoveBody(),
        answer=instances.InstanceItem,
        preview=MovePreview,
        codes=CODES,
    ),
    _route(
        jobs.ADDRESS + "/{job}/undo",
        undo,
        "Take back a migration",
        tag=jobs.TAG,
        status=202,
        answer=jobs.JobItem,
        codes=CODES,
    ),
)
