"""What jobs are to do: specs as they are stored, the audiences that they walk over, and new rows of jobs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from rules.causes import Cause, OfSegment
from rules.inputs import Cancelled, CardActed, CardWithdrawn, Repaired
from rules.migrating.plan import Plan, Stuck
from rules.model import Audience, SegmentTrigger

from .commands import Target
from .limits import MOVES_LISTED_MAX
from .ports import CardFilter, InstanceFilter
from .records import JobRow

WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
STOPPED: Final = "stopped"
FAILED: Final = "failed"
MISSED: Final = "missed"
OPEN: Final = frozenset({WAITING, RUNNING})

SERVER: Final = "server"
"""Who made a job that a trigger asked for."""


MOVE: Final = "migrate"
UNDO: Final = "undo"
"""Kinds of jobs: those that move instances to another version, and those that take that back."""


class Crowd(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a job walks over: these customers, or a segment's, a tag's, a zone's, everyone.

    `zone`: only customers of this time zone; "" for those who name none. `test`: test customers instead;
    None: both.
    """

    customers: tuple[str, ...] | None = None
    segment: str | None = None
    tag: str | None = None
    zone: str | None = None
    test: bool | None = False


class PullTrigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="trigger"):
    """Pull a trigger for each of a crowd."""

    flow: str
    trigger: str
    cause: Cause
    crowd: Crowd


class TargetList(msgspec.Struct, frozen=True, array_like=True):
    """Many targets, packed page by page (`paged`): memory holds all of them, and one page is unpacked."""

    pages: tuple[bytes, ...] = ()
    count: int = 0


class StartFlow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="start"):
    """Start a flow by API for each of a crowd, with `variables` and `metadata`, or for each listed target.

    `version`: the draft's, for tests.
    """

    flow: str
    version: int
    invocation: str
    client: str
    crowd: Crowd = Crowd()
    listed: TargetList | None = None
    variables: dict[str, object] = {}
    metadata: dict[str, object] = {}
    test: bool = False


class TendInstances(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="instances"):
    """Tell every live instance that a filter finds the same, up to the number that was the highest then."""

    input: Cancelled | Repaired
    filter: InstanceFilter
    up_to: int


class TendCards(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="cards"):
    """Do the same to every card that a filter finds, up to the number that was the highest then.

    The input names no card; each gets it with its own id.
    """

    input: CardActed | CardWithdrawn
    filter: CardFilter
    up_to: int


class JudgeAll(msgspec.Struct, frozen=True, kw_only=True, tag="segment"):
    """Hold everyone against the rule of a segment, or let all its members go."""

    segment: str
    crowd: Crowd


class MoveInstances(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=MOVE):
    """Move the live instances of a flow that the filter finds to version `to`: from all others up to
    `latest`, or from the one that the filter names.
    """

    flow: str
    to: int
    latest: int
    plan: Plan
    filter: InstanceFilter


class UndoMove(msgspec.Struct, frozen=True, kw_only=True, tag=UNDO):
    """Take back what that job has moved, `moved` instances."""

    job: str
    moved: int


Spec: TypeAlias = PullTrigger | StartFlow | TendInstances | TendCards | JudgeAll | MoveInstances | UndoMove

encode_spec: Final = msgspec.msgpack.Encoder().encode
decode_spec: Final = msgspec.msgpack.Decoder(Spec).decode


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a migration is: in which round over all versions, at which of them, after which instance.

    `not_before`: when the round may begin, ms.
    """

    round: int = 1
    version: int = 1
    after: int = 0
    not_before: int = 0

    @property
    def is_first(self) -> bool:
        """Of its round."""
        return (self.version, self.after) == (1, 0)


class Stayed(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that was not moved, and why."""

    instance: str
    reason: str
    step: str
    message: str


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What a migration, or its undoing, has to tell: how many it moved, in all and in its newest round; who
    stayed in that round, by reason, and the first of them one by one.
    """

    moved: int = 0
    moved_in_round: int = 0
    stayed: dict[str, int] = {}
    listed: tuple[Stayed, ...] = ()

    @property
    def stayed_count(self) -> int:
        return sum(self.stayed.values())

    def next_round(self) -> Moves:
        return Moves(moved=self.moved)

    def with_moved(self) -> Moves:
        return replace(self, moved=self.moved + 1, moved_in_round=self.moved_in_round + 1)

    def with_stayed(self, instance: str, stuck: Stuck) -> Moves:
        reason = stuck.reason.value
        listed = self.listed
        if len(listed) < MOVES_LISTED_MAX:
            stayed = Stayed(instance=instance, reason=reason, step=stuck.step, message=stuck.message)
            listed = (*listed, stayed)
        return replace(self, stayed={**self.stayed, reason: self.stayed.get(reason, 0) + 1}, listed=listed)


encode_moves: Final = msgspec.msgpack.Encoder().encode
decode_moves: Final = msgspec.msgpack.Decoder(Moves).decode
encode_cursor: Final = msgspec.msgpack.Encoder().encode
decode_cursor: Final = msgspec.msgpack.Decoder(int | Place).decode
"""Of a job: how far it is, as a number; a migration's is a place."""

PAGE_TARGETS: Final = 100
decode_page: Final = msgspec.msgpack.Decoder(tuple[Target, ...]).decode


def paged(targets: Iterable[Target]) -> TargetList:
    pages, count, rest = [], 0, iter(targets)
    while page := tuple(islice(rest, PAGE_TARGETS)):
        pages.append(encode_spec(page))
        count += len(page)
    return TargetList(tuple(pages), count)


def crowd_of(audience: Audience, *, zone: str | None = None) -> Crowd:
    return Crowd(customers=audience.customers, segment=audience.segment, tag=audience.tag, zone=zone)


def new_job(  # noqa: PLR0913 – a row, each field by its name
    spec: Spec,
    *,
    id: str,
    name: str,
    by: str,
    now: int,
    total: int | None = None,
    unique: str | None = None,
) -> JobRow:
    kind = spec.__struct_config__.tag
    return JobRow(
        id=id,
        kind=str(kind),
        name=name,
        state=WAITING,
        spec=encode_spec(spec),
        cursor=b"",
        done=0,
        total=total,
        failed=0,
        by=by,
        created_at=now,
        updated_at=now,
        ended_at=None,
        unique=unique,
    )


def members_job(flow: str, trigger: SegmentTrigger, *, id: str, by: str, now: int) -> JobRow:
    """Pulls the trigger for who is in its segment."""
    crowd = Crowd(segment=trigger.segment)
    cause = OfSegment(trigger.segment, trigger.change.value)
    spec = PullTrigger(flow=flow, trigger=trigger.name, cause=cause, crowd=crowd)
    return new_job(spec, id=id, name=f"{flow}/{trigger.name}", by=by, now=now)
