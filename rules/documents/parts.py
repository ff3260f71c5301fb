"""What the Structs of a document share: keys, names, sources, moments, and their bounds (flow format §1)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import limits


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One construct of a document. `LATER`: keys of the format that this server does not run yet."""

    LATER: ClassVar[frozenset[str]] = frozenset()
    LATER_TYPES: ClassVar[frozenset[str]] = frozenset()


def matching(pattern: str, description: str = "") -> Meta:
    """Text of this form. `convert.py` checks it and the JSON Schema tells it.

    Not msgspec's own `pattern`: a union of such a text with a list crashes when its type is freed (0.22).
    """
    told = {"pattern": pattern} | ({"description": description} if description else {})
    return Meta(extra_json_schema=told)


FlowKey = Annotated[str, matching("^[a-z0-9][a-z0-9-]{0,63}$")]
Folder = Annotated[str, Meta(max_length=limits.FOLDER_CHARS_MAX)]
Key = Annotated[str, matching("^[a-z][a-z0-9_]{0,63}$", "Lower case, digits, underscores.")]
Many = Annotated[list[Key], Meta(min_length=1, max_length=limits.NEXT_COUNT_MAX)]
Keys = Key | Annotated[list[Key], Meta(max_length=limits.NEXT_COUNT_MAX)]
Next = Annotated[Keys, Meta(description="A step, or a list of steps: all of them run.")]
Name = Annotated[str, Meta(min_length=1, max_length=limits.NAME_BYTES_MAX)]
Title = Annotated[str, Meta(max_length=limits.TITLE_CHARS_MAX)]
Description = Annotated[str, Meta(max_length=limits.DESCRIPTION_CHARS_MAX)]
Source = Annotated[str, Meta(min_length=1, description="A CEL condition or expression.")]
Equals = Annotated[str, Meta(description="= and a CEL expression.")]
Template = Annotated[str, Meta(description="Text with Liquid, or = and a CEL expression.")]
Locale = Annotated[
    str,
    matching(
        "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}$",
        "A language, or a language and more: mi, zh-Hant, en-NZ.",
    ),
]
Platform = Literal["web", "ios", "android"]
ContainerId = Annotated[
    str, matching("^[a-z0-9][a-z0-9_-]{0,63}$", "A container of the server's configuration.")
]
DurationText = Annotated[
    str, Meta(max_length=limits.DURATION_CHARS_MAX, description="An ISO 8601 duration such as PT30M or P7D.")
]
Zone = Annotated[
    str, Meta(max_length=64, description="An IANA time zone, or `customer`: the customer's own.")
]
CardAction = Literal[
    "displayed",
    "completed",
    "submitted",
    "dismissed",
    "snoozed",
    "unsnoozed",
    "voted_up",
    "voted_down",
    "subview",
    "linked",
    "cancelled",
    "expired",
]


class MomentParts(Part, frozen=True, kw_only=True):
    """`from`, moved by `offset`, then the next `local` time on one of `days`."""

    origin: Template | UnsetType = msgspec.field(default=UNSET, name="from")
    offset: DurationText | UnsetType = UNSET
    local: Annotated[str, matching("^([01][0-9]|2[0-3]):[0-5][0-9]$")] | UnsetType = UNSET
    days: (
        Annotated[
            list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Meta(min_length=1, max_length=7)
        ]
        | UnsetType
    ) = UNSET
    timezone: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    if_past: Literal["now", "skip", "next"] | UnsetType = UNSET


Moment = Annotated[
    str | MomentParts, Meta(description="An RFC 3339 time, = and an expression, or its parts.")
]
