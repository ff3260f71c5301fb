"""Starts of flows: few targets at once, an audience or a table of targets by a job; real ones, and tests."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.commands import StartMany, StartRequest, StartResult, Target
from actors.job_specs import TargetList
from rules.limits import KEY_BYTES_MAX, NAME_BYTES_MAX
from rules.model import Flow
from server.errors import ErrorCode

from . import bodies
from .checks import Faults, check_data, check_text
from .idempotency import key_of
from .refusals import unwrap
from .routes import Call, Route
from .tables import CSV, read_targets


class TargetBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a flow is started for."""

    customer: str
    key: str | None = None
    variables: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


class AudienceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The members of a segment, the customers with a tag, or all: one of the three."""

    segment: str | None = None
    tag: str | None = None
    all: bool = False


class StartBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A start for up to 500 targets, or by a job for an audience, each with these `variables` and `metadata`.

    `invocation` groups what it starts; without one it gets one.
    """

    targets: Annotated[tuple[TargetBody, ...], Meta(min_length=1)] | None = None
    audience: AudienceBody | None = None
    variables: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    invocation: str | None = None


class TableQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    invocation: str | None = None


async def start(call: Call) -> StartResult:
    return await start_as(call, test=False)


async def test(call: Call) -> StartResult:
    """The draft, for test customers only; a target that is none refuses the whole call by name."""
    return await start_as(call, test=True)


async def start_as(call: Call, *, test: bool) -> StartResult:
    body: StartBody = call.body
    check_start(body, targets_max=call.parts.config.api.targets_max)
    idempotency = key_of(call, body)
    if body.audience is not None:
        many = StartMany(
            flow=call.path("flow"),
            client=call.client,
            segment=body.audience.segment,
            tag=body.audience.tag,
            variables=body.variables,
            metadata=body.metadata,
            invocation=body.invocation,
            test=test,
            idempotency=idempotency,
        )
        return unwrap(await call.parts.engine.start_many(many))
    request = StartRequest(
        flow=call.path("flow"),
        targets=tuple(
            Target(customer=t.customer, key=t.key, variables=t.variables, metadata=t.metadata)
            for t in body.targets or ()
        ),
        client=call.client,
        invocation=body.invocation,
        test=test,
        idempotency=idempotency,
    )
    return unwrap(await call.parts.engine.start_flow(request))


async def start_table(call: Call) -> StartResult:
    return await start_table_as(call, test=False)


async def test_table(call: Call) -> StartResult:
    """The draft, for test customers only; a row with another refuses the whole table by name."""
    return await start_table_as(call, test=True)


async def start_table_as(call: Call, *, test: bool) -> StartResult:
    limits, query = call.parts.config.api, call.query
    if bodies.media_type(call.request.headers) != CSV:
        raise bodies.unsupported((CSV,))
    raw = await bodies.read(call.request, bytes_max=limits.batch_bytes_max)
    faults = Faults()
    check_text(query.invocation, NAME_BYTES_MAX, "/query/invocation", faults)
    faults.end()
    request = StartMany(
        flow=call.path("flow"),
        client=call.client,
        invocation=query.invocation,
        test=test,
        idempotency=key_of(call, (query.invocation, raw)),
    )

    async def read(flow: Flow) -> TargetList:
        return await read_targets(raw, flow.variables, rows_max=limits.table_rows_max, clock=call.parts.clock)

    return unwrap(await call.parts.engine.start_many(request, read))


# ── checks ─────────────────────────────────────────────────────────────────────────────────────────────
def check_start(body: StartBody, *, targets_max: int) -> None:
    """The same rules as at the event door, each fault with its place."""
    faults = Faults()
    check_text(body.invocation, NAME_BYTES_MAX, "/invocation", faults)
    check_data(body.variables, "/variables", faults)
    check_data(body.metadata, "/metadata", faults)
    if body.audience is not None:
        check_audience(body, body.audience, faults)
    elif body.targets is None:
        faults.add("/targets", "missing", "Name targets, or an audience.")
    else:
        for name in ("variables", "metadata"):
            if getattr(body, name):
                faults.add(f"/{name}", "not_here", f"Each target has {name} of its own.")
        check_targets(body.targets, faults, targets_max=targets_max)
    faults.end()


def check_audience(body: StartBody, audience: AudienceBody, faults: Faults) -> None:
    if body.targets is not None:
        faults.add("/audience", "not_here", "A start is for targets or for an audience, not both.")
    check_text(audience.segment, NAME_BYTES_MAX, "/audience/segment", faults)
    check_text(audience.tag, NAME_BYTES_MAX, "/audience/tag", faults)
    if (audience.segment is not None) + (audience.tag is not None) + audience.all != 1:
        faults.add("/audience", "one_of", "Name a segment or a tag, or say that all are meant: one of these.")


def check_targets(targets: tuple[TargetBody, ...], faults: Faults, *, targets_max: int) -> None:
    if len(targets) > targets_max:
        faults.add("/targets", "too_many", f"At most {targets_max} targets are started in one call.")
    for number, target in enumerate(targets):
        at = f"/targets/{number}"
        check_text(target.customer, NAME_BYTES_MAX, at + "/customer", faults)
        check_text(target.key, KEY_BYTES_MAX, at + "/key", faults)
        check_data(target.variables, at + "/variables", faults)
        check_data(target.metadata, at + "/metadata", faults)


# ── routes ─────────────────────────────────────────────────────────────────────────────────────────────
CODES: tuple[ErrorCode, ...] = ("not_found", "conflict", "key_reused", "overloaded", "unknown_outcome")


def _route(path: str, handle: Any, summary: str, **rest: Any) -> Route:
    return Route(
        method="POST",
        path="/v1/flows/{flow}/" + path,
        handle=handle,
        summary=summary,
        tag="Events and starts",
        role="events",
        status=202,
        answer=StartResult,
        idempotent=True,
        codes=CODES,
        **rest,
    )


ROUTES = (
    _route("start", start, "Start a published flow for customers", body=StartBody),
    _route("test", test, "Start a flow's draft for test customers", body=StartBody),
    _route(
        "start.csv",
        start_table,
        "Start a published flow for each row of a table",
        query=TableQuery,
        raw_types=(CSV,),
    ),
    _route(
        "test.csv",
        test_table,
        "Start a flow's draft for each row of a table of test customers",
        query=TableQuery,
        raw_types=(CSV,),
    ),
)
