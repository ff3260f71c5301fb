"""Templates: texts with outputs in them, compiled once when a version is saved and rendered often.

A literal text is kept as it is and plain names are joined here; filters and tags are for `rendering.py`.
Card texts, which may hold Markdown and runtime variables, are `texts.py`; addresses are `links.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from ..errors import EvaluationError, ExpressionError
from ..limits import RENDERED_BYTES_MAX, TEMPLATE_SOURCE_CHARS_MAX
from ..types import Scope
from .analysis import RUNTIME, check_template, runtime_scope
from .marks import Marks, Runtime, mark, refuse_marks
from .paths import check_path, look_up
from .placeholders import Piece, PieceKind, split
from .printing import Effort, Setting
from .rendering import ENGINE, effort_of_template, render

__all__ = ["Setting", "Template", "compile_template"]

# A text, the path of a value, a runtime variable, or an output with filters.
Part: TypeAlias = str | tuple[str, ...] | Runtime | BoundTemplate

_BLOCK_TAGS = frozenset({"if", "unless", "for", "case", "capture"})


@dataclass(frozen=True, slots=True)
class Template:
    """`reads` are dotted names as far as they are static; `literal` is the text if nothing is to be rendered.

    A template with tags is one `program`; any other is `parts`.
    """

    source: str
    reads: frozenset[str]
    literal: str | None = None
    parts: tuple[Part, ...] = ()
    program: BoundTemplate | None = None

    def render(self, context: Mapping[str, object], setting: Setting) -> str:
        """The text; EvaluationError when it cannot be had within bounds."""
        if self.literal is not None:
            return self.literal
        if self.program is not None:
            return render(self.program, context, setting, effort_of_template(setting))
        effort, texts, length = effort_of_template(setting), [], 0
        for part in self.parts:
            text = part if isinstance(part, str) else _print(part, context, setting, effort)
            texts.append(text)
            length += len(text)
            # Before the next is printed: each may be long.
            if length > RENDERED_BYTES_MAX:
                break
        return check_rendered("".join(texts))

    def layout(self) -> str | None:
        """The source with a mark for each output, or None if tags decide when it is rendered."""
        if self.program is not None:
            return None
        numbers = iter(range(len(self.parts)))
        return "".join(part if isinstance(part, str) else mark(next(numbers)) for part in self.parts)

    def runtime_marks(self) -> frozenset[int]:
        """The numbers of the marks in `layout` that stand for runtime variables."""
        outputs = [part for part in self.parts if not isinstance(part, str)]
        return frozenset(number for number, part in enumerate(outputs) if isinstance(part, Runtime))

    def values(self, context: Mapping[str, object], setting: Setting) -> Marks:
        """What the marks of `layout` stand for."""
        marks, effort = Marks(), effort_of_template(setting)
        for part in self.parts:
            if isinstance(part, Runtime):
                marks.add_runtime(part.name)
            elif not isinstance(part, str):
                marks.add(_print(part, context, setting, effort))
        return marks

    def render_marked(self, context: Mapping[str, object], setting: Setting) -> tuple[str, Marks]:
        """The text with marks for its outputs, and what these stand for."""
        layout = self.layout()
        if layout is not None:
            return layout, self.values(context, setting)
        assert self.program is not None, "a template without layout is a program"
        marks = Marks()
        return render(self.program, context, setting, effort_of_template(setting), marks), marks


def compile_template(source: str, scope: Scope, runtime: frozenset[str] = frozenset()) -> Template:
    """ExpressionError for bad syntax, unknown names, tags and filters. `runtime`: names for outputs only."""
    pieces = split(source)
    if all(piece.kind is PieceKind.TEXT for piece in pieces):
        check_rendered(source, ExpressionError)
        return Template(source, frozenset(), literal=source, parts=(source,))
    if len(source) > TEMPLATE_SOURCE_CHARS_MAX:
        raise ExpressionError(
            "too_long",
            f"A template has at most {TEMPLATE_SOURCE_CHARS_MAX} characters.",
            TEMPLATE_SOURCE_CHARS_MAX,
        )
    refuse_marks(source)
    if any(piece.kind is PieceKind.TAG for piece in pieces):
        program, reads = _compile_program(source, pieces, scope, runtime)
        return Template(source, reads, program=program)
    compiled = [_compile_piece(piece, scope, runtime) for piece in _trimmed(pieces)]
    reads = frozenset(read for _, reads in compiled for read in reads)
    return Template(source, reads, parts=tuple(part for part, _ in compiled if part != ""))


def check_rendered(text: str, error: type[EvaluationError] | type[ExpressionError] = EvaluationError) -> str:
    """`text`, if it is short enough to be shown or sent."""
    # Only texts of many bytes a character are encoded to be measured.
    if len(text) * 4 > RENDERED_BYTES_MAX and len(text.encode("utf-8", "replace")) > RENDERED_BYTES_MAX:
        raise error("too_long", f"The text has more than {RENDERED_BYTES_MAX} bytes.")
    return text


def _print(
    part: tuple[str, ...] | Runtime | BoundTemplate,
    context: Mapping[str, object],
    setting: Setting,
    effort: Effort,
) -> str:
    if isinstance(part, tuple):
        return effort.print(look_up(context, part))
    assert isinstance(part, BoundTemplate), "runtime variables are spans, never text"
    return render(part, context, setting, effort)


def _compile_piece(piece: Piece, scope: Scope, runtime: frozenset[str]) -> tuple[Part, frozenset[str]]:
    if piece.kind is PieceKind.TEXT:
        return piece.source, frozenset()
    name = piece.name()
    if name is None:
        source = "{{" + piece.source + "}}"
        shifted = Piece(piece.kind, piece.source, 2)
        try:
            return _compile_program(source, [shifted], scope, frozenset())
        except ExpressionError as error:
            offset = piece.offset if error.offset is None else error.offset + piece.offset - 2
            raise ExpressionError(error.code, error.message, offset) from error
    offset = piece.offset + len(piece.source) - len(piece.source.lstrip())
    if name[0] == RUNTIME and runtime:
        check_path(name[:2], runtime_scope(runtime), offset)
        if len(name) == 2:
            return Runtime(name[1]), frozenset()
    return name, frozenset((check_path(name, scope, offset),))


def _trimmed(pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces without the space that `{{-` and `-}}` take away from the texts beside them."""
    for at, piece in enumerate(pieces):
        source, before, after = piece.source, pieces[at - 1 : at], pieces[at + 1 : at + 2]
        if piece.kind is PieceKind.TEXT:
            source = source.lstrip() if before and before[0].source.endswith("-") else source
            source = source.rstrip() if after and after[0].source.startswith("-") else source
            yield Piece(piece.kind, source, piece.offset)
        else:
            start = 1 if source.startswith("-") else 0
            yield Piece(piece.kind, source[start:].removesuffix("-"), piece.offset + start)


def _compile_program(
    source: str, pieces: list[Piece], scope: Scope, runtime: frozenset[str]
) -> tuple[BoundTemplate, frozenset[str]]:
    try:
        program = ENGINE.from_string(source)
        return program, check_template(program, scope, runtime)
    except LiquidError as error:
        message = str(error.args[0]) if error.args else "it cannot be read"
        offset = error.token.start_index if error.token is not None else -1
        where = offset if offset >= 0 else _find_broken(pieces, len(source))
        raise ExpressionError("syntax_error", f"The template is not valid: {message}.", where) from error
    except RecursionError as error:
        raise ExpressionError("syntax_error", "The template is nested too deeply.", 0) from error


def _find_broken(pieces: list[Piece], end: int) -> int:
    """Where the first output or tag stands that is wrong in itself, else the end: something is not closed."""
    for piece in pieces:
        if piece.kind is PieceKind.TEXT:
            continue
        try:
            ENGINE.from_string(_alone(piece))
        except LiquidError:
            return piece.offset
    return end


def _alone(piece: Piece) -> str:
    words = piece.source.strip("- \t\r\n").split(maxsplit=1)
    if piece.kind is PieceKind.OUTPUT:
        return "{{" + piece.source + "}}"
    if words[0] in _BLOCK_TAGS:
        return "{%" + piece.source + "%}{% end" + words[0] + " %}"
    # Ends and alternatives mean nothing without their block.
    return "{%" + piece.source + "%}" if words[0] == "assign" else ""
