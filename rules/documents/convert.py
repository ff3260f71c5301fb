"""Plain data against the Structs of a document: all that does not fit, where it stands, and how to mend it.

msgspec itself stops at the first error and knows no lines; so its own description of the types is walked
here, and it converts only what was found to fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from .parts import Part
from .problems import Pointer, Report, child, nearest

Struct = TypeVar("Struct", bound=Part)


def convert(data: object, struct: type[Struct], report: Report) -> Struct | None:
    """`data` as `struct`; None, and everything that is wrong with it in `report`, when it does not fit."""
    _Fitting(report).fit(data, _described(struct), "")
    if report.has_errors:
        return None
    return msgspec.convert(data, struct)


@cache
def _described(struct: type[Part]) -> inspect.Type:
    """Worked out once: it costs more than all else that is done with a short document."""
    return inspect.type_info(struct)


class _Fitting:
    def __init__(self, report: Report) -> None:
        self._report = report

    def fit(self, data: object, wanted: inspect.Type, pointer: Pointer) -> None:
        match wanted:
            case inspect.Metadata():
                self._form(data, wanted, pointer)
                self.fit(data, wanted.type, pointer)
            case inspect.UnionType():
                self._union(data, wanted, pointer)
            case inspect.StructType():
                self._struct(data, wanted, pointer)
            case inspect.DictType():
                self._dict(data, wanted, pointer)
            case inspect.ListType():
                self._list(data, wanted, pointer)
            case _:
                self._scalar(data, wanted, pointer)

    # --- alternatives ------------------------------------------------------------------------------

    def _union(self, data: object, wanted: inspect.UnionType, pointer: Pointer) -> None:
        choices = _choices(wanted)
        if choices and isinstance(data, dict):
            self._tagged(data, choices, pointer)
            return
        fitting = [choice for choice in wanted.types if _is_kind(data, _unwrap(choice))]
        if not fitting:
            expected = " or ".join(dict.fromkeys(_kind_words(choice) for choice in _unwrapped(wanted)))
            self._report.add("wrong_type", pointer, f"{_shown(data)} stands where {expected} is expected.")
            return
        self.fit(data, fitting[0], pointer)

    def _tagged(
        self, data: dict[str, object], choices: dict[str, inspect.StructType], pointer: Pointer
    ) -> None:
        if len(choices) == 1 and (only := next(iter(choices.values()))).tag is None:
            self._struct(data, only, pointer)
            return
        tag = data.get("type")
        if isinstance(tag, str) and tag in choices:
            self._struct(data, choices[tag], pointer)
        else:
            self._refuse_tag(data, choices, pointer)

    def _refuse_tag(
        self, data: dict[str, object], choices: dict[str, inspect.StructType], pointer: Pointer
    ) -> None:
        known = ", ".join(choices)
        if "type" not in data:
            self._report.add("missing_key", pointer, f'The key "type" is missing: one of {known}.')
            return
        tag, place = data["type"], child(pointer, "type")
        if not isinstance(tag, str):
            self._report.add("wrong_type", place, f"{_shown(tag)} stands where one of {known} is expected.")
        elif any(tag in _part(choice).LATER_TYPES for choice in choices.values()):
            self._report.add("not_supported_yet", place, f'This server does not support "{tag}" yet.')
        else:
            hint = nearest(tag, choices) or f" Known: {known}."
            self._report.add("unknown_type", place, f'There is no type "{tag[:64]}" here.{hint}')

    # --- what holds other things -------------------------------------------------------------------

    def _struct(self, data: object, wanted: inspect.StructType, pointer: Pointer) -> None:
        if not isinstance(data, dict):
            self._wrong(data, wanted, pointer)
            return
        if wanted.tag is not None and data.get("type") != wanted.tag:
            self._refuse_tag(data, {str(wanted.tag): wanted}, pointer)
            return
        fields = _fields(wanted.cls)
        for key, value in data.items():
            field = fields.get(key)
            if field is not None:
                self.fit(value, field.type, child(pointer, key))
            elif not (key == wanted.tag_field and wanted.tag is not None):
                self._refuse_key(key, wanted, pointer)
        for key, field in fields.items():
            if field.required and key not in data:
                self._report.add("missing_key", pointer, f'The key "{key}" is missing.')

    def _refuse_key(self, key: str, wanted: inspect.StructType, pointer: Pointer) -> None:
        place = child(pointer, key)
        if key in _part(wanted).LATER:
            message = f'This server does not support "{key}" here yet.'
            self._report.add("not_supported_yet", place, message, at_key=True)
            return
        known = [*_fields(wanted.cls), *([wanted.tag_field] if wanted.tag_field else [])]
        hint = nearest(key, known) or f" Known: {', '.join(known)}."
        self._report.add("unknown_key", place, f'There is no key "{key[:64]}" here.{hint}', at_key=True)

    def _dict(self, data: object, wanted: inspect.DictType, pointer: Pointer) -> None:
        if not isinstance(data, dict):
            self._wrong(data, wanted, pointer)
            return
        self._count(len(data), wanted, pointer)
        for key, value in data.items():
            inner = child(pointer, key)
            self._key(key, wanted.key_type, inner)
            self.fit(value, wanted.value_type, inner)

    def _key(self, key: str, wanted: inspect.Type, pointer: Pointer) -> None:
        found = _misfit(key, _unwrap(wanted)) or _form_misfit(key, wanted)
        if found:
            self._report.add("bad_value", pointer, f'The key "{key[:64]}" {found}', at_key=True)

    def _list(self, data: object, wanted: inspect.ListType, pointer: Pointer) -> None:
        if not isinstance(data, list):
            self._wrong(data, wanted, pointer)
            return
        self._count(len(data), wanted, pointer)
        for index, item in enumerate(data):
            self.fit(item, wanted.item_type, child(pointer, index))

    def _count(self, count: int, wanted: inspect.DictType | inspect.ListType, pointer: Pointer) -> None:
        if wanted.max_length is not None and count > wanted.max_length:
            self._report.add("bad_value", pointer, f"There are {count}, at most {wanted.max_length} may be.")
        if wanted.min_length is not None and count < wanted.min_length:
            self._report.add("bad_value", pointer, f"There must be at least {wanted.min_length} here.")

    # --- single values -----------------------------------------------------------------------------

    def _scalar(self, data: object, wanted: inspect.Type, pointer: Pointer) -> None:
        if not _is_kind(data, wanted):
            self._wrong(data, wanted, pointer)
            return
        found = _misfit(data, wanted)
        if found:
            self._report.add("bad_value", pointer, f"{_shown(data)} {found}")

    def _form(self, data: object, wanted: inspect.Metadata, pointer: Pointer) -> None:
        found = _form_misfit(data, wanted)
        if found:
            self._report.add("bad_value", pointer, f"{_shown(data)} {found}")

    def _wrong(self, data: object, wanted: inspect.Type, pointer: Pointer) -> None:
        expected = _kind_words(wanted)
        self._report.add("wrong_type", pointer, f"{_shown(data)} stands where {expected} is expected.")


def _part(wanted: inspect.StructType) -> type[Part]:
    assert issubclass(wanted.cls, Part)
    return wanted.cls


@cache
def _fields(struct: type) -> dict[str, inspect.Field]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: field for field in info.fields}


def _choices(wanted: inspect.UnionType) -> dict[str, inspect.StructType]:
    """The Structs of a union by their tag."""
    return {
        str(choice.tag): choice for choice in _unwrapped(wanted) if isinstance(choice, inspect.StructType)
    }


def _unwrapped(wanted: inspect.UnionType) -> Iterator[inspect.Type]:
    return (_unwrap(choice) for choice in wanted.types)


def _unwrap(wanted: inspect.Type) -> inspect.Type:
    return wanted.type if isinstance(wanted, inspect.Metadata) else wanted


_KINDS: dict[type, tuple[str, Callable[[Any], bool]]] = {
    inspect.AnyType: ("anything", lambda data: True),
    inspect.NoneType: ("nothing", lambda data: data is None),
    inspect.BoolType: ("true or false", lambda data: isinstance(data, bool)),
    inspect.IntType: ("a whole number", lambda data: isinstance(data, int) and not isinstance(data, bool)),
    inspect.FloatType: (
        "a number",
        lambda data: isinstance(data, (int, float)) and not isinstance(data, bool),
    ),
    inspect.StrType: ("text", lambda data: isinstance(data, str)),
    inspect.LiteralType: ("text", lambda data: isinstance(data, str)),
    inspect.ListType: ("a list", lambda data: isinstance(data, list)),
    inspect.DictType: ("a mapping", lambda data: isinstance(data, dict)),
    inspect.StructType: ("a mapping", lambda data: isinstance(data, dict)),
}


def _is_kind(data: object, wanted: inspect.Type) -> bool:
    return _KINDS[type(wanted)][1](data)


def _kind_words(wanted: inspect.Type) -> str:
    return _KINDS[type(wanted)][0]


def _misfit(data: object, wanted: inspect.Type) -> str | None:
    """What is wrong with a value of the right kind: the rest of a sentence about it."""
    match wanted, data:
        case inspect.LiteralType(), _:
            if data not in wanted.values:
                names = [str(value) for value in wanted.values]
                return f"is none of {', '.join(names)}.{nearest(str(data), names)}"
        case inspect.StrType(), str():
            return _text_misfit(data, wanted)
        case inspect.IntType() | inspect.FloatType(), int() | float():
            if wanted.ge is not None and data < wanted.ge:
                return f"is less than {wanted.ge}."
            if wanted.le is not None and data > wanted.le:
                return f"is more than {wanted.le}."
    return None


def _text_misfit(text: str, wanted: inspect.StrType) -> str | None:
    if wanted.max_length is not None and len(text) > wanted.max_length:
        return f"has more than {wanted.max_length} characters."
    if wanted.min_length is not None and len(text) < wanted.min_length:
        return f"has fewer than {wanted.min_length} characters."
    return None


def _form_misfit(data: object, wanted: inspect.Type) -> str | None:
    """What is wrong with the form of a text (`document_parts.matching`)."""
    told = wanted.extra_json_schema if isinstance(wanted, inspect.Metadata) else None
    pattern = (told or {}).get("pattern")
    if isinstance(pattern, str) and isinstance(data, str) and not re.fullmatch(pattern, data):
        return f"must look like {pattern.strip('^$')}."
    return None


def _shown(data: object) -> str:
    match data:
        case None:
            return "Nothing"
        case bool():
            return str(data).lower()
        case str():
            return f'"{data[:64]}"'
        case list():
            return "A list"
        case dict():
            return "A mapping"
        case _:
            return str(data)
