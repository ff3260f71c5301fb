"""Says in our words why the reference library refuses an expression, and where."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from ..errors import ExpressionError
from ..limits import EXPRESSION_DEPTH_MAX
from ..types import Scope, Shape
from .signatures import signatures

_REFUSAL = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_NO_FIELD = re.compile(r"undefined field '([^']*)' not found in struct 'record\.at_([\d_]+)'")
_NO_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_SELECTED = re.compile(r"expression of type '([^']*)' cannot be the operand of a select")
_TAKEN = re.compile(r"variable '([^']*)' declared multiple times")

_TYPE_NAMES = {
    "int": "a whole number",
    "double": "a number",
    "string": "a text",
    "bool": "true or false",
    "null_type": "null",
    "null": "null",
    "timestamp": "a datetime",
    "duration": "a duration",
    "dyn": "an untyped value",
    "list": "a list",
    "map": "an object",
    "record": "an object",
    "optional_type": "an optional value",
    "events": "events",
}
_OPERATORS = re.compile(r"_?(\W+)_|@(in)")
# What to write around the one so that it goes with the other.
_CONVERSIONS = {
    frozenset({"string", "int"}): "int(…) around the text or string(…) around the number",
    frozenset({"string", "double"}): "double(…) around the text or string(…) around the number",
    frozenset({"string", "bool"}): "string(…) around the bool",
    frozenset({"string", "timestamp"}): "timestamp(…) around the text or string(…) around the datetime",
    frozenset({"string", "duration"}): "duration(…) around the text",
    frozenset({"int", "double"}): "double(…) around the whole number, or int(…) around the other",
    frozenset({"int", "timestamp"}): "timestamp(…) around the number of seconds",
    frozenset({"double", "timestamp"}): "timestamp(int(…)) around the number of seconds",
    frozenset({"int", "bool"}): "a comparison such as … != 0",
}


def explain(text: str, source: str, scope: Scope) -> ExpressionError:
    """The error for the reference library's message `text`."""
    if "recursion" in text:
        why = f"The expression nests deeper than {EXPRESSION_DEPTH_MAX} levels; split it into variables."
        return ExpressionError("expression_too_deep", why, _deep_offset(source))
    if match := _TAKEN.search(text):
        why = f'CEL uses the name "{match[1]}" itself; call the value something else.'
        return ExpressionError("reserved_name", why, 0)
    found = _REFUSAL.search(text)
    if found is None:
        return ExpressionError("syntax_error", "This is not a CEL expression.", 0)
    offset = _offset(source, int(found[1]), int(found[2]))
    reason = found[3].removesuffix(" [INVALID_ARGUMENT]")
    if match := _UNDECLARED.search(reason):
        return _undeclared(match[1], source, offset, scope)
    if match := _NO_FIELD.search(reason):
        return _unknown_name("field", match[1], _fields_at(scope, match[2]), offset)
    if match := _NO_OVERLOAD.search(reason):
        types = [_plain(argument) for argument in _split(match[2][1:-1])]
        return mismatch(match[1], types, offset)
    if match := _SELECTED.search(reason):
        return ExpressionError("type_mismatch", f"{_type_name(match[1]).capitalize()} has no fields.", offset)
    if reason.startswith("Syntax error: "):
        return ExpressionError("syntax_error", _syntax(reason), offset)
    return ExpressionError("syntax_error", f"CEL refuses this: {reason}.", offset)


def _undeclared(name: str, source: str, offset: int, scope: Scope) -> ExpressionError:
    if source[offset : offset + 1] == "(":
        known = signatures(counts_events=scope.counts_events)
        if name in known:
            why = f"The function {name} takes another number of arguments: write {_forms(name, known[name])}."
            return ExpressionError("type_mismatch", why, max(offset - len(name), 0))
        return _unknown_name("function", name, known, max(offset - len(name), 0))
    if operator := _OPERATORS.fullmatch(name):
        return ExpressionError(
            "not_supported", f"There is no operator {operator[1] or operator[2]} here.", offset
        )
    root = name.removeprefix(".").split(".")[0]
    # The checker points at the last dot of a path, people look at its beginning.
    begin = source.rfind(root, 0, offset + len(root))
    return _unknown_name("name", root, scope.names, begin if begin >= 0 else offset)


def _forms(function: str, overloads: str) -> str:
    """How a function may be called."""
    forms = (overload.partition(":")[0].split("(") for overload in overloads.split())
    return " or ".join(f"{receiver}{function}({arguments}" for receiver, arguments in forms)


def _unknown_name(what: str, name: str, known: Iterable[str], offset: int) -> ExpressionError:
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return ExpressionError("unknown_name", f'There is no {what} "{name}" here{hint}', offset)


def _fields_at(scope: Scope, path: str) -> Iterable[str]:
    shape: Shape = scope.names
    for index in path.split("_"):
        assert isinstance(shape, Mapping), "only records are declared by their place"
        shape = sorted(shape.items())[int(index)][1]
    assert isinstance(shape, Mapping), "only records have fields"
    return shape


def mismatch(function: str, types: list[str], offset: int) -> ExpressionError:
    """The error that `function` does not take arguments of these `types`, as the checker calls them."""
    shown = " and ".join(_TYPE_NAMES.get(type_, type_) for type_ in types) or "nothing"
    operator = _OPERATORS.fullmatch(function)
    if function == "_?_:_" and types[0] not in ("bool", "dyn"):
        sentence, types = f"What stands before ? must be true or false, not {_TYPE_NAMES[types[0]]}", []
    elif function == "_?_:_":
        sentence = f"The two sides of ? : must be of one type, not {shown.split(' and ', 1)[-1]}"
        types = types[1:]
    elif function == "_[_]":
        hint = "; write a dot and the field's name" if types[0] == "record" else ""
        sentence = f"An index does not go with {shown}{hint}"
    elif operator:
        sentence = f"The operator {operator[1] or operator[2]} does not go with {shown}"
    else:
        sentence = f"The function {function} does not take {shown}"
    conversion = _CONVERSIONS.get(frozenset(types))
    return ExpressionError(
        "type_mismatch", f"{sentence}; write {conversion}." if conversion else f"{sentence}.", offset
    )


def _split(arguments: str) -> list[str]:
    """The arguments at the top level of a list of types."""
    parts, depth = [""], 0
    for character in arguments:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _plain(type_: str) -> str:
    """A type without what it holds: `wrapper(int)` is an int, `list(dyn)` a list."""
    if type_.startswith("wrapper("):
        type_ = type_[len("wrapper(") : -1]
    if type_.startswith("record."):
        return "record"
    short = type_.partition("(")[0]
    return {"google.protobuf.Timestamp": "timestamp", "google.protobuf.Duration": "duration"}.get(
        short, short
    )


def _type_name(type_: str) -> str:
    plain = _plain(type_)
    return _TYPE_NAMES.get(plain, plain)


def _syntax(reason: str) -> str:
    detail = reason.removeprefix("Syntax error: ").partition(" expecting ")[0]
    if "<EOF>" in detail:
        return "The expression ends too early."
    return f"This is not CEL: {detail}."


def _offset(source: str, line: int, column: int) -> int:
    if line < 1 or column < 1:
        return 0
    lines = source.split("\n")
    return min(sum(len(text) + 1 for text in lines[: line - 1]) + column - 1, len(source))


def _deep_offset(source: str) -> int:
    """Where brackets first stand too deep; 0 if something else nests."""
    depth = 0
    for offset, character in enumerate(source):
        depth += (character in "([{") - (character in ")]}")
        if depth > EXPRESSION_DEPTH_MAX - 1:
            return offset
    return 0
