"""Our two forms against the reference engine and against each other: a corpus, and generated expressions.

Untyped numbers are given to the reference as the doubles that they are to us; `expressions.py` says how the
other deliberate differences are held.
"""

import operator
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cel.tree import Kind
from rules.conditions import compile_condition
from rules.types import Scope, Type
from tests.rules.cel import expressions
from tests.rules.cel.expressions import CONTEXTS, SCOPE, Pair, environment, standard_context, widened
from tests.rules.cel.reference import by_reference, by_us, same

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
    "r": {},
}

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
    answer, _ = by_us(source, SCOPE, CONTEXT)
    assert same(answer, by_reference(source, environment(), standard_context(CONTEXT)))


GENERATED = {
    "bools": expressions.bools(2),
    "nested bools": expressions.bools(3),
    "ints": expressions.ints(2),
    "doubles": expressions.doubles(2),
    "texts": expressions.texts(2),
    "times": expressions.times(2),
    "lengths": expressions.lengths(2),
    "lists": expressions.lists(2),
    "numbers": expressions.numbers(2),
    "untyped": expressions.untyped(2),
}


@pytest.mark.parametrize("kind", GENERATED)
def test_generated_expression_means_what_the_reference_says(kind: str) -> None:
    @given(st.lists(GENERATED[kind], min_size=6, max_size=10), CONTEXTS)
    def both_agree(pairs: list[Pair], context: Mapping[str, object]) -> None:
        for pair in pairs:
            answer, found = by_us(pair.ours, SCOPE, context)
            expected = by_reference(pair.standard, environment(), standard_context(context))
            if found in (Kind.INT, Kind.DOUBLE):
                assert same(answer, expected), pair
            else:
                # Untyped numbers that nothing calculated with are given back as they came.
                assert same(widened(answer), widened(expected)), pair

    both_agree()


COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NUMBERS = Scope({"i": Type.INT, "d": Type.DOUBLE, "x": Type.DYN})
WHOLE = st.integers(-(2**63), 2**63 - 1)
NEAR = WHOLE.flatmap(lambda i: st.tuples(st.just(i), st.sampled_from([float(i), float(i) + 0.5, -float(i)])))


@pytest.mark.parametrize("sign", COMPARISONS)
@given(pair=st.tuples(WHOLE, st.floats(allow_nan=False, allow_infinity=False)) | NEAR)
def test_an_int_and_a_double_are_compared_exactly(sign: str, pair: tuple[int, float]) -> None:
    """As Python does, where the standard would make a double of the int."""
    whole, double = pair
    context = {"i": whole, "d": double, "x": double}
    for source in (f"i {sign} d", f"i {sign} x"):
        assert compile_condition(source, NUMBERS).holds(context) is COMPARISONS[sign](whole, double)


def test_both_engines_see_instants_and_lengths_alike() -> None:
    context = standard_context(CONTEXT)
    assert by_reference("t", environment(), context) == CONTEXT["t"]
    since = by_reference("t - timestamp(0)", environment(), context)
    assert since == CONTEXT["t"] - datetime(1970, 1, 1, tzinfo=UTC)  # type: ignore[operator] # a datetime
    assert isinstance(by_reference("duration('1s')", environment(), context), timedelta)
