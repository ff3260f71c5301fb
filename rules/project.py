"""What flows share – fields, event schemas, segments, constants: what they are checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .documents.project import Field
from .event_schemas import EventSchema

RESERVED: Final = ("card.", "instance.", "notification.", "customer.", "flow.")
"""Beginnings of event names that only the server raises (flow format §1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`fields` and `segments` None: it is not known which there are. An event may lack a schema."""

    fields: Mapping[str, Field] | None = None
    events: Mapping[str, EventSchema] = field(default_factory=dict)
    app_events: frozenset[str] = frozenset()
    segments: frozenset[str] | None = None
    constants: Mapping[str, object] = field(default_factory=dict)


UNKNOWN: Final = Project()
"""Of no project: nothing is held against it."""
