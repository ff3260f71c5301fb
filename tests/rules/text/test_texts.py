"""Card texts: one string, or spans where there is more to say."""

import msgspec
import pytest

from rules.errors import EvaluationError, ExpressionError
from rules.limits import MARKDOWN_BRACKETS_MAX, MARKDOWN_CHARS_MAX, RENDERED_BYTES_MAX, SPANS_MAX
from rules.text.marks import mark
from rules.text.printing import Setting
from rules.text.spans import EmphasisSpan, LinkSpan, ListSpan, RenderedText, RuntimeSpan, StrongSpan, TextSpan
from rules.text.texts import compile_text
from rules.types import Scope, Type

SCOPE = Scope({"vars": {"x": Type.STRING, "items": Type.LIST}})
RUNTIME = frozenset({"balance", "name"})


def render(source: str, x: object = "P-7", *, markdown: bool = True) -> RenderedText:
    text = compile_text(source, SCOPE, markdown=markdown, runtime=RUNTIME)
    return text.render({"vars": {"x": x, "items": ["a", "*b*"]}}, Setting())


def t(text: str) -> TextSpan:
    return TextSpan(text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("Kia ora", "Kia ora"),
        ("Policy {{ vars.x }} ends", "Policy P-7 ends"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        (r"5 \* {{ vars.x }}", "5 * P-7"),
        ("{% if vars.x %}{{ vars.x }}{% endif %}!", "P-7!"),
        ("<b>{{ vars.x }}</b>", "<b>P-7</b>"),
    ],
)
def test_plain_text_is_one_string(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    ("source", "spans"),
    [
        ("**{{ vars.x }}**s", (StrongSpan((t("P-7"),)), t("s"))),
        ("a{{ vars.x }} *{{ vars.x | downcase }}*", (t("aP-7 "), EmphasisSpan((t("p-7"),)))),
        ("Owe {{ runtime.balance }}.", (t("Owe "), RuntimeSpan("balance"), t("."))),
        ("**{{ runtime.balance }}**", (StrongSpan((RuntimeSpan("balance"),)),)),
        ("[{{ vars.x }}](https://e.org/{{ vars.x }})", (LinkSpan("https://e.org/P-7", (t("P-7"),)),)),
        ("{% for i in vars.items %}- {{ i }}\n{% endfor %}", (ListSpan(((t("a"),), (t("*b*"),))),)),
        ("{% if vars.x %}**{{ vars.x }}** {{ runtime.name }}{% endif %}",
         (StrongSpan((t("P-7"),)), t(" "), RuntimeSpan("name"))),
    ],
)  # fmt: skip
def test_spans_where_there_is_more(source: str, spans: RenderedText) -> None:
    assert render(source) == spans


def test_without_markdown_only_runtime_makes_spans() -> None:
    assert render("**{{ vars.x }}** {{ vars.x }}", markdown=False) == "**P-7** P-7"
    assert render("**{{ runtime.balance }}**", markdown=False) == (t("**"), RuntimeSpan("balance"), t("**"))
    assert render("{% if true %}*{{ runtime.name }}{% endif %}", markdown=False) == (
        t("*"),
        RuntimeSpan("name"),
    )
    assert render("", markdown=False) == ""


HOSTILE = [
    "**bold**",
    "[click](https://evil.example)",
    "](https://evil.example)",
    "https://evil.example",
    "<script>alert(1)</script>",
    "- a\n- b",
    "\n\n1. x",
    "a\\",
    "*",
    "`",
    "{{ runtime.balance }}",
    "\ufdd00\ufdd1",
    "\ufdd09\ufdd1",
    "&lt;",
    "![x](y)",
    "\u202e",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_value_cannot_bring_markdown(value: str) -> None:
    assert render("Kia ora {{ vars.x }}, *ok*", value) == (t(f"Kia ora {value}, "), EmphasisSpan((t("ok"),)))
    assert render("{{ vars.x }}", value) == value
    assert render("- {{ vars.x }}", value) == (ListSpan(((t(value),),)),)
    assert render("[{{ vars.x }}](https://e.org)", value) == (LinkSpan("https://e.org", (t(value),)),)
    assert render("{% if true %}**{{ vars.x }}**{% endif %}", value) == (StrongSpan((t(value),)),)
    captured = "{% capture c %}{{ vars.x }}{% endcapture %}{{ c }}"
    assert render(captured, value) == value
    assert render("{% assign c = vars.x %}**{{ c | append: '' }}**", value) == (StrongSpan((t(value),)),)


@pytest.mark.parametrize("value", [")", "a b", "x)[y](javascript:alert(1)", '"><', "?q#f", "../.."])
def test_value_cannot_leave_the_address_of_a_link(value: str) -> None:
    spans = render("[a](https://e.org/{{ vars.x }}) b", value)
    assert isinstance(spans, tuple)
    link, rest = spans
    assert isinstance(link, LinkSpan)
    assert link.url.startswith("https://e.org/")
    assert not set(link.url[len("https://e.org/") :]) & set('/?#() "<>')
    assert rest == t(" b")


def test_value_that_brings_a_bad_address_fails() -> None:
    with pytest.raises(EvaluationError, match="bad_link"):
        render("[a]({{ vars.x }})", "javascript:alert(1)")
    assert render("[a]({{ vars.x }})", "https://e.org/?a=b") == (LinkSpan("https://e.org/?a=b", (t("a"),)),)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ runtime.blance }}", "unknown_name"),
        ("{% if true %}{{ runtime.blance }}{% endif %}", "unknown_name"),
        ("{{ runtime }}", "unknown_name"),
        ("{{ runtime.balance.x }}", "unknown_name"),
        ("{{ runtime.balance | upcase }}", "unknown_name"),
        ("{% if runtime.balance %}{% endif %}", "unknown_name"),
        ("{% assign x = runtime.balance %}", "unknown_name"),
        ("{% capture x %}{{ runtime.balance }}{% endcapture %}", "unknown_name"),
        ("[a](javascript:alert(1))", "bad_link"),
        ("- x\n- **[a](/terms)**", "bad_link"),
        ("[a]()", "bad_link"),
        ("[a](data:x{{ vars.x }})", "bad_link"),
        ("[a](https://e.org/{{ runtime.balance }})", "bad_link"),
        ("plain \ufdd0", "bad_text"),
    ],
)
def test_refused_when_compiled(source: str, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(source)
    assert caught.value.code == code


def test_runtime_variable_in_an_address_that_tags_make_fails() -> None:
    with pytest.raises(EvaluationError, match="bad_link"):
        render("{% if true %}[a](https://e.org/{{ runtime.balance }}){% endif %}")


def test_bad_address_is_located() -> None:
    with pytest.raises(ExpressionError) as caught:
        render("ab [c](javascript:x)")
    assert caught.value.offset == 7


def test_says_what_it_reads() -> None:
    source = "**{{ vars.x }}** {{ runtime.balance }}[a](https://e.org/{{ vars.items.first }})"
    assert compile_text(source, SCOPE, markdown=True, runtime=RUNTIME).reads == {"vars.x", "vars.items"}


def test_markdown_is_bounded() -> None:
    assert render("x" * MARKDOWN_CHARS_MAX) == "x" * MARKDOWN_CHARS_MAX
    with pytest.raises(ExpressionError, match="too_long"):
        render("x" * (MARKDOWN_CHARS_MAX + 1))
    assert render("[" * MARKDOWN_BRACKETS_MAX) == "[" * MARKDOWN_BRACKETS_MAX
    with pytest.raises(ExpressionError, match="too_long"):
        render("[" * (MARKDOWN_BRACKETS_MAX + 1))
    with pytest.raises(EvaluationError, match="too_long"):
        render("{% for i in (1..1000) %}- a\n\n{% endfor %}")


def test_spans_are_bounded() -> None:
    # Each pass gives three spans: an emphasis, the text in it, and the space after it.
    source = "x{% for i in (1..333) %}*a* {% endfor %}c"
    assert isinstance(render(source), tuple)
    assert SPANS_MAX == 1 + 333 * 3
    with pytest.raises(EvaluationError, match="too_long"):
        render(source + "*b*")


def test_text_of_values_is_bounded() -> None:
    assert len(render("{{ vars.x }}", "x" * RENDERED_BYTES_MAX)) == RENDERED_BYTES_MAX
    for source in ("{{ vars.x }}", "*a* {{ vars.x }}", "x{{ vars.x }}"):
        with pytest.raises(EvaluationError, match="too_long"):
            render(source, "x" * (RENDERED_BYTES_MAX + 1))


def test_spans_are_plain_data_on_the_wire() -> None:
    spans = render("**{{ vars.x }}** {{ runtime.balance }}\n\n1. [a](https://e.org)")
    assert msgspec.json.decode(msgspec.json.encode(spans)) == [
        {"type": "strong", "children": [{"type": "text", "text": "P-7"}]},
        {"type": "text", "text": " "},
        {"type": "runtime", "name": "balance"},
        {
            "type": "list",
            "ordered": True,
            "items": [
                [{"type": "link", "url": "https://e.org", "children": [{"type": "text", "text": "a"}]}]
            ],
        },
    ]
    schema = msgspec.json.schema(RenderedText)
    assert "ListSpan" in schema["$defs"]
    assert mark(0) not in str(spans)
