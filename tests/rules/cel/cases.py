"""Reads CEL's public conformance cases out of the archive that `./dev cases` fetches.

The archive is the source distribution of another implementation, which ships the specification's files as
they are; nothing else of it is read. Of messages in cases only the names matter: our dialect has none.
"""

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.protobuf import (  # type: ignore[import-untyped] # stubs would be one more dependency
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    message_factory,
    struct_pb2,
    text_format,
    timestamp_pb2,
    wrappers_pb2,
)

from rules.cel.tree import Kind
from tests.rules.cel.reference import NoValue

FOLDER = Path(__file__).resolve().parents[3] / ".cache" / "cases"
# What pip is asked for: one package, its version and the digest of its archive.
PIN = Path(__file__).with_name("cases.txt")

_WELL_KNOWN = (any_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)
# The messages in which cases are written, as far as they are read. Their text form has names and no numbers.
_MESSAGES = """
Value: NullValue null_value, bool bool_value, int64 int64_value, uint64 uint64_value, double double_value, \
string string_value, bytes bytes_value, Enum enum_value, .google.protobuf.Any object_value, Map map_value, \
List list_value, string type_value
Enum: string type
Map: Entry* entries
Entry: Value key, Value value
List: Value* values
Type: .google.protobuf.Empty dyn, NullValue null, Primitive primitive, Primitive wrapper, \
WellKnown well_known, \
ListType list_type, MapType map_type, string message_type, string type_param, Abstract abstract_type, \
Type type
ListType: Type elem_type
MapType: Type key_type, Type value_type
Abstract: string name, Type* parameter_types
Declaration: string name, Identifier ident
Identifier: Type type
Binding: string key, Bound value
Bound: Value value
Typed: Value result, Type deduced_type
Test: string name, string expr, Declaration* type_env, Binding* bindings, Value value, Typed typed_result, \
.google.protobuf.Empty eval_error
Section: string name, Test* test
File: string name, Section* section
"""
_ENUMS = {
    "NullValue": ("NULL_VALUE",),
    "Primitive": ("NONE", "BOOL", "INT64", "UINT64", "DOUBLE", "STRING", "BYTES"),
    "WellKnown": ("NOTHING", "ANY", "TIMESTAMP", "DURATION"),
}
_SCALARS = {"string": 9, "bool": 8, "int64": 3, "uint64": 4, "double": 1, "bytes": 12}
_PACKAGE = "cases"
_PRIMITIVES = {1: Kind.BOOL, 2: Kind.INT, 4: Kind.DOUBLE, 5: Kind.STRING}
_WELL_KNOWN_KINDS = {1: Kind.DYN, 2: Kind.TIMESTAMP, 3: Kind.DURATION}
_KINDS = {
    "dyn": Kind.DYN,
    "null": Kind.NULL,
    "list_type": Kind.LIST,
    "map_type": Kind.MAP,
    "type_param": Kind.DYN,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Messages that stand packed in values; what is in them is passed over.
_STRANGERS = ("cel.expr.conformance.proto2", "cel.expr.conformance.proto3")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A value, or the type of one, that our dialect has not."""

    name: str


@dataclass(frozen=True, slots=True)
class Case:
    """One test of the specification: its place `file/section/name`, and what it says."""

    place: str
    source: str
    variables: Mapping[str, Kind | Foreign]
    context: Mapping[str, object]
    expected: object
    """A value, or `NoValue.UNTOLD` where only the type is told."""
    kind: Kind | Foreign | None
    """The static type, where it is told."""


def find_archive() -> Path | None:
    """The archive of the pinned version, if it has been fetched."""
    digest = PIN.read_text().strip().rpartition(":")[2]
    for path in FOLDER.glob("*.tar.gz"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            return path
    return None


def read_cases(archive: Path) -> Iterator[Case]:
    pool = _pool()
    file_class = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.File"))
    with tarfile.open(archive) as members:
        for member in members:
            if not member.name.endswith(".textproto") or (opened := members.extractfile(member)) is None:
                continue
            file = file_class()
            text_format.Parse(
                opened.read(),
                file,
                descriptor_pool=pool,
                allow_unknown_field=True,
                allow_unknown_extension=True,
            )
            for section in file.section:
                for test in section.test:
                    yield _case(f"{file.name}/{section.name}/{test.name}", test)


def _case(place: str, test: Any) -> Case:
    variables = {
        declared.name: _kind_of(declared.ident.type) if declared.HasField("ident") else Foreign("function")
        for declared in test.type_env
    }
    context = {binding.key: _value_of(binding.value.value) for binding in test.bindings}
    for name, value in context.items():
        variables.setdefault(name, value if isinstance(value, Foreign) else Kind.DYN)
    # The specification: where no result is told, it is true.
    expected: object = True
    kind = None
    if test.HasField("eval_error"):
        expected = NoValue.FAILED
    elif test.HasField("value"):
        expected = _value_of(test.value)
    elif test.HasField("typed_result"):
        told = test.typed_result
        expected = _value_of(told.result) if told.HasField("result") else NoValue.UNTOLD
        kind = _kind_of(told.deduced_type)
    return Case(place, test.expr, variables, context, expected, kind)


def _kind_of(type_: Any) -> Kind | Foreign:
    name, held = _only_field(type_)
    match name:
        case "primitive" | "wrapper":
            return _PRIMITIVES.get(held, Foreign(_ENUMS["Primitive"][held]))
        case "well_known":
            return _WELL_KNOWN_KINDS[held]
        case "abstract_type" if held.name == "optional_type":
            return Kind.OPTIONAL
        case "message_type":
            return Foreign(held)
    return _KINDS.get(name, Foreign(name))


def _value_of(value: Any) -> object:
    name, held = _only_field(value)
    match name:
        case "null_value":
            return None
        case "bool_value" | "int64_value" | "double_value" | "string_value":
            return held
        case "list_value":
            return [_value_of(item) for item in held.values]
        case "map_value":
            return {_value_of(entry.key): _value_of(entry.value) for entry in held.entries}
        case "object_value":
            return _object_of(held)
    return Foreign(name)


def _object_of(packed: Any) -> object:
    name = packed.type_url.rpartition("/")[2]
    if name == "google.protobuf.Timestamp":
        moment = timestamp_pb2.Timestamp.FromString(packed.value)
        return _EPOCH + timedelta(seconds=moment.seconds, microseconds=moment.nanos / 1000)
    if name == "google.protobuf.Duration":
        length = duration_pb2.Duration.FromString(packed.value)
        return timedelta(seconds=length.seconds, microseconds=length.nanos / 1000)
    return Foreign(name)


def _only_field(message: Any) -> tuple[str, Any]:
    [(field, held)] = message.ListFields()
    return field.name, held


def _pool() -> Any:
    pool = descriptor_pool.DescriptorPool()
    for module in _WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for package in _STRANGERS:
        stranger = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package)
        message = stranger.message_type.add(name="TestAllTypes")
        message.nested_type.add(name="NestedMessage")
        message.extension_range.add(start=1, end=2)
        pool.AddSerializedFile(stranger.SerializeToString())
    file = descriptor_pb2.FileDescriptorProto(name="cases.proto", package=_PACKAGE, syntax="proto2")
    file.dependency.extend(module.DESCRIPTOR.name for module in _WELL_KNOWN)
    for name, values in _ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for line in _MESSAGES.strip().splitlines():
        name, _, fields = line.partition(":")
        message = file.message_type.add(name=name)
        for number, field in enumerate(fields.split(","), start=1):
            _add_field(message, number, *field.split())
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(message: Any, number: int, type_: str, name: str) -> None:
    field = message.field.add(name=name, number=number, label=3 if type_.endswith("*") else 1)
    type_ = type_.rstrip("*")
    if type_ in _SCALARS:
        field.type = _SCALARS[type_]
        return
    field.type = 14 if type_ in _ENUMS else 11
    field.type_name = type_ if type_.startswith(".") else f".{_PACKAGE}.{type_}"
