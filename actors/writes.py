"""Writes that are not about one instance, taken: profiles and flows."""

from __future__ import annotations

import msgspec

from rules.compiling.flows import Compiled
from rules.customers.errors import ProfileError
from rules.customers.profile import Profile, merge, new_profile, replace, seen
from rules.model import Flow, SegmentTrigger
from rules.model import SegmentChange as Change

from .commands import CustomerWrite, DropResource, Published, PutResource, Refused
from .customers import row_of
from .events import Events
from .holdings import Memory
from .hooks import Hooks
from .idempotency import answer_row
from .job_specs import MOVE, STOPPED, MoveInstances, members_job, new_job
from .ports import InstanceFilter
from .records import CustomerRow, FlowRow, JournalRow, ResourceRow, VersionRow
from .turns import Turns
from .work import FlowChange

_encode = msgspec.msgpack.Encoder().encode


class Writes:
    def __init__(self, memory: Memory, turns: Turns, events: Events, hooks: Hooks) -> None:
        self._hooks = hooks
        self._resources = memory.resources
        self._turns = turns
        self._customers = memory.customers
        self._definitions = memory.definitions
        self._jobs = memory.jobs
        self._events = events

    def write_customer(self, write: CustomerWrite) -> CustomerRow | Refused:
        before = self._customers.get(write.id)
        try:
            written = self._written(write, before)
        except ProfileError as error:
            return Refused(code="invalid", reason=error.message, errors=error.errors)
        if written is not before and write.mode != "ensure":
            self._record("customer", write.id, write.mode, write, source=write.client)
        profile = written
        if write.seen_every_ms is not None:
            profile = seen(written, self._turns.now, every_ms=write.seen_every_ms)
        stored = self._turns.profiles.write(profile, before=before, depth=0, is_news=written is not before)
        self._turns.finish(self._events.route)
        return row_of(stored)

    def _written(self, write: CustomerWrite, before: Profile | None) -> Profile:
        now = self._turns.now
        profile = before or new_profile(write.id, now)
        match write.mode:
            case "put":
                return replace(profile, write.body, now)
            case "patch":
                return merge(profile, write.body, now)
            case "ensure":
                return profile

    def change_flow(self, change: FlowChange) -> FlowRow | Published:
        rows = self._turns.group.rows
        rows.flows[change.row.key] = change.row
        if change.version is not None:
            rows.versions.append(change.version)
            version = self._definitions.version(change.version.flow, change.version.number)
            version.published_at = change.version.published_at
            self._definitions.put_version(version, Compiled(flow=change.flow))
            if change.flow is not None:
                self._hooks.ensure(change.flow)
        self._definitions.put_row(change.row)
        what = {"what": change.what, "revision": change.row.revision, "published": change.row.published}
        self._record("flow", None, change.row.key, what, source=change.by)
        if change.version is not None:
            data: dict[str, object] = {"flow": change.row.key, "version": change.version.number}
            self._turns.obeying.raise_own("flow.published", customer=None, data=data)
        if change.flow is not None:
            self._start_members(change.flow, by=change.by)
        self._turns.finish(self._events.route)
        answer = change.row if change.version is None else self._published(change, change.version)
        if change.idempotency is not None:
            kept = answer_row(change.idempotency, answer, now=self._turns.now)
            rows.answers.append(kept)
        return answer

    def _published(self, change: FlowChange, version: VersionRow) -> Published:
        """What runs on older versions moves to this one in the background, if it is to."""
        if change.plan is None:
            return Published(version=version)
        flow, number, obeying = version.flow, version.number, self._turns.obeying
        for row in tuple(self._jobs.rows.values()):
            # It would move instances to where they are not to stay.
            if (row.kind, row.name) == (MOVE, flow):
                obeying.move_job(row, state=STOPPED, total=None)
        spec = MoveInstances(
            flow=flow, to=number, latest=number, plan=change.plan, filter=InstanceFilter(flow=flow)
        )
        job = new_job(spec, id=self._turns.new_id(), name=flow, by=change.by, now=self._turns.now)
        return Published(version=version, job=obeying.put_job(job).id)

    def write_resource(self, write: PutResource | DropResource) -> ResourceRow | Refused:
        rows = self._turns.group.rows
        if isinstance(write, PutResource):
            row = self._resources.put(write, rows, now=self._turns.now)
        else:
            row = self._resources.drop(write, rows)
        if isinstance(row, ResourceRow):
            # Never the document: a credential is one.
            what = {"kind": write.kind, "revision": row.revision, "dropped": isinstance(write, DropResource)}
            self._record("resource", None, f"{write.kind}/{write.id}", what, source=write.by)
        return row

    def _start_members(self, flow: Flow, *, by: str) -> None:
        """Triggers of a flow that is published now and starts for who is in a segment then: a job each."""
        for trigger in flow.triggers:
            if isinstance(trigger, SegmentTrigger) and trigger.change is Change.PUBLISH and trigger.enabled:
                id, now = self._turns.new_id(), self._turns.now
                self._turns.obeying.put_job(members_job(flow.key, trigger, id=id, by=by, now=now))

    def _record(self, kind: str, customer: str | None, name: str, what: object, *, source: str) -> None:
        self._turns.group.rows.journal.append(
            JournalRow(
                id=self._turns.new_id(),
                at=self._turns.now,
                kind=kind,
                source=source,
                customer=customer,
                name=name,
                payload=_encode(what),
            )
        )
