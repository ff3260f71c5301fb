"""What templates may do with time and memory: hostile ones end in an error; `bench/hostile.py` times them."""

from collections.abc import Callable

import pytest

from rules.errors import EvaluationError, ExpressionError, RuleError
from rules.limits import (
    TEMPLATE_EXPRESSION_DEPTH_MAX,
    TEMPLATE_LOCALS_BYTES_MAX,
    TEMPLATE_NESTING_MAX,
    TEMPLATE_STEPS_MAX,
)
from rules.text.printing import Setting
from rules.text.templates import compile_template
from rules.types import Scope, Type

SCOPE = Scope({"vars": {"n": Type.INT, "due": Type.TIMESTAMP}, "event": {"data": Type.DYN}})
BIG: dict[str, object] = {
    "vars": {"n": 3},
    "event": {"data": {"list": list(range(30_000)), "text": "ab" * 32_000, "deep": [[["x"] * 99] * 99]}},
}


def loop(times: int, body: str, *, name: str = "i") -> str:
    return f"{{% for {name} in (1..{times}) %}}{body}{{% endfor %}}"


HOSTILE = {
    "long range": loop(99_999_999, "x"),
    "long range backwards": "{% for i in (1..99999999) reversed %}x{% endfor %}",
    "range beyond machine words": loop(10**30, "x"),
    "loops in loops": loop(100, loop(100, loop(100, "{{ k }}", name="k"), name="j")),
    "empty loops": loop(100, loop(100, loop(100, "", name="k"), name="j")),
    "loops side by side": loop(2_000, "{{ i }}") * 40,
    "conditions in a loop": loop(2_000, "{% if vars.n == 3 %}{% endif %}" * 40),
    "long conditions in a loop": loop(
        500, "{% if 1 == 1 %}{% endif %}{% if " + " and ".join(["1 == 1"] * 20) + " %}{% endif %}"
    ),
    "doubling by append": "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 50,
    "doubling by append in a loop": "{% assign a = 'x' %}" + loop(99, "{% assign a = a | append: a %}"),
    "doubling by capture": "{% capture a %}xxxxxxxxxx{% endcapture %}"
    + "{% capture a %}{{a}}{{a}}{% endcapture %}" * 40,
    "growing by replace": "{% assign a = 'aaaaaaaaaaaaaaaaaaaa' %}"
    + "{% assign a = a | replace: 'a', a %}" * 5,
    "splitting a long text": "{{ event.data.text | split: 'a' }}",
    "splitting in a loop": loop(1_000, "{% assign a = event.data.text | split: '' %}"),
    "contains in a long list": loop(2_000, "{% if event.data.list contains -1 %}{% endif %}"),
    "comparing large values": loop(2_000, "{% if event.data == event.data.deep %}{% endif %}"),
    "joining a long list": "{{ event.data.list | join }}",
    "sorting a long list": "{{ event.data.list | sort | size }}",
    "looping over a long list": "{% for i in event.data.list %}{{ i }}{% endfor %}",
    "long text in a loop": loop(900, "{% capture a %}{{ event.data.text }}{% endcapture %}"),
    "dates in a loop": loop(2_000, "{{ '2026-01-01' | date: 'full' }}"),
    "large numbers": "{{ vars.n" + " | times: 99999999" * 60 + " }}",
    "a number of many digits": "{{ '" + "9" * 1_900 + "' | plus: 1 }}",
    "deep path": "{{ " + "event[" * 300 + "vars.n" + "]" * 300 + " }}",
    "open outputs": "{{" * 500 + " " * 1_000,
    "open tags": "{% " * 600,
    "spaces": "{{ vars.n" + " " * 1_000 + "|" + " " * 1_000 + "}}",
    "open raws": "{% raw %}" * 200,
    "many broken outputs": "{{ vars.n }}" * 150 + "{% if vars.n %}",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_template_ends_in_an_error(source: str) -> None:
    with pytest.raises(RuleError):
        compile_template(source, SCOPE).render(BIG, Setting())


def test_choices_that_match_often_render_their_block_once() -> None:
    source = "x"
    for _ in range(TEMPLATE_NESTING_MAX):
        source = "{% case 1 %}{% when " + ",".join("1" * 90) + " %}" + source + "{% endcase %}"
    assert compile_template(source, SCOPE).render({}, Setting()) == "x"


def attempt(source: str) -> Callable[[], str]:
    return lambda: compile_template(source, SCOPE).render(BIG, Setting())


class Unbuilt(dict[str, object]):
    """Names that are there when they are asked for, like those of a turn."""

    def __missing__(self, name: str) -> object:
        return {"status": "packed"}


def test_names_that_nothing_has_read_yet_are_read() -> None:
    scope = Scope({"vars": {"status": Type.STRING}})
    template = compile_template("{% if vars.status == 'packed' %}yes{% else %}no{% endif %}", scope)
    assert template.render(Unbuilt(), Setting()) == "yes"


def test_steps_are_bounded() -> None:
    # Twenty for beginning, two for each pass.
    most = (TEMPLATE_STEPS_MAX - 20) // 2
    assert len(attempt(loop(most, "x"))()) == most
    with pytest.raises(EvaluationError, match="too_many_steps"):
        attempt(loop(most + 1, "x"))()


@pytest.mark.parametrize("output", ["{{ event.data }}", "{{ event.data | first }}"])
def test_outputs_without_tags_share_the_steps_of_one_template(output: str) -> None:
    context: dict[str, object] = {"event": {"data": [None] * 2_000}}
    assert compile_template(output * 15, SCOPE).render(context, Setting()) == ""
    with pytest.raises(EvaluationError, match="too_many_steps"):
        compile_template(output * 21, SCOPE).render(context, Setting())


def test_outputs_without_tags_end_when_they_are_too_long() -> None:
    with pytest.raises(EvaluationError, match="too_long"):
        attempt("{{ event.data.text }}" * 90)()


def test_blocks_inside_blocks_are_bounded() -> None:
    def nested(depth: int) -> str:
        return "{% if true %}" * depth + "x" + "{% endif %}" * depth

    assert attempt(nested(TEMPLATE_NESTING_MAX))() == "x"
    with pytest.raises(ExpressionError, match="nesting"):
        attempt(nested(TEMPLATE_NESTING_MAX + 1))()


def test_names_inside_names_and_terms_of_a_condition_are_bounded() -> None:
    def inside(depth: int) -> str:
        return "{{ " + "event[" * (depth - 1) + "vars.n" + "]" * (depth - 1) + " }}"

    # An output's own expression is the first part.
    assert attempt(inside(TEMPLATE_EXPRESSION_DEPTH_MAX - 1))() == ""
    with pytest.raises(ExpressionError, match="inside each other"):
        attempt(inside(TEMPLATE_EXPRESSION_DEPTH_MAX))()
    with pytest.raises(ExpressionError, match="inside each other"):
        attempt("{% if " + " and ".join(["vars.n"] * 40) + " %}{% endif %}")()


def test_what_a_template_keeps_is_bounded() -> None:
    kept = "".join(f"{{% capture a{n} %}}{{{{ event.data.text }}}}{{% endcapture %}}" for n in range(36))
    fitting = TEMPLATE_LOCALS_BYTES_MAX // len("ab" * 32_100)
    assert attempt(kept[: kept.index(f"{{% capture a{fitting} ")])() == ""
    with pytest.raises(EvaluationError, match="keeps too much"):
        attempt(kept[: kept.index(f"{{% capture a{fitting + 1} ")])()


def test_five_hundred_rows_of_a_list_are_fine() -> None:
    rows = [{"name": "socks", "price": 5.0}] * 500
    source = "{% for i in event.data %}{{ i.name }}: {{ i.price }}, {% endfor %}"
    text = compile_template(source, SCOPE).render({"event": {"data": rows}}, Setting())
    assert text.count("socks: 5, ") == 500
