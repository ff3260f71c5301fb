"""Reads the protobuf wire format: bytes to field numbers and raw values, without schemas.

Thirty lines instead of generated classes, because one message is read and none is written.
"""

import struct
from typing import TypeAlias, cast

# Field number to its values, in order: integers as unsigned varints, everything else as bytes.
Fields: TypeAlias = dict[int, list[int | bytes]]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_DOUBLE = struct.Struct("<d")


def read_fields(data: bytes) -> Fields:
    """The fields of one message."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value: int | bytes
        if tag & 7 == _VARINT:
            value, at = _read_varint(data, at)
        else:
            length, at = _read_varint(data, at) if tag & 7 == _BYTES else (_SIZES[tag & 7], at)
            value, at = data[at : at + length], at + length
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def number(fields: Fields, field: int) -> int:
    """The integer in `field`, signed; 0 if it is absent, as protobuf has it."""
    value = cast(int, fields[field][-1]) if field in fields else 0
    return value - (1 << 64) if value >> 63 else value


def double(fields: Fields, field: int) -> float:
    return float(_DOUBLE.unpack(raw(fields, field))[0])


def raw(fields: Fields, field: int) -> bytes:
    """The bytes in `field`; none if it is absent."""
    return cast(bytes, fields[field][-1]) if field in fields else b""


def text(fields: Fields, field: int) -> str:
    return raw(fields, field).decode()


def message(fields: Fields, field: int) -> Fields:
    return read_fields(raw(fields, field))


def messages(fields: Fields, field: int) -> list[Fields]:
    return [read_fields(cast(bytes, value)) for value in fields.get(field, ())]


def packed(fields: Fields, field: int) -> list[int]:
    """The integers of a repeated field, packed or not."""
    values: list[int] = []
    for value in fields.get(field, ()):
        if isinstance(value, int):
            values.append(value)
            continue
        at = 0
        while at < len(value):
            item, at = _read_varint(value, at)
            values.append(item)
    return values


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
