"""One server on a clock that stands until it is moved: what can be done to it, and what can be seen of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from rules.calendar.schedules import next_after
from rules.compiling.flows import Compiled
from rules.customers.profile import Profile
from rules.customers.segments import Rule
from rules.effects import SendPush
from rules.inputs import Event, PushReported, Repaired
from rules.model import Flow, ScheduleTrigger, SegmentTrigger
from rules.scripts.shared import by_hand
from rules.world import World

from ..commands import (
    Action,
    ActionResult,
    ChangeSegment,
    CustomerWrite,
    EventResult,
    HookCall,
    HookResult,
    Refused,
    StartRequest,
    StartResult,
    TrackBatch,
)
from ..job_specs import members_job
from ..records import CustomerRow, FeedCard, FlowRow, InstanceRow, ResourceRow
from ..schedules import schedule_of
from ..segments import KIND as SEGMENT
from ..segments import SegmentDocument, encode_document
from ..work import CallDone, Cancel, NewJob, Order, Repair, Start, Withdraw, Work, event_work, hook_work
from .bounds import Bounds
from .calls import Calls, Waiting
from .loop import SimulatedLoop
from .record import Taken

CLIENT: Final = "script"
"""Who posts and starts: the source of events that name none."""

DRAFT: Final = -1
"""The version that tests run."""


class SimulatedServer:
    """`flows` are published, `customers` are there, and nothing has happened yet."""

    def __init__(  # noqa: PLR0913 – what there is at the beginning, each by its name
        self,
        flows: Sequence[Flow],
        *,
        at: int,
        seed: str,
        world: World | None = None,
        customers: Sequence[Profile] = (),
        segments: Mapping[str, Rule] | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.world = world or World()
        self._loop = SimulatedLoop(at=at, seed=seed, world=self.world, bounds=bounds or Bounds())
        self._definitions = self._loop.memory.definitions
        self._customers = self._loop.memory.customers
        for id, rule in (segments or {}).items():
            self._definitions.book.put(_segment_row(id, rule, at), rule)
        for flow in flows:
            self._publish(flow, at)
        self._loop.let_be(customers)

    # ── what happens ───────────────────────────────────────────────────────────────────────────────────
    def pass_time(self, until: int) -> None:
        """Everything that happens by itself until then, in order, each at its time."""
        self._loop.pass_time(until)

    def post(self, event: Event, *, client: str = CLIENT) -> EventResult:
        """An event as a client sends it: NO_ID and NO_TIME are filled in."""
        result = self._loop.take(event_work(event, client, new_id=self._loop.new_id, now=self.now))
        assert isinstance(result, EventResult), "what an event gives"
        return result

    def call_hook(self, call: HookCall) -> HookResult | Refused:
        result = self._loop.take(hook_work(call))
        assert isinstance(result, HookResult | Refused), "what a request gives"
        return result

    def start(self, request: StartRequest) -> StartResult | Refused:
        version = self._definitions.published(request.flow)
        if version is None or version.flow is None:
            return Refused(code="not_found", reason=f'There is no flow "{request.flow}".')
        if request.test:
            draft = self._definitions.version(request.flow, DRAFT)
            if draft.flow is None:
                draft.put(Compiled(flow=replace(version.flow, version=DRAFT)))
            version = draft
        invocation = request.invocation or self._loop.new_id()
        result = self._order(Start(request=request, invocation=invocation, version=version))
        assert isinstance(result, StartResult | Refused), "what a start gives"
        return result

    def act(self, action: Action) -> ActionResult:
        return self._about_card(action)

    def track(self, batch: TrackBatch) -> None:
        self._order(batch)

    def write_customer(self, write: CustomerWrite) -> CustomerRow | Refused:
        result = self._order(write)
        assert isinstance(result, CustomerRow | Refused), "what a write of a profile gives"
        return result

    def move(self, customer: str, segment: str, *, enters: bool) -> None:
        """By hand: from now on the segment's rule is who is in it."""
        if self.profile(customer) is None:
            self.write_customer(CustomerWrite(id=customer, mode="ensure", client=CLIENT))
        members = {id for id in self.customers if self.is_in(id, segment)} - {customer}
        rule = by_hand(members | {customer} if enters else members)
        self._order(ChangeSegment(id=segment, rule=rule, fire=True, by=CLIENT))

    def pull_members(self, flow: str, trigger: SegmentTrigger) -> None:
        """As when the flow is published."""
        job = members_job(flow, trigger, id=self._loop.new_id(), by=CLIENT, now=self.now)
        self._order(NewJob(row=job, answer=job))

    def withdraw(self, card: str) -> ActionResult:
        return self._about_card(Withdraw(card))

    def cancel(self, instance: str) -> None:
        self._order(Cancel(instance))

    def repair(self, instance: str, repaired: Repaired) -> None:
        self._order(Repair(instance, repaired))

    # ── calls that leave ───────────────────────────────────────────────────────────────────────────────
    def take_results(self) -> None:
        """Of calls that are answered by now."""
        self._loop.run()

    def settle_calls(self) -> None:
        """Results that are back, and pushes that nothing is said of; then no request may be unanswered."""
        self._loop.settle_calls()

    def report_push(self, waiting: Waiting, status: str) -> None:
        """Something new is said of a push that was sent: it was opened."""
        effect = waiting.call.effect
        assert isinstance(effect, SendPush), "a push"
        self.calls.reported[effect.push] = status
        reported = PushReported(push=effect.push, step=effect.step, status=status)
        self._order(CallDone(waiting.call.instance, reported))

    # ── what is there ──────────────────────────────────────────────────────────────────────────────────
    @property
    def now(self) -> int:
        return self._loop.clock.at

    @property
    def record(self) -> Sequence[Taken]:
        """Every input that was taken, in order."""
        return self._loop.record

    @property
    def instances(self) -> Mapping[str, InstanceRow]:
        """By id, in order of start."""
        return self._loop.instances

    @property
    def cards(self) -> Mapping[str, FeedCard]:
        """By id, in order of creation."""
        return self._loop.cards

    @property
    def customers(self) -> Sequence[str]:
        """Who is there, in order of creation."""
        return tuple(self._loop.customers)

    @property
    def calls(self) -> Calls:
        return self._loop.calls

    def next_due(self) -> int | None:
        """When a timer of an instance is due next."""
        return self._loop.agenda.next()

    def next_occurrence(self, flow: Flow, trigger: ScheduleTrigger, customer: str) -> int | None:
        """When the trigger's time comes next for this customer; None: never again."""
        schedule = schedule_of(trigger, self._definitions.version(flow.key, flow.version).published_at)
        profile = self.profile(customer)
        own = (profile and profile.timezone) or self.world.zone
        return next_after(schedule, own if trigger.zone == "customer" else trigger.zone, self.now)

    def profile(self, customer: str) -> Profile | None:
        return self._customers.get(customer) if self._customers.is_loaded(customer) else None

    def is_in(self, customer: str, segment: str) -> bool:
        profile = self.profile(customer)
        return profile is not None and segment in profile.segments

    def flow(self, row: InstanceRow) -> Flow:
        """What the instance runs."""
        flow = self._definitions.version(row.flow, row.version).flow
        assert flow is not None, "it is running it"
        return flow

    # ── orders ─────────────────────────────────────────────────────────────────────────────────────────
    def _order(self, order: Order) -> object:
        return self._loop.take(Work(lane="", kind="script", order=order))

    def _about_card(self, order: Action | Withdraw) -> ActionResult:
        result = self._order(order)
        assert isinstance(result, ActionResult), "what an action gives"
        if result.card is not None or result.code == "not_found":
            return result
        return ActionResult(code=result.code, card=self.cards.get(order.card), errors=result.errors)

    def _publish(self, flow: Flow, now: int) -> None:
        self._definitions.version(flow.key, flow.version).published_at = now
        self._definitions.put_version(self._definitions.version(flow.key, flow.version), Compiled(flow=flow))
        self._definitions.put_row(
            FlowRow(
                key=flow.key,
                name=flow.name,
                description="",
                folder=flow.folder,
                draft="",
                draft_type="yaml",
                revision=1,
                published=flow.version,
                paused=False,
                archived=False,
                created_at=now,
                updated_at=now,
            )
        )


def _segment_row(id: str, rule: Rule, now: int) -> ResourceRow:
    document = encode_document(SegmentDocument(rule=rule.source))
    return ResourceRow(kind=SEGMENT, id=id, document=document, revision=1, created_at=now, updated_at=now)
