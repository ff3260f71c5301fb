"""Turns what the reference checker gives back – a serialised `cel.expr.CheckedExpr` – into our tree.

Refuses what checks in CEL but has no meaning here: bytes, unsigned numbers, types as values, records
written in an expression, loops nested too deeply.
"""

from dataclasses import dataclass, field
from typing import NoReturn

from ..errors import ExpressionError
from ..limits import EXPRESSION_LOOP_DEPTH_MAX
from .refusals import mismatch
from .tree import Binding, Call, Constant, Entries, Entry, Items, Kind, Loop, Macro, Name, Node, Select
from .wire import Fields, double, message, messages, number, packed, raw, read_fields, text

_PRIMITIVES = {1: Kind.BOOL, 2: Kind.INT, 4: Kind.DOUBLE, 5: Kind.STRING}
_WELL_KNOWN = {1: Kind.DYN, 2: Kind.TIMESTAMP, 3: Kind.DURATION}
_MESSAGES = {
    "google.protobuf.Value": Kind.DYN,
    "google.protobuf.ListValue": Kind.LIST,
    "google.protobuf.Struct": Kind.MAP,
}
_ABSTRACT = {"optional_type": Kind.OPTIONAL, "events": Kind.EVENTS}

# Functions whose last two arguments are of one type, and the types that the checker confuses with null.
_ALIKE = ("_==_", "_!=_", "_?_:_")
_NULLABLE = frozenset({Kind.TIMESTAMP, Kind.DURATION})


def decode(serialized: bytes) -> Node:
    """The tree of one checked expression."""
    checked = read_fields(raw(read_fields(serialized), 2))
    positions = messages(message(checked, 5), 4)
    decoder = _Decoder(
        types={number(entry, 1): message(entry, 2) for entry in messages(checked, 3)},
        offsets={number(entry, 1): number(entry, 2) for entry in positions},
    )
    return decoder.node(message(checked, 4))


@dataclass(slots=True)
class _Decoder:
    types: dict[int, Fields]
    offsets: dict[int, int]
    # The variables of the loops around the present node, outermost first.
    variables: list[str] = field(default_factory=list)
    loop_depth: int = 0

    def node(self, expr: Fields) -> Node:
        offset = self.offsets.get(number(expr, 2), 0)
        if 9 in expr:
            return self._comprehension(offset, expr)
        if 8 in expr:
            return self._entries(offset, message(expr, 8))
        kind = self._kind(offset, self.types.get(number(expr, 2), {1: [b""]}))
        if 3 in expr:
            return self._constant(offset, message(expr, 3))
        if 4 in expr:
            name = text(message(expr, 4), 1)
            return Name(offset, kind, name.removeprefix("."), is_variable=name in self.variables)
        if 5 in expr:
            select = message(expr, 5)
            operand = self.node(message(select, 1))
            return Select(offset, kind, operand, text(select, 2), is_test=bool(number(select, 3)))
        if 6 in expr:
            return self._call(offset, kind, message(expr, 6))
        listed = message(expr, 7)
        items = tuple(self.node(item) for item in messages(listed, 1))
        return Items(offset, kind, items, frozenset(packed(listed, 2)))

    def _call(self, offset: int, kind: Kind, call: Fields) -> Call:
        receiver = [message(call, 1)] if 1 in call else []
        args = tuple(self.node(arg) for arg in (*receiver, *messages(call, 3)))
        function = text(call, 2)
        if function in _ALIKE:
            _check_alike(offset, function, args)
        if function == "_?_:_":
            kind = _chosen(kind, args)
        return Call(offset, kind, function, args)

    def _entries(self, offset: int, struct: Fields) -> Entries:
        if text(struct, 1):
            _refuse(offset, "Records cannot be written in an expression; write an object: {'field': value}.")
        entries = tuple(
            Entry(self.node(message(entry, 3)), self.node(message(entry, 4)), bool(number(entry, 5)))
            for entry in messages(struct, 2)
        )
        for entry in entries:
            if entry.key.kind not in (Kind.STRING, Kind.DYN):
                _refuse(entry.key.offset, "The keys of an object are texts; write string(…) around this one.")
        return Entries(offset, Kind.MAP, entries)

    def _constant(self, offset: int, constant: Fields) -> Constant:
        if 1 in constant:
            return Constant(offset, Kind.NULL, None)
        if 2 in constant:
            return Constant(offset, Kind.BOOL, bool(number(constant, 2)))
        if 3 in constant:
            return Constant(offset, Kind.INT, number(constant, 3))
        if 5 in constant:
            return Constant(offset, Kind.DOUBLE, double(constant, 5))
        # Bytes and unsigned numbers were refused for their type.
        return Constant(offset, Kind.STRING, text(constant, 6))

    def _kind(self, offset: int, type_: Fields) -> Kind:
        if 3 in type_ or 4 in type_:
            kind = _PRIMITIVES.get(number(type_, 3) or number(type_, 4))
            return kind or _refuse(offset, "There are no bytes and no unsigned numbers here.")
        if 5 in type_:
            return _WELL_KNOWN[number(type_, 5)]
        if 9 in type_:
            return _MESSAGES.get(text(type_, 9), Kind.RECORD)
        if 11 in type_:
            _refuse(offset, "This is the name of a type, not a value.")
        if 14 in type_:
            return _ABSTRACT[text(message(type_, 14), 1)]
        for number_, kind in ((2, Kind.NULL), (6, Kind.LIST), (7, Kind.MAP)):
            if number_ in type_:
                return kind
        return Kind.DYN

    # ── macros: recognised by the folds that they expand to ────────────────────────────────────────────

    def _comprehension(self, offset: int, expr: Fields) -> Node:
        kind = self._kind(offset, self.types.get(number(expr, 2), {1: [b""]}))
        fold = message(expr, 9)
        source = self.node(message(fold, 2))
        if _is_false(message(fold, 5)):
            return self._binding(offset, kind, fold)
        self.loop_depth += 1
        if self.loop_depth > EXPRESSION_LOOP_DEPTH_MAX:
            _refuse(
                offset,
                f"Loops may stand inside one another {EXPRESSION_LOOP_DEPTH_MAX} deep, not deeper.",
                code="expression_too_deep",
            )
        variable = text(fold, 1)
        self.variables.append(variable)
        macro, test, result = self._step(offset, text(fold, 3), message(fold, 6))
        self.variables.pop()
        self.loop_depth -= 1
        return Loop(offset, kind, macro, variable, source, test, result)

    def _step(self, offset: int, total: str, step: Fields) -> tuple[Macro, Node | None, Node | None]:
        """What one turn does: `total` is the name of the value that the fold carries along."""
        call = message(step, 6)
        function, args = text(call, 2), messages(call, 3)
        if function == "_&&_":
            return Macro.ALL, self.node(args[1]), None
        if function == "_||_":
            return Macro.EXISTS, self.node(args[1]), None
        test = None
        if function == "_?_:_":
            test = self.node(args[0])
            args = messages(message(args[1], 6), 3)
        if not args or text(message(args[0], 4), 1) != total:
            _refuse(offset, "This loop is not one of all, exists, exists_one, map and filter.")
        if 7 not in args[1]:
            return Macro.EXISTS_ONE, test, None
        return Macro.MAP, test, self.node(messages(message(args[1], 7), 1)[0])

    def _binding(self, offset: int, kind: Kind, fold: Fields) -> Binding:
        value = self.node(message(fold, 4))
        variable = text(fold, 3)
        self.variables.append(variable)
        result = self.node(message(fold, 7))
        self.variables.pop()
        return Binding(offset, kind, variable, value, result)


def _check_alike(offset: int, function: str, args: tuple[Node, ...]) -> None:
    """Refuses what the checker lets pass because to it datetimes and durations may stand for null."""
    kinds = {arg.kind for arg in args[-2:]}
    if kinds & _NULLABLE and len(kinds) > 1 and not kinds & {Kind.DYN, Kind.NULL}:
        raise mismatch(function, [arg.kind.value for arg in args], offset)


def _chosen(kind: Kind, args: tuple[Node, ...]) -> Kind:
    """The kind of a choice: beside null the checker takes a nullable field for untyped."""
    sides = {arg.kind for arg in args[1:]} - {Kind.NULL}
    return sides.pop() if len(sides) == 1 else kind


def _is_false(expr: Fields) -> bool:
    constant = message(expr, 3)
    return 2 in constant and not number(constant, 2)


def _refuse(offset: int, why: str, code: str = "not_supported") -> NoReturn:
    raise ExpressionError(code, why, offset)
