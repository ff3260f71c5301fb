"""What is wrong with a document, where it stands, and what to do about it: the one table of codes.

A code decides the severity: errors refuse publishing (those of `load` the document itself), warnings do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

import msgspec

from ..limits import PROBLEM_COUNT_MAX


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`pointer` is RFC 6901; `line` and `column` count from 1 and are None for JSON."""

    severity: Severity
    code: str
    pointer: str
    line: int | None = None
    column: int | None = None
    message: str


ERRORS: Final[dict[str, str]] = {
    # The text itself
    "too_large": "Make the document smaller, or split it into several flows.",
    "bad_encoding": "Save the document as UTF-8.",
    "bad_yaml": "Correct the YAML at this place.",
    "bad_json": "Correct the JSON at this place.",
    "not_plain": "Write the value out: anchors, aliases, tags and several documents are not taken.",
    "duplicate_key": "Keep one of the two entries.",
    "bad_key": "Use a text as the key.",
    "bad_text": "Remove the characters that are no Unicode text.",
    "bad_number": "Use a finite number; write integers beyond 2^53 as text.",
    "too_deep": "Nest less.",
    # Its schema
    "wrong_type": "Give a value of the kind that the message names.",
    "unknown_key": "Remove the key, or spell it as the message proposes.",
    "missing_key": "Add the key.",
    "bad_value": "Use one of the values, or stay in the bounds, that the message names.",
    "unknown_type": "Use one of the types that the message names.",
    "not_supported_yet": "Do without it: this server does not run it.",
    # Its meaning
    "bad_name": "Use printable text within the bound that the message names.",
    "reserved_name": "Choose another name: this one, or its beginning, is the server's own.",
    "unknown_step": "Name a step of this flow.",
    "unknown_card": "Name a card template of this flow.",
    "unknown_variable": "Declare the variable under `variables`, or name one that is declared.",
    "unknown_notification": "Name a notification template of this flow.",
    "unknown_segment": "Name a segment that there is, or create it first.",
    "unknown_input": "Name an input of this decision table.",
    "unknown_button": "Name a button of the card.",
    "unknown_subview": "Name a subview of this card.",
    "unknown_element": "Name an element of this card by its id or name, or leave the entry out.",
    "bad_translation": "Give texts for what the card has, in the same structure.",
    "no_button": "Leave the button out, or give those actions an outcome of their own.",
    "read_only": "Write another field of the customer; tags have their own keys.",
    "wrong_step": "Name a step of the type that the message asks for.",
    "duplicate_id": "Give each its own id.",
    "choose_one": "Keep one of the keys that the message names.",
    "bad_default": "Give a default of the variable's type.",
    "bad_bounds": "Make the lower bound at most the upper one.",
    "bad_pattern": "Write the pattern in RE2 syntax.",
    "too_many_patterns": "Use string functions instead of patterns, or split the flow.",
    "bad_window": "Write the name and the period of the events out, as texts in quotes.",
    "reads_segments": "Say in this rule itself what the rule of the other segment says.",
    "bad_duration": "Write an ISO 8601 duration such as PT30M, P7D or P1M.",
    "bad_time": "Write an RFC 3339 time such as 2026-03-01T09:00:00Z.",
    "bad_cron": "Write minute, hour, day of the month, month and day of the week, such as `0 9 * * MON-FRI`.",
    "bad_moment": "Write a time, an expression, or a mapping with from, offset, local, days.",
    "bad_cell": "Write a literal, a comparison, a range such as [1..5], a list, or = and a condition.",
    "bad_link": "Use an https, http, mailto or tel address, or a deep link of the app.",
    "bad_schema": "Write a JSON Schema of draft 2020-12 that refers to nothing outside itself.",
    "unknown_zone": "Use an IANA time zone such as Europe/Berlin.",
    "unreachable": "Lead to the step with `next`, or remove it.",
    "busy_loop": "Put a wait into the loop, or another step that waits.",
    "join_in_loop": "Use `need: all`, or take the join out of the loop.",
    "never_run_before": "Lead through the step on a path to this one, or do not name it here.",
    "card_never_sent": "Send the card on a path that leads to this step, or do not name it here.",
    # What a script names, and what it expects
    "unknown_flow": "Name a flow that is there; list those that run beside the script's own under `flows`.",
    "unknown_trigger": "Name a trigger of the flow.",
    "bad_matcher": "Write one of the matchers that the message names, alone in its mapping.",
    # Its expressions and templates
    "syntax_error": "Correct the expression or template at this place.",
    "type_mismatch": "Convert one of the values as the message says, or compare it with another.",
    "not_a_condition": "Write what is true or false: a comparison, for example.",
    "not_an_expression": "Begin with = and write a CEL expression.",
    "not_a_value": "Write an expression that gives a value of JSON or a time.",
    "not_supported": "Write it with what the dialect has.",
    "expression_too_long": "Write less, or work a part of it out in a set step.",
    "expression_too_deep": "Work a part of it out in a set step.",
    "too_long": "Write less, or in several elements.",
    "unknown_name": "Use a name that exists here; the message names the nearest.",
}
WARNINGS: Final[dict[str, str]] = {
    "waits_forever": "Add an outcome of type time, a deadline, an exit, or `max_age`.",
    "maybe_missing": "Require the variable, give it a default, or ask for null.",
    "never_ends": "Give the card an expiry, a button that closes it, or cancel it.",
    "left_open": "Name the card's step under `close`, give the card an expiry, or cancel it on that way.",
    "next_not_taken": "Lead on with the keys that the message names, and remove this one.",
    "no_on_error": "Say under `on_error` where the flow goes on when the call fails.",
    "may_starve": "Wait longer, or add what was not sent: the statuses `dropped`, `failed`, `no_device`.",
    "row_never_matches": "Put the row before the one that the message names, or remove it.",
    "unverified": "Let the sender prove who it is, with another type of `auth`.",
    "missing_alt": "Say in `alt` what is to be seen.",
    "unreachable_subview": "Add a link with `subview`, or remove the subview.",
    "has_no_effect": "Remove it, or add what it belongs to.",
    "no_uploads": "Do without the file, and never require it, until this server takes uploads.",
    "unknown_event": "Correct the name, or add the event to the project's `event_schemas`.",
    "missing_name": "Nothing is printed here if the name is not there; check its spelling.",
}

Pointer = str


def child(pointer: Pointer, token: str | int) -> Pointer:
    """The pointer to an entry of what `pointer` points to (RFC 6901)."""
    text = token if isinstance(token, str) else str(token)
    return f"{pointer}/{text.replace('~', '~0').replace('/', '~1')}"


@dataclass(frozen=True, slots=True)
class Positions:
    """Where each value and each key of a YAML text stands, by pointer, as (line, column); empty for JSON."""

    values: Mapping[Pointer, tuple[int, int]] = field(default_factory=dict)
    keys: Mapping[Pointer, tuple[int, int]] = field(default_factory=dict)
    texts: Mapping[Pointer, tuple[int, int]] = field(default_factory=dict)
    """Where the first character of a text stands that is written as it is: in one line, without escapes."""

    def find(self, pointer: Pointer, *, at_key: bool = False) -> tuple[int | None, int | None]:
        """The place of `pointer`, or of the nearest thing around it that the text has."""
        while True:
            first, second = (self.keys, self.values) if at_key else (self.values, self.keys)
            place = first.get(pointer) or second.get(pointer)
            if place is not None:
                return place
            if not pointer:
                return None, None
            pointer = pointer.rpartition("/")[0]


class Report:
    """Collects the problems of one document, at most so many, each once."""

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self._problems: dict[tuple[str, str, str], Problem] = {}
        self.has_errors = False

    def add(
        self, code: str, pointer: Pointer, message: str, *, at_key: bool = False, offset: int | None = None
    ) -> None:
        """`offset` counts characters into the text at `pointer`."""
        line, column = self.positions.find(pointer, at_key=at_key)
        if offset:
            start = self.positions.texts.get(pointer)
            if start is None:
                message += f" (At character {offset + 1}.)"
            else:
                line, column = start[0], start[1] + offset
        severity = Severity.WARNING if code in WARNINGS else Severity.ERROR
        problem = Problem(
            severity=severity, code=code, pointer=pointer, line=line, column=column, message=message
        )
        is_first_error = severity is Severity.ERROR and not self.has_errors
        if len(self._problems) < PROBLEM_COUNT_MAX or is_first_error:
            self._problems.setdefault((code, pointer, message), problem)
        self.has_errors = self.has_errors or severity is Severity.ERROR

    def problems(self) -> tuple[Problem, ...]:
        """In the order of the text; for JSON in the order of finding."""
        found = self._problems.values()
        return tuple(sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0)))


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean "…"?` with the known word that looks most like `word`, or nothing."""
    found = get_close_matches(word[:64], list(known), n=1, cutoff=0.6)
    return f' Did you mean "{found[0]}"?' if found else ""
