"""What is wrong with one element beside its sources: keys of which one is to be chosen, bounds, choices,
pictures without words.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UnsetType

from ..cards.names import tag_of
from ..cards.values import INPUTS, compile_pattern
from ..documents import elements as written
from ..documents import inputs
from ..documents.cards import Element
from ..documents.problems import Pointer, Report, child
from ..documents.scalars import is_time_of_day
from ..errors import RuleError


def check_element(element: Element, report: Report, pointer: Pointer) -> None:
    match element:
        case written.Image() | written.Video() | written.Banner():
            _check_media(element, report, pointer)
        case written.Progress():
            _above_zero(report, pointer, element.max, "max")
        case written.Link():
            keys: dict[str, object] = {
                "url": element.url,
                "subview": element.subview,
                "payload": element.payload,
            }
            _choose_one(report, pointer, keys, is_needed=True)
        case written.Submit():
            _choose_one(report, pointer, {"url": element.url, "payload": element.payload}, is_needed=False)
        case inputs.InputBase():
            _check_input(element, report, pointer)
        case _:
            return


def _check_media(
    element: written.Image | written.Video | written.Banner, report: Report, pointer: Pointer
) -> None:
    if not element.alt:
        report.add("missing_alt", pointer, "There are no words for those who cannot see it.")
    if isinstance(element, written.Banner) and element.media == "image" and _given(element.thumbnail):
        report.add("has_no_effect", child(pointer, "thumbnail"), "Only a video has a thumbnail.", at_key=True)


def _check_input(element: inputs.InputBase, report: Report, pointer: Pointer) -> None:
    type = tag_of(element)
    for rule in element.messages:
        if rule != "required" and rule not in INPUTS[type].rules:
            message = f'No value of a "{type}" breaks the rule "{rule}".'
            report.add("has_no_effect", child(child(pointer, "messages"), rule), message, at_key=True)
    match element:
        case inputs.TextInput():
            _in_order(report, pointer, element.min_length, element.max_length, "min_length")
            _check_pattern(element, report, pointer)
        case inputs.NumberInput() | inputs.DateInput() | inputs.TimeInput():
            _in_order(report, pointer, element.min, element.max, "min")
        case inputs.Dropdown() | inputs.Radio() | inputs.Checkboxes():
            _check_options(element, report, pointer)
        case inputs.Stepper():
            _in_order(report, pointer, element.min, element.max, "min")
            _above_zero(report, pointer, element.step, "step")
            _check_default(report, pointer, element.default, element.min, element.max)
        case inputs.Rating():
            _check_default(report, pointer, element.default, 1, element.max)
        case inputs.FileUpload():
            report.add(
                "no_uploads", pointer, "This server takes no files yet: a file that is sent is refused."
            )
        case _:
            return


def _given(value: object) -> bool:
    return not isinstance(value, UnsetType)


def _choose_one(report: Report, pointer: Pointer, keys: dict[str, object], *, is_needed: bool) -> None:
    given = [key for key, value in keys.items() if _given(value)]
    words = " or ".join(f'"{key}"' for key in keys)
    if len(given) > 1:
        message = f"Only one of {words} can stand here."
        report.add("choose_one", child(pointer, given[-1]), message, at_key=True)
    elif is_needed and not given:
        report.add("choose_one", pointer, f"One of {words} is needed.")


def _in_order(report: Report, pointer: Pointer, lowest: object, highest: object, key: str) -> None:
    """Literal bounds only; computed ones are what they are."""
    if isinstance(lowest, (int, float)) and isinstance(highest, (int, float)):
        is_wrong = lowest > highest
    else:
        is_wrong = _is_time(lowest) and _is_time(highest) and str(lowest) > str(highest)
    if is_wrong:
        report.add("bad_bounds", child(pointer, key), f"{lowest} is more than {highest}.")


def _above_zero(report: Report, pointer: Pointer, value: object, key: str) -> None:
    if isinstance(value, (int, float)) and value <= 0:
        report.add("bad_bounds", child(pointer, key), "This must be more than 0.")


def _is_time(value: object) -> bool:
    return isinstance(value, str) and is_time_of_day(value)


def _check_default(
    report: Report, pointer: Pointer, default: object, lowest: object, highest: object
) -> None:
    """A literal default between literal bounds."""
    if not isinstance(default, (int, float)):
        return
    is_below = isinstance(lowest, (int, float)) and default < lowest
    if is_below or (isinstance(highest, (int, float)) and default > highest):
        report.add("bad_default", child(pointer, "default"), f"{default} lies outside the bounds.")


def _check_pattern(element: inputs.TextInput, report: Report, pointer: Pointer) -> None:
    if isinstance(element.pattern, str):
        try:
            compile_pattern(element.pattern)
        except RuleError as error:
            report.add(error.code, child(pointer, "pattern"), error.message)


def _check_options(
    element: inputs.Dropdown | inputs.Radio | inputs.Checkboxes, report: Report, pointer: Pointer
) -> None:
    values: list[object] = []
    for index, option in enumerate(element.options):
        if _is_among(option.value, values):
            place = child(child(child(pointer, "options"), index), "value")
            report.add("duplicate_id", place, "Another option has this value already.")
        values.append(option.value)
    if isinstance(element, inputs.Checkboxes):
        _in_order(report, pointer, element.min_checked, element.max_checked, "min_checked")
        _in_order(report, pointer, element.min_checked, len(values), "min_checked")
    chosen = element.default
    given = chosen if isinstance(chosen, list) else [] if isinstance(chosen, UnsetType) else [chosen]
    for value in given:
        if not _is_among(value, values) and not _is_computed(value):
            report.add("bad_default", child(pointer, "default"), f"{value!r} is none of the options.")


def _is_among(value: object, values: Iterable[object]) -> bool:
    """True is not 1 here."""
    return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in values)


def _is_computed(value: object) -> bool:
    return isinstance(value, str) and (value.startswith("=") or "{{" in value or "{%" in value)
