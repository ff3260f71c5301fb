"""The wire form of a rendered card as types: what `view.py` gives and apps draw (flow format §7.1, §7.2).

They describe; rendering builds plain data that fits them. Fields that are off or empty are left out.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from ..text.spans import Span

Text: TypeAlias = str | tuple[Span, ...]
Style: TypeAlias = Literal["primary", "secondary", "danger", "plain"]
Choice: TypeAlias = str | int | float | bool


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """`id` is unique in the card and stays the same when the card is rendered again."""

    id: str


class Category(Base, tag="category", frozen=True, kw_only=True):
    text: Text
    icon: str | None = None


class Headline(Base, tag="headline", frozen=True, kw_only=True):
    text: Text


class TextBlock(Base, tag="text", frozen=True, kw_only=True):
    text: Text


class Image(Base, tag="image", frozen=True, kw_only=True):
    url: str
    alt: str = ""


class Divider(Base, tag="divider", frozen=True, kw_only=True):
    pass


class TextList(Base, tag="list", frozen=True, kw_only=True):
    items: tuple[Text, ...]
    ordered: bool = False


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    value: Text


class Fields(Base, tag="fields", frozen=True, kw_only=True):
    items: tuple[Pair, ...]


class InputBase(Base, frozen=True, kw_only=True):
    """`messages` say what is wrong, by rule; the server checks the same rules again."""

    name: str
    label: str = ""
    required: bool = False
    messages: dict[str, str] = {}


class TextInput(InputBase, tag="text_input", frozen=True, kw_only=True):
    """`pattern` is RE2 syntax, for the whole text."""

    placeholder: str = ""
    default: str = ""
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    multiline: bool = False


class NumberInput(InputBase, tag="number_input", frozen=True, kw_only=True):
    placeholder: str = ""
    default: int | float | None = None
    min: int | float | None = None
    max: int | float | None = None


class Switch(InputBase, tag="switch", frozen=True, kw_only=True):
    """A required one must be on."""

    default: bool = False


class DateInput(InputBase, tag="date_input", frozen=True, kw_only=True):
    """Dates are `2026-03-01`."""

    placeholder: str = ""
    default: str | None = None
    min: str | None = None
    max: str | None = None


class Option(msgspec.Struct, frozen=True, kw_only=True):
    value: Choice
    label: str


class Dropdown(InputBase, tag="dropdown", frozen=True, kw_only=True):
    options: tuple[Option, ...]
    placeholder: str = ""
    default: Choice | None = None


class Checkboxes(InputBase, tag="checkboxes", frozen=True, kw_only=True):
    options: tuple[Option, ...]
    default: tuple[Choice, ...] = ()
    min_checked: int | None = None
    max_checked: int | None = None


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
    url: str | None = None
    payload: Any = None


class Dismiss(ButtonBase, tag="dismiss", frozen=True, kw_only=True):
    pass


class Snooze(ButtonBase, tag="snooze", frozen=True, kw_only=True):
    """For the ISO 8601 duration `for`; without one the app offers what `menu` says."""

    duration: str | None = msgspec.field(default=None, name="for")


Element: TypeAlias = (
    Category
    | Headline
    | TextBlock
    | Image
    | Divider
    | TextList
    | Fields
    | TextInput
    | NumberInput
    | Switch
    | DateInput
    | Dropdown
    | Checkboxes
    | Submit
    | Link
    | Dismiss
    | Snooze
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Elements in the order of the source; an element of a type that the app does not know is skipped."""

    title: str
    body: tuple[Element, ...]
    subviews: dict[str, Any]


class Menu(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the app offers beside the buttons; durations are ISO 8601."""

    dismiss: bool = False
    snooze: bool = False
    vote: bool = False
    feedback: bool = False
    snooze_presets: tuple[str, ...] = ()
    snooze_custom: bool = False


class RuntimeVariable(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the text until the app knows better."""

    default: str


class Rendered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a template gives of a card; the rest of a card on the wire is the live protocol's."""

    view: View
    data: dict[str, Any] | None = None
    menu: Menu = Menu()
    runtime_variables: dict[str, RuntimeVariable] = {}
