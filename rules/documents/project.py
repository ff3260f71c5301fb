"""`flowdeck.yaml` as it is written: what flows share, beside the flows of a folder (flow format §1)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from .. import limits
from .parts import Description, Key, Name, Part, Source, Title


class Field(Part, frozen=True, kw_only=True):
    """A custom field of customers."""

    type: Literal["string", "number", "boolean", "datetime", "list"]
    description: Description = ""


class SegmentRule(Part, frozen=True, kw_only=True):
    """Who is a member: a condition over `customer`, `constants`, `now` and `events(name, period)`."""

    name: Title = ""
    description: Description = ""
    rule: Source


JsonSchema = Annotated[
    dict[str, Any], Meta(description="A JSON Schema of what such an event has under `data`.")
]


class Project(Part, frozen=True, kw_only=True):
    """What a folder of flows and their server have in common.

    `constants` stand for the server's own where there is none: in checks and tests.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"streams", "containers", "themes"})

    fields: Annotated[dict[Key, Field], Meta(max_length=limits.PROFILE_FIELDS_MAX)] = {}
    event_schemas: Annotated[dict[Name, JsonSchema], Meta(max_length=limits.EVENT_SCHEMA_COUNT_MAX)] = {}
    app_events: Annotated[list[Name], Meta(max_length=limits.EVENT_SCHEMA_COUNT_MAX)] = []
    segments: Annotated[dict[Key, SegmentRule], Meta(max_length=limits.SEGMENT_COUNT_MAX)] = {}
    constants: Annotated[dict[Key, Any], Meta(max_length=limits.VARIABLE_COUNT_MAX)] = {}
