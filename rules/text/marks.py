"""Marks: what stands in a text for a value until the text around it has been parsed.

A value thus never takes part in the parsing, whatever it contains. A mark is a number between two code points
that Unicode keeps for such inner uses; sources that contain them are refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import EvaluationError, ExpressionError
from ..limits import RENDERED_BYTES_MAX

_OPEN, CLOSE = "\ufdd0", "\ufdd1"
_MARK = re.compile(f"{_OPEN}([0-9]+){CLOSE}")


@dataclass(frozen=True, slots=True)
class Runtime:
    """A variable that the app fills in when it shows the text."""

    name: str


@dataclass(slots=True)
class Marks:
    """The values of a text, by the number of their marks."""

    values: list[str | Runtime] = field(default_factory=list)
    bytes: int = 0

    def add(self, text: str) -> str:
        """Keeps `text` and gives its mark."""
        self.bytes += len(text.encode("utf-8", "surrogatepass"))
        if self.bytes > RENDERED_BYTES_MAX:
            raise EvaluationError("too_long", f"The text has more than {RENDERED_BYTES_MAX} bytes.")
        self.values.append(text)
        return mark(len(self.values) - 1)

    def add_runtime(self, name: str) -> str:
        self.values.append(Runtime(name))
        return mark(len(self.values) - 1)


def mark(number: int) -> str:
    return f"{_OPEN}{number}{CLOSE}"


def refuse_marks(source: str) -> None:
    """ExpressionError `bad_text` if `source` has what marks are made of."""
    for character in (_OPEN, CLOSE):
        if character in source:
            raise ExpressionError(
                "bad_text", f"A text cannot contain U+{ord(character):04X}.", source.index(character)
            )


def split_marks(text: str) -> list[str | int]:
    """Texts and the numbers of the marks between them, in order; empty texts are left out."""
    pieces = _MARK.split(text)
    return [int(piece) if at % 2 else piece for at, piece in enumerate(pieces) if piece]


def fill(text: str, value_of: Callable[[int], str]) -> str:
    """`text` with each mark replaced by what `value_of` gives for its number."""
    return _MARK.sub(lambda found: value_of(int(found[1])), text)
