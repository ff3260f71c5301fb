"""Parses and type-checks expressions with the reference library, in an environment made from a scope.

A record becomes a protobuf message whose scalar fields are nullable, so that the checker itself knows
every field, refuses a wrong one, and lets `== null` stand.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import TypeAlias

from cel_expr_python import cel
from google.protobuf import (  # type: ignore[import-untyped] # stubs would be one more dependency
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

from ..errors import ExpressionError
from ..limits import EXPRESSION_SOURCE_BYTES_MAX, EXPRESSION_WRITTEN_OUT_BYTES_MAX
from ..types import Scope, Shape, Type
from .refusals import explain
from .signatures import environment_yaml

# A shape that can be hashed: the key under which an environment is kept.
_Frozen: TypeAlias = "Type | tuple[tuple[str, _Frozen], ...]"

# Flows that live on one server have few different scopes, but each step that adds `event` makes one more.
_ENVIRONMENTS_MAX = 256

_OPTIONAL_MAP = re.compile(r"\bopt(Flat)?Map\b")
_PACKAGE = "record"
_WELL_KNOWN = (wrappers_pb2, struct_pb2, timestamp_pb2, duration_pb2)
_FIELD_TYPES = {
    Type.BOOL: "BoolValue",
    Type.INT: "Int64Value",
    Type.DOUBLE: "DoubleValue",
    Type.STRING: "StringValue",
    Type.TIMESTAMP: "Timestamp",
    Type.DURATION: "Duration",
    Type.LIST: "ListValue",
    Type.OBJECT: "Struct",
    Type.DYN: "Value",
}


def check(source: str, scope: Scope) -> bytes:
    """The checked expression, serialised; ExpressionError if it is not one."""
    encoded = source.encode(errors="replace")
    if len(encoded) > EXPRESSION_SOURCE_BYTES_MAX:
        raise ExpressionError(
            "expression_too_long", f"An expression has at most {EXPRESSION_SOURCE_BYTES_MAX} bytes.", offset=0
        )
    if "\0" in source or any("\ud800" <= character <= "\udfff" for character in source):
        raise ExpressionError("syntax_error", "There is a character here that is no text.", offset=0)
    maps = list(_OPTIONAL_MAP.finditer(source))
    if len(encoded) << len(maps) > EXPRESSION_WRITTEN_OUT_BYTES_MAX:
        fits = EXPRESSION_WRITTEN_OUT_BYTES_MAX >> len(maps)
        why = f"Each optMap and optFlatMap halves how long an expression may be: this one, {fits} bytes."
        raise ExpressionError("expression_too_deep", why, offset=maps[-1].start())
    environment = scope.kept.get("environment")
    if not isinstance(environment, cel.Env):
        environment = scope.kept["environment"] = _environment(_freeze(scope.names), scope.counts_events)
    try:
        return bytes(environment.compile(source).serialize())
    except RuntimeError as error:
        raise explain(str(error), source, scope) from error


def _freeze(names: Mapping[str, Shape]) -> tuple[tuple[str, _Frozen], ...]:
    return tuple(
        (name, shape if isinstance(shape, Type) else _freeze(shape)) for name, shape in sorted(names.items())
    )


@lru_cache(maxsize=_ENVIRONMENTS_MAX)
def _environment(names: tuple[tuple[str, _Frozen], ...], counts_events: bool) -> cel.Env:
    pool = descriptor_pool.DescriptorPool()
    for module in _WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(name="scope.proto", package=_PACKAGE, syntax="proto2")
    file.dependency.extend(module.DESCRIPTOR.name for module in _WELL_KNOWN)
    # The roots are the fields of one record more, because there a scalar can be null too.
    variables = {name: cel.Type(type_name.lstrip(".")) for name, type_name in _declare(file, "at", names)}
    pool.AddSerializedFile(file.SerializeToString())
    return cel.NewEnv(pool, config=_config(counts_events), variables=variables)


def _declare(
    file: descriptor_pb2.FileDescriptorProto, path: str, names: tuple[tuple[str, _Frozen], ...]
) -> Iterator[tuple[str, str]]:
    """The names with their protobuf types; the messages of those that are records are added to `file`."""
    for index, (name, shape) in enumerate(names):
        if isinstance(shape, Type):
            yield name, f".google.protobuf.{_FIELD_TYPES[shape]}"
            continue
        here = f"{path}_{index}"
        fields = list(_declare(file, here, shape))
        record = file.message_type.add(name=here)
        # Without this the library warns of `fooBar` beside `foo_bar`, whose JSON names would be the same.
        record.options.deprecated_legacy_json_field_conflicts = True
        for number, (field, type_name) in enumerate(fields, start=1):
            # Names that CEL cannot write after a dot cannot be reached, so they need no declaration.
            if field.isidentifier() and field.isascii():
                record.field.add(name=field, number=number, label=1, type=11, type_name=type_name)
        yield name, f".{_PACKAGE}.{here}"


@cache
def _config(counts_events: bool) -> cel.EnvConfig:
    return cel.NewEnvConfigFromYaml(environment_yaml(counts_events=counts_events))
