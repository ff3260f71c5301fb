"""What the edges ask of the engine, and what it answers: one request and one result for each call.

Requests are checked already (sizes, types, credentials); results are what was committed. `EventResult`,
`StartResult` and their parts are encoded as they stand: their fields are those of the HTTP API.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from rules.causes import OfRequest
from rules.migrating.plan import Plan

from .limits import JOBS_MAX
from .records import FeedCard, VersionRow

if TYPE_CHECKING:
    from rules.documents.problems import Problem

NO_TIME: Final = -(1 << 62)
"""`Event.time` of an event that came without one: it gets the time at which it is taken."""

NO_ID: Final = ""
"""`Event.id` of an event that came without one: it gets one, and needs no look-up."""


class Phase(StrEnum):
    RECOVERING = "recovering"
    READY = "ready"
    STOPPING = "stopping"
    BROKEN = "broken"


class Overloaded(Exception):
    """Nothing was queued and nothing was stored; try again after `retry_after_s`."""

    def __init__(self, retry_after_s: float = 1.0) -> None:
        super().__init__(f"overloaded, try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class NotReady(Overloaded):
    """As `Overloaded`, because the engine is not in its `ready` phase."""

    def __init__(self, phase: Phase, retry_after_s: float = 1.0) -> None:
        super().__init__(retry_after_s)
        self.phase = phase


class UnknownOutcome(Exception):
    """It is not known whether it was stored: the same request with the same id or key finds out."""


class Idempotency(msgspec.Struct, frozen=True, kw_only=True):
    """An `Idempotency-Key` within its API client's own space, and the digest of the request's body."""

    client: str
    key: str
    digest: bytes


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The whole call changed nothing: a code of `server/errors.py`, a sentence, and where the input is wrong.

    `errors` are maps of `pointer`, `code`, `message`; `problems` are those of a flow document.
    """

    code: str
    reason: str
    errors: tuple[Mapping[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


TOO_MANY_JOBS: Final = Refused(code="overloaded", reason=f"There are {JOBS_MAX} jobs already.")


# --- events and starts ---------------------------------------------------------------------------------


class FlowRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger that matched but started nothing: `reason` is a stable code, `detail` a sentence."""

    flow: str
    reason: str
    detail: str = ""


class EventResult(msgspec.Struct, frozen=True, kw_only=True):
    """`woken`: instances of the event's own customer that took a step for it; `deferred`: inputs that wait in
    the inbox for others. A duplicate or conflict has empty lists and zeros."""

    id: str
    status: Literal["accepted", "duplicate", "conflict"]
    started: tuple[str, ...] = ()
    refused: tuple[FlowRefusal, ...] = ()
    woken: int = 0
    deferred: int = 0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a flow is started for."""

    customer: str
    key: str | None = None
    variables: dict[str, object] = {}
    metadata: dict[str, object] = {}


class StartRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`test` runs the draft, for test customers only. `client` is who asks, for the journal."""

    flow: str
    targets: tuple[Target, ...]
    client: str
    invocation: str | None = None
    test: bool = False
    idempotency: Idempotency | None = None


class StartMany(msgspec.Struct, frozen=True, kw_only=True):
    """A job that starts a flow for a segment's customers, a tag's, or all, each with these `variables` and
    `metadata`; or for a list of targets that comes with the call.

    `test` runs the draft, for test customers only.
    """

    flow: str
    client: str
    segment: str | None = None
    tag: str | None = None
    variables: dict[str, object] = {}
    metadata: dict[str, object] = {}
    invocation: str | None = None
    test: bool = False
    idempotency: Idempotency | None = None


class StartedTarget(msgspec.Struct, frozen=True, kw_only=True):
    customer: str
    instance: str


class TargetRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is a stable code, `detail` a sentence."""

    customer: str
    reason: str
    detail: str = ""


class StartResult(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of the targets, each of which stands in one of the lists; or the job that starts many."""

    invocation: str
    started: tuple[StartedTarget, ...] = ()
    refused: tuple[TargetRefusal, ...] = ()
    job: str | msgspec.UnsetType = msgspec.UNSET


# --- webhooks and configuration ------------------------------------------------------------------------


class HookCall(msgspec.Struct, frozen=True, kw_only=True):
    """A verified request to a webhook trigger, for the customer whom it names; `test`: its trigger is in test
    mode. Gives the HookResult, or Refused `not_found`, `invalid`."""

    flow: str
    trigger: str
    customer: str
    request: OfRequest
    test: bool = False


class HookResult(msgspec.Struct, frozen=True, kw_only=True):
    """`ignored`: the request names nobody, or only a sample was taken."""

    status: Literal["accepted", "duplicate", "conflict", "ignored"]
    started: tuple[str, ...] = ()
    refused: tuple[FlowRefusal, ...] = ()


class ChangeHook(msgspec.Struct, frozen=True, kw_only=True):
    """What an author does to a trigger's address: `show` makes one that is not there. Gives the HookRow."""

    flow: str
    trigger: str
    action: Literal["show", "pause", "resume", "rotate", "sample"]
    sampling_ms: int = 0


class PutResource(msgspec.Struct, frozen=True, kw_only=True):
    """A document of configuration, new or in place of another; `revision` is the one that was edited (0:
    there was none; None: whichever). Gives the ResourceRow, or Refused `precondition_failed`, `conflict`.
    """

    kind: str
    id: str
    document: bytes
    revision: int | None = None
    by: str = ""


class DropResource(msgspec.Struct, frozen=True, kw_only=True):
    """Gives the ResourceRow as it was, or Refused `not_found`."""

    kind: str
    id: str
    by: str = ""


# --- cards ---------------------------------------------------------------------------------------------


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does to a card. `customer` is whose card it must be; None: an operator may act on any.

    `key` is the app's own (`""`: none, then a repeat acts again) and `digest` that of the request as it came.
    `seq` is that of the view which was tapped. `until` is ms since the epoch. `client` is who asks, for the
    journal.
    """

    customer: str | None
    card: str
    action: str
    key: str = ""
    digest: bytes = b""
    seq: int | None = None
    button: str | None = None
    values: dict[str, object] = {}
    until: int | None = None
    reason: str | None = None
    message: str | None = None
    element: str | None = None
    by: str = "customer"
    client: str = "app"


class TrackEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A report that needs no answer: `displayed`, `subview`, …; `custom` has `event` and `data`."""

    card: str
    name: str
    at: int
    event: str | None = None
    data: dict[str, object] = {}


class TrackBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Reports of one customer under one key. Those about cards that are not the customer's are left out."""

    customer: str
    events: tuple[TrackEvent, ...]
    key: str = ""
    digest: bytes = b""


class ActionResult(msgspec.Struct, frozen=True, kw_only=True):
    """A code of the live protocol and the card as it is now; `card` is None for `not_found` and batches."""

    code: str
    card: FeedCard | None = None
    errors: tuple[Mapping[str, str], ...] = ()


# --- customers -----------------------------------------------------------------------------------------


class CustomerWrite(msgspec.Struct, frozen=True, kw_only=True):
    """`put` replaces the profile by `body`, `patch` merges it in, `ensure` only creates one that is missing.

    `seen_every_ms`: an app of the customer is there, which is noted unless it was in the last so many ms.
    Answered with the `CustomerRow` as committed, or `Refused` with located errors.
    """

    id: str
    mode: Literal["put", "patch", "ensure"]
    body: dict[str, object] = {}
    client: str = ""
    seen_every_ms: int | None = None


# --- segments ------------------------------------------------------------------------------------------


class CreateSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A new segment; everyone is held against its rule in the background. With `fire` triggers hear of who is
    found to be a member then. Gives the ResourceRow, or Refused `key_exists`, `conflict`, `invalid`."""

    id: str
    rule: str
    name: str = ""
    description: str = ""
    fire: bool = False
    by: str = ""
    idempotency: Idempotency | None = None


class ChangeSegment(msgspec.Struct, frozen=True, kw_only=True):
    """None keeps; a rule that is given is held against everyone, also if it is the same. Gives the
    ResourceRow, or Refused `not_found`, `conflict`, `invalid`."""

    id: str
    rule: str | None = None
    name: str | None = None
    description: str | None = None
    fire: bool = False
    by: str = ""


class DropSegment(msgspec.Struct, frozen=True, kw_only=True):
    """Its members are let go in the background, then it is gone. Gives the ResourceRow, or Refused
    `not_found`, `conflict` with the published flows that use it."""

    id: str
    by: str = ""


SegmentWrite: TypeAlias = CreateSegment | ChangeSegment | DropSegment


# --- flows ---------------------------------------------------------------------------------------------


class CreateFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A new flow from its first draft; the edge has read `key`, `name`, … from the text. Gives the FlowRow,
    or Refused `key_exists`."""

    key: str
    text: str
    type: Literal["yaml", "json"]
    name: str = ""
    description: str = ""
    folder: str = ""
    by: str = ""
    idempotency: Idempotency | None = None


class SaveDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A new text of the draft; `revision` is the one that was edited (None: whichever). Gives the FlowRow, or
    Refused `not_found`, `precondition_failed`."""

    flow: str
    text: str
    type: Literal["yaml", "json"]
    revision: int | None = None
    name: str = ""
    description: str = ""
    folder: str = ""
    by: str = ""


class ChangeFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata and state of a flow; None keeps. `text` is the draft of `revision` with that metadata in it.
    An archived flow starts nothing; what runs goes on. Gives the FlowRow, or Refused `not_found`,
    `precondition_failed`."""

    flow: str
    text: str | None = None
    revision: int | None = None
    name: str | None = None
    description: str | None = None
    folder: str | None = None
    paused: bool | None = None
    archived: bool | None = None
    by: str = ""


class PublishFlow(msgspec.Struct, frozen=True, kw_only=True):
    """The draft becomes the next version. In the background `cancel` ends what runs on older versions, and
    `migrate` moves it to the new one by `plan`. Gives Published, or Refused `not_found`,
    `precondition_failed`, `invalid` (with `problems`, or with `errors` of the plan under `/map`)."""

    flow: str
    running: Literal["keep", "cancel", "migrate"] = "keep"
    plan: Plan = Plan()
    note: str = ""
    revision: int | None = None
    by: str = ""
    idempotency: Idempotency | None = None


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """`job` moves what runs on older versions."""

    version: VersionRow
    job: str | None = None


FlowWrite: TypeAlias = CreateFlow | SaveDraft | ChangeFlow | PublishFlow
