"""What hostile authors write: expressions, templates, card texts and documents that ask for time or memory.

Each is as large as its bounds allow, or larger. `test_attacks.py` says how each ends, and `bench/hostile.py`
what it takes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rules.compiling.flows import Compiled, check
from rules.conditions import compile_expression
from rules.errors import RuleError
from rules.text.printing import Setting
from rules.text.templates import compile_template
from rules.text.texts import compile_text
from rules.types import Scope, Type

SCOPE = Scope(
    {
        "vars": {"n": Type.INT, "texts": Type.LIST, "due": Type.TIMESTAMP, "text": Type.STRING},
        "event": {"data": Type.DYN},
        "now": Type.TIMESTAMP,
    }
)
NOW = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)
# As large as an event may be, and far beyond what a list or a text of an expression may be.
DATA: Mapping[str, object] = {
    "list": list(range(500)),
    "some": list(range(100)),
    "long": list(range(30_000)),
    "empty": [None] * 30_000,
    "doubles": [n * 0.37 for n in range(500)],
    "numbers": ["1" * 300] * 500,
    "times": ["2026-03-08T09:30:15.250Z"] * 500,
    "text": "x" * 8_192,
    "letters": "👍" * 8_192,
    "big": "y" * 60_000,
    "other": "y" * 59_999 + "z",
    "csv": ",".join(["ab"] * 499),
    "rows": [{"k": f"v{n % 7}", "n": n, "t": "x" * 100} for n in range(500)],
    "nested": [["a"] * 60 + [n] for n in range(500)],
    "deep": [[["x"] * 99] * 99] * 9,
    "object": {f"k{n}": n for n in range(500)},
}
CONTEXT: Mapping[str, object] = {
    "vars": {"n": 3, "texts": [f"t{n:06}" for n in range(30_000)], "due": NOW, "text": "é" * 8_192},
    "event": {"data": DATA},
    "now": NOW,
}
LIST, SOME = "event.data.list", "event.data.some"


@dataclass(frozen=True, slots=True)
class Attack:
    """`ends` is the code of the error that `compile`, or what it gives, ends in; or `value`."""

    name: str
    ends: str
    compile: Callable[[], Callable[[], object]]


def _expression(name: str, ends: str, source: str) -> Attack:
    def compile() -> Callable[[], object]:
        compiled = compile_expression(source, SCOPE)
        return lambda: compiled.value(CONTEXT)

    return Attack(name, ends, compile)


def _template(name: str, ends: str, source: str) -> Attack:
    def compile() -> Callable[[], object]:
        compiled = compile_template(source, SCOPE)
        return lambda: compiled.render(CONTEXT, Setting("en-NZ", "Pacific/Auckland"))

    return Attack(name, ends, compile)


def _text(name: str, ends: str, source: str) -> Attack:
    def compile() -> Callable[[], object]:
        compiled = compile_text(source, SCOPE, markdown=True)
        return lambda: compiled.render(CONTEXT, Setting())

    return Attack(name, ends, compile)


# ── expressions ────────────────────────────────────────────────────────────────────────────────────────


def _twice(body: str, *, over: str = LIST) -> str:
    """`body` in a loop within a loop."""
    return f"{LIST}.all(a, {over}.all(b, {body}))"


def _once(body: str) -> str:
    return f"{LIST}.all(a, {body})"


def _many(term: str, count: int) -> str:
    return " || ".join([term] * count)


EXPRESSIONS = [
    _expression("loops in loops", "too_many_steps", _twice("a + b >= 0")),
    _expression("three loops", "expression_too_deep", _once(_twice("true"))),
    _expression("arithmetic in loops", "too_many_steps", _twice("((a * b + a - b) * 2.0 / 3.0) > -1e9")),
    _expression(
        "errors in loops", "too_many_steps", f"{LIST}.exists(a, {LIST}.exists(b, event.data.nope == a))"
    ),
    _expression(
        "errors beside errors in loops",
        "too_many_steps",
        _twice("event.data.u && event.data.v && event.data.w"),
    ),
    _expression("zones in loops", "too_many_steps", _twice("now.getHours('Pacific/Auckland') >= 0")),
    _expression("clocks in loops", "too_many_steps", _twice("local(now).getHours() >= 0")),
    _expression("calendar in loops", "too_many_steps", _twice("plus(now, 'P999Y11M29DT23H59M59S') > now")),
    _expression("durations in loops", "too_many_steps", _twice(f"duration('{'1h' * 40}') > duration('0')")),
    _expression(
        "times in loops", "too_many_steps", _twice("timestamp(b) > timestamp(0)", over="event.data.times")
    ),
    _expression("texts of times in loops", "too_many_steps", _twice("string(now) != ''")),
    _expression("numbers in loops", "too_many_steps", _twice("double(b) > 0.0", over="event.data.numbers")),
    _expression(
        "texts of numbers in loops", "too_many_steps", _twice("string(b) != ''", over="event.data.doubles")
    ),
    _expression("texts in a declared list in loops", "too_many_steps", _twice("!('zz' in vars.texts)")),
    _expression("keys in loops", "too_many_steps", f"{LIST}.map(a, event.data.rows.filter(b, b.k == 'v1'))"),
    _expression(
        "large texts compared in loops", "too_many_steps", _twice("event.data.big != event.data.other")
    ),
    _expression(
        "large values compared in loops", "too_many_steps", _twice("event.data.deep == event.data.deep")
    ),
    _expression("a long list", "too_long", "event.data.long.exists(a, a == -1)"),
    _expression("a list that grows", "too_long", f"{LIST}.map(a, {LIST} + {LIST})"),
    _expression("a list of lists", "too_many_steps", f"{LIST}.map(a, event.data.nested)"),
    _expression("a text that doubles", "too_long", "event.data.text + event.data.text"),
    _expression("a text that doubles in loops", "too_long", f"{SOME}.map(a, [a, a].map(b, vars.text + 'x'))"),
    _expression(
        "a text that doubles by exists",
        "value",
        "['x'].exists(a, [a + a].exists(b, b + b == ''))" + " || true" * 20,
    ),
    _expression(
        "values that double by reference",
        "too_many_steps",
        f"optional.of({LIST})" + ".optMap(a, [a, a, a, a, a, a])" * 2 + ".orValue([])",
    ),
    _expression(
        "maps of optionals written out",
        "expression_too_deep",
        f"optional.of([{'1,' * 880}1])" + ".optMap(a, a + a + a)" * 4 + ".orValue([]) == []",
    ),
    _expression("replacing", "too_many_steps", _once("event.data.text.replace('x', 'yy') != ''")),
    _expression("splitting", "too_many_steps", _once("event.data.csv.split(',').join('-') != ''")),
    _expression("case of large letters", "too_many_steps", _once("event.data.letters.lowerAscii() != ''")),
    _expression(
        "searching",
        "too_many_steps",
        _once("event.data.text.indexOf('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy') < 0"),
    ),
    _expression("sorting", "too_many_steps", f"{LIST}.map(a, sort_by(event.data.rows, 'k'))"),
    _expression("grouping", "too_many_steps", f"{LIST}.map(a, group_by(event.data.rows, 'n'))"),
    _expression("summing", "too_many_steps", f"{LIST}.map(a, sum(event.data.doubles))"),
    _expression("a pattern in loops", "too_many_steps", _twice("'abc'.matches('a.*z') || true")),
    _expression(
        "a pattern that would backtrack",
        "too_many_steps",
        _once("event.data.text.matches('(x|xx)*y') || true"),
    ),
    _expression(
        "a pattern that is counted out",
        "too_many_steps",
        _once("event.data.text.matches('(.{0,9}){0,9}z') || true"),
    ),
    _expression(
        "a class of Unicode in loops", "too_many_steps", _twice("'abc'.matches('\\\\pL\\\\pL') || true")
    ),
    _expression(
        "a class in brackets in loops", "too_many_steps", _twice("'abc'.matches('[\\\\pL\\\\pN]+z') || true")
    ),
    _expression(
        "many patterns",
        "too_many_steps",
        " || ".join(f"vars.text.matches('\\\\pL\\\\pL{n}')" for n in range(55)),
    ),
    _expression("many clocks", "value", _many("local(now).getHours() > 30", 65)),
    _expression("many loops", "value", _many("[1].all(i, [1].all(j, i > j))", 60)),
    _expression("a long literal", "value", f"[{'1,' * 1_000}1]"),
    _expression("deep brackets", "expression_too_deep", "(" * 400 + "1" + ")" * 400),
    _expression("deep lists", "expression_too_deep", "[" * 2_000),
    _expression("deep choices", "expression_too_deep", "vars.n > 1 ? 1 : " * 100 + "2"),
    _expression("a long sum", "expression_too_deep", "1" + "+1" * 900),
    _expression("no language at all", "syntax_error", "@" * 2_000),
    _expression("huge ints", "overflow", "9223372036854775807 * 9223372036854775807 > 0"),
    _expression("huge doubles", "overflow", "1e308 * 1e308"),
    _expression("too long a source", "expression_too_long", "1" + " " * 100_000),
]

# ── templates and card texts ───────────────────────────────────────────────────────────────────────────


def _loop(body: str, times: int = 2_000) -> str:
    return f"{{% for i in (1..{times}) %}}{body}{{% endfor %}}"


def _assigned(filters: str) -> str:
    return _loop("{% assign a = " + filters + " %}")


TEMPLATES = [
    _template("a long range", "too_many_steps", _loop("x", 10**30)),
    _template("loops in loops of a template", "too_many_steps", _loop(_loop(_loop("", 100), 100), 100)),
    _template("conditions in a loop", "too_many_steps", _loop("{% if vars.n == 3 %}{% endif %}" * 40)),
    _template(
        "doubling by append",
        "too_long",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 50,
    ),
    _template(
        "doubling by capture",
        "too_long",
        "{% capture a %}xxxxx{% endcapture %}" + "{% capture a %}{{a}}{{a}}{% endcapture %}" * 35,
    ),
    _template(
        "keeping much",
        "too_many_steps",
        "".join(f"{{% capture a{n} %}}{{{{event.data.big}}}}{{% endcapture %}}" for n in range(30)),
    ),
    _template("sorting in a loop", "too_many_steps", _assigned("event.data.nested | sort")),
    _template("repeats in a loop", "too_many_steps", _assigned("event.data.nested | uniq")),
    _template("joining in a loop", "too_many_steps", _assigned("event.data.rows | join")),
    _template("splitting in a loop", "too_many_steps", _assigned("event.data.text | split: ''")),
    _template("letters in a loop", "too_many_steps", _assigned("event.data.letters | upcase")),
    _template("dates in a loop", "too_many_steps", _loop("{{ vars.due | date: 'full' }}")),
    _template(
        "zones of dates in a loop", "too_many_steps", _loop("{{ vars.due | date: '" + "VVVV " * 12 + "' }}")
    ),
    _template("money in a loop", "too_many_steps", _loop("{{ 9007199254740991 | money: 'XXX' }}")),
    _template("tiny numbers", "value", "{{ '1e-999999999' | number }}{{ '1e-999999' | times: '1e-999999' }}"),
    _template("a long list printed", "too_long", "{{ event.data.long }}"),
    _template("a long list printed often", "too_many_steps", "{{event.data.empty}}" * 100),
    _template("objects read often", "too_many_steps", "{{event.data.rows|size}}" * 80),
    _template("repeats found often", "too_many_steps", "{{event.data.nested|uniq|size}}" * 60),
    _template("sorted often", "too_many_steps", "{{event.data.rows|sort:'k'|size}}" * 60),
    _template("open outputs", "syntax_error", "{{" * 500),
    _template("open tags", "syntax_error", "{% " * 600),
    _template("deep blocks", "syntax_error", "{% if true %}" * 100),
    _template("deep names", "too_long", "{{ " + "event[" * 300 + "vars.n" + "]" * 300 + " }}"),
]
TEXTS = [
    _text("stars", "value", "*a **b " * 580),
    _text("stars without words", "value", "*" * 4_000),
    _text("stars and lines", "too_long", "_*" * 2_000),
    _text("brackets", "value", "[" * 250 + "](" * 250 + "x" * 3_000),
    _text("pictures", "value", "![" * 250 + "](a)" * 250),
    _text("links", "value", "[a](https://e.org/) " * 200),
    _text("lists in lists", "value", "- " * 2_000),
    _text("lists beside lists", "value", "- - - - - - - - - - - - - a\n" * 140),
    _text("numbers of lists", "value", "1. " * 1_300),
    _text("lines", "value", "a\n" * 2_000),
    _text("stars made when rendered", "too_long", "{% for i in (1..600) %}*a **b {% endfor %}"),
    _text("lists made when rendered", "value", "{% for i in (1..900) %}- a\n{% endfor %}"),
]

# ── documents ──────────────────────────────────────────────────────────────────────────────────────────


def _document(name: str, ends: str, value: object, size_bytes: int) -> Attack:
    """One that sets a variable to `value`, as often as fits."""
    step = {"type": "set", "variables": {"o": value}}
    count = min(499, max(1, size_bytes // (len(json.dumps(step)) + 40)))
    steps = {f"s{n}": {**step, "next": f"s{n + 1}"} for n in range(count)} | {f"s{count}": {"type": "end"}}
    variables = {"n": {"type": "integer"}, "o": {"type": "list"}, "s": {"type": "string"}}
    text = json.dumps({"flow": "x", "start": "s0", "variables": variables, "steps": steps})
    return Attack(name, ends, lambda: lambda: _refuse(check(text, type="json")))


def _refuse(compiled: Compiled) -> Compiled:
    if compiled.flow is None:
        raise RuleError(compiled.problems[0].code, compiled.problems[0].message)
    return compiled


def _inside(depth: int, width: int) -> list[object]:
    value: list[object] = ["=vars.nope"]
    for _ in range(depth):
        value = [*["=vars.n"] * width, value]
    return value


def documents(size_bytes: int) -> list[Attack]:
    """Documents of about this size; no server takes one of more than 256 KiB."""
    classes = [f"=vars.s.matches('\\\\pL\\\\pL{n}')" for n in range(501)]
    optionals = [f"=optional.of([{'1,' * 800}1])" + ".optMap(a, a + a)" * 4 + ".orValue([])"]
    made: list[tuple[str, str, object]] = [
        ("many expressions", "value", ["=vars.n"] * 50),
        ("many refused expressions", "unknown_name", ["=vars.nope"] * 50),
        ("long expressions", "value", ["=" + _many("vars.n == 1", 130)]),
        ("long calls", "value", ["=" + _many("local(now).getHours() > 30", 60)]),
        ("many templates", "value", ["{{vars.n|size}}"] * 50),
        ("long templates", "value", ["{{vars.n|size}}" * 120]),
        ("tags", "value", ["{%if vars.n%}{%endif%}" * 80]),
        ("patterns of classes", "too_many_patterns", classes),
        ("optionals written out", "expression_too_deep", optionals),
        ("a refusal deep inside", "unknown_name", _inside(24, size_bytes // 500)),
        ("deep data", "too_deep", json.loads("[" * 500 + "]" * 500)),
    ]
    return [_document(name, ends, value, size_bytes) for name, ends, value in made]
