"""Where a template's source holds text, outputs `{{ … }}` and tags `{% … %}`.

Finds the pieces and refuses what is left open, so that what parses them never has to search for an end.
"""

import re
from dataclasses import dataclass
from enum import Enum

from ..errors import ExpressionError

_RAW = re.compile(r"-?\s*raw\s*-?\Z")
_ENDRAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
# Filters, literals and trimming need the engine; a dotted name does not.
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\Z", re.ASCII)
_RESERVED = frozenset({"true", "false", "nil", "null", "empty", "blank"})


class PieceKind(Enum):
    TEXT = "text"
    OUTPUT = "output"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Piece:
    """`source` is what stands between the delimiters; `offset` is where it begins."""

    kind: PieceKind
    source: str
    offset: int

    def name(self) -> tuple[str, ...] | None:
        """The path of an output that is a plain dotted name."""
        match = _NAME.match(self.source)
        if self.kind is not PieceKind.OUTPUT or match is None or match[1] in _RESERVED:
            return None
        return tuple(match[1].split("."))


def split(source: str) -> list[Piece]:
    """The pieces in order; ExpressionError `syntax_error` for one that is empty or not closed."""
    pieces: list[Piece] = []
    at = 0
    while at < len(source):
        start = _next_opening(source, at)
        if start > at:
            pieces.append(Piece(PieceKind.TEXT, source[at:start], at))
        if start < len(source):
            piece = _piece_at(source, start)
            pieces.append(piece)
            start = piece.offset + len(piece.source) + 2
            if piece.kind is PieceKind.TAG and _RAW.match(piece.source):
                start = _end_of_raw(source, start)
        at = start
    return pieces


def _next_opening(source: str, at: int) -> int:
    found = (source.find("{{", at), source.find("{%", at))
    return min((start for start in found if start >= 0), default=len(source))


def _piece_at(source: str, start: int) -> Piece:
    is_output = source[start + 1] == "{"
    closing = "}}" if is_output else "%}"
    end = source.find(closing, start + 2)
    if end < 0:
        raise ExpressionError(
            "syntax_error", f'"{source[start : start + 2]}" is not closed by "{closing}".', start
        )
    inner = source[start + 2 : end]
    if not inner.strip(" \t\r\n-"):
        raise ExpressionError(
            "syntax_error", f'There is nothing between "{source[start : start + 2]}" and "{closing}".', start
        )
    return Piece(PieceKind.OUTPUT if is_output else PieceKind.TAG, inner, start + 2)


def _end_of_raw(source: str, at: int) -> int:
    end = _ENDRAW.search(source, at)
    if end is None:
        raise ExpressionError("syntax_error", '"{% raw %}" is not closed by "{% endraw %}".', at)
    return end.end()
