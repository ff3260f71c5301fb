"""What the generated code may call: the functions of our dialect and the helpers of its operators."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from . import access, events, lists, loops, operators, texts, times, values

# Functions of the dialect by their CEL name; each takes the budget first, then its CEL arguments.
FUNCTIONS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "int": times.to_int,
        "double": texts.to_double,
        "string": times.to_text,
        "bool": texts.to_bool,
        "timestamp": times.to_timestamp,
        "duration": times.to_duration,
        "size": lists.size,
        "contains": texts.contains,
        "startsWith": texts.starts_with,
        "endsWith": texts.ends_with,
        "lowerAscii": texts.lower_ascii,
        "upperAscii": texts.upper_ascii,
        "trim": texts.trim,
        "charAt": texts.char_at,
        "indexOf": texts.index_of,
        "substring": texts.substring,
        "replace": texts.replace,
        "split": texts.split,
        "join": texts.join,
        "sum": lists.total,
        "sort_by": lists.sort_by,
        "group_by": lists.group_by,
        **{name: times.part_getter(name) for name in times.PART_NAMES},
    }
)

# Functions that also need the zone in force.
ZONED: Mapping[str, Callable[..., object]] = MappingProxyType({"plus": times.plus, "local": times.local})

# Functions of rules about the past; they look into the context.
OF_EVENTS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {"count": events.count, "first": events.first, "last": events.last}
)

# Names of the generated code; what begins with `f_` is a function of the dialect.
NAMESPACE: Mapping[str, Any] = MappingProxyType(
    {
        "bool": bool,
        "len": len,
        **{f"f_{name}": function for name, function in {**FUNCTIONS, **ZONED, **OF_EVENTS}.items()},
        "Budget": values.Budget,
        "EMPTY": values.EMPTY,
        "NONE": values.NONE,
        "Optional": values.Optional,
        "add": operators.add,
        "all_of": loops.all_of,
        "any_of": loops.any_of,
        "both": loops.both,
        "checked_list": values.checked_list,
        "collected": loops.collected,
        "concat": operators.concat,
        "contained": operators.contained,
        "divide": operators.divide,
        "either": loops.either,
        "equal": operators.equal,
        "field": access.field,
        "greater": operators.greater,
        "greater_equal": operators.greater_equal,
        "has_field": access.has_field,
        "index": access.index,
        "less": operators.less,
        "less_equal": operators.less_equal,
        "listed": access.listed,
        "mapped_entries": access.mapped_entries,
        "mismatch": values.mismatch,
        "modulo": operators.modulo,
        "multiply": operators.multiply,
        "need_bool": values.need_bool,
        "negate": operators.negate,
        "one_of": loops.one_of,
        "optional_field": access.optional_field,
        "overflow": values.overflow,
        "patient_all_of": loops.patient_all_of,
        "patient_any_of": loops.patient_any_of,
        "record_field": access.record_field,
        "subtract": operators.subtract,
        "widen": values.widen,
        "zone_of": times.zone_of,
    }
)
