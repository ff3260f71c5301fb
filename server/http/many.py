"""The same for all that a filter finds: by a job, or only a look at whom that would concern (`dry_run`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from actors.job_specs import Spec
from server.errors import ErrorCode

from . import jobs
from .idempotency import key_of
from .refusals import unwrap
from .routes import Answer, Call, Handler, Route

COUNTS_MAX: Final = 100
"""Counts in one preview, the largest first."""
SAMPLE_ITEMS: Final = 10
"""Of those who are concerned, the newest, in a preview."""
MANY_CODES: Final[tuple[ErrorCode, ...]] = ("key_reused", "overloaded", "unknown_outcome")

T = TypeVar("T")


class ManyQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dry_run`: change nothing, and answer with a preview."""

    dry_run: bool = False


async def begin(call: Call, spec: Spec, *, name: str) -> Answer:
    once = key_of(call, call.body)
    row = await call.parts.engine.add_job(spec, name=name, by=call.client, idempotency=once)
    return jobs.begun(unwrap(row))


def most(tally: Mapping[T, int]) -> list[tuple[T, int]]:
    """The largest counts of a preview."""
    return sorted(tally.items(), key=lambda entry: -entry[1])[:COUNTS_MAX]


async def some(page: Callable[[str | None, int], Awaitable[tuple[Sequence[T], str | None]]]) -> list[T]:
    """The first of a list, whose pages may be shorter than asked for; `page` takes cursor and limit."""
    found, cursor = await page(None, SAMPLE_ITEMS)
    sample = list(found)
    while cursor is not None and len(sample) < SAMPLE_ITEMS:
        found, cursor = await page(cursor, SAMPLE_ITEMS - len(sample))
        sample += found
    return sample


def many_route(path: str, handle: Handler, summary: str, body: Any, *, preview: Any, tag: str) -> Route:
    """What operators do to many: a job, or with `dry_run` a preview."""
    return Route(
        method="POST",
        path=path,
        handle=handle,
        summary=summary,
        tag=tag,
        role="operate",
        query=ManyQuery,
        body=body,
        status=202,
        answer=jobs.JobItem,
        preview=preview,
        idempotent=True,
        codes=MANY_CODES,
    )
