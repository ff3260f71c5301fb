"""Addresses that a customer may be sent to by a link or a button.

`https http mailto tel`, and deep links into apps (`scheme://…`); never a scheme that runs or reads something
where it is opened. Values in an address are encoded so that they cannot leave their place in it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ..errors import EvaluationError, ExpressionError, RuleError
from ..limits import LINK_CHARS_MAX
from ..types import Scope
from .marks import Marks, Runtime, fill, split_marks
from .printing import Setting
from .templates import Template, compile_template

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_HOST = re.compile(r"//[^/?#@\\]+([/?#].*)?", re.DOTALL)
_UNSAFE = frozenset('<>"`{}|\\^')
_OPAQUE = frozenset({"mailto", "tel"})
# What browsers and phones run, or open with rights of their own.
_FORBIDDEN = frozenset(
    {"about", "blob", "chrome", "content", "data", "file", "filesystem", "intent", "jar", "javascript"}
    | {"mhtml", "ms-its", "resource", "vbscript", "view-source", "ws", "wss"}
)
# Kept in a value that begins an address: it brings the scheme and what follows.
_RESERVED = "/?#[]@!$&'()*+,;=:%~"


def check_link(url: str) -> None:
    """RuleError `bad_link` unless `url` is an address that a customer may be sent to."""
    if len(url) > LINK_CHARS_MAX:
        raise _bad_link(url, f"has more than {LINK_CHARS_MAX} characters")
    if any(character in _UNSAFE or unicodedata.category(character)[0] in "CZ" for character in url):
        raise _bad_link(url, "has spaces or characters that addresses cannot have")
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise _bad_link(url, "does not begin with a scheme such as https:")
    scheme, rest = match[1].lower(), match[2]
    if scheme in _FORBIDDEN:
        raise _bad_link(url, f"has the scheme {scheme}:, which is never opened")
    if scheme in ("http", "https") and _HOST.fullmatch(rest) is None:
        raise _bad_link(url, "names no host, or a user in front of it")
    if scheme in _OPAQUE and (not rest or rest.startswith("//")):
        raise _bad_link(url, f"has nothing to {scheme}")
    if scheme not in ("http", "https", *_OPAQUE) and (not rest.startswith("//") or rest == "//"):
        raise _bad_link(url, "is neither https:, http:, mailto:, tel: nor a deep link such as app://page")


@dataclass(frozen=True, slots=True)
class Link:
    """An address whose parts may be templates."""

    template: Template
    reads: frozenset[str]

    def render(self, context: Mapping[str, object], setting: Setting) -> str:
        """The address; EvaluationError `bad_link` if the values make it one that must not be opened."""
        return fill_link(*self.template.render_marked(context, setting))


def compile_link(source: str, scope: Scope) -> Link:
    """ExpressionError like a template's, and `bad_link` for what no value could make a good address."""
    template = compile_template(source, scope)
    layout = template.layout()
    if layout is not None:
        check_layout(layout)
    return Link(template, template.reads)


def check_layout(layout: str) -> None:
    """ExpressionError `bad_link` if no values for the marks in `layout` could give a good address."""
    pieces = split_marks(layout)
    if pieces and isinstance(pieces[0], int):
        return
    try:
        check_link(fill(layout, lambda _: "x"))
    except RuleError as error:
        raise ExpressionError(error.code, error.message, 0) from error


def fill_link(layout: str, marks: Marks) -> str:
    """The address that `layout` becomes with the values of its marks."""
    pieces = split_marks(layout)
    scheme = layout.partition(":")[0].lower()
    safe = "@+" if scheme in _OPAQUE else ""
    url = "".join(
        piece if isinstance(piece, str) else _encode(marks.values[piece], _RESERVED if at == 0 else safe)
        for at, piece in enumerate(pieces)
    )
    try:
        check_link(url)
    except RuleError as error:
        raise EvaluationError(error.code, error.message) from error
    return url


def is_web_address(url: str) -> bool:
    """Whether it is an absolute http or https address that a request can go to."""
    if len(url) > LINK_CHARS_MAX or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _encode(value: str | Runtime, safe: str) -> str:
    if isinstance(value, Runtime):
        raise EvaluationError(
            "bad_link", f'The runtime variable "{value.name}" cannot be part of an address.'
        )
    return quote(value.strip(), safe=safe, errors="replace")


def _bad_link(url: str, problem: str) -> RuleError:
    return RuleError("bad_link", f'The address "{url[:80]}" {problem}.')
