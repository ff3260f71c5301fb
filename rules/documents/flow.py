"""The document as it is written: a Struct for each construct, and the source of its JSON Schema.

What a field holds beyond its shape – expressions, templates, references – is `compiling`'s business. A
Struct's `LATER` and `LATER_TYPES` name constructs of the format that this server does not run yet: they are
refused by name.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta

from .. import limits
from .cards import Card
from .notifications import Notification
from .parts import Description, FlowKey, Folder, Key, Many, Part, Title
from .steps import Exit, Step
from .triggers import Entry, Trigger


class Variable(Part, frozen=True, kw_only=True):
    """A value that the instance resolves when it starts (§2)."""

    type: Literal["string", "number", "integer", "boolean", "datetime", "date", "list", "object"]
    default: Any = UNSET
    required: bool = False
    description: Description = ""


Point = Annotated[list[float], Meta(min_length=2, max_length=2, description="Where a step is drawn: x, y.")]


class Flow(Part, frozen=True, kw_only=True):
    """When and how cards reach one customer."""

    flow: FlowKey
    name: Title = ""
    description: Description = ""
    folder: Folder = ""
    variables: Annotated[dict[Key, Variable], Meta(max_length=limits.VARIABLE_COUNT_MAX)] = {}
    triggers: Annotated[dict[Key, Trigger], Meta(max_length=limits.TRIGGER_COUNT_MAX)] = {}
    entry: Entry = Entry()
    exits: Annotated[list[Exit], Meta(max_length=limits.EXIT_COUNT_MAX)] = []
    start: Key | Many
    steps: Annotated[dict[Key, Step], Meta(min_length=1, max_length=limits.STEP_COUNT_MAX)]
    cards: Annotated[dict[Key, Card], Meta(max_length=limits.CARD_COUNT_MAX)] = {}
    notifications: Annotated[dict[Key, Notification], Meta(max_length=limits.NOTIFICATION_COUNT_MAX)] = {}
    layout: dict[Key, Point] = {}
