"""Sources as they are written: webhooks of third parties that become ordinary events (HTTP API)."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .parts import Description, Equals, Part, Source, Template
from .triggers import Verification


class SourceEvent(Part, frozen=True, kw_only=True):
    """One event, or one for each `item` of the list that `each` gives. Values read `body`, `headers`,
    `query`.
    """

    name: Template
    each: Equals | UnsetType = UNSET
    when: Source | UnsetType = UNSET
    id: Any = UNSET
    customer: Any = UNSET
    key: Any = UNSET
    data: dict[str, Any] | Template | UnsetType = UNSET


class EventSource(Part, frozen=True, kw_only=True):
    """Whose requests become which events."""

    description: Description = ""
    auth: Verification
    events: Annotated[list[SourceEvent], Meta(min_length=1, max_length=limits.SOURCE_EVENTS_MAX)]
    paused: bool = False
