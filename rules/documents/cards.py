"""Card templates as they are written: title, elements, subviews, menu, translations (flow format §7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .elements import (
    Banner,
    Category,
    Dismiss,
    Divider,
    Fields,
    Headline,
    Image,
    Link,
    Progress,
    SnoozeButton,
    Submit,
    TextBlock,
    TextList,
    Video,
)
from .inputs import (
    Checkboxes,
    DateInput,
    Dropdown,
    FileUpload,
    NumberInput,
    Radio,
    Rating,
    Stepper,
    Switch,
    TextInput,
    TimeInput,
)
from .parts import DurationText, Key, Locale, Part, Template
from .problems import Pointer, child
from .translations import Translation

Element = (
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
    | SnoozeButton
)
Body = Annotated[list[Element], Meta(max_length=limits.ELEMENT_COUNT_MAX)]


class Subview(Part, frozen=True, kw_only=True):
    """A second screen of the card, opened by a link."""

    title: Template = ""
    body: Body = []


class Menu(Part, frozen=True, kw_only=True):
    """What the app offers beside the buttons. `feedback`: with a vote it asks for words."""

    dismiss: bool = False
    snooze: bool = False
    vote: bool = False
    feedback: bool = False


class Snooze(Part, frozen=True, kw_only=True):
    """The times that the app offers, whether any other may be chosen, and whether the end is announced."""

    presets: Annotated[list[DurationText], Meta(max_length=limits.PRESET_COUNT_MAX)] = []
    custom: bool = False
    notify: bool = False


class RuntimeVariable(Part, frozen=True, kw_only=True):
    """A value that the app fills in when it shows the card."""

    default: Template = ""


class Card(Part, frozen=True, kw_only=True):
    """A template: part of the flow and of its version."""

    title: Template = ""
    data: dict[str, Any] | UnsetType = UNSET
    body: Body = []
    subviews: Annotated[dict[Key, Subview], Meta(max_length=limits.SUBVIEW_COUNT_MAX)] = {}
    menu: Menu = Menu()
    snooze: Snooze = Snooze()
    runtime_variables: Annotated[
        dict[Key, RuntimeVariable], Meta(max_length=limits.RUNTIME_VARIABLE_COUNT_MAX)
    ] = {}
    translations: Annotated[dict[Locale, Translation], Meta(max_length=limits.TRANSLATION_COUNT_MAX)] = {}


class Placed(NamedTuple):
    """An element, where it stands, and in which subview (None: in the card's own body)."""

    element: Element
    pointer: Pointer
    subview: str | None


def elements(card: Card, pointer: Pointer = "") -> Iterator[Placed]:
    """Every element of the card, in the order in which it is written: its own body, then the subviews."""
    bodies: list[tuple[str | None, Pointer, list[Element]]] = [(None, child(pointer, "body"), card.body)]
    for name, subview in card.subviews.items():
        bodies.append((name, child(child(child(pointer, "subviews"), name), "body"), subview.body))
    for subview_name, place, body in bodies:
        for index, element in enumerate(body):
            yield Placed(element, child(place, index), subview_name)
