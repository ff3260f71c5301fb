"""A card's texts in another language, as they are written: the same structure, nothing but texts (§7.1)."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from .. import limits
from .elements import Text
from .inputs import Choice, Rule
from .parts import Key, Part, Template


class TranslatedField(Part, frozen=True, kw_only=True):
    """One pair of `fields`."""

    label: Template | UnsetType = UNSET
    value: Text | UnsetType = UNSET


class TranslatedOption(Part, frozen=True, kw_only=True):
    """The option with this value; without one, that at the same place."""

    value: Choice | UnsetType = UNSET
    label: Template


class TranslatedElement(Part, frozen=True, kw_only=True):
    """The texts of the element with this `id` or `name`; without either, of that at the same place."""

    id: Key | UnsetType = UNSET
    name: Key | UnsetType = UNSET
    type: str | UnsetType = UNSET
    text: Text | UnsetType = UNSET
    alt: Template | UnsetType = UNSET
    label: Template | UnsetType = UNSET
    placeholder: Template | UnsetType = UNSET
    items: (
        Annotated[list[Text | TranslatedField], Meta(min_length=1, max_length=limits.ITEM_COUNT_MAX)]
        | UnsetType
    ) = UNSET
    options: (
        Annotated[list[TranslatedOption], Meta(min_length=1, max_length=limits.OPTION_COUNT_MAX)] | UnsetType
    ) = UNSET
    messages: dict[Rule, Template] | UnsetType = UNSET


Body = Annotated[list[TranslatedElement], Meta(max_length=limits.ELEMENT_COUNT_MAX)]


class TranslatedSubview(Part, frozen=True, kw_only=True):
    title: Template | UnsetType = UNSET
    body: Body = []


class TranslatedVariable(Part, frozen=True, kw_only=True):
    default: Template


class Translation(Part, frozen=True, kw_only=True):
    """A card's texts for one locale. What is left out stays as in its language, or in the card itself."""

    title: Template | UnsetType = UNSET
    body: Body = []
    subviews: Annotated[dict[Key, TranslatedSubview], Meta(max_length=limits.SUBVIEW_COUNT_MAX)] = {}
    runtime_variables: Annotated[
        dict[Key, TranslatedVariable], Meta(max_length=limits.RUNTIME_VARIABLE_COUNT_MAX)
    ] = {}
