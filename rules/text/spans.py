"""What a card's text is when it is more than one string: pieces of text and what they are.

A card text is one string, or spans where a runtime variable or Markdown needs them. Apps draw spans in order;
a line break is a span of its own, a paragraph ends with two. There is never HTML in them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class TextSpan(msgspec.Struct, frozen=True, tag="text"):
    text: str


class RuntimeSpan(msgspec.Struct, frozen=True, tag="runtime"):
    """A variable that the app fills in when it shows the card."""

    name: str


class StrongSpan(msgspec.Struct, frozen=True, tag="strong"):
    children: tuple[Span, ...]


class EmphasisSpan(msgspec.Struct, frozen=True, tag="emphasis"):
    children: tuple[Span, ...]


class LinkSpan(msgspec.Struct, frozen=True, tag="link"):
    """`url` has passed `links.check_link`."""

    url: str
    children: tuple[Span, ...]


class BreakSpan(msgspec.Struct, frozen=True, tag="break"):
    pass


class ListSpan(msgspec.Struct, frozen=True, tag="list", omit_defaults=True):
    """Bullets, or numbers from `start`. An item may end with a list of its own."""

    items: tuple[tuple[Span, ...], ...]
    ordered: bool = False
    start: int = 1


Span: TypeAlias = TextSpan | RuntimeSpan | StrongSpan | EmphasisSpan | LinkSpan | BreakSpan | ListSpan
RenderedText: TypeAlias = str | tuple[Span, ...]
