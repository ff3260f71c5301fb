"""Writes the Python that evaluates a checked tree.

The text consists of our own names, numbers and operators; every name, string and pattern of an author is
an object in the namespace of the code, never part of its text. There are two forms of the same tree:

- the fast one lets Python's operators work where static types make them mean what CEL means, and raises
  Python's own errors;
- the careful one calls a helper for everything, says at which character it failed, and gives `&&`, `||`,
  `all` and `exists` CEL's tolerance for errors. It runs only when the fast one failed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from ..errors import ExpressionError
from ..limits import EXPRESSION_LIST_ITEMS_MAX
from . import events
from .library import FUNCTIONS, OF_EVENTS, ZONED
from .patterns import compile_pattern
from .tree import (
    NUMBERS,
    Binding,
    Call,
    Constant,
    Entries,
    Items,
    Kind,
    Loop,
    Macro,
    Name,
    Node,
    Select,
    size,
)

# Nodes of a loop's body at the price of one step, beside the step for the turn itself.
_STEP_NODES = 8
# The budget in generated code, where no other name is as short.
_BUDGET = re.compile(r"\bb\b")
_DIRECT = frozenset({Kind.STRING, Kind.TIMESTAMP, Kind.DURATION})
_ARITHMETIC = {
    "_+_": ("+", "add(b, {0}, {1})"),
    "_-_": ("-", "subtract({0}, {1})"),
    "_*_": ("*", "multiply({0}, {1})"),
    "_/_": ("/", "divide({0}, {1})"),
    "_%_": ("%", "modulo({0}, {1})"),
}
_ORDER = {
    "_<_": ("<", "less({0}, {1})"),
    "_<=_": ("<=", "less_equal({0}, {1})"),
    "_>_": (">", "greater({0}, {1})"),
    "_>=_": (">=", "greater_equal({0}, {1})"),
}
_LOOPS = {Macro.ALL: "all_of", Macro.EXISTS: "any_of", Macro.EXISTS_ONE: "one_of"}


@dataclass(slots=True)
class Generator:
    """Writes one form of one tree; what the text refers to is in `constants`."""

    is_careful: bool
    constants: dict[str, object] = field(default_factory=dict)
    # Local names of the roots that are records, by root.
    roots: dict[str, str] = field(default_factory=dict)
    variables: dict[str, list[str]] = field(default_factory=dict)
    temporary_count: int = 0

    def function(self, node: Node, *, is_condition: bool) -> str:
        """The source of a function `evaluate(c)` of the context."""
        result = self.truth(node) if is_condition else self.code(node)
        lines = ["b = Budget()"] if _BUDGET.search(result) else []
        for root, local in self.roots.items():
            lines.append(f"{local} = {self._root(root)}")
            lines.append(f"if {local} is None: {local} = EMPTY")
        lines.append(f"return {result}")
        if self.is_careful:
            return "\n ".join(["def evaluate(c):", *lines])
        body = "\n  ".join([" try:", *lines])
        return f"def evaluate(c):\n{body}\n except failures:\n  return recover(c)"

    # ── nodes ──────────────────────────────────────────────────────────────────────────────────────────

    def code(self, node: Node) -> str:
        """An expression that gives the node's value; numbers of untyped data as they came."""
        match node:
            case Constant():
                return self.constant(node.value)
            case Name():
                return self._name(node)
            case Select():
                return self._located(node, self._select(node))
            case Call():
                return self._located(node, self._call(node))
            case Items():
                return self._items(node)
            case Entries():
                return self._entries(node)
            case Loop():
                return self._located(node, self._loop(node))
            case Binding():
                value = self.code(node.value)
                return f"{self._lambda(node.variable, lambda: self.code(node.result))}({value})"
        assert_never(node)

    def truth(self, node: Node) -> str:
        """An expression that is True or False and nothing else."""
        code = self.code(node)
        if _is_surely_bool(node):
            return code
        read = self.temporary()
        return f"(({read} := {code}) is True or ({read} is not False and need_bool({read})))"

    def number(self, node: Node) -> str:
        """An expression that calculates as the node's type says: doubles where data is untyped."""
        code = self.code(node)
        if node.kind not in (Kind.DOUBLE, Kind.DYN) or _is_settled(node):
            return code
        return f"widen({code})"

    def constant(self, value: object) -> str:
        if value is None or isinstance(value, bool):
            return str(value)
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def temporary(self) -> str:
        self.temporary_count += 1
        return f"t{self.temporary_count}"

    def _located(self, node: Node, code: str) -> str:
        return f"at({node.offset}, lambda: {code})" if self.is_careful else code

    def _lambda(self, variable: str, body: Callable[[], str]) -> str:
        local = f"v{sum(map(len, self.variables.values()))}_{self.temporary_count}"
        names = self.variables.setdefault(variable, [])
        names.append(local)
        code = body()
        names.pop()
        return f"(lambda {local}: {code})"

    # ── names and fields ───────────────────────────────────────────────────────────────────────────────

    def _name(self, node: Name) -> str:
        if node.is_variable:
            return self.variables[node.name][-1]
        if node.kind is Kind.RECORD:
            return self.roots.setdefault(node.name, f"r{len(self.roots)}")
        return self._root(node.name)

    def _root(self, name: str) -> str:
        """One that is missing reads null, which only the careful form has to know."""
        key = self.constant(name)
        return f"c.get({key})" if self.is_careful else f"c[{key}]"

    def _record(self, node: Node) -> str:
        """A record, empty where there is none, so that its fields read null."""
        if isinstance(node, Name) and not node.is_variable:
            return self._name(node)
        read = self.temporary()
        return f"({read} if ({read} := {self.code(node)}) is not None else EMPTY)"

    def _select(self, node: Select) -> str:
        name = self.constant(node.field)
        if node.operand.kind is Kind.RECORD:
            value = f"{self._record(node.operand)}.get({name})"
            return f"({value} is not None)" if node.is_test else value
        operand = self.code(node.operand)
        if node.is_test:
            return f"has_field({operand}, {name})"
        if self.is_careful or node.operand.kind is Kind.OPTIONAL:
            return f"field({operand}, {name})"
        return f"{operand}[{name}]"

    # ── literals and loops ─────────────────────────────────────────────────────────────────────────────

    def _items(self, node: Items) -> str:
        items = ", ".join(self.code(item) for item in node.items)
        if node.optional:
            return self._located(node, f"listed(b, [{items}], {self.constant(node.optional)})")
        return f"[{items}]"

    def _entries(self, node: Entries) -> str:
        entries = ", ".join(
            f"({self.code(entry.key)}, {self.code(entry.value)}, {entry.is_optional})"
            for entry in node.entries
        )
        return self._located(node, f"mapped_entries(b, [{entries}])")

    def _loop(self, node: Loop) -> str:
        source = self.code(node.source)
        weight = 1 + (size(node) - size(node.source)) // _STEP_NODES
        test = "None"
        if (condition := node.test) is not None:
            test = self._lambda(node.variable, lambda: self.truth(condition))
        if node.macro is not Macro.MAP:
            patient = "patient_" if self.is_careful and node.macro is not Macro.EXISTS_ONE else ""
            return f"{patient}{_LOOPS[node.macro]}(b, {weight}, {source}, {test})"
        result = "None"
        if (made := node.result) is not None and not (isinstance(made, Name) and made.name == node.variable):
            result = self._lambda(node.variable, lambda: self.code(made))
        return f"collected(b, {weight}, {source}, {test}, {result})"

    # ── operators ──────────────────────────────────────────────────────────────────────────────────────

    def _call(self, node: Call) -> str:
        function, args = node.function, node.args
        if function in ("_&&_", "_||_"):
            return self._junction(function, *args)
        if function == "!_":
            return f"(not {self.truth(args[0])})"
        if function == "_?_:_":
            return f"({self.code(args[1])} if {self.truth(args[0])} else {self.code(args[2])})"
        if function in ("_==_", "_!=_"):
            equal = self._equal(*args)
            return f"(not {equal})" if function == "_!=_" else equal
        if function in _ORDER:
            return self._order(function, *args)
        if function in _ARITHMETIC:
            return self._arithmetic(function, *args)
        if function == "@in":
            return self._contained(*args)
        return self._function(node)

    def _junction(self, function: str, left: Node, right: Node) -> str:
        if self.is_careful:
            name = "both" if function == "_&&_" else "either"
            return f"{name}(b, lambda: {self.truth(left)}, lambda: {self.truth(right)})"
        return f"({self.truth(left)} {'and' if function == '_&&_' else 'or'} {self.truth(right)})"

    def _equal(self, left: Node, right: Node) -> str:
        kinds = {left.kind, right.kind}
        a, b = self.code(left), self.code(right)
        if Kind.NULL in kinds or (kinds <= {Kind.BOOL, Kind.DYN} and Kind.BOOL in kinds):
            return f"({a} is {b})"
        if kinds <= NUMBERS or kinds & _DIRECT or _is_telling(left) or _is_telling(right):
            return f"({a} == {b})"
        if kinds <= NUMBERS | {Kind.DYN} and len(kinds) > 1:
            read, known = (b, a) if right.kind is Kind.DYN else (a, b)
            name = self.temporary()
            return f"(({name} := {read}) == {known} and {name}.__class__ is not bool)"
        return f"equal(b, {a}, {b})"

    def _order(self, function: str, left: Node, right: Node) -> str:
        operator, helper = _ORDER[function]
        kinds = {left.kind, right.kind}
        a, b = self.code(left), self.code(right)
        if self.is_careful or not (kinds <= NUMBERS or kinds & _DIRECT or kinds & NUMBERS):
            return helper.format(a, b)
        if Kind.DYN not in kinds or kinds & _DIRECT:
            return f"({a} {operator} {b})"
        name = self.temporary()
        if left.kind is Kind.DYN:
            return (
                f"({name} {operator} {b} if ({name} := {a}).__class__ is not bool else mismatch({name}, {b}))"
            )
        return f"({a} {operator} {name} if ({name} := {b}).__class__ is not bool else mismatch({a}, {name}))"

    def _arithmetic(self, function: str, left: Node, right: Node) -> str:
        operator, helper = _ARITHMETIC[function]
        kinds = {left.kind, right.kind}
        a, b = self.number(left), self.number(right)
        if not self.is_careful and kinds == {Kind.INT} and operator in "+-*":
            name = self.temporary()
            fits = f"-9223372036854775808 <= ({name} := {a} {operator} {b}) <= 9223372036854775807"
            return f"({name} if {fits} else overflow())"
        if not self.is_careful and kinds <= NUMBERS and operator in "+-*":
            return f"({a} {operator} {b})"
        if not self.is_careful and kinds == {Kind.STRING}:
            return f"concat(b, {a}, {b})"
        return helper.format(a, b)

    def _contained(self, needle: Node, haystack: Node) -> str:
        a = self.code(needle)
        if isinstance(haystack, Items) and haystack.items and all(map(_is_text, haystack.items)):
            # A tuple and not a set: an untyped needle need not hash.
            values = tuple(item.value for item in haystack.items if isinstance(item, Constant))
            return f"({a} in {self.constant(values)})"
        b = self.code(haystack)
        if not self.is_careful and needle.kind is Kind.STRING:
            if haystack.kind is Kind.MAP:
                return f"({a} in {b})"
            # Once, Python may look through as many items as a list may have; in a loop each is paid for.
            if haystack.kind is Kind.LIST and not any(self.variables.values()):
                items = self.temporary()
                fits = f"len({items} := {b}) <= {EXPRESSION_LIST_ITEMS_MAX}"
                return f"({a} in {items} if {fits} else checked_list({items}))"
        return f"contained(b, {a}, {b})"

    # ── functions ──────────────────────────────────────────────────────────────────────────────────────

    def _function(self, node: Call) -> str:
        function, args = node.function, node.args
        if function in FUNCTIONS or function in ZONED:
            zone = "zone_of(c), " if function in ZONED else ""
            return f"f_{function}({zone}{', '.join(['b', *map(self.code, args)])})"
        if function == events.FUNCTION:
            return self.constant(events.window_of(node))
        if function in OF_EVENTS:
            return f"f_{function}(c, {self.code(args[0])})"
        match function, args:
            case "-_", (value,):
                return f"negate({self.number(value)})"
            case "dyn", (value,):
                return self.number(value)
            case "matches", (value, pattern):
                return self._matches(value, pattern)
            case "_[_]", (value, key):
                return self._index(value, key)
        return self._optional(node)

    def _matches(self, value: Node, pattern: Node) -> str:
        if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
            raise ExpressionError(
                "bad_pattern", "A pattern must be written out here, as a text in quotes.", pattern.offset
            )
        compiled = compile_pattern(pattern.value, pattern.offset)
        return f"{self.constant(compiled.matches)}(b, {self.code(value)})"

    def _index(self, value: Node, key: Node) -> str:
        a, b = self.code(value), self.code(key)
        if not self.is_careful and value.kind is Kind.MAP and key.kind is Kind.STRING:
            return f"{a}[{b}]"
        if _is_text(key):
            return f"field({a}, {b})"
        return f"index({a}, {b})"

    def _optional(self, node: Call) -> str:
        read = self.temporary()
        match node.function, node.args:
            case "optional.none", ():
                return "NONE"
            case "optional.of", (value,):
                return f"Optional({self.code(value)})"
            case (("_?._" | "_[?_]"), (value, key)):
                if value.kind is Kind.RECORD:
                    return f"record_field({self._record(value)}.get({self.code(key)}))"
                return f"optional_field({self.code(value)}, {self.code(key)})"
            case "hasValue", (value,):
                return f"{self.code(value)}.is_present"
            case "orValue", (value, other):
                return f"({read}.value if ({read} := {self.code(value)}).is_present else {self.code(other)})"
            case "or", (value, other):
                return f"({read} if ({read} := {self.code(value)}).is_present else {self.code(other)})"
            case "value", (value,):
                return f"({read}.value if ({read} := {self.code(value)}).is_present else mismatch({read}))"
        raise ExpressionError(
            "not_supported", f'The function "{node.function}" is not supported.', node.offset
        )


# Functions and operators that give a bool or fail.
_BOOLEAN = frozenset(
    {"_&&_", "_||_", "!_", "_==_", "_!=_", "@in", "contains", "startsWith", "endsWith", "matches", "bool"}
    | {"hasValue", *_ORDER}
)


def _is_surely_bool(node: Node) -> bool:
    match node:
        case Constant():
            return node.kind is Kind.BOOL
        case Select():
            return node.is_test
        case Call():
            return node.function in _BOOLEAN
        case Loop():
            return node.macro is not Macro.MAP
    return False


def _is_settled(node: Node) -> bool:
    """Whether the node's numbers are what they are, and not those of untyped data."""
    if isinstance(node, Call):
        known = node.function in FUNCTIONS and node.kind is not Kind.DYN
        return known or node.function in _ARITHMETIC or node.function in ("-_", "dyn")
    return isinstance(node, Constant)


def _is_telling(node: Node) -> bool:
    """Whether Python's == with this constant is CEL's: no bool equals it."""
    return isinstance(node, Constant) and node.value not in (0, 1)


def _is_text(node: Node) -> bool:
    return isinstance(node, Constant) and node.kind is Kind.STRING
