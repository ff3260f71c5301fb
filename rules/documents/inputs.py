"""What a card asks, as it is written: its inputs with their bounds (flow format §7.2).

The server checks what is submitted against the same bounds: `rules/cards/values.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .elements import Count, ElementBase, Icon
from .parts import Key, Part, Template, matching

Rule = Literal[
    "required",
    "type",
    "min",
    "max",
    "step",
    "min_length",
    "max_length",
    "pattern",
    "options",
    "min_checked",
    "max_checked",
    "accept",
    "max_bytes",
    "upload",
]
MediaType = Annotated[
    str, matching("^[a-z]+/([*]|[a-z0-9][a-z0-9.+-]{0,99})$", "Such as image/png or image/*.")
]
Number = int | float | Template
Choice = str | int | float | bool


class InputBase(ElementBase, frozen=True, kw_only=True):
    """What every input takes."""

    name: Key
    label: Template = ""
    placeholder: Template | UnsetType = UNSET
    required: bool = False
    messages: dict[Rule, Template] = {}


class TextInput(InputBase, tag="text_input", frozen=True, kw_only=True):
    """A text, of one line or several."""

    default: Template | UnsetType = UNSET
    min_length: Count | UnsetType = UNSET
    max_length: Count | UnsetType = UNSET
    pattern: Annotated[str, Meta(max_length=limits.PATTERN_CHARS_MAX)] | UnsetType = UNSET
    multiline: bool = False


class NumberInput(InputBase, tag="number_input", frozen=True, kw_only=True):
    """A number that is typed."""

    default: Number | UnsetType = UNSET
    min: Number | UnsetType = UNSET
    max: Number | UnsetType = UNSET


class DateInput(InputBase, tag="date_input", frozen=True, kw_only=True):
    """A day: `2026-03-01`."""

    default: Template | UnsetType = UNSET
    min: Template | UnsetType = UNSET
    max: Template | UnsetType = UNSET


class TimeInput(InputBase, tag="time_input", frozen=True, kw_only=True):
    """A time of day: `09:30`."""

    default: Template | UnsetType = UNSET
    min: Template | UnsetType = UNSET
    max: Template | UnsetType = UNSET
    step: Annotated[int, Meta(ge=1, le=limits.TIME_STEP_MINUTES_MAX)] | UnsetType = UNSET


class Option(Part, frozen=True, kw_only=True):
    """One of the choices."""

    value: Choice
    label: Template


Options = Annotated[list[Option], Meta(min_length=1, max_length=limits.OPTION_COUNT_MAX)]


class Dropdown(InputBase, tag="dropdown", frozen=True, kw_only=True):
    """One of the options, folded away."""

    options: Options
    default: Choice | UnsetType = UNSET


class Radio(InputBase, tag="radio", frozen=True, kw_only=True):
    """One of the options, all in sight."""

    options: Options
    default: Choice | UnsetType = UNSET


class Checkboxes(InputBase, tag="checkboxes", frozen=True, kw_only=True):
    """Any of the options: a list."""

    options: Options
    default: Annotated[list[Any], Meta(max_length=limits.OPTION_COUNT_MAX)] | Template | UnsetType = UNSET
    min_checked: Count | UnsetType = UNSET
    max_checked: Count | UnsetType = UNSET


class Switch(InputBase, tag="switch", frozen=True, kw_only=True):
    """On or off. A required one must be on."""

    default: bool | Template | UnsetType = UNSET


class Stepper(InputBase, tag="stepper", frozen=True, kw_only=True):
    """A number that is counted up and down from `min`, `step` at a time."""

    default: Number | UnsetType = UNSET
    min: Number = 0
    max: Number | UnsetType = UNSET
    step: int | float = 1


class Rating(InputBase, tag="rating", frozen=True, kw_only=True):
    """So many stars, 1 to `max`."""

    default: Number | UnsetType = UNSET
    max: Annotated[int, Meta(ge=2, le=limits.RATING_MAX)] = 5
    icon: Icon = "star"


class FileUpload(InputBase, tag="file_upload", frozen=True, kw_only=True):
    """A file that the app has uploaded: its id. There is no default: a file is the customer's own."""

    accept: (
        Annotated[list[MediaType], Meta(min_length=1, max_length=limits.MEDIA_TYPE_COUNT_MAX)] | UnsetType
    ) = UNSET
    max_bytes: Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)] | UnsetType = UNSET
