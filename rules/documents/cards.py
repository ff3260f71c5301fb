"""Card templates as they are written: elements, inputs, buttons, menu (flow format §7)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .parts import DurationText, Key, Part, Source, Template, matching

Text = Annotated[str, Meta(description="Text with Liquid and runtime variables.")]
Count = Annotated[int, Meta(ge=0, le=limits.VALUE_CHARS_MAX)]
Style = Literal["primary", "secondary", "danger", "plain"]


class ElementBase(Part, tag_field="type", frozen=True, kw_only=True):
    LATER: ClassVar = frozenset({"each", "as"})
    LATER_TYPES: ClassVar = frozenset(
        {"banner", "video", "progress", "time_input", "radio", "stepper", "rating", "file_upload"}
    )

    id: Key | UnsetType = UNSET
    when: Source | UnsetType = UNSET


# --- display ---------------------------------------------------------------------------------------


class Category(ElementBase, tag="category", frozen=True, kw_only=True):
    """A small line above the headline: what the card is about."""

    text: Text
    icon: Annotated[str, matching("^[a-z][a-z0-9-]{0,63}$")] | UnsetType = UNSET


class Headline(ElementBase, tag="headline", frozen=True, kw_only=True):
    text: Text


class TextBlock(ElementBase, tag="text", frozen=True, kw_only=True):
    """Markdown: emphasis, lists, links, line breaks; no raw HTML."""

    text: Text


class Image(ElementBase, tag="image", frozen=True, kw_only=True):
    url: Template
    alt: Template | UnsetType = UNSET


class Divider(ElementBase, tag="divider", frozen=True, kw_only=True):
    pass


class TextList(ElementBase, tag="list", frozen=True, kw_only=True):
    items: Annotated[list[Text], Meta(min_length=1, max_length=limits.ITEM_COUNT_MAX)]
    ordered: bool = False


class Field(Part, frozen=True, kw_only=True):
    label: Template
    value: Text


class Fields(ElementBase, tag="fields", frozen=True, kw_only=True):
    """Pairs of a label and a value."""

    items: Annotated[list[Field], Meta(min_length=1, max_length=limits.ITEM_COUNT_MAX)]


# --- inputs ----------------------------------------------------------------------------------------


class InputBase(ElementBase, frozen=True, kw_only=True):
    name: Key
    label: Template = ""
    required: bool = False
    messages: dict[
        Literal[
            "required",
            "min",
            "max",
            "min_length",
            "max_length",
            "pattern",
            "min_checked",
            "max_checked",
            "options",
            "type",
        ],
        Template,
    ] = {}


class TextInput(InputBase, tag="text_input", frozen=True, kw_only=True):
    placeholder: Template | UnsetType = UNSET
    default: Template | UnsetType = UNSET
    min_length: Count | UnsetType = UNSET
    max_length: Count | UnsetType = UNSET
    pattern: Annotated[str, Meta(max_length=limits.PATTERN_CHARS_MAX)] | UnsetType = UNSET
    multiline: bool = False


class NumberInput(InputBase, tag="number_input", frozen=True, kw_only=True):
    placeholder: Template | UnsetType = UNSET
    default: int | float | Template | UnsetType = UNSET
    min: int | float | Template | UnsetType = UNSET
    max: int | float | Template | UnsetType = UNSET


class Switch(InputBase, tag="switch", frozen=True, kw_only=True):
    default: bool | Template | UnsetType = UNSET


class DateInput(InputBase, tag="date_input", frozen=True, kw_only=True):
    placeholder: Template | UnsetType = UNSET
    default: Template | UnsetType = UNSET
    min: Template | UnsetType = UNSET
    max: Template | UnsetType = UNSET


class Option(Part, frozen=True, kw_only=True):
    value: str | int | float | bool
    label: Template


Options = Annotated[list[Option], Meta(min_length=1, max_length=limits.OPTION_COUNT_MAX)]


class Dropdown(InputBase, tag="dropdown", frozen=True, kw_only=True):
    options: Options
    placeholder: Template | UnsetType = UNSET
    default: str | int | float | bool | UnsetType = UNSET


class Checkboxes(InputBase, tag="checkboxes", frozen=True, kw_only=True):
    options: Options
    default: Annotated[list[Any], Meta(max_length=limits.OPTION_COUNT_MAX)] | Template | UnsetType = UNSET
    min_checked: Count | UnsetType = UNSET
    max_checked: Count | UnsetType = UNSET


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
    """Opens an address, or hands a payload to the app."""

    LATER: ClassVar = frozenset({"each", "as", "subview"})

    label: Template
    url: Template | UnsetType = UNSET
    payload: Any = UNSET
    style: Style | UnsetType = UNSET


class Dismiss(ElementBase, tag="dismiss", frozen=True, kw_only=True):
    label: Template
    style: Style | UnsetType = UNSET


class SnoozeButton(ElementBase, tag="snooze", frozen=True, kw_only=True):
    """Puts the card away for a time, or shows the choices of `snooze`."""

    label: Template
    duration: DurationText | UnsetType = msgspec.field(default=UNSET, name="for")
    style: Style | UnsetType = UNSET


Element = (
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
    | SnoozeButton
)


# --- the card --------------------------------------------------------------------------------------


class Menu(Part, frozen=True, kw_only=True):
    """What the app offers beside the buttons."""

    dismiss: bool = False
    snooze: bool = False
    vote: bool = False
    feedback: bool = False


class Snooze(Part, frozen=True, kw_only=True):
    LATER: ClassVar = frozenset({"notify"})

    presets: Annotated[list[DurationText], Meta(max_length=limits.PRESET_COUNT_MAX)] = []
    custom: bool = False


class RuntimeVariable(Part, frozen=True, kw_only=True):
    """A value that the app fills in when it shows the card."""

    default: Template = ""


class Card(Part, frozen=True, kw_only=True):
    """A template: part of the flow and of its version."""

    LATER: ClassVar = frozenset({"subviews", "translations"})

    title: Template = ""
    data: dict[str, Any] | UnsetType = UNSET
    body: Annotated[list[Element], Meta(max_length=limits.ELEMENT_COUNT_MAX)] = []
    menu: Menu = Menu()
    snooze: Snooze = Snooze()
    runtime_variables: Annotated[
        dict[Key, RuntimeVariable], Meta(max_length=limits.RUNTIME_VARIABLE_COUNT_MAX)
    ] = {}
