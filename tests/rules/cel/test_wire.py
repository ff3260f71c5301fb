"""The wire format, read by hand, against messages that the protobuf library wrote."""

import pytest
from google.protobuf import (  # type: ignore[import-untyped] # stubs would be one more dependency
    descriptor_pb2,
    struct_pb2,
    wrappers_pb2,
)

from rules.cel.wire import double, message, messages, number, packed, raw, read_fields, text


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**63 - 1, -1, -(2**63)])
def test_integers_of_every_size_come_back(value: int) -> None:
    assert number(read_fields(wrappers_pb2.Int64Value(value=value).SerializeToString()), 1) == value


@pytest.mark.parametrize("value", [1.5, -0.1, 1e300])
def test_doubles_come_back(value: float) -> None:
    assert double(read_fields(wrappers_pb2.DoubleValue(value=value).SerializeToString()), 1) == value


def test_nested_messages_come_back_in_order() -> None:
    listed = struct_pb2.ListValue(values=[struct_pb2.Value(string_value=name) for name in ("é", "b")])
    fields = read_fields(struct_pb2.Value(list_value=listed).SerializeToString())
    assert [text(item, 3) for item in messages(message(fields, 6), 1)] == ["é", "b"]


def test_absent_fields_read_as_nothing() -> None:
    fields = read_fields(b"")
    assert (number(fields, 1), raw(fields, 2), text(fields, 3), messages(fields, 4)) == (0, b"", "", [])


def test_repeated_integers_are_read_packed_or_not() -> None:
    location = descriptor_pb2.SourceCodeInfo.Location(path=[1, 300, 2])
    assert packed(read_fields(location.SerializeToString()), 1) == [1, 300, 2]
    assert packed(read_fields(b"\x08\x01\x08\x02"), 1) == [1, 2]


def test_fixed_fields_that_nobody_asks_for_are_passed_over() -> None:
    data = b"\x0d" + bytes(4) + b"\x11" + bytes(8) + b"\x18\x07"
    assert number(read_fields(data), 3) == 7
