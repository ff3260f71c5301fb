"""The wire form of a rendered card as types: what `view.py` gives and apps draw (flow format §7.1, §7.2).

They describe; rendering builds plain data that fits them. Fields that are off or empty are left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from ..text.spans import Span

Text: TypeAlias = str | tuple[Span, ...]
Style: TypeAlias = Literal["primary", "secondary", "danger", "plain"]
Height: TypeAlias = Literal["tall", "medium", "short", "original"]
Choice: TypeAlias = str | int | float | bool


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """`id` is unique in the card and stays the same when the card is rendered again.

    An element that is repeated has its item's place behind a dot: `seat.1`, `seat.2`.
    """

    id: str


# --- display ---------------------------------------------------------------------------------------


class Category(Base, tag="category", frozen=True, kw_only=True):
    text: Text
    icon: str | None = None


class Banner(Base, tag="banner", frozen=True, kw_only=True):
    """Over the whole width of the card. Without a `height` it is medium."""

    url: str
    media: Literal["image", "video"]
    alt: str = ""
    height: Height | None = None
    thumbnail: str | None = None


class Headline(Base, tag="headline", frozen=True, kw_only=True):
    text: Text


class TextBlock(Base, tag="text", frozen=True, kw_only=True):
    text: Text
    icon: str | None = None


class TextList(Base, tag="list", frozen=True, kw_only=True):
    items: tuple[Text, ...]
    ordered: bool = False


class Image(Base, tag="image", frozen=True, kw_only=True):
    """Without a `height` it is as tall as the picture."""

    url: str
    alt: str = ""
    height: Height | None = None


class Video(Base, tag="video", frozen=True, kw_only=True):
    url: str
    alt: str = ""
    height: Height | None = None
    thumbnail: str | None = None


class Divider(Base, tag="divider", frozen=True, kw_only=True):
    pass


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    value: Text


class Fields(Base, tag="fields", frozen=True, kw_only=True):
    items: tuple[Pair, ...]


class Progress(Base, tag="progress", frozen=True, kw_only=True):
    """`value`: how much is done, 0 to 1; without it something is going on, nobody knows how long."""

    value: Annotated[float, Meta(ge=0, le=1)] | None = None
    label: str = ""


# --- inputs ----------------------------------------------------------------------------------------


class InputBase(Base, frozen=True, kw_only=True):
    """A value is submitted under `name`. `messages` say what is wrong, by rule; the server checks the same
    rules again. A default that breaks a rule is for the app to leave out."""

    name: str
    label: str = ""
    placeholder: str = ""
    required: bool = False
    messages: dict[str, str] = {}


class TextInput(InputBase, tag="text_input", frozen=True, kw_only=True):
    """`pattern` is RE2 syntax, for the whole text."""

    default: str = ""
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    multiline: bool = False


class NumberInput(InputBase, tag="number_input", frozen=True, kw_only=True):
    default: int | float | None = None
    min: int | float | None = None
    max: int | float | None = None


class DateInput(InputBase, tag="date_input", frozen=True, kw_only=True):
    """Dates are `2026-03-01`."""

    default: str | None = None
    min: str | None = None
    max: str | None = None


class TimeInput(InputBase, tag="time_input", frozen=True, kw_only=True):
    """Times are `09:30`. `step`: so many minutes apart, from `min`, else from midnight."""

    default: str | None = None
    min: str | None = None
    max: str | None = None
    step: int | None = None


class Option(msgspec.Struct, frozen=True, kw_only=True):
    value: Choice
    label: str


class Dropdown(InputBase, tag="dropdown", frozen=True, kw_only=True):
    options: tuple[Option, ...]
    default: Choice | None = None


class Radio(InputBase, tag="radio", frozen=True, kw_only=True):
    options: tuple[Option, ...]
    default: Choice | None = None


class Checkboxes(InputBase, tag="checkboxes", frozen=True, kw_only=True):
    options: tuple[Option, ...]
    default: tuple[Choice, ...] = ()
    min_checked: int | None = None
    max_checked: int | None = None


class Switch(InputBase, tag="switch", frozen=True, kw_only=True):
    """A required one must be on."""

    default: bool = False


class Stepper(InputBase, tag="stepper", frozen=True, kw_only=True):
    """Counts from `min`, else from 0, `step` at a time."""

    default: int | float | None = None
    min: int | float | None = None
    max: int | float | None = None
    step: int | float


class Rating(InputBase, tag="rating", frozen=True, kw_only=True):
    """1 to `max`, drawn as so many of `icon`."""

    default: int | float | None = None
    max: int
    icon: str


class FileUpload(InputBase, tag="file_upload", frozen=True, kw_only=True):
    """The value is the id of an upload. `accept` are media types such as `image/*`; none: any."""

    accept: tuple[str, ...] = ()
    max_bytes: int | None = None


# --- buttons ---------------------------------------------------------------------------------------


class ButtonBase(Base, frozen=True, kw_only=True):
    label: str
    style: Style | None = None


class Submit(ButtonBase, tag="submit", frozen=True, kw_only=True):
    """Afterwards the app opens `url` or takes `payload`, if there is one."""

    name: str
    url: str | None = None
    payload: Any = None
    keep_open: bool = False
    fresh: bool = False


class Link(ButtonBase, tag="link", frozen=True, kw_only=True):
    """Opens `url` or the `subview` of this name, or hands `payload` to the app."""

    url: str | None = None
    subview: str | None = None
    payload: Any = None


class Dismiss(ButtonBase, tag="dismiss", frozen=True, kw_only=True):
    pass


class Snooze(ButtonBase, tag="snooze", frozen=True, kw_only=True):
    """For the ISO 8601 duration `for`; without one the app offers what `menu` says."""

    duration: str | None = msgspec.field(default=None, name="for")


Element: TypeAlias = (
    Category
    | Banner
    | Headline
    | TextBlock
    | TextList
    | Image
    | Video
    | Divider
    | Fields
    | Progress
    | TextInput
    | NumberInput
    | DateInput
    | TimeInput
    | Dropdown
    | Radio
    | Checkboxes
    | Switch
    | Stepper
    | Rating
    | FileUpload
    | Submit
    | Link
    | Dismiss
    | Snooze
)


# --- the whole -------------------------------------------------------------------------------------


class Subview(msgspec.Struct, frozen=True, kw_only=True):
    """A second screen, which a link opens. Its inputs belong to the card's one form."""

    title: str
    body: tuple[Element, ...]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Elements in the order of the source; an element of a type that the app does not know is skipped."""

    title: str
    body: tuple[Element, ...]
    subviews: dict[str, Subview]


class Menu(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the app offers beside the buttons; durations are ISO 8601.

    `feedback`: it asks for words with a vote. `snooze_notify`: it announces the end of a snooze, if it can.
    """

    dismiss: bool = False
    snooze: bool = False
    vote: bool = False
    feedback: bool = False
    snooze_presets: tuple[str, ...] = ()
    snooze_custom: bool = False
    snooze_notify: bool = False


class RuntimeVariable(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the text until the app knows better."""

    default: str


class Rendered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a template gives of a card; the rest of a card on the wire is the live protocol's."""

    view: View
    data: dict[str, Any] | None = None
    menu: Menu = Menu()
    runtime_variables: dict[str, RuntimeVariable] = {}
