"""What a script names of its flows: steps, triggers, other flows; each that is not there is reported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import UnsetType

from ..documents.problems import Pointer, Report, nearest
from ..limits import NAME_BYTES_MAX
from ..model import Flow, Notify, Request, SendCard, Step, Trigger
from ..project import RESERVED

NOT_OURS: Final = "is one of the server's own names; what raises it is something that happens."


class FlowReferences:
    """`flows` by key; `own` is the key of the script's flow, which is one of them. `segments` by id."""

    def __init__(
        self, flows: Mapping[str, Flow], own: str, segments: Collection[str], report: Report
    ) -> None:
        self._flows = flows
        self._segments = segments
        self._own = own
        self._report = report

    def flow(self, key: str | UnsetType, pointer: Pointer) -> Flow:
        """The flow that is named; the script's own without a name, or instead of one that is not there."""
        if isinstance(key, UnsetType):
            return self._flows[self._own]
        if key not in self._flows:
            known = nearest(key, self._flows) or " Name it under `flows`."
            self._report.add("unknown_flow", pointer, f'The flow "{key}" does not run here.{known}')
        return self._flows.get(key, self._flows[self._own])

    def step(self, flow: Flow, step: str, pointer: Pointer) -> Step | None:
        if step not in flow.steps:
            known = nearest(step, flow.steps)
            self._report.add("unknown_step", pointer, f'The flow "{flow.key}" has no step "{step}".{known}')
        return flow.steps.get(step)

    def sender(self, flow: Flow, step: str, pointer: Pointer) -> None:
        """A step that sends cards."""
        if not isinstance(self.step(flow, step, pointer), SendCard | None):
            self._report.add("wrong_step", pointer, f'"{step}" sends no card.')

    def requester(self, flow: Flow, step: str, pointer: Pointer) -> None:
        if not isinstance(self.step(flow, step, pointer), Request | None):
            self._report.add("wrong_step", pointer, f'"{step}" makes no request.')

    def notifier(self, flow: Flow, step: str, pointer: Pointer) -> None:
        """A step that sends pushes, perhaps beside its card."""
        found = self.step(flow, step, pointer)
        if not isinstance(found, Notify | None) and getattr(found, "notify", None) is None:
            self._report.add("wrong_step", pointer, f'"{step}" sends no push.')

    def trigger(self, flow: Flow, name: str, pointer: Pointer) -> Trigger | None:
        found = next((trigger for trigger in flow.triggers if trigger.name == name), None)
        if found is None:
            known = nearest(name, [trigger.name for trigger in flow.triggers])
            message = f'The flow "{flow.key}" has no trigger "{name}".{known}'
            self._report.add("unknown_trigger", pointer, message)
        return found

    def segment(self, id: str, pointer: Pointer) -> None:
        if id not in self._segments:
            known = nearest(id, self._segments) or " Give its rule under `segments`."
            self._report.add("unknown_segment", pointer, f'Nothing here names a segment "{id}".{known}')

    def event(self, name: str, pointer: Pointer) -> None:
        """An event that can come in."""
        if name.startswith(RESERVED):
            self._report.add("reserved_name", pointer, f'"{name}" {NOT_OURS}')
        self.name(name, pointer)

    def name(self, name: str, pointer: Pointer) -> None:
        """An event's name, or a customer's or event's id."""
        if not name.isprintable() or len(name.encode()) > NAME_BYTES_MAX:
            message = f"A name is printable text of at most {NAME_BYTES_MAX} bytes."
            self._report.add("bad_name", pointer, message)
