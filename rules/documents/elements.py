"""What cards are made of, as it is written: what all elements have, those that only show, and buttons (flow
format §7.2). Inputs are `inputs.py`, the card around them is `cards.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .parts import DurationText, Key, Part, Source, Template, matching

Text = Annotated[str, Meta(description="Text with Liquid and runtime variables.")]
Icon = Annotated[str, matching("^[a-z][a-z0-9-]{0,63}$", "A name that apps have a drawing for.")]
Height = Literal["tall", "medium", "short", "original"]
Style = Literal["primary", "secondary", "danger", "plain"]
Count = Annotated[int, Meta(ge=0, le=limits.VALUE_CHARS_MAX)]
Listed = Annotated[
    Annotated[str, Meta(description="= and a CEL expression that gives a list.")]
    | Annotated[list[Any], Meta(max_length=limits.EACH_COUNT_MAX)],
    Meta(description="The element is repeated for each item."),
]


class ElementBase(Part, tag_field="type", frozen=True, kw_only=True):
    """What every element takes."""

    id: Key | UnsetType = UNSET
    when: Source | UnsetType = UNSET
    each: Listed | UnsetType = UNSET
    item: Key | UnsetType = msgspec.field(default=UNSET, name="as")


# --- display ---------------------------------------------------------------------------------------


class Category(ElementBase, tag="category", frozen=True, kw_only=True):
    """A small line above the headline: what the card is about."""

    text: Text
    icon: Icon | UnsetType = UNSET


class Banner(ElementBase, tag="banner", frozen=True, kw_only=True):
    """A picture or video over the whole width of the card, to its edges."""

    url: Template
    media: Literal["image", "video"] = "image"
    alt: Template | UnsetType = UNSET
    height: Height | UnsetType = UNSET
    thumbnail: Template | UnsetType = UNSET


class Headline(ElementBase, tag="headline", frozen=True, kw_only=True):
    """What the card says in one line."""

    text: Text


class TextBlock(ElementBase, tag="text", frozen=True, kw_only=True):
    """Markdown: emphasis, lists, links, line breaks; no raw HTML."""

    text: Text
    icon: Icon | UnsetType = UNSET


class TextList(ElementBase, tag="list", frozen=True, kw_only=True):
    """Short texts one below the other, with bullets or numbers."""

    items: Annotated[list[Text], Meta(min_length=1, max_length=limits.ITEM_COUNT_MAX)]
    ordered: bool = False


class Image(ElementBase, tag="image", frozen=True, kw_only=True):
    """A picture between the other elements."""

    url: Template
    alt: Template | UnsetType = UNSET
    height: Height | UnsetType = UNSET


class Video(ElementBase, tag="video", frozen=True, kw_only=True):
    """A video between the other elements; until it plays the app shows its thumbnail."""

    url: Template
    alt: Template | UnsetType = UNSET
    height: Height | UnsetType = UNSET
    thumbnail: Template | UnsetType = UNSET


class Divider(ElementBase, tag="divider", frozen=True, kw_only=True):
    """A line that parts what stands above from what stands below."""


class Field(Part, frozen=True, kw_only=True):
    """One pair."""

    label: Template
    value: Text


class Fields(ElementBase, tag="fields", frozen=True, kw_only=True):
    """Pairs of a label and a value."""

    items: Annotated[list[Field], Meta(min_length=1, max_length=limits.ITEM_COUNT_MAX)]


class Progress(ElementBase, tag="progress", frozen=True, kw_only=True):
    """How much is done; without a value, that something is going on."""

    value: int | float | Template | UnsetType = UNSET
    max: int | float | Template | UnsetType = UNSET
    label: Template | UnsetType = UNSET


# --- buttons ---------------------------------------------------------------------------------------


class Submit(ElementBase, tag="submit", frozen=True, kw_only=True):
    """Sends the inputs and completes the card, or keeps it open."""

    name: Key
    label: Template
    values: dict[Key, Any] = {}
    url: Template | UnsetType = UNSET
    payload: Any = UNSET
    keep_open: bool = False
    fresh: bool = False
    style: Style | UnsetType = UNSET


class Link(ElementBase, tag="link", frozen=True, kw_only=True):
    """Opens an address or a subview of the card, or hands a payload to the app."""

    label: Template
    url: Template | UnsetType = UNSET
    subview: Key | UnsetType = UNSET
    payload: Any = UNSET
    style: Style | UnsetType = UNSET


class Dismiss(ElementBase, tag="dismiss", frozen=True, kw_only=True):
    """Closes the card without an answer."""

    label: Template
    style: Style | UnsetType = UNSET


class SnoozeButton(ElementBase, tag="snooze", frozen=True, kw_only=True):
    """Puts the card away for a time, or shows the choices of `snooze`."""

    label: Template
    duration: DurationText | UnsetType = msgspec.field(default=UNSET, name="for")
    style: Style | UnsetType = UNSET
