"""What one input takes: the check of a submitted value against the rules of its input (flow format §7.2).

Rules are those of the rendered element, so that app and server have the same. `Wrong` names the rule that a
value breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple, TypeAlias

from ..conditions import Condition, compile_condition
from ..documents.scalars import is_date, is_time_of_day, is_unicode
from ..errors import RuleError
from ..limits import INTEGER_MAX, VALUE_BYTES_MAX, VALUE_CHARS_MAX
from ..types import Scope, Type

Rules: TypeAlias = Mapping[str, object]

# Sums of decimal steps miss by a few units in the last place.
_STEP_LEEWAY: Final = 1e-6


class Wrong(Exception):
    """A value breaks one rule: the rule's name, and what to say unless the author says it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule, message)
        self.rule = rule
        self.message = message


def check_value(rules: Rules, value: object) -> object:
    """The cleaned value; None when there is none and none is needed. Raises Wrong."""
    is_missing = value is None or value == "" or value == []
    if is_missing or (value is False and rules["type"] == "switch"):
        if rules.get("required"):
            raise Wrong("required", "This is needed.")
        if is_missing:
            return None
    return INPUTS[str(rules["type"])].check(rules, value)


def _text(rules: Rules, value: object) -> str:
    if not isinstance(value, str) or not is_unicode(value) or "\0" in value:
        raise Wrong("type", "This must be text.")
    length_max = rules.get("max_length", VALUE_CHARS_MAX)
    assert isinstance(length_max, int)
    if len(value) > length_max or len(value.encode()) > VALUE_BYTES_MAX:
        raise Wrong("max_length", f"This may have at most {length_max} characters.")
    length_min = rules.get("min_length")
    if isinstance(length_min, int) and len(value) < length_min:
        raise Wrong("min_length", f"This must have at least {length_min} characters.")
    pattern = rules.get("pattern")
    if isinstance(pattern, str) and not matches(pattern, value):
        raise Wrong("pattern", "This does not have the right form.")
    return value


def _number(rules: Rules, value: object) -> float:
    number = _any_number(value)
    lowest, highest = rules.get("min"), rules.get("max")
    if isinstance(lowest, (int, float)) and number < lowest:
        raise Wrong("min", f"This must be at least {lowest:g}.")
    if isinstance(highest, (int, float)) and number > highest:
        raise Wrong("max", f"This may be at most {highest:g}.")
    return number


def _any_number(value: object) -> float:
    """Expressions know submitted numbers as doubles, whatever the app's language wrote."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Wrong("type", "This must be a number.")
    if not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise Wrong("type", "This number is too large.")
    return float(value)


def _stepper(rules: Rules, value: object) -> float:
    start, step = rules.get("min", 0), rules["step"]
    assert isinstance(start, (int, float))
    assert isinstance(step, (int, float))
    number = _number({**rules, "min": start}, value)
    _on_a_step(number - start, step, f"{step:g} at a time, from {start:g}")
    return number


def _rating(rules: Rules, value: object) -> float:
    number = _number({**rules, "min": 1}, value)
    _on_a_step(number, 1, "whole")
    return number


def _on_a_step(way: float, step: float, words: str) -> None:
    steps = way / step
    if not isfinite(steps) or abs(steps - round(steps)) > _STEP_LEEWAY:
        raise Wrong("step", f"This must be {words}.")


def _switch(rules: Rules, value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong("type", "This must be true or false.")
    return value


def _date(rules: Rules, value: object) -> str:
    if not isinstance(value, str) or not is_date(value):
        raise Wrong("type", "This must be a date such as 2026-03-01.")
    return _between(rules, value)


def _time(rules: Rules, value: object) -> str:
    if not isinstance(value, str) or not is_time_of_day(value):
        raise Wrong("type", "This must be a time such as 09:30.")
    _between(rules, value)
    step, start = rules.get("step"), rules.get("min", "00:00")
    if isinstance(step, int) and (_minutes(value) - _minutes(str(start))) % step:
        raise Wrong("step", f"This must be every {step} minutes from {start}.")
    return value


def _minutes(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def _between(rules: Rules, value: str) -> str:
    """Dates and times of their forms sort as they fall."""
    lowest, highest = rules.get("min"), rules.get("max")
    if isinstance(lowest, str) and value < lowest:
        raise Wrong("min", f"This must be {lowest} or later.")
    if isinstance(highest, str) and value > highest:
        raise Wrong("max", f"This must be {highest} or earlier.")
    return value


def _choice(rules: Rules, value: object) -> object:
    """The option as it is declared; true is not 1."""
    options = rules["options"]
    assert isinstance(options, list)
    for option in options:
        if option == value and isinstance(option, bool) == isinstance(value, bool):
            return option
    raise Wrong("options", "This is none of the options.")


def _choices(rules: Rules, value: object) -> list[object]:
    if not isinstance(value, list):
        raise Wrong("type", "This must be a list of choices.")
    options = rules["options"]
    assert isinstance(options, list)
    if len(value) > len(options):
        raise Wrong("options", "There are more choices here than options.")
    chosen = [_choice(rules, item) for item in value]
    if any(item in chosen[:index] for index, item in enumerate(chosen)):
        raise Wrong("options", "A choice stands here twice.")
    fewest, most = rules.get("min_checked"), rules.get("max_checked")
    if isinstance(fewest, int) and len(chosen) < fewest:
        raise Wrong("min_checked", f"Choose at least {fewest}.")
    if isinstance(most, int) and len(chosen) > most:
        raise Wrong("max_checked", f"Choose at most {most}.")
    return chosen


def _file(rules: Rules, value: object) -> object:
    """Files are named by the id that uploading them gave, and nothing gives one yet."""
    if not isinstance(value, str):
        raise Wrong("type", "This must be the id of an uploaded file.")
    raise Wrong("upload", "There is no such upload: this server takes no files yet.")


class Kind(NamedTuple):
    """How the value of an input is checked, and which rules beside `required` it can break."""

    check: Callable[[Rules, object], object]
    rules: tuple[str, ...]


INPUTS: Final[Mapping[str, Kind]] = {
    "text_input": Kind(_text, ("type", "min_length", "max_length", "pattern")),
    "number_input": Kind(_number, ("type", "min", "max")),
    "date_input": Kind(_date, ("type", "min", "max")),
    "time_input": Kind(_time, ("type", "min", "max", "step")),
    "dropdown": Kind(_choice, ("options",)),
    "radio": Kind(_choice, ("options",)),
    "checkboxes": Kind(_choices, ("type", "options", "min_checked", "max_checked")),
    "switch": Kind(_switch, ("type",)),
    "stepper": Kind(_stepper, ("type", "min", "max", "step")),
    "rating": Kind(_rating, ("type", "min", "max", "step")),
    "file_upload": Kind(_file, ("type", "upload", "accept", "max_bytes")),
}


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text has the form of the pattern: RE2 syntax, in time linear in the text."""
    return compile_pattern(pattern).holds({"text": text})


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Condition:
    """RuleError `bad_pattern` unless it is RE2: `matches` of conditions is our one bounded engine."""
    quoted = f"^(?:{pattern})$".replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    try:
        compiled = compile_condition(f'text.matches("{quoted}")', Scope({"text": Type.STRING}))
        compiled.holds({"text": ""})
    except RuleError as error:
        raise RuleError("bad_pattern", f"The pattern is not RE2: {error.message}") from error
    return compiled
