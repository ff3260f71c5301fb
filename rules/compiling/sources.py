"""Compiles what a document holds as text – conditions, values, templates, times – and reports all refusals.

Each answer can be used: where a source is refused, another that fits stands in for it, so that compiling goes
on and finds the next problem. A flow with an error is never given out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from ..calendar.durations import Duration, parse_duration
from ..calendar.moments import Moment, compile_moment
from ..conditions import Condition, Expression, compile_condition, compile_expression
from ..documents.problems import Pointer, Report, child
from ..errors import ExpressionError, RuleError
from ..model import Variable
from ..text.links import Link, compile_link
from ..text.texts import Text, compile_text
from ..types import Scope
from ..values import Value, compile_equals, compile_value, is_expression
from ..variables import check_fits

Compiled = TypeVar("Compiled")

_EMPTY = Scope({})
# What goes by the customer's locale or zone, beside what names the customer.
_BY_SETTING = re.compile(r"\|\s*(money|number|date|plural)\b|\b(local|plus)\s*\(")

# What an author writes who knows that there may be no value.
_CAREFUL = re.compile(
    r"^=\s*[\w.]+\s*$|[!=]=\s*null\b|\bnull\s*[!=]=|\bhas\s*\(|\.\?|\{%-?\s*(if|unless|case)\b|\|\s*default\b"
)


class Sources:
    """One document's sources. `reads` gathers the names that they read, each with the places that do;
    `needs_setting` says whether any goes by the customer's locale or zone."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.reads: dict[str, dict[Pointer, None]] = {}
        self._careful: set[Pointer] = set()
        self.needs_setting = False

    def condition(self, source: str, scope: Scope, pointer: Pointer) -> Condition:
        found = self._attempt(lambda: compile_condition(source, scope), pointer, source)
        if found is None:
            return _stand_in_condition()
        self._note(found.reads, pointer)
        return found

    def equals(self, source: str, scope: Scope, pointer: Pointer) -> Expression:
        """What only an expression can give: `=` and the expression."""
        if not is_expression(source):
            self.report.add("not_an_expression", pointer, f'Write "={source.lstrip("= ")[:64]}": = and CEL.')
            return _stand_in_expression()
        found = self._attempt(lambda: compile_equals(source, scope), pointer, source)
        if found is None:
            return _stand_in_expression()
        self._note(found.reads, pointer)
        return found

    def expression(self, source: str, scope: Scope, pointer: Pointer) -> Expression:
        """CEL without the `=`, where the format asks for an expression."""
        found = self._attempt(lambda: compile_expression(source, scope), pointer, source)
        if found is None:
            return _stand_in_expression()
        self._note(found.reads, pointer)
        return found

    def value(self, raw: object, scope: Scope, pointer: Pointer) -> Value:
        """A literal with templates and expressions in it, at any depth."""
        try:
            found = compile_value(raw, scope)
        except RuleError as error:
            self._refuse_inside(raw, scope, pointer, error)
            return _stand_in_value()
        self._note(found.reads, pointer)
        self._note_sources(raw, pointer)
        return found

    def variable_value(self, variable: Variable | None, raw: object, scope: Scope, pointer: Pointer) -> Value:
        """A value for the variable, if there is such a one."""
        value = self.value(raw, scope, pointer)
        try:
            if variable is not None:
                check_fits(variable, value)
        except RuleError as error:
            self.refuse(error, pointer)
        return value

    def places(self, name: str) -> list[Pointer]:
        """Where the name, or something inside it, is read."""
        return [
            pointer
            for read, pointers in self.reads.items()
            if read == name or read.startswith(f"{name}.")
            for pointer in pointers
        ]

    def is_careful(self, pointer: Pointer) -> bool:
        """Whether what stands there, or the `when` beside it, asks for null or hands it on."""
        beside = child(pointer.rpartition("/")[0], "when")
        return pointer in self._careful or beside in self._careful

    def text(
        self, source: str, scope: Scope, pointer: Pointer, *, markdown: bool, runtime: frozenset[str]
    ) -> Text:
        found = self._attempt(
            lambda: compile_text(source, scope, markdown=markdown, runtime=runtime), pointer, source
        )
        if found is None:
            return _stand_in_text()
        self._note(found.reads, pointer)
        return found

    def link(self, source: str, scope: Scope, pointer: Pointer) -> Link:
        found = self._attempt(lambda: compile_link(source, scope), pointer, source)
        if found is None:
            return _stand_in_link()
        self._note(found.reads, pointer)
        return found

    def moment(self, raw: object, scope: Scope, pointer: Pointer) -> Moment:
        found = self._attempt(lambda: compile_moment(raw, scope), pointer, raw)
        if found is None:
            return _stand_in_moment()
        self._note(found.reads, pointer)
        # Days and local times are those of a zone.
        self.needs_setting = self.needs_setting or isinstance(raw, dict)
        return found

    def duration(self, text: str, pointer: Pointer) -> Duration:
        found = self._attempt(lambda: parse_duration(text), pointer, text)
        if found is None:
            return _stand_in_duration()
        if found.is_negative:
            self.report.add("bad_duration", pointer, f'"{text}" lies in the past.')
        self.needs_setting = self.needs_setting or not found.is_exact
        return found

    def _attempt(self, compile: Callable[[], Compiled], pointer: Pointer, source: object) -> Compiled | None:
        try:
            compiled = compile()
        except RuleError as error:
            self.refuse(error, pointer)
            return None
        self._note_sources(source, pointer)
        return compiled

    def refuse(self, error: RuleError, pointer: Pointer) -> None:
        offset = error.offset if isinstance(error, ExpressionError) else None
        self.report.add(error.code, pointer, error.message, offset=offset)

    def _refuse_inside(self, raw: object, scope: Scope, pointer: Pointer, error: RuleError) -> None:
        """Report the texts in `raw` that cannot be compiled by themselves; else `raw` itself."""
        if not self._refuse_texts(raw, scope, pointer):
            self.refuse(error, pointer)

    def _refuse_texts(self, raw: object, scope: Scope, pointer: Pointer) -> bool:
        """Each text is compiled once, however deep it stands: whether one was refused."""
        if isinstance(raw, str):
            try:
                compile_value(raw, scope)
            except RuleError as error:
                self.refuse(error, pointer)
                return True
        entries = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
        refused = [self._refuse_texts(entry, scope, child(pointer, token)) for token, entry in entries]
        return any(refused)

    def _note(self, reads: frozenset[str], pointer: Pointer) -> None:
        for name in reads:
            self.reads.setdefault(name, {})[pointer] = None

    def _note_sources(self, source: object, pointer: Pointer) -> None:
        if isinstance(source, str):
            self.needs_setting = self.needs_setting or _BY_SETTING.search(source) is not None
            if _CAREFUL.search(source):
                self._careful.add(pointer)
        elif isinstance(source, dict):
            for entry in source.values():
                self._note_sources(entry, pointer)
        elif isinstance(source, list):
            for entry in source:
                self._note_sources(entry, pointer)


@cache
def _stand_in_condition() -> Condition:
    return compile_condition("false", _EMPTY)


@cache
def _stand_in_expression() -> Expression:
    return compile_expression("null", _EMPTY)


@cache
def _stand_in_value() -> Value:
    return compile_value(None, _EMPTY)


@cache
def _stand_in_text() -> Text:
    return compile_text("", _EMPTY, markdown=False, runtime=frozenset())


@cache
def _stand_in_link() -> Link:
    return compile_link("https://example.org", _EMPTY)


@cache
def _stand_in_moment() -> Moment:
    return compile_moment("2000-01-01T00:00:00Z", _EMPTY)


@cache
def _stand_in_duration() -> Duration:
    return parse_duration("PT0S")
