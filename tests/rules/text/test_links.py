"""Which addresses a customer may be sent to, and what values can do to them."""

import pytest

from rules.errors import EvaluationError, ExpressionError, RuleError
from rules.limits import LINK_CHARS_MAX
from rules.text.links import check_link, compile_link
from rules.text.printing import Setting
from rules.types import Scope, Type

GOOD = [
    "https://example.org",
    "https://example.org/terms?a=1&b=%20#top",
    "HTTP://example.org:8080/",
    "https://example.org?x",
    "https://[2001:db8::1]/",
    "https://example.org/āporo",
    "https://example.org/@mere",
    "mailto:help@example.org?subject=Hi",
    "tel:+6449001234",
    "bank://accounts/7",
    "com.example.app://open",
    "https://example.org/".ljust(LINK_CHARS_MAX, "x"),
]
BAD = [
    "",
    "example.org",
    "/terms",
    "//example.org",
    "https:",
    "https://",
    "https:///path",
    "https:example.org",
    "https://bank.example@evil.example/",
    "https://evil.example\\@bank.example/",
    "http://?x",
    "mailto:",
    "tel:",
    "mailto://x",
    "bank:",
    "bank:accounts",
    "bank://",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "javascript://example.org/%0aalert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://example.org/x",
    "view-source:https://example.org",
    "intent://scan/#Intent;end",
    "https://example.org/a b",
    'https://example.org/"x',
    "https://example.org/<x>",
    "https://example.org/\u202egro",
    "https://example.org/\u200b",
    "https://example.org/\ud800",
    "https://example.org/".ljust(LINK_CHARS_MAX + 1, "x"),
]


@pytest.mark.parametrize("url", GOOD)
def test_good_address(url: str) -> None:
    check_link(url)


@pytest.mark.parametrize("url", BAD)
def test_bad_address(url: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_link(url)
    assert caught.value.code == "bad_link"


SCOPE = Scope({"vars": {"x": Type.STRING, "y": Type.STRING}})


def render(source: str, x: str) -> str:
    return compile_link(source, SCOPE).render({"vars": {"x": x, "y": "a/b"}}, Setting())


@pytest.mark.parametrize(
    ("source", "x", "url"),
    [
        ("https://example.org/terms", "", "https://example.org/terms"),
        ("https://example.org/{{ vars.x }}", "P 7/ā?#", "https://example.org/P%207%2F%C4%81%3F%23"),
        ("https://example.org/?q={{ vars.x }}&r=1", "a&b=c+d", "https://example.org/?q=a%26b%3Dc%2Bd&r=1"),
        ("https://example.org/{{ vars.x | upcase }}", "p7", "https://example.org/P7"),
        ("https://example.org/{% if vars.x == 'a' %}{{ vars.y }}{% else %}b{% endif %}", "a",
         "https://example.org/a%2Fb"),
        ("https://{{ vars.x }}.example.org/", "nz", "https://nz.example.org/"),
        ("{{ vars.x }}", "https://example.org/a?b=c&d=%20", "https://example.org/a?b=c&d=%20"),
        ("{{ vars.x }}", " https://example.org/a b ", "https://example.org/a%20b"),
        ("{{ vars.x }}/{{ vars.y }}", "https://example.org", "https://example.org/a%2Fb"),
        ("tel:{{ vars.x }}", "+64 4 900", "tel:+64%204%20900"),
        ("mailto:{{ vars.x }}", "a@b.c?cc=d", "mailto:a@b.c%3Fcc%3Dd"),
        ("bank://{{ vars.x }}", "accounts/7", "bank://accounts%2F7"),
    ],
)  # fmt: skip
def test_values_stay_in_their_place(source: str, x: str, url: str) -> None:
    assert render(source, x) == url


@pytest.mark.parametrize(
    ("source", "x"),
    [
        ("{{ vars.x }}", "javascript:alert(1)"),
        ("{{ vars.x }}", "java\nscript:alert(1)"),
        ("{{ vars.x }}", "data:text/html,x"),
        ("{{ vars.x }}", "https://bank.example@evil.example"),
        ("{{ vars.x }}", ""),
        ("{{ vars.x }}/x", "\ud800"),
        ("{{ vars.x }}:alert(1)", "javascript"),
        ("{% if true %}javascript:{{ vars.x }}{% endif %}", "x"),
        ("https://example.org/{{ vars.x }}", "x" * LINK_CHARS_MAX),
        ("https://{{ vars.x }}", ""),
    ],
)
def test_values_that_make_a_bad_address_fail(source: str, x: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        render(source, x)
    assert caught.value.code == "bad_link"


@pytest.mark.parametrize(
    "source",
    ["javascript:{{ vars.x }}", "java{{ vars.x }}", "/terms/{{ vars.x }}", "", "https://{{ vars.x }} x/"],
)
def test_addresses_that_no_value_makes_good_are_refused_when_compiled(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_link(source, SCOPE)
    assert caught.value.code == "bad_link"


def test_host_cannot_be_left_through_a_value() -> None:
    assert render("https://{{ vars.x }}.example.org/", "evil.example/").startswith(
        "https://evil.example%2F.ex"
    )
    assert compile_link("https://example.org/{{ vars.x }}", SCOPE).reads == {"vars.x"}
