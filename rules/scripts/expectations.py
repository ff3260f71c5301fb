"""Compiles what a script expects: each key of `expect` is one expectation, and all must hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from ..compiling.given import Given, given
from ..compiling.sources import Sources
from ..documents import script as written
from ..documents.parts import MomentParts
from ..documents.problems import Pointer, child
from ..model import Flow
from .model import Due, Expectation, Kind, Quiet, Ran, Wanted
from .patterns import SCOPE, Contains, Every, Fields, Items, OneOf, Pattern, Same, compile_pattern
from .references import FlowReferences

OPEN: Final = ("embargoed", "active", "snoozed")
_PICKED: Final = frozenset({"flow", "customer", "key", "nth", "of", "count", "times", "since"})
"""Fields that say which ones are meant or how many; the others say what they are like."""


class Expecting:
    """Of one script; what is wrong goes to the report of `sources`."""

    def __init__(self, sources: Sources, references: FlowReferences) -> None:
        self._sources = sources
        self._references = references
        self._given = Given(sources, SCOPE)

    def expectations(self, expect: written.Expect, pointer: Pointer) -> tuple[Expectation, ...]:
        found: list[Expectation] = []
        for name in expect.__struct_fields__:
            raw = getattr(expect, name)
            if raw is not UNSET:
                found.append(self._expectation(name, raw, child(pointer, name)))
        if not found:
            self._sources.report.add("missing_key", pointer, "Nothing is expected here.")
        return tuple(found)

    def _expectation(self, name: str, raw: object, pointer: Pointer) -> Expectation:
        match name, raw:
            case "ran" | "not_ran", str() | list():
                return self._ran([raw] if isinstance(raw, str) else raw, name == "not_ran", pointer)
            case "due", str() | MomentParts():
                at = self._given.moment(raw, pointer)
                assert at is not None, "it is given"
                return Due(pointer=pointer, at=at)
            case "quiet", bool() | str():
                return self._quiet(raw, pointer)
            case _:
                return self._wanted(name, _whole(name, raw), pointer)

    def _wanted(self, name: str, raw: object, pointer: Pointer) -> Wanted:
        match raw:
            case written.ExpectInstance():
                return self._instance(raw, pointer)
            case written.CountInstances():
                return self._instances(raw, pointer)
            case written.CountCards():
                return self._card(raw, pointer, count=raw.count)
            case written.CardFields():
                return self._card(raw, pointer, count=0 if name == "no_card" else None)
            case written.ExpectEvent():
                return self._event(raw, pointer, never=name == "no_event")
            case written.ExpectRequest() | written.ExpectNotification():
                return self._call(raw, pointer, never=name.startswith("no_"))
            case written.ExpectRefused():
                return self._refused(raw, pointer)
            case _:
                assert isinstance(raw, dict), "fields of a customer"
                return self._customer(raw, pointer)

    # --- instances and cards -----------------------------------------------------------------------

    def _instance(self, raw: written.ExpectInstance, pointer: Pointer) -> Wanted:
        flow = self._references.flow(raw.flow, child(pointer, "flow"))
        like = self._like(raw, pointer)
        self._add_status(raw.status, like)
        at = given(raw.at)
        if at is not None:
            stands = [at] if isinstance(at, str) else at
            for step in stands:
                self._references.step(flow, step, child(pointer, "at"))
            like["at"] = Items(tuple([Same(step) for step in sorted(stands)]))
        return Wanted(
            pointer=pointer,
            kind=Kind.INSTANCE,
            picked=_picked(raw, flow),
            pattern=Fields(like),
            nth=given(raw.nth),
        )

    def _instances(self, raw: written.CountInstances, pointer: Pointer) -> Wanted:
        flow = self._references.flow(raw.flow, child(pointer, "flow"))
        like: dict[str, Pattern] = {}
        self._add_status(raw.status, like)
        return Wanted(
            pointer=pointer,
            kind=Kind.INSTANCE,
            picked=_picked(raw, flow),
            pattern=Fields(like),
            count=raw.count,
        )

    def _card(self, raw: written.CardFields, pointer: Pointer, *, count: int | None) -> Wanted:
        """Without a status an open one is meant."""
        flow = self._references.flow(raw.flow, child(pointer, "flow"))
        of = given(raw.of)
        if of is not None:
            self._references.sender(flow, of, child(pointer, "of"))
        like = self._like(raw, pointer)
        self._add_status(raw.status, like)
        like.setdefault("status", _one_of(OPEN))
        if words := _listed(raw.contains):
            like["words"] = Every(tuple([Contains(Same(each)) for each in words]))
        picked = _picked(raw, flow)
        if of is not None:
            picked = Fields({**picked.fields, "step": Same(of)})
        return Wanted(
            pointer=pointer,
            kind=Kind.CARD,
            picked=picked,
            pattern=Fields(like),
            nth=given(raw.nth),
            count=count,
        )

    def _add_status(self, status: str | Sequence[str] | UnsetType, like: dict[str, Pattern]) -> None:
        if not isinstance(status, UnsetType):
            like["status"] = Same(status) if isinstance(status, str) else _one_of(status)

    # --- what happened, and customers --------------------------------------------------------------

    def _event(self, raw: written.ExpectEvent, pointer: Pointer, *, never: bool) -> Wanted:
        self._references.name(raw.name, child(pointer, "name"))
        like = {"name": Same(raw.name), **self._like(raw, pointer)}
        for name in ("customer", "key"):
            if (value := getattr(raw, name)) is not UNSET:
                like[name] = compile_pattern(value, self._sources, child(pointer, name))
        return Wanted(
            pointer=pointer,
            kind=Kind.EVENT,
            picked=Fields({}),
            pattern=Fields(like),
            count=0 if never else given(raw.times),
            lately=raw.since == "action",
        )

    def _call(
        self, raw: written.ExpectRequest | written.ExpectNotification, pointer: Pointer, *, never: bool
    ) -> Wanted:
        is_request = isinstance(raw, written.ExpectRequest)
        flow = self._references.flow(raw.flow, child(pointer, "flow"))
        check = self._references.requester if is_request else self._references.notifier
        check(flow, raw.of, child(pointer, "of"))
        like = self._like(raw, pointer)
        for name in ("status", "customer", "key"):
            if (value := getattr(raw, name, UNSET)) is not UNSET:
                like[name] = compile_pattern(value, self._sources, child(pointer, name))
        return Wanted(
            pointer=pointer,
            kind=Kind.REQUEST if is_request else Kind.NOTIFICATION,
            picked=Fields({"flow": Same(flow.key), "of": Same(raw.of)}),
            pattern=Fields(like),
            count=0 if never else given(raw.times),
            lately=raw.since == "action",
        )

    def _refused(self, raw: written.ExpectRefused, pointer: Pointer) -> Wanted:
        like = self._like(raw, pointer)
        if raw.flow is not UNSET:
            like["flow"] = compile_pattern(raw.flow, self._sources, child(pointer, "flow"))
        return Wanted(
            pointer=pointer,
            kind=Kind.REFUSED,
            picked=Fields({}),
            pattern=Fields(like),
            lately=raw.since == "action",
        )

    def _customer(self, raw: Mapping[str, object], pointer: Pointer) -> Wanted:
        """By its `id`, or the script's first one."""
        like = {
            name: compile_pattern(value, self._sources, child(pointer, name))
            for name, value in raw.items()
            if name != "id"
        }
        id = raw.get("id")
        picked = Fields({"id": Same(id)}) if id is not None else Fields({})
        nth = 1 if id is None else None
        return Wanted(pointer=pointer, kind=Kind.CUSTOMER, picked=picked, pattern=Fields(like), nth=nth)

    # --- steps and time ----------------------------------------------------------------------------

    def _ran(self, steps: list[str], never: bool, pointer: Pointer) -> Ran:
        flow = self._references.flow(UNSET, pointer)
        for step in steps:
            self._references.step(flow, step, pointer)
        return Ran(pointer=pointer, steps=tuple(steps), never=never)

    def _quiet(self, raw: bool | str, pointer: Pointer) -> Quiet:
        if raw is False:
            self._sources.report.add("bad_value", pointer, "Write true, or for how long.")
        duration = self._given.duration(raw, pointer) if isinstance(raw, str) else None
        return Quiet(pointer=pointer, duration=duration)

    # --- fields ------------------------------------------------------------------------------------

    def _like(self, raw: msgspec.Struct, pointer: Pointer) -> dict[str, Pattern]:
        """The patterns of the fields that say what something is like."""
        typed = _PICKED | {"status", "at", "contains", "name"}
        return {
            name: compile_pattern(value, self._sources, child(pointer, name))
            for name in raw.__struct_fields__
            if name not in typed and (value := getattr(raw, name)) is not UNSET
        }


def _whole(name: str, raw: object) -> object:
    """An expectation that was written in short, as a whole one."""
    match name, raw:
        case "instances", int():
            return written.CountInstances(count=raw)
        case "cards", int():
            return written.CountCards(count=raw)
        case "event" | "no_event", str():
            return written.ExpectEvent(name=raw)
        case "request" | "no_request", str():
            return written.ExpectRequest(of=raw)
        case "notification" | "no_notification", str():
            return written.ExpectNotification(of=raw)
        case "refused", str():
            return written.ExpectRefused(reason=raw)
        case _:
            return raw


def _picked(raw: written.Picked | written.CountInstances, flow: Flow) -> Fields:
    picked: dict[str, Pattern] = {"flow": Same(flow.key)}
    for name in ("customer", "key"):
        value = getattr(raw, name)
        if value is not UNSET:
            picked[name] = Same(value)
    return Fields(picked)


def _one_of(names: Iterable[str]) -> Pattern:
    return OneOf(tuple([Same(name) for name in names]))


def _listed(words: str | list[str] | UnsetType) -> list[str]:
    if isinstance(words, UnsetType):
        return []
    return [words] if isinstance(words, str) else words
