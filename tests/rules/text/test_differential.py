"""Templates against the library's own engine, and our three ways of rendering against each other.

How a value is printed is ours (`test_printing.py`): the library's engine is given values that print so. All
else – pieces, trimming, names, tags – must give the same text.
"""

from collections.abc import Mapping
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from liquid import Environment
from liquid.exceptions import LiquidError

from rules.calendar.times import to_datetime
from rules.errors import EvaluationError
from rules.text.printing import Setting, text_of
from rules.text.templates import Template, compile_template
from rules.text.texts import Text, compile_text
from rules.types import Scope, Type

SCOPE = Scope({"x": Type.DYN, "v": {"n": Type.INT, "s": Type.STRING, "t": Type.TIMESTAMP, "l": Type.LIST}})
STANDARD = Environment()
# Nothing to render, but a tag: it makes the engine render the whole text.
A_TAG = "{% if false %}{% endif %}"


# ── values that print as ours do ───────────────────────────────────────────────────────────────────────


class Double(float):
    def __str__(self) -> str:
        return text_of(float(self))


class Moment:
    def __init__(self, at: datetime) -> None:
        self.text = text_of(at)

    def __str__(self) -> str:
        return self.text


class Listing(list[object]):
    """What it prints is what it prints inside another list."""

    def __init__(self, items: list[object]) -> None:
        super().__init__(map(printing, items))
        self.text = text_of([items])

    def __str__(self) -> str:
        return self.text


class Entry(tuple[object, ...]):
    text: str

    def __str__(self) -> str:
        return self.text


class Object(dict[str, object]):
    def __init__(self, fields: dict[str, object]) -> None:
        super().__init__((name, printing(value)) for name, value in fields.items())
        self.fields = fields
        self.text = text_of(fields)

    def __str__(self) -> str:
        return self.text

    def items(self) -> list[Entry]:  # type: ignore[override]  # what a loop runs over
        entries = [Entry(entry) for entry in super().items()]
        for entry, field in zip(entries, self.fields.items(), strict=True):
            entry.text = text_of(field)
        return entries

    def __missing__(self, key: str) -> object:
        # Ours: only lists have a first and a last.
        if key in ("first", "last"):
            return None
        raise KeyError(key)


def printing(value: object) -> object:
    match value:
        case float():
            return Double(value)
        case datetime():
            return Moment(value)
        case list():
            return Listing(value)
        case dict():
            return Object(value)
    return value


# ── strategies ─────────────────────────────────────────────────────────────────────────────────────────

KEYS = st.sampled_from(["a", "b", "size", "first"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["a\r\nb", "\r", "c\n"]
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 3)
# In lists no null and no bool: printed with the list, they are ours as well.
ITEMS = st.recursive(
    NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
DATA = ITEMS | st.none() | st.booleans()
TIMES = st.integers(-(10**12), 10**13).map(to_datetime)
CONTEXTS = st.fixed_dictionaries(
    {
        "x": st.dictionaries(KEYS, DATA, max_size=4) | DATA,
        "v": st.fixed_dictionaries(
            {}, optional={"n": st.integers(-9, 9), "s": TEXT, "t": TIMES, "l": st.lists(ITEMS)}
        ),
    }
)
NAMES = st.sampled_from(
    ["x", "x.a", "x.b", "x.a.b", "x.a.size", "x.size", "x.first", "x.b.last", "x.nope.deep"]
) | st.sampled_from(["v.n", "v.s", "v.s.size", "v.t", "v.l", "v.l.first", "v.l.size", "v.l.last.a"])
WORDS = st.text(st.sampled_from(" \n\tab}%-é👍"), max_size=4) | st.sampled_from(
    ["{ a", "}}", "%}", "{a}", " a ", "\nb\n", "\n"]
)
OPENINGS = st.sampled_from(["{{", "{{-", "{{ ", "{{- \n"])
CLOSINGS = st.sampled_from(["}}", " }}", " -}}", "\n}}"])
FILTERS = st.sampled_from(
    """upcase; size; first; default: 'none'; append: v.n; plus: 1; times: x.a; join: ', '; split: 'a' | last
    sort | join; truncate: 3; number: 1; date: 'short'; round""".replace("\n", ";").split("; ")
)


def written(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(template.format, *parts)


OUTPUTS = written("{}{}{}", OPENINGS, NAMES, CLOSINGS)
FILTERED = written("{}{} | {}{}", OPENINGS, NAMES, FILTERS, CLOSINGS)
PLAIN = st.lists(WORDS | OUTPUTS, max_size=5).map("".join)
ANY = st.lists(WORDS | OUTPUTS | FILTERED, max_size=5).map("".join)
CONDITIONS = st.one_of(
    NAMES,
    written("{} == {}", NAMES, NAMES),
    written("{} != 3 and {}", NAMES, NAMES),
    written("{} contains 'a' or {}", NAMES, NAMES),
)


def tagged(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        written("{}{}", inner, inner),
        written("{{% raw %}}{{{{ {} {{% endraw %}}", WORDS),
        written("{{%- if {} %}}{}{{% else -%}}{}{{% endif %}}", CONDITIONS, inner, inner),
        written("{{% unless {} %}}{}{{%- endunless %}}", CONDITIONS, inner),
        written(
            "{{% for i in {} %}}{{{{ i }}}}{{{{ forloop.index }}}}{}{{% else %}}-{{% endfor %}}", NAMES, inner
        ),
        written("{{% for i in (1..3) reversed %}}{}{{% endfor %}}", inner),
        written("{{% case {} %}}{{% when 1 %}}{}{{% when 'a', 3 %}}{}{{% endcase %}}", NAMES, inner, inner),
        written("{{% assign y = {} %}}{}{{{{ y }}}}", NAMES, inner),
        written("{{% capture y %}}{}{{% endcapture %}}{{{{ y }}}}", inner),
    )


TAGGED = st.recursive(PLAIN, tagged, max_leaves=4)


# ── tests ──────────────────────────────────────────────────────────────────────────────────────────────


FAILED = object()


def by_library(source: str, context: Mapping[str, object]) -> object:
    names = {name: printing(value) for name, value in context.items()}
    try:
        # With something behind it: the library trims a last newline wherever a dash stood before.
        return STANDARD.from_string(source + "|").render(**names).removesuffix("|")
    except (LiquidError, TypeError, ValueError):
        return FAILED


def by_us(template: Template | Text, context: Mapping[str, object]) -> object:
    try:
        return template.render(context, Setting())
    except EvaluationError:
        return FAILED


def several(sources: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(sources, min_size=6, max_size=10)


@given(several(PLAIN), CONTEXTS)
def test_plain_names_render_as_in_the_library(sources: list[str], context: Mapping[str, object]) -> None:
    for source in sources:
        template = compile_template(source, SCOPE)
        assert template.program is None
        assert by_us(template, context) == by_library(source, context), source


@given(several(TAGGED), CONTEXTS)
def test_tags_render_as_in_the_library(sources: list[str], context: Mapping[str, object]) -> None:
    for source in sources:
        assert by_us(compile_template(source, SCOPE), context) == by_library(source, context), source


@given(several(ANY), CONTEXTS)
def test_three_ways_of_rendering_give_one_text(sources: list[str], context: Mapping[str, object]) -> None:
    """Parts that are joined; one program; and marks that are filled in, in texts without Markdown."""
    for source in sources:
        parts = by_us(compile_template(source, SCOPE), context)
        program = compile_template(A_TAG + source, SCOPE)
        assert program.program is not None
        assert by_us(program, context) == parts, source
        for text in (source, A_TAG + source):
            assert by_us(compile_text(text, SCOPE, markdown=False), context) == parts, text
