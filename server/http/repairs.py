"""Repairs of instances, one and many: retry, skip, cancel (flow format §9.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from actors.job_specs import TendInstances
from actors.ports import InstanceFilter
from rules.inputs import Cancelled, Repaired
from server.errors import ApiError

from .checks import Faults
from .instances import TAG, InstanceItem, StatusName, VersionName, item
from .many import begin, many_route, most, some
from .refusals import unwrap
from .routes import Answer, Call, Route

TO_STEPS_MAX: Final = 100
"""Steps at which one skip goes on."""

StepId = Annotated[str, Meta(min_length=1)]


class RetryBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Try what failed again: at one step, or everywhere, with what faults of the server consumed.

    `fresh`: as if the step were reached anew, so that a request has a new idempotency key.
    """

    step: StepId | None = None
    fresh: bool = False


class SkipBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Go on after what failed: where the step leads, or at other steps; none of them ends this branch."""

    step: StepId | None = None
    to: StepId | Annotated[list[StepId], Meta(max_length=TO_STEPS_MAX)] | None = None


class InstancesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which instances: all that match everything given, as in their list."""

    flow: str | None = None
    version: VersionName | None = None
    customer: str | None = None
    status: StatusName | None = None
    key: str | None = None
    step: str | None = None
    error: str | None = None
    invocation: str | None = None
    test: bool | None = None


class RetryMany(RetryBody, frozen=True, kw_only=True):
    filter: InstancesBody


class SkipMany(SkipBody, frozen=True, kw_only=True):
    filter: InstancesBody


class CancelMany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    filter: InstancesBody


class InstancesCount(msgspec.Struct, frozen=True, kw_only=True):
    """`step`: the first token's."""

    status: str
    step: str | None
    error: str | None
    count: int


class InstancesPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Whom it would concern: how many, by what they are, and some of them."""

    total: int
    counts: Sequence[InstancesCount]
    sample: Sequence[InstanceItem]


def retried(body: RetryBody) -> Repaired:
    return Repaired(action="retry", step=body.step, fresh=body.fresh)


def skipped(body: SkipBody) -> Repaired:
    to = (body.to,) if isinstance(body.to, str) else None if body.to is None else tuple(body.to)
    return Repaired(action="skip", step=body.step, to=to)


# ── one ────────────────────────────────────────────────────────────────────────────────────────────────
async def retry(call: Call) -> InstanceItem:
    return await repair(call, retried(call.body))


async def skip(call: Call) -> InstanceItem:
    return await repair(call, skipped(call.body))


async def repair(call: Call, repaired: Repaired) -> InstanceItem:
    """The instance after that; a conflict where nothing has failed."""
    id = call.path("instance")
    row = unwrap(await call.parts.engine.repair(id, repaired, by=call.client))
    if row is None:
        raise ApiError("not_found", f"There is no instance {id[:64]!r}.")
    return item(row)


# ── many ───────────────────────────────────────────────────────────────────────────────────────────────
async def retry_many(call: Call) -> Answer:
    return await many(call, retried(call.body), name="retry", of=("failed",))


async def skip_many(call: Call) -> Answer:
    return await many(call, skipped(call.body), name="skip", of=("failed",))


async def cancel_many(call: Call) -> Answer:
    return await many(call, Cancelled(), name="cancel", of=("running", "failed"))


async def many(call: Call, input: Cancelled | Repaired, *, name: str, of: Sequence[str]) -> Answer:
    """`of`: the only statuses in which there is anything to do."""
    wanted: InstancesBody = call.body.filter
    if wanted.status is not None and wanted.status not in of:
        faults = Faults()
        message = f"There is nothing to {name} where the status is not {' or '.join(of)}."
        faults.add("/filter/status", "nothing_to_do", message)
        faults.end()
    given = msgspec.structs.asdict(wanted) | {"unfinished": True}
    if len(of) == 1:
        given["status"] = of[0]
    filter = InstanceFilter(**given)
    if call.query.dry_run:
        return Answer(await preview(call, filter), status=200)
    up_to = await call.parts.store.last_instance_number()
    return await begin(call, TendInstances(input=input, filter=filter, up_to=up_to), name=name)


async def preview(call: Call, filter: InstanceFilter) -> InstancesPreview:
    store = call.parts.store
    tally = await store.tally_instances(filter)
    rows = await some(lambda cursor, limit: store.instances(replace(filter, cursor=cursor, limit=limit)))
    return InstancesPreview(
        total=sum(tally.values()),
        counts=[
            InstancesCount(status=status, step=step, error=error, count=count)
            for (status, step, error), count in most(tally)
        ],
        sample=[item(row) for row in rows],
    )


def _one(path: str, handle: Any, summary: str, body: Any) -> Route:
    return Route(
        method="POST",
        path="/v1/instances/{instance}/" + path,
        handle=handle,
        summary=summary,
        tag=TAG,
        role="operate",
        body=body,
        body_default=body(),
        answer=InstanceItem,
        codes=("not_found", "conflict", "overloaded", "unknown_outcome"),
    )


def _many(path: str, handle: Any, summary: str, body: Any) -> Route:
    return many_route("/v1/instances/" + path, handle, summary, body, preview=InstancesPreview, tag=TAG)


ROUTES = (
    _one("retry", retry, "Try again what failed", RetryBody),
    _one("skip", skip, "Go on after what failed", SkipBody),
    _many("retry", retry_many, "Try again what failed, of all that a filter finds", RetryMany),
    _many("skip", skip_many, "Go on after what failed, of all that a filter finds", SkipMany),
    _many("cancel", cancel_many, "Cancel all that a filter finds", CancelMany),
)
