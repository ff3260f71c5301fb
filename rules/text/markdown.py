"""The Markdown of card texts: emphasis, strong, links, lists and line breaks; anything else is plain text.

Works on sources with marks in place of values (`marks.py`), so that no value is ever read as Markdown.
"""

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, image
from markdown_it.token import Token

from .spans import BreakSpan, EmphasisSpan, LinkSpan, ListSpan, Span, StrongSpan, TextSpan


def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero").enable(["list", "newline", "escape", "emphasis", "link", "image"])
    parser.inline.ruler.at("image", _image_as_text)
    # Addresses are checked when their values are known, by `links.py`; until then they keep their marks.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]  # the documented way to replace it
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # the documented way to replace it
    return parser


def _image_as_text(state: StateInline, silent: bool) -> bool:
    """An image stays as it is written; without this its brackets would be read as a link after a `!`."""
    start = state.pos
    if not image(state, silent):
        return False
    if not silent:
        state.tokens.pop()
        state.pending = state.src[start : state.pos]
    return True


_PARSER = _parser()


def parse_markdown(source: str) -> tuple[Span, ...]:
    """The spans of `source`; its marks stay in texts and addresses."""
    return tuple(_blocks(iter(_PARSER.parse(source)), ""))


def _blocks(tokens: Iterator[Token], end: str) -> list[Span]:
    """The blocks up to the token `end`; two breaks part them, one stands before a list inside an item."""
    spans: list[Span] = []
    for token in tokens:
        if token.type == end:
            break
        block = _block(token, tokens)
        if block and spans and not _is_list(spans[-1]) and not _is_list(block[0]):
            spans += (BreakSpan(), BreakSpan())
        spans += block
    return spans


def _block(token: Token, tokens: Iterator[Token]) -> list[Span]:
    match token.type:
        case "inline":
            return _inline(iter(token.children or ()), "")
        case "bullet_list_open":
            return [ListSpan(tuple(_items(tokens, "bullet_list_close")))]
        case "ordered_list_open":
            start = token.attrGet("start")
            items = tuple(_items(tokens, "ordered_list_close"))
            return [ListSpan(items, ordered=True, start=1 if start is None else int(start))]
        case _:
            return []


def _items(tokens: Iterator[Token], end: str) -> Iterator[tuple[Span, ...]]:
    for token in tokens:
        if token.type == end:
            return
        yield tuple(_blocks(tokens, "list_item_close"))


def _inline(tokens: Iterator[Token], end: str) -> list[Span]:
    spans: list[Span] = []
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                spans.append(BreakSpan())
            case "strong_open":
                spans.append(StrongSpan(tuple(_inline(tokens, "strong_close"))))
            case "em_open":
                spans.append(EmphasisSpan(tuple(_inline(tokens, "em_close"))))
            case "link_open":
                url = str(token.attrGet("href") or "")
                spans.append(LinkSpan(url, tuple(_inline(tokens, "link_close"))))
            case closing if closing == end:
                break
            case _ if token.content:
                spans.append(TextSpan(token.content))
            case _:
                pass
    return spans


def _is_list(span: Span) -> bool:
    return isinstance(span, ListSpan)
