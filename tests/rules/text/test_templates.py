"""Templates: what they render, what they refuse, and where."""

from collections import UserDict
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.errors import EvaluationError, ExpressionError
from rules.limits import RENDERED_BYTES_MAX, TEMPLATE_SOURCE_CHARS_MAX
from rules.text.marks import mark
from rules.text.printing import Setting
from rules.text.templates import compile_template
from rules.types import Scope, Type

SCOPE = Scope(
    {
        "vars": {
            "name": Type.STRING,
            "n": Type.DOUBLE,
            "items": Type.LIST,
            "due": Type.TIMESTAMP,
            "o": Type.OBJECT,
            "gone": Type.STRING,
        },
        "customer": {"first_name": Type.STRING},
        "event": {"data": Type.DYN},
        "now": Type.TIMESTAMP,
    }
)
CONTEXT = {
    "vars": {
        "name": "Mere",
        "n": 5.0,
        "items": [{"a": 1, "t": "x"}, {"a": 2.5}],
        "due": datetime(2026, 3, 1, 20, tzinfo=UTC),
        "o": {"k": [1]},
    },
    "customer": UserDict({"first_name": "Aroha"}),
    "event": {"data": {"x": ["p", "q"], "deep": {"er": 1}}},
}
SETTING = Setting("de", "Pacific/Auckland")


def render(source: str) -> str:
    return compile_template(source, SCOPE).render(CONTEXT, SETTING)


ROWS = [
    # literal
    ("", ""),
    ("Kia ora!", "Kia ora!"),
    ("a } b % { c", "a } b % { c"),
    # plain interpolation
    ("Kia ora {{ vars.name }}!", "Kia ora Mere!"),
    ("{{vars.n}}{{ customer.first_name }}", "5Aroha"),
    ("{{ vars.due }}", "2026-03-01T20:00:00.000Z"),
    ("[{{ vars.gone }}{{ event.data.nothing.here }}]", "[]"),
    ("{{ vars.items.size }} {{ vars.name.size }} {{ vars.items.first.a }}", "2 4 1"),
    ("{{ vars.o }}", '{"k":[1]}'),
    ("a  {{- vars.name -}}  b", "aMereb"),
    ("a {{- vars.name }} b", "aMere b"),
    # through the engine
    ("{{ vars.name | upcase | append: '!' }}", "MERE!"),
    ("{{ vars.items[1].a }}{{ event.data['x'][1] }}{{ event.data.x[0] }}", "2.5qp"),
    ("{{ vars.gone | default: 'none' }}", "none"),
    ("{{ vars.n | times: 2 }} {{ vars.n | divided_by: 2 }}", "10 2.5"),
    ("{{ vars.due | date: 'long' }}, {{ vars.due | date: 'HH:mm' }}", "2. März 2026, 09:00"),
    ("{{ vars.n | money: 'EUR' }}", "5,00\xa0€"),
    ("{{ vars.items | map: 'a' | join: ', ' }}", "1, 2.5"),
    ("{{ 'a,b' | split: ',' | last }}{{ true }}{{ nil }}{{ 1.50 }}", "btrue1.5"),
    ("{% if vars.n > 3 %}many{% else %}few{% endif %}", "many"),
    ("{% if vars.gone %}there{% elsif vars.name == 'Mere' %}she{% endif %}", "she"),
    ("{% unless vars.gone %}no{% endunless %}", "no"),
    ("{% if event.data.x contains 'q' and vars.n == 5 %}yes{% endif %}", "yes"),
    ("{% case vars.n %}{% when 4 %}four{% when 5 %}five{% else %}?{% endcase %}", "five"),
    ("{% case vars.n %}{% when 5, 5, 5.0 %}once{% endcase %}", "once"),
    ("{% for i in vars.items %}{{ forloop.index }}:{{ i.a }} {% endfor %}", "1:1 2:2.5 "),
    ("{% for i in (1..3) %}{{ i }}{% endfor %}", "123"),
    ("{% for i in (vars.gone..2) %}{{ i }}{% endfor %}", "012"),
    ("{% for i in vars.items reversed %}{{ i.a }} {% endfor %}", "2.5 1 "),
    ("{% for i in vars.gone %}x{% else %}empty{% endfor %}", "empty"),
    ("{% for p in event.data.deep %}{{ p.first }}={{ p[1] }}{% endfor %}", "er=1"),
    ("{% assign x = vars.n | plus: 1 %}{{ x }}{{ x.y }}", "6"),
    ("{% capture who %}{{ vars.name }} & co{% endcapture %}{{ who | upcase }}", "MERE & CO"),
    ("{% raw %}{{ vars.name }}{% endraw %}{{ vars.n }}", "{{ vars.name }}5"),
    ("[{{ event.data[vars.o].x }}{{ event.data[vars.items] }}{{ event.data[vars.n] }}]", "[]"),
    ("a {%- if true -%} b {%- endif -%} c", "abc"),
    ("{% if true -%} {% endif -%} a\n", "a\n"),
    ("{% if true -%} {% endif -%} \n", ""),
    ("{% if true -%} {% endif %} \n", " \n"),
    ("{% assign vars = 3 %}{{ vars.anything }}.", "."),
    ("{% for i in vars.items %}{% if i.t %}{% assign t = i.t %}{% endif %}{% endfor %}{{ t }}", "x"),
]


@pytest.mark.parametrize(("source", "text"), ROWS)
def test_renders(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("Kia ora", set()),
        ("{{ vars.name }} {{ event.data.a.b }}", {"vars.name", "event.data.a.b"}),
        ("{{ vars.name | append: vars.n }}", {"vars.name", "vars.n"}),
        ("{% for i in vars.items %}{{ i.a }}{{ customer.first_name }}{% endfor %}",
         {"vars.items", "customer.first_name"}),
        ("{% assign x = vars.n %}{{ x }}{% if x > vars.items.size %}{% endif %}", {"vars.n", "vars.items"}),
        ("{{ event.data[vars.name].x }}", {"event.data", "vars.name"}),
    ],
)  # fmt: skip
def test_says_what_it_reads(source: str, reads: set[str]) -> None:
    assert compile_template(source, SCOPE).reads == reads


@pytest.mark.parametrize(
    "source",
    [
        "{{ vars.name }}",
        "{{ vars.name | append: '' }}",
        "{% if true %}{{ vars.name }}{% endif %}",
        "{% capture c %}{{ vars.name }}{% endcapture %}{{ c }}",
    ],
)
def test_ends_of_lines_stay_as_they_are(source: str) -> None:
    context = {"vars": {"name": "a\r\nb\rc\n"}}
    assert compile_template(source, SCOPE).render(context, SETTING) == "a\r\nb\rc\n"


def test_text_with_nothing_to_render_is_literal() -> None:
    assert compile_template("Kia ora", SCOPE).literal == "Kia ora"
    assert compile_template("{{ vars.n }}", SCOPE).literal is None


REFUSED = [
    ("{{ vars.nmae }}", "unknown_name", 3, 'Did you mean "vars.name"'),
    ("ab {{ vars.name | append: vars.q }}", "unknown_name", 26, "vars.q"),
    ("{% if vars.q %}{% endif %}", "unknown_name", 6, "vars.q"),
    ("{{ vars.name.foo }}", "unknown_name", 3, "is a string"),
    ("{{ today }}", "unknown_name", 3, "today"),
    ("{% for i in vars.items %}{% endfor %}{{ i }}", "unknown_name", 40, '"i"'),
    ("{{ runtime.balance }}", "unknown_name", 3, "runtime"),
    ("x {{ vars.name | upcsae }}", "unknown_name", 17, 'Did you mean "upcase"'),
    ("{{ vars.name | strip_html }}", "unknown_name", 15, "strip_html"),
    ("{{ vars.name | append }}", "syntax_error", 15, "append"),
    ("{{ vars.name | truncate: 1, 2, 3 }}", "syntax_error", 15, "truncate"),
    ("{{ vars.name | upcase: x: 1 }}", "syntax_error", 15, "upcase"),
    ("{% include 'x' %}", "syntax_error", 3, "include"),
    ("{% render 'x' %}", "syntax_error", 3, "render"),
    ("{% comment %}x{% endcomment %}", "syntax_error", 3, "comment"),
    ("{% cycle 'a' %}", "syntax_error", 3, "cycle"),
    ("{% increment x %}", "syntax_error", 3, "increment"),
    ("{{ (1..3) | join }}", "syntax_error", 3, "range"),
    ("{% if (1..3) contains 2 %}{% endif %}", "syntax_error", 6, "range"),
    ("{% assign x = (1..3) %}", "syntax_error", 14, "range"),
    ("{{ 'a' | append: (1..3) }}", "syntax_error", 17, "range"),
    ("ab {{ a | }}", "syntax_error", 5, "."),
    ("ab {{ vars.n", "syntax_error", 3, "not closed"),
    ("ab {% if vars.n %}", "syntax_error", 18, "endif"),
    ("ab {% if vars.n == %}x{% endif %}", "syntax_error", 5, "."),
    ("ab {% assign x %}{{ vars.n }}", "syntax_error", 5, "."),
    ("{% endif %}", "syntax_error", 3, "endif"),
    ("{{ a b }}", "syntax_error", 5, "."),
    ("{{ vars.n }}\ufdd0", "bad_text", 12, "U\\+FDD0"),
]


@pytest.mark.parametrize(("source", "code", "offset", "message"), REFUSED)
def test_refuses(source: str, code: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        compile_template(source, SCOPE)
    assert (caught.value.code, caught.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ vars.name | plus: 1 }}", "type_mismatch"),
        ("{% if vars.name > 3 %}{% endif %}", "type_mismatch"),
        ("{% if vars.o contains vars.items %}{% endif %}", "type_mismatch"),
        ("{% for i in vars.items limit: -1 %}{% endfor %}", "type_mismatch"),
        ("{{ vars.n | divided_by: 0 }}", "division_by_zero"),
        ("{{ vars.n | plural: 'a', 'b', dozen: 'c' }}", "invalid_value"),
        ("{{ event.data.x | date }}", "bad_time"),
    ],
)
def test_fails_when_rendered(source: str, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        render(source)
    assert caught.value.code == code


def test_value_is_never_read_as_a_template() -> None:
    context = {"vars": {"name": "{{ now }}{% if %}"}}
    assert compile_template("{{ vars.name }}", SCOPE).render(context, SETTING) == "{{ now }}{% if %}"
    assert compile_template("{{ vars.name | strip }}", SCOPE).render(context, SETTING) == "{{ now }}{% if %}"


def test_clock_of_the_machine_is_out_of_reach() -> None:
    assert compile_template("{{ now | default: 'none' }}", SCOPE).render({}, SETTING) == "none"


def test_source_is_bounded_unless_it_is_literal() -> None:
    longest = "{{ vars.n }}".ljust(TEMPLATE_SOURCE_CHARS_MAX, "x")
    assert len(render(longest)) == TEMPLATE_SOURCE_CHARS_MAX - len("{{ vars.n }}") + 1
    with pytest.raises(ExpressionError, match="too_long"):
        compile_template(longest + "x", SCOPE)
    literal = "ā" * (RENDERED_BYTES_MAX // 2)
    assert compile_template(literal, SCOPE).literal == literal
    with pytest.raises(ExpressionError, match="too_long"):
        compile_template(literal + "x", SCOPE)


@pytest.mark.parametrize("source", ["{{ event.data }}", "{% if true %}{{ event.data }}{% endif %}"])
def test_rendered_text_is_bounded(source: str) -> None:
    template = compile_template(source, SCOPE)
    longest = "ā" * (RENDERED_BYTES_MAX // 2)
    assert template.render({"event": {"data": longest}}, SETTING) == longest
    with pytest.raises(EvaluationError, match="too_long"):
        template.render({"event": {"data": longest + "x"}}, SETTING)


def test_half_a_character_fails() -> None:
    template = compile_template("{% if true %}{{ event.data }}{% endif %}", SCOPE)
    with pytest.raises(EvaluationError, match="invalid_value"):
        template.render({"event": {"data": "\ud800"}}, SETTING)


def test_layout_has_marks_in_place_of_values() -> None:
    template = compile_template("a {{ vars.name }} b {{ vars.n | plus: 1 }}", SCOPE)
    assert template.layout() == f"a {mark(0)} b {mark(1)}"
    assert template.values(CONTEXT, SETTING).values == ["Mere", "6"]


def test_tags_leave_marks_when_they_are_rendered() -> None:
    template = compile_template("{% for i in vars.items %}-{{ i.a }}{% endfor %}", SCOPE)
    assert template.layout() is None
    text, marks = template.render_marked(CONTEXT, SETTING)
    assert text == f"-{mark(0)}-{mark(1)}"
    assert marks.values == ["1", "2.5"]


def test_captured_text_is_one_value() -> None:
    template = compile_template("{% capture x %}**{{ vars.name }}**{% endcapture %}{{ x }}", SCOPE)
    text, marks = template.render_marked(CONTEXT, SETTING)
    assert (text, marks.values) == (mark(0), ["**Mere**"])


WORDS = (
    "{{_ _}} {%_ _%} vars. n items if_ endif for_i_in_ endfor assign_x_=_ |_ upcase join date:_ 'x' (1..3) "
    "[ ] . ,_ 5 x _ raw endraw capture_y"
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=24))
@settings(max_examples=200, deadline=None)
def test_no_source_brings_anything_but_a_text_or_an_error(words: list[str]) -> None:
    source = "".join(words).replace("_", " ")
    with suppress(EvaluationError):
        assert isinstance(_render_or_offset(source), str | int)


def _render_or_offset(source: str) -> str | int | None:
    try:
        return render(source)
    except ExpressionError as error:
        return error.offset if error.offset is not None and error.offset <= len(source) else None
