"""Card texts: templates in which Markdown is understood and runtime variables may stand.

The Markdown is the author's only: values take the places of their marks after it has been parsed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from ..errors import EvaluationError, ExpressionError, RuleError
from ..limits import MARKDOWN_BRACKETS_MAX, MARKDOWN_CHARS_MAX, SPANS_MAX
from ..types import Scope
from .links import check_layout, fill_link
from .markdown import parse_markdown
from .marks import Marks, Runtime, refuse_marks, split_marks
from .printing import Setting
from .spans import (
    BreakSpan,
    EmphasisSpan,
    LinkSpan,
    ListSpan,
    RenderedText,
    RuntimeSpan,
    Span,
    StrongSpan,
    TextSpan,
)
from .templates import Template, check_rendered, compile_template


@dataclass(frozen=True, slots=True)
class Text:
    """`spans` are those of the source, marks in them; None if tags decide when the text is rendered."""

    template: Template
    reads: frozenset[str]
    parse: Callable[[str], tuple[Span, ...]]
    spans: tuple[Span, ...] | None = None
    literal: RenderedText | None = None

    def render(self, context: Mapping[str, object], setting: Setting) -> RenderedText:
        """One string, or spans where there is more to say; EvaluationError beyond the bounds."""
        if self.literal is not None:
            return self.literal
        if self.spans is not None:
            return _filled(self.spans, self.template.values(context, setting))
        text, marks = self.template.render_marked(context, setting)
        return _filled(self.parse(text), marks)


def compile_text(source: str, scope: Scope, *, markdown: bool, runtime: frozenset[str] = frozenset()) -> Text:
    """ExpressionError like a template's, and for addresses that no value could make good."""
    template = compile_template(source, scope, runtime)
    refuse_marks(source)
    parse = _parse_markdown if markdown else _parse_plain
    layout = template.layout()
    if layout is None:
        return Text(template, template.reads, parse)
    try:
        spans = parse(layout)
    except EvaluationError as error:
        raise ExpressionError(error.code, error.message, 0) from error
    _check_links(spans, template)
    if template.literal is not None:
        return Text(template, template.reads, parse, literal=_filled(spans, Marks()))
    return Text(template, template.reads, parse, spans)


def _parse_plain(text: str) -> tuple[Span, ...]:
    return (TextSpan(text),) if text else ()


def _parse_markdown(text: str) -> tuple[Span, ...]:
    if len(text) > MARKDOWN_CHARS_MAX or text.count("[") > MARKDOWN_BRACKETS_MAX:
        raise EvaluationError(
            "too_long",
            f"A Markdown text has at most {MARKDOWN_CHARS_MAX} characters and {MARKDOWN_BRACKETS_MAX} [.",
        )
    return parse_markdown(text)


def _check_links(spans: tuple[Span, ...], template: Template) -> None:
    runtime = template.runtime_marks()
    for span in _walk(spans):
        if not isinstance(span, LinkSpan):
            continue
        pieces = split_marks(span.url)
        # The address stands in the source as it is, up to its first mark.
        start = pieces[0] if pieces and isinstance(pieces[0], str) else ""
        offset = max(0, template.source.find(start))
        if not runtime.isdisjoint(pieces):
            raise ExpressionError("bad_link", "An address cannot hold a runtime variable.", offset)
        try:
            check_layout(span.url)
        except RuleError as error:
            raise ExpressionError(error.code, error.message, offset) from error


def _walk(spans: tuple[Span, ...]) -> Iterator[Span]:
    for span in spans:
        yield span
        match span:
            case StrongSpan() | EmphasisSpan() | LinkSpan():
                yield from _walk(span.children)
            case ListSpan():
                for item in span.items:
                    yield from _walk(item)
            case _:
                pass


def _filled(spans: tuple[Span, ...], marks: Marks) -> RenderedText:
    filled = _fill(spans, marks)
    if all(isinstance(span, TextSpan | BreakSpan) for span in filled):
        text = "".join(span.text if isinstance(span, TextSpan) else "\n" for span in filled)
        return check_rendered(text)
    if sum(1 for _ in _walk(filled)) > SPANS_MAX:
        raise EvaluationError("too_long", f"A text has at most {SPANS_MAX} spans.")
    return filled


def _fill(spans: tuple[Span, ...], marks: Marks) -> tuple[Span, ...]:
    filled: list[Span] = []
    for span in spans:
        match span:
            case TextSpan():
                _add_text(filled, span.text, marks)
            case StrongSpan():
                filled.append(StrongSpan(_fill(span.children, marks)))
            case EmphasisSpan():
                filled.append(EmphasisSpan(_fill(span.children, marks)))
            case LinkSpan():
                filled.append(LinkSpan(fill_link(span.url, marks), _fill(span.children, marks)))
            case ListSpan():
                items = tuple(_fill(item, marks) for item in span.items)
                filled.append(ListSpan(items, ordered=span.ordered, start=span.start))
            case RuntimeSpan() | BreakSpan():
                filled.append(span)
            case _:
                assert_never(span)
    return tuple(filled)


def _add_text(filled: list[Span], text: str, marks: Marks) -> None:
    """Adds `text` with its marks replaced; neighbouring texts become one."""
    for piece in split_marks(text):
        value = piece if isinstance(piece, str) else marks.values[piece]
        if isinstance(value, Runtime):
            filled.append(RuntimeSpan(value.name))
        elif filled and isinstance(last := filled[-1], TextSpan):
            filled[-1] = TextSpan(last.text + value)
        elif value:
            filled.append(TextSpan(value))
