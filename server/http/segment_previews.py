"""A rule is tried on customers that there are, before it is the rule of a segment."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.previews import preview as previewed
from actors.previews import sample
from actors.segment_writes import wrong_rule
from rules.errors import ExpressionError

from .documents import off_the_loop
from .refusals import refused
from .routes import Call
from .segments import Rule, segment_route


class PreviewBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: Rule


class PreviewError(msgspec.Struct, frozen=True, kw_only=True):
    customer: str
    message: str


class CountedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`counted` false: no segment asks for this event yet, so that nothing is known of the past."""

    event: str
    period_s: int
    counted: bool


class SegmentPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Of the newest customers: how many are `members`, and of how many the rule cannot be evaluated."""

    looked_at: int
    members: int
    examples: Sequence[str]
    failed: int
    errors: Sequence[PreviewError]
    events: Sequence[CountedEvent]


async def preview(call: Call) -> SegmentPreview:
    body: PreviewBody = call.body
    book = call.parts.engine.definitions.book
    try:
        rule = book.compile(body.rule)
    except ExpressionError as error:
        raise refused(wrong_rule(error)) from None
    customers = await sample(call.parts.store, now=call.parts.clock.now())
    world = call.parts.engine.around.world
    seen = await off_the_loop(lambda: previewed(rule, customers, world))
    return SegmentPreview(
        looked_at=seen.looked_at,
        members=seen.members,
        examples=seen.examples,
        failed=seen.failed,
        errors=[PreviewError(customer=customer, message=message) for customer, message in seen.errors],
        events=[
            CountedEvent(
                event=window.name,
                period_s=window.period_ms // 1_000,
                counted=window.name in book.segments.periods,
            )
            for window in sorted(rule.windows, key=lambda window: (window.name, window.period_ms))
        ],
    )


ROUTES = (
    segment_route(
        "POST",
        "/v1/segments/preview",
        preview,
        "Try a rule on the newest customers",
        role="operate",
        body=PreviewBody,
        answer=SegmentPreview,
    ),
)
