"""The Markdown subset."""

import pytest

from rules.text.markdown import parse_markdown
from rules.text.spans import BreakSpan, EmphasisSpan, LinkSpan, ListSpan, Span, StrongSpan, TextSpan

BREAK = BreakSpan()


def t(text: str) -> TextSpan:
    return TextSpan(text)


@pytest.mark.parametrize(
    ("source", "spans"),
    [
        ("", ()),
        (" \n", ()),
        ("plain", (t("plain"),)),
        ("a **b** *c* __d__ _e_", (t("a "), StrongSpan((t("b"),)), t(" "), EmphasisSpan((t("c"),)), t(" "),
                                   StrongSpan((t("d"),)), t(" "), EmphasisSpan((t("e"),)))),
        ("***a***", (EmphasisSpan((StrongSpan((t("a"),)),)),)),
        ("snake_case_name 5 * 3 * 2", (t("snake_case_name 5 * 3 * 2"),)),
        (r"\*a\*", (t("*a*"),)),
        ("[a **b**](https://e.org 'title')", (LinkSpan("https://e.org", (t("a "), StrongSpan((t("b"),)))),)),
        ("one\ntwo  \nthree\\\nfour", (t("one"), BREAK, t("two"), BREAK, t("three"), BREAK, t("four"))),
        ("one\n\n\ntwo", (t("one"), BREAK, BREAK, t("two"))),
        ("- a\n- *b*", (ListSpan(((t("a"),), (EmphasisSpan((t("b"),)),))),)),
        ("3. a\n4. b", (ListSpan(((t("a"),), (t("b"),)), ordered=True, start=3),)),
        ("- a\n  - b\n- c", (ListSpan(((t("a"), ListSpan(((t("b"),),))), (t("c"),))),)),
        ("a\n\n- b\n\nc", (t("a"), ListSpan(((t("b"),),)), t("c"))),
        ("- a\n\n  b", (ListSpan(((t("a"), BREAK, BREAK, t("b")),)),)),
    ],
)  # fmt: skip
def test_understands(source: str, spans: tuple[Span, ...]) -> None:
    assert parse_markdown(source) == spans


@pytest.mark.parametrize(
    "source",
    ["<b>x</b>", "<script>alert(1)</script>", "&lt;", "# head", "> quote", "`code`", "<https://e.org>", "---",
     "https://e.org", "[a][b]", "~~x~~", "| a | b |", "<!-- x -->", "a ![x](u) b",
     "![*x*](https://e.org 'y')"],
)  # fmt: skip
def test_anything_else_is_text(source: str) -> None:
    assert parse_markdown(source) == (t(source),)
