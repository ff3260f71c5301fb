"""Strategies for typed expressions, each as two texts of one meaning, and for contexts to evaluate them in.

One text is of our dialect, one of the standard's. Where ours differs on purpose, the second says in the
standard's terms what ours promises: so the difference is held to its definition, and not passed over.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings
from hypothesis import strategies as st

from rules.types import Scope, Type


class Pair(NamedTuple):
    ours: str
    standard: str


Pairs = st.SearchStrategy[Pair]

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
        "r": {"n": Type.INT, "d": Type.DOUBLE, "s": Type.STRING, "b": Type.BOOL},
    }
)
FIELDS = ("n", "d", "s", "b")


@cache
def environment() -> cel.Env:
    types = cel.Type
    untyped = types.Map(types.STRING, types.DYN)
    variables = {
        "i": types.INT,
        "j": types.INT,
        "d": types.DOUBLE,
        "s": types.STRING,
        "t": types.TIMESTAMP,
        "b": types.BOOL,
        "x": types.DYN,
        "m": untyped,
        "l": types.List(types.DYN),
        "r": untyped,
    }
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()])


# ── contexts ───────────────────────────────────────────────────────────────────────────────────────────

# Far beyond, the standard compares an int and a double as doubles, and we exactly: that has its own test.
_WHOLE = 2**52
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_NAMES = st.sampled_from(["k", "n", "s"])
# Without NUL: the reference's binding takes it for the end of a text.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_TEXTS = st.text("ab, ", max_size=6) | st.text(_CHARACTERS, max_size=4)
_DOUBLES = st.floats(-_WHOLE, _WHOLE) | st.sampled_from([0.0, -0.0, 0.5, 3.0, -2.5])
_NUMBERS = st.integers(-3, 9) | _DOUBLES | st.integers(-_WHOLE, _WHOLE)
_SCALARS = st.none() | st.booleans() | _NUMBERS | _TEXTS
_DATA = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=4,
)
_TIMES = st.integers(-25_000 * _DAY_MS, 84_000 * _DAY_MS).map(lambda at: _EPOCH + timedelta(milliseconds=at))
CONTEXTS = st.fixed_dictionaries(
    {
        "i": st.integers(-99, 99) | st.sampled_from([2**63 - 1, -(2**63), 2**53 + 1]),
        "j": st.integers(-9, 9),
        "d": _DOUBLES,
        "s": _TEXTS,
        "t": _TIMES,
        "b": st.booleans(),
        "x": st.fixed_dictionaries(
            {"n": _NUMBERS, "s": _TEXTS, "b": st.booleans(), "l": st.lists(_SCALARS, min_size=1, max_size=4)},
            optional={"z": st.none(), "y": _DATA},
        ),
        "m": st.fixed_dictionaries({"n": _NUMBERS, "s": _TEXTS}, optional={"k": _DATA}),
        "l": st.lists(_NUMBERS, min_size=1, max_size=4) | st.lists(_DATA, max_size=4),
        "r": st.fixed_dictionaries(
            {"n": st.integers(-9, 9) | st.none(), "d": _DOUBLES}, optional={"s": _TEXTS, "b": st.booleans()}
        ),
    }
)


def standard_context(context: Mapping[str, object]) -> dict[str, object]:
    """The same for the standard: untyped numbers are doubles, fields without a value are there and null."""
    record = context["r"]
    assert isinstance(record, dict)
    untyped = {name: widened(context[name]) for name in ("x", "m", "l")}
    return {**context, **untyped, "r": {name: record.get(name) for name in FIELDS}}


def widened(value: object) -> object:
    """Untyped data with every number a double."""
    match value:
        case bool():
            return value
        case int():
            return float(value)
        case list():
            return [widened(item) for item in value]
        case dict():
            return {key: widened(item) for key, item in value.items()}
    return value


# ── expressions ────────────────────────────────────────────────────────────────────────────────────────


def _atoms(*texts: str) -> Pairs:
    return st.sampled_from([Pair(text, text) for text in texts])


def _form(ours: str, *parts: Pairs, standard: str | None = None) -> Pairs:
    """An expression of `parts`; `standard` is how the standard says it, where that is another text."""

    def joined(*found: Pair) -> Pair:
        return Pair(
            ours.format(*(pair.ours for pair in found)),
            (standard or ours).format(*(pair.standard for pair in found)),
        )

    return st.builds(joined, *parts)


def _operated(
    operators: str, left: Pairs, right: Pairs, *, ours: str = "({0} {o} {1})", standard: str | None = None
) -> Pairs:
    return st.one_of(
        [
            _form(
                ours.replace("{o}", operator),
                left,
                right,
                standard=(standard or ours).replace("{o}", operator),
            )
            for operator in operators.split()
        ]
    )


COMPARED = "== != < <= > >="
# What an error is in the standard where ours has one and it has none.
_NO_DOUBLE = "double(1 / 0)"


@cache
def ints(depth: int) -> Pairs:
    atoms = _atoms("j", "1", "-2", "7", "i", "size(s)", "size(l)", "r.n", "9223372036854775807")
    if depth == 0:
        return atoms
    less = ints(depth - 1)
    return st.one_of(
        atoms,
        _operated("+ - * / %", less, less),
        _form("-({0})", less),
        _form("({0} ? {1} : {2})", bools(depth - 1), less, less),
        _form("int({0})", doubles(depth - 1)),
        _form("int({0})", texts(depth - 1)),
        _form("size({0})", lists(depth - 1)),
        _form("{0}.indexOf({1})", texts(depth - 1), texts(0)),
        _form("{0}.{1}", times(depth - 1), _atoms(*PARTS)),
        _form("r.?n.orValue({0})", less, standard="(r.n != null ? r.n : {0})"),
    )


@cache
def small_ints() -> Pairs:
    """Ints that a double holds exactly."""
    return st.one_of(
        _atoms("j", "3", "size(x.l)", "(i % 1000)"), _operated("+ - *", _atoms("j", "2"), _atoms("j", "5"))
    )


@cache
def doubles(depth: int) -> Pairs:
    atoms = _atoms("d", "0.5", "-1.0", "3.0", "1e300", "double(j)", "r.d")
    if depth == 0:
        return atoms
    less = doubles(depth - 1)
    mixed = small_ints()
    return st.one_of(
        atoms,
        _operated("+ - *", less, less),
        _form("({0} / {1})", less, less, standard=f"({{1}} == 0.0 ? {_NO_DOUBLE} : {{0}} / {{1}})"),
        # Ours: an int beside a double becomes one.
        _operated("+ - *", mixed, less, standard="(double({0}) {o} {1})"),
        _operated("+ - *", less, mixed, standard="({0} {o} double({1}))"),
        # Ours: whole doubles have a remainder.
        _form("({0} % {1})", _WHOLES, _WHOLES, standard="double(int({0}) % int({1}))"),
        _form("({0} ? {1} : {2})", bools(depth - 1), less, less),
        _form("double({0})", ints(depth - 1)),
    )


_WHOLES = _atoms("3.0", "-7.0", "double(j)", "double(i % 1000)", "0.0")


_PLACES = _atoms("0", "1", "2", "j", "size(s)", "-1")


@cache
def texts(depth: int) -> Pairs:
    atoms = _atoms("s", "'a'", "','", "''", "'Mere, 👍🏽'", "x.s", "r.s")
    if depth == 0:
        return atoms
    less = texts(depth - 1)
    return st.one_of(
        atoms,
        _operated("+", less, less),
        _form("string({0})", ints(depth - 1)),
        _form("string({0})", bools(depth - 1)),
        _form("string({0})", times(depth - 1)),
        _form("string({0})", lengths(depth - 1)),
        _form("{0}.lowerAscii()", less),
        _form("{0}.upperAscii()", less),
        _form("{0}.trim()", less),
        _form("{0}.charAt({1})", less, _PLACES),
        _form("{0}.substring({1})", less, _PLACES),
        # The reference fails where the end is that of the text, unless the part is empty: a fault of its own.
        _form(
            "{0}.substring({1}, {2})",
            less,
            _PLACES,
            _PLACES,
            standard="({2} == size({0}) ? {0}.substring({1}) : {0}.substring({1}, {2}))",
        ),
        # Short ones, so that no text outgrows our bound, which the standard does not know.
        _form("{0}.replace({1}, {2})", less, texts(0), _atoms("''", "'-'", "'ab'")),
        _form("{0}.replace({1}, {2}, {3})", less, texts(0), _atoms("''", "'-'"), _PLACES),
        _form("{0}.split({1}).join({2})", less, texts(0), texts(0)),
        _form("{0}.split({1}, {2}).join('|')", less, texts(0), _PLACES),
        _form("({0} ? {1} : {2})", bools(depth - 1), less, less),
        _form("r.?s.orValue({0})", less, standard="(r.s != null ? r.s : {0})"),
    )


PARTS = [
    *(
        f"get{part}({zone})"
        for part in ("FullYear", "Month", "Date", "DayOfMonth", "DayOfWeek", "DayOfYear", "Hours", "Minutes")
        for zone in ("", "'Pacific/Auckland'", "'-03:30'")
    ),
    "getSeconds()",
    "getMilliseconds()",
    "getHours('Nowhere/Land')",
]


@cache
def times(depth: int) -> Pairs:
    atoms = _atoms("t", "timestamp('2026-03-08T09:30:15.250Z')", "timestamp(0)")
    if depth == 0:
        return atoms
    less = times(depth - 1)
    return st.one_of(
        atoms,
        _operated("+ -", less, lengths(depth - 1)),
        _form("({0} + {1})", lengths(depth - 1), less),
        _form("timestamp({0})", small_ints()),
        _form("({0} ? {1} : {2})", bools(depth - 1), less, less),
    )


@cache
def lengths(depth: int) -> Pairs:
    atoms = _atoms(
        "duration('1h30m')", "duration('-250ms')", "duration('36h')", "duration('0')", "duration('1us')"
    )
    if depth == 0:
        return atoms
    return st.one_of(
        atoms,
        _operated("+ -", lengths(depth - 1), lengths(depth - 1)),
        _form("({0} - {1})", times(depth - 1), times(depth - 1)),
    )


@cache
def numbers(depth: int) -> Pairs:
    """Untyped values that mostly are numbers."""
    atoms = _atoms("x.n", "m.n", "l[0]", "x.l[0]", "m['n']", "dyn(d)")
    if depth == 0:
        return atoms
    less = numbers(depth - 1)
    form = "dyn({0} {o} {1})"
    return st.one_of(
        atoms,
        _operated("+ - *", less, less, ours=form),
        # Ours: an int becomes a double beside untyped data, whose numbers are doubles.
        _operated("+ - *", less, small_ints(), ours=form, standard="dyn({0} {o} double({1}))"),
        _operated("+ - *", small_ints(), less, ours=form, standard="dyn(double({0}) {o} {1})"),
        _operated("+ - *", doubles(0), less, ours=form),
        _form("dyn({0})", doubles(depth - 1)),
        _form("dyn(-{0})", less),
        _form("l[?2].orValue({0})", less),
    )


@cache
def untyped(depth: int) -> Pairs:
    """Values of untyped data: what there is at a place of it, of whatever type."""
    atoms = numbers(0) | _atoms("x.s", "x.b", "x.l[1]", "m.k", "x.y", "x.z", "x.nope")
    if depth == 0:
        return atoms
    less = untyped(depth - 1)
    return st.one_of(
        atoms,
        numbers(depth),
        _form("dyn({0} + {1})", less, less),
        _form("dyn({0} + {1})", texts(depth - 1), less),
        _form("{0}.k", less),
        _form("{0}[0]", less),
        _form("dyn({{'k': {0}, ?'n': x.?nope}})", less),
        _form("({0} ? {1} : {2})", bools(depth - 1), less, less),
        _form("x.?nope.orValue({0})", less),
        _form("x.?y.?k.orValue({0})", less),
        _form("dyn(x.?y.optMap(v, v == {0}).orValue(false))", less),
    )


@cache
def lists(depth: int) -> Pairs:
    atoms = _atoms("l", "x.l", "[1.0, 2.5]", "['a', 'b', s]", "[]", "[x.n, x.s]", "[?x.?n, ?x.?nope]")
    if depth == 0:
        return atoms
    less = lists(depth - 1)
    return st.one_of(
        atoms,
        _form("({0} + l)", atoms),
        _form("dyn({0}).filter(v, v == {1})", less, untyped(depth - 1)),
        _form("dyn({0}).map(v, [v, {1}])", less, untyped(0)),
        _form("dyn({0}).map(v, v != {1}, {2})", less, untyped(0), untyped(depth - 1)),
        _form("{0}.split({1})", texts(depth - 1), texts(0)),
    )


@cache
def bools(depth: int) -> Pairs:
    atoms = _atoms(
        "b", "true", "false", "has(x.n)", "has(x.nope)", "has(x.y.k)", "'k' in m", "x.?y.?k.hasValue()"
    ) | (
        # Ours: a field without a value is not there.
        _form("has(r.n)", standard="(r.n != null)") | _form("r.?s.hasValue()", standard="(r.s != null)")
    )
    if depth == 0:
        return atoms
    less = bools(depth - 1)
    # Loops stand at most two deep with us.
    body = bools(min(depth - 1, 1))
    any_ = untyped(depth - 1)
    return st.one_of(
        atoms,
        *(
            _operated(COMPARED, terms(depth - 1), terms(depth - 1))
            for terms in (ints, doubles, texts, times, lengths)
        ),
        _operated(COMPARED, small_ints(), doubles(depth - 1), standard="(dyn({0}) {o} {1})"),
        _operated(COMPARED, numbers(depth - 1), numbers(depth - 1)),
        _operated(COMPARED, any_, doubles(depth - 1)),
        _operated(COMPARED, any_, small_ints()),
        _operated("== !=", any_, any_),
        _operated(COMPARED, texts(depth - 1), any_),
        _operated("== !=", any_, _atoms("null", "true", "b", "x", "l", "m")),
        _operated("== !=", lists(depth - 1), lists(depth - 1), ours="(dyn({0}) {o} {1})"),
        _operated("&& ||", less, less),
        _form("!({0})", less),
        _form("({0} ? {1} : {2})", less, less, less),
        _form("({0} in dyn({1}))", any_, lists(depth - 1)),
        _form("({0} in [1.0, 3.0])", small_ints(), standard="(dyn({0}) in [1.0, 3.0])"),
        # A text without a value is no key here; the reference fails.
        _form("({0} in m)", texts(depth - 1), standard="(dyn({0}) != null && {0} in m)"),
        _form("{0}.contains({1})", texts(depth - 1), texts(0)),
        _form("{0}.startsWith({1})", texts(depth - 1), texts(0)),
        _form("{0}.endsWith({1})", texts(depth - 1), texts(0)),
        _form("{0}.matches('{1}')", texts(depth - 1), _atoms("M.r", "^a", "[0-9]+", "", "(a|b)*,")),
        *(
            _form(f"dyn({{0}}).{macro}(v, v == {{1}} || {{2}})", lists(depth - 1), untyped(0), body)
            for macro in ("all", "exists", "exists_one")
        ),
        *(_form(f"m.{macro}(v, v < 'n' && {{0}})", body) for macro in ("all", "exists", "exists_one")),
    )
