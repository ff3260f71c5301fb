"""The compiled form against the reference engine, and the fast form against the careful one.

Only expressions on whose meaning both agree: decision 0010 lists the deliberate differences. Untyped numbers
are given to the reference as the doubles that they are to us.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.cel.checker import check
from rules.cel.decode import decode
from rules.cel.program import compile_form
from rules.conditions import compile_expression
from rules.errors import EvaluationError
from rules.types import Scope, Type

SCOPE = Scope(
    {
        "i": Type.INT,
        "j": Type.INT,
        "d": Type.DOUBLE,
        "s": Type.STRING,
        "t": Type.TIMESTAMP,
        "b": Type.BOOL,
        "x": Type.DYN,
        "m": Type.OBJECT,
        "l": Type.LIST,
    }
)
CONTEXT: Mapping[str, object] = {
    "i": 7,
    "j": -3,
    "d": 2.5,
    "s": "Kia ora, Mere 👍🏽",
    "t": datetime(2026, 3, 8, 9, 30, 15, 250_000, tzinfo=UTC),
    "b": True,
    "x": {"n": 3.0, "s": "abc", "b": False, "none": None, "l": [1.0, 2.0, "a"], "m": {"k": 1.5}},
    "m": {"k": 1.0, "s": "v"},
    "l": [3.0, 1.0, 2.0],
}
FAILED = "failed"


@cache
def reference() -> cel.Env:
    types = cel.Type
    variables = {
        "i": types.INT,
        "j": types.INT,
        "d": types.DOUBLE,
        "s": types.STRING,
        "t": types.TIMESTAMP,
        "b": types.BOOL,
        "x": types.DYN,
        "m": types.Map(types.STRING, types.DYN),
        "l": types.List(types.DYN),
    }
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()])


def by_reference(source: str) -> object:
    try:
        outcome = reference().compile(source).eval(data=CONTEXT)
    except RuntimeError as error:
        raise AssertionError(f"the reference refuses {source}: {error}") from error
    return FAILED if outcome.type() == cel.Type.ERROR else outcome.plain_value()


def by_us(source: str) -> object:
    try:
        return compile_expression(source, SCOPE).value(CONTEXT)
    except EvaluationError:
        return FAILED


def by_careful_form(source: str) -> object:
    tree = decode(check(source, SCOPE))
    try:
        return compile_form(tree, is_condition=False)(CONTEXT)
    except EvaluationError:
        return FAILED


def same(left: object, right: object) -> bool:
    """Equal, and of one type all the way down."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


CORPUS = """
i + j * 2 - 1
i / 2
-i / 2
i % 3
-i % 3
j % 2
i / 0
i % 0
d * 2.0 + 1.5
d / 2.0
-d
9223372036854775807 + i
-9223372036854775807 - i
9223372036854775807 * i
i == 7 && j < 0
i > 3 || x.nope == 1
x.nope == 1 || i > 3
x.nope == 1 && i > 30
i > 30 && x.nope == 1
x.nope == 1 && i > 3
!b
b ? i : j
x.n > 2.0
x.n > 3
x.n == 3
x.n == "3"
x.n != null
x.b > 0
x.b == 0
x.b < true
x.s < "b"
x.s > 1.0
x.l > x.l
x.none == null
x.none > 1
x.m.k + 1.0
x.m["k"] * 2.0
x.m.nope
x["nope"]
x.l[0]
x.l[2] == "a"
x.l[3]
x.l[-1]
m.k == 1
m.s == "v"
"k" in m
"z" in m
1.0 in l
4.0 in l
"a" in x.l
"a" in x.s
i in [1, 7]
s in ["a", "b"]
x.s in ["abc"]
x.l == [1.0, 2.0, "a"]
x.m == {"k": 1.5}
x.m == {"k": 1.5, "z": 2}
[b] == [true]
has(x.n)
has(x.nope)
has(x.none)
has(x.m.k)
has(x.nope.k)
has(x.n.k)
l.all(v, v > 0.0)
l.all(v, v > 1.0)
l.exists(v, v == 2.0)
l.exists_one(v, v > 1.0)
l.exists_one(v, v > 2.0)
x.l.exists(v, v == "a" || v > 5.0)
x.l.exists(v, v > 1.5)
x.l.all(v, v > 0.0)
x.l.all(v, v > 1.0)
x.l.exists_one(v, v > 1.5)
x.l.exists(v, v > 5.0)
l.map(v, v * 2.0)
l.map(v, v > 1.0, v + 1.0)
l.filter(v, v > 1.0)
x.l.filter(v, v == "a")
m.filter(k, k == "s")
m.exists(k, k == "s")
[1, 2].map(a, [10, 20].map(c, a + c))
[1, 2] + [3]
size(s) + s.size()
size(l)
size(x.m)
s + "!"
s.contains("Mere")
s.startsWith("Kia")
s.endsWith("a")
s.matches("M.r")
s.matches("^ora")
s.lowerAscii()
s.upperAscii()
"  a ".trim()
s.charAt(4)
s.charAt(15)
s.charAt(99)
s.indexOf("r")
s.indexOf("r", 8)
s.indexOf("zz")
s.indexOf("", 3)
s.substring(9)
s.substring(9, 13)
s.substring(13, 9)
s.substring(99)
s.replace("a", "o")
s.replace("a", "o", 1)
s.replace("a", "o", 0)
s.replace("a", "o", -1)
"ab".replace("", "-")
"ab".replace("", "-", 2)
"a,b,c".split(",")
"a,b,c".split(",", 2)
"a,b,c".split(",", 1)
"a,b,c".split(",", 0)
"a,b,c".split(",", -1)
"abc".split("")
"abc".split("", 2)
"".split(",")
["a", "b"].join()
["a", "b"].join("-")
int("12")
int("-12")
int("x")
int("1.5")
int(2.9)
int(-2.9)
int(1e19)
int(t)
double("1.5")
double("1e3")
double("x")
double(i)
string(i)
string(d)
string(b)
string(s)
bool("true")
bool("0")
bool("x")
bool(b)
t == timestamp("2026-03-08T09:30:15.250Z")
t < timestamp("2026-03-08T22:30:15.250+13:00")
timestamp(0) == timestamp("1970-01-01T00:00:00Z")
timestamp("x") == t
t + duration("1h") == timestamp("2026-03-08T10:30:15.250Z")
t - timestamp(0) > duration("1h")
t - duration("15s") < t
duration("1h") + duration("-30m") == duration("1800s")
duration("1h30m") - duration("1.5h") == duration("0")
duration("x") == duration("1s")
t.getFullYear()
t.getMonth()
t.getDate()
t.getDayOfMonth()
t.getDayOfWeek()
t.getDayOfYear()
t.getHours()
t.getMinutes()
t.getSeconds()
t.getMilliseconds()
t.getHours("Pacific/Auckland")
t.getDate("Pacific/Auckland")
t.getHours("-03:30")
t.getHours("02:00")
t.getHours("Nowhere/Land")
duration("90m").getHours()
duration("-90m").getHours()
duration("90m").getMinutes()
duration("90m").getSeconds()
duration("1.5s").getMilliseconds()
x.?n.orValue(0.0)
x.?nope.orValue(0.0)
x.?m.k.orValue(0.0)
x.?nope.k.z.orValue(0.0)
x.?m.?z.hasValue()
x.l[?1].orValue(0.0)
x.l[?9].orValue(0.0)
x[?"s"].orValue("-")
x.?nope.or(x.?s).value()
x.?nope.value()
optional.of(1).value()
optional.none().hasValue()
optional.of(1) == optional.of(1)
optional.none() == optional.of(1)
x.?s.optMap(v, v + "!").orValue("")
x.?nope.optMap(v, v + "!").orValue("")
x.?m.optFlatMap(v, v.?k).orValue(0.0)
[?x.?nope, ?x.?s]
{"a": i, ?"z": x.?nope}
""".strip().splitlines()


@pytest.mark.parametrize("source", CORPUS)
def test_corpus_means_what_the_reference_says(source: str) -> None:
    assert same(by_us(source), by_reference(source))


# ── generated expressions: typed, so that both checkers take them ──────────────────────────────────────

INTS = st.sampled_from(["i", "j", "0", "1", "-2", "9223372036854775807", "size(s)", "size(x.l)", "int(d)"])
DOUBLES = st.sampled_from(["d", "0.5", "-1.0", "3.0", "double(i)"])
STRINGS = st.sampled_from(["s", "'a'", "''", "'Mere'", "string(i)", "x.s"])
UNTYPED = st.sampled_from(["x.n", "x.s", "x.b", "x.none", "x.nope", "x.l[0]", "x.l[2]", "x.m.k", "m.k"])


def _joined(parts: st.SearchStrategy[str], operators: list[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda a, o, b: f"({a} {o} {b})", parts, st.sampled_from(operators), parts)


INT_TERMS = st.recursive(INTS, lambda inner: _joined(inner, ["+", "-", "*", "/", "%"]), max_leaves=4)
DOUBLE_TERMS = st.recursive(DOUBLES, lambda inner: _joined(inner, ["+", "-", "*"]), max_leaves=3)
STRING_TERMS = st.recursive(STRINGS, lambda inner: _joined(inner, ["+"]), max_leaves=3)
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
BOOLS = st.one_of(
    st.sampled_from(["b", "true", "false", "has(x.n)", "has(x.nope)", "x.b", "x.none", "x.n"]),
    *(_joined(terms, COMPARISONS) for terms in (INT_TERMS, DOUBLE_TERMS, STRING_TERMS, UNTYPED)),
    st.builds("({0} {1} {2})".format, UNTYPED, st.sampled_from(COMPARISONS), DOUBLE_TERMS),
    st.builds("({0} {1} {2})".format, STRING_TERMS, st.sampled_from(COMPARISONS), UNTYPED),
    st.builds("({0} in x.l)".format, UNTYPED),
    st.builds("{0}.contains({1})".format, STRINGS, STRINGS),
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        _joined(inner, ["&&", "||"]),
        inner.map("!({})".format),
        st.builds("({0} ? {1} : {2})".format, inner, inner, inner),
    )


SIMPLE = st.recursive(BOOLS, _combined, max_leaves=3)
LOOPS = st.one_of(
    SIMPLE.map("x.l.exists(v, v == 1.0 || {})".format),
    SIMPLE.map("x.l.all(v, v != 'a' || {})".format),
    SIMPLE.map("l.all(v, v > 1.5 || {})".format),
    SIMPLE.map("x.l.exists_one(v, v > 1.0 && {})".format),
    SIMPLE.map("(l.filter(v, v > 1.5 && {}) == [3.0])".format),
)
CONDITIONS = st.recursive(st.one_of(BOOLS, LOOPS), _combined, max_leaves=5)


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(CONDITIONS, INT_TERMS, DOUBLE_TERMS, STRING_TERMS))
def test_generated_expression_means_what_the_reference_says(source: str) -> None:
    expected = by_reference(source)
    assert same(by_us(source), expected)
    assert same(by_careful_form(source), expected)


def test_both_engines_see_instants_and_lengths_alike() -> None:
    assert by_reference("t") == by_us("t")
    assert by_reference("t - timestamp(0)") == CONTEXT["t"] - datetime(1970, 1, 1, tzinfo=UTC)  # type: ignore[operator] # a datetime
    assert isinstance(by_reference("duration('1s')"), timedelta)
