"""What conditions and expressions mean, construct by construct, and what they refuse."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rules import limits
from rules.conditions import compile_condition, compile_expression, values_read
from rules.errors import EvaluationError, ExpressionError
from rules.types import Scope, Type

SCOPE = Scope(
    {
        "vars": {
            "n": Type.INT,
            "d": Type.DOUBLE,
            "name": Type.STRING,
            "flag": Type.BOOL,
            "due": Type.TIMESTAMP,
            "items": Type.LIST,
            "extra": Type.OBJECT,
            "unset": Type.INT,
            "unset_flag": Type.BOOL,
            "unset_list": Type.LIST,
            "unset_name": Type.STRING,
        },
        "customer": {"tier": Type.STRING, "tags": Type.LIST, "address": {"city": Type.STRING}},
        "event": {"name": Type.STRING, "data": Type.DYN},
        "steps": {"ask": {"outcome": Type.STRING, "card": {"status": Type.STRING}}},
        "now": Type.TIMESTAMP,
    }
)
NOW = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)
CONTEXT: Mapping[str, object] = {
    "vars": {
        "n": 7,
        "d": 2.5,
        "name": "Mere",
        "flag": True,
        "due": datetime(2026, 3, 1, tzinfo=UTC),
        "items": [1, 2, 3],
        "extra": {"k": 1, "list": [1]},
    },
    "customer": {"tier": "gold", "tags": ["vip", "new"], "timezone": "Pacific/Auckland"},
    "event": {
        "name": "order.paid",
        "data": {
            "amount": 1200,
            "ratio": 0.5,
            "one": 1,
            "yes": True,
            "text": "abc",
            "nothing": None,
            "list": [3, 1, 2],
            "rows": [{"k": "a", "v": 2}, {"k": "b", "v": 1}, {"k": "a"}],
            "at": "2026-01-02T03:04:05Z",
            "nested": {"x": [1, {"y": 2}]},
        },
    },
    "now": NOW,
}


def value(source: str, context: Mapping[str, object] = CONTEXT) -> object:
    return compile_expression(source, SCOPE).value(context)


def refusal(source: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, SCOPE)
    return caught.value


def failure(source: str, context: Mapping[str, object] = CONTEXT) -> EvaluationError:
    compiled = compile_expression(source, SCOPE)
    with pytest.raises(EvaluationError) as caught:
        compiled.value(context)
    return caught.value


VALUES: list[tuple[str, object]] = [
    # literals
    ("null", None),
    ("true", True),
    ("-3", -3),
    ("1.5", 1.5),
    ("'a\\u00e9'", "aé"),
    ("[1, 'a', null]", [1, "a", None]),
    ("{'a': 1, 'b': [vars.n]}", {"a": 1, "b": [7]}),
    ("{'a': 1, ?'b': event.data.?none}", {"a": 1}),
    ("[?event.data.?none, ?event.data.?text]", ["abc"]),
    # declared numbers
    ("vars.n + 1", 8),
    ("vars.n / 2", 3),
    ("-vars.n / 2", -3),
    ("-vars.n % 4", -3),
    ("vars.n * vars.n - 1", 48),
    ("vars.d / 2", 1.25),
    ("vars.d + vars.n", 9.5),
    ("vars.n - vars.d", 4.5),
    ("-vars.d", -2.5),
    ("vars.n > 1.5", True),
    ("vars.n >= 7.0 && 7.0 <= vars.n", True),
    ("vars.n == 7.0", True),
    ("vars.n in [7.0]", True),
    ("[vars.n] == [7.0] && [7.0] == [vars.n] && [vars.n] != [7.5]", True),
    ("(vars.flag ? vars.n : null) / 2", 3),
    ("(vars.flag ? null : vars.n) == null ? vars.n / 2 : 0", 3),
    # untyped numbers are doubles
    ("event.data.amount / 7", 1200 / 7),
    ("event.data.one / 2", 0.5),
    ("event.data.list[0] / 2", 1.5),
    ("event.data.amount % 7", 3.0),
    ("vars.n + event.data.amount", 1207.0),
    ("event.data.amount > 1000", True),
    ("event.data.amount < vars.n", False),
    ("event.data.list.map(i, i / 2)", [1.5, 0.5, 1.0]),
    ("-event.data.one", -1.0),
    ("dyn(event.data.one) / 2", 0.5),
    ("dyn(1) / 2", 0),
    ("string(event.data.amount)", "1200"),
    ("string(event.data.one * 2)", "2"),
    # a bool is never a number
    ("event.data.yes == 1", False),
    ("event.data.yes == 1.0", False),
    ("event.data.one == true", False),
    ("event.data.yes == true", True),
    ("[true] == [event.data.one]", False),
    ("event.data.yes in [1, 2]", False),
    ("event.data.one in event.data.list", True),
    # nothing
    ("vars.unset", None),
    ("vars.unset == null", True),
    ("null != vars.name", True),
    ("customer.address.city", None),
    ("steps.ask.card.status == 'active'", False),
    ("(vars.flag ? steps.ask : steps.ask).outcome", None),
    ("(vars.flag ? null : steps.ask).card.status", None),
    ("event.data.nothing == null", True),
    ("vars.flag ? null : vars.n", None),
    ("has(vars.n)", True),
    ("has(vars.unset)", False),
    ("has(steps.ask.card.status)", False),
    ("has(event.data.text)", True),
    ("has(event.data.nothing)", True),
    ("has(event.data.none)", False),
    # optionals
    ("customer.?tier.orValue('none')", "gold"),
    ("vars.?unset_name.orValue('none')", "none"),
    ("event.data.?none.orValue(1)", 1),
    ("event.data.?nested.x.orValue([])", [1, {"y": 2}]),
    ("event.data.?none.x.y.orValue('-')", "-"),
    ("event.data.list[?7].orValue(0)", 0),
    ("event.data[?'text'].hasValue()", True),
    ("event.data.?none.or(event.data.?text).value()", "abc"),
    ("optional.of(1).orValue(2)", 1),
    ("optional.none().hasValue()", False),
    ("event.data.?text.optMap(t, t + '!').orValue('')", "abc!"),
    ("event.data.?none.optMap(t, t + '!').orValue('')", ""),
    ("event.data.?nested.optFlatMap(n, n.?z).hasValue()", False),
    ("optional.of(1) == optional.of(1.0 == 1.0 ? 1 : 2)", True),
    ("optional.none() == event.data.?none", True),
    ("dyn(event.data.?nested).x.hasValue()", True),
    ("has(dyn(event.data.?nested).x) && !has(dyn(event.data.?none).x)", True),
    ("dyn(event.data.?list)[0].orValue(1)", 3),
    ("[1, ?event.data.?text]", [1, "abc"]),
    ("{'a': 1, ?'b': event.data.?text}", {"a": 1, "b": "abc"}),
    # texts
    ("'a' + vars.name", "aMere"),
    ("size(vars.name) + vars.name.size()", 8),
    ("size('👍🏽')", 2),
    ("vars.name.contains('er') && vars.name.startsWith('M') && vars.name.endsWith('e')", True),
    ("vars.name.matches('^M.r')", True),
    ("matches(event.data.text, 'z')", False),
    ("vars.name.lowerAscii() + vars.name.upperAscii()", "mereMERE"),
    ("' a '.trim()", "a"),
    ("'\u2003\x85a\x1c'.trim()", "a\x1c"),
    ("vars.name.charAt(1) + vars.name.charAt(4)", "e"),
    ("vars.name.indexOf('e')", 1),
    ("vars.name.indexOf('e', 2)", 3),
    ("vars.name.indexOf('z')", -1),
    ("vars.name.substring(1)", "ere"),
    ("vars.name.substring(1, 2)", "e"),
    ("event.data.text.substring(event.data.one)", "bc"),
    ("vars.name.replace('e', 'a')", "Mara"),
    ("vars.name.replace('e', 'a', 1)", "Mare"),
    ("vars.name.replace('', '-')", "-M-e-r-e-"),
    ("'a,b,c'.split(',')", ["a", "b", "c"]),
    ("'a,b,c'.split(',', 2)", ["a", "b,c"]),
    ("'a,b,c'.split(',', 0)", []),
    ("'abc'.split('')", ["a", "b", "c"]),
    ("'abc'.split('', 2)", ["a", "bc"]),
    ("''.split('') + ''.split(',')", ["", ""]),
    ("['a', 'b'].join() + ['a', 'b'].join('-')", "aba-b"),
    # conversions
    ("int('12') + int(2.9) + int(-2.9)", 12),
    ("int('+1')", 1),
    ("int(timestamp('1970-01-01T00:01:00Z'))", 60),
    ("double('1e3') + double(1)", 1001.0),
    ("string(true) + string(1) + string(1.5) + string(2.0)", "true11.52"),
    ("bool('true') && !bool('0')", True),
    ("string(timestamp('2026-01-01T00:00:00Z'))", "2026-01-01T00:00:00Z"),
    ("string(timestamp('2026-01-01T00:00:00.250Z'))", "2026-01-01T00:00:00.250Z"),
    ("string(timestamp('2026-01-01T00:00:00Z') + duration('1us'))", "2026-01-01T00:00:00.000001Z"),
    ("string(duration('1h30m') - duration('-0.5s'))", "5400.500s"),
    ("string(duration('-1us'))", "-0.000001s"),
    ("string(1e15) + string(-9007199254740994.0)", "1000000000000000-9007199254740994"),
    ("string(1e16) + string(-0.0)", "1e+160"),
    ("timestamp(event.data.at)", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("timestamp(60)", datetime(1970, 1, 1, 0, 1, tzinfo=UTC)),
    # times
    ("now > vars.due", True),
    ("now - vars.due == duration('177h30m')", True),
    ("vars.due + duration('24h')", datetime(2026, 3, 2, tzinfo=UTC)),
    ("duration('24h') + vars.due - duration('48h')", datetime(2026, 2, 28, tzinfo=UTC)),
    ("duration('1h') < duration('61m')", True),
    ("now.getFullYear()", 2026),
    ("[now.getMonth(), now.getDate(), now.getDayOfMonth()]", [2, 8, 7]),
    ("[now.getDayOfWeek(), now.getDayOfYear(), now.getHours()]", [0, 66, 9]),
    ("[now.getMinutes(), now.getSeconds(), now.getMilliseconds()]", [30, 0, 0]),
    ("[now.getHours('Europe/Berlin'), now.getHours('-03:30'), now.getHours('05:00')]", [10, 6, 14]),
    ("duration('-90m').getHours()", -1),
    ("[duration('90m').getMinutes(), duration('90m').getSeconds()]", [90, 5400]),
    ("duration('1.5s').getMilliseconds()", 500),
    ("local(now).getHours()", 22),
    ("local(now) == now", True),
    ("local(now)", NOW),
    ("plus(now, 'P1M')", datetime(2026, 4, 8, 10, 30, tzinfo=UTC)),
    ("plus(now, '-PT30M')", datetime(2026, 3, 8, 9, 0, tzinfo=UTC)),
    # lists and objects
    ("vars.items[0]", 1),
    ("vars.extra.k", 1),
    ("vars.extra['k']", 1),
    ("'k' in vars.extra", True),
    ("vars.unset_name in vars.extra", False),
    ("'vip' in customer.tags", True),
    ("customer.tier in ['gold', 'silver']", True),
    ("event.data.list in ['gold', 'silver']", False),
    ("2 in vars.items", True),
    ("vars.items == [1, 2, 3]", True),
    ("vars.extra == {'list': [1], 'k': 1}", True),
    ("vars.extra != {'k': 1}", True),
    ("[1] + vars.items", [1, 1, 2, 3]),
    ("dyn('k') in dyn(vars.extra) && !(1 in dyn(vars.extra))", True),
    ("vars.items == [1]", False),
    ("sum([0.5, 1.0])", 1.5),
    ("timestamp(now) == now && duration(duration('1h')) == duration('60m')", True),
    ("'a' + string('b')", "ab"),
    ("size(vars.extra)", 2),
    ("vars.items.all(i, i > 0)", True),
    ("vars.items.exists(i, i > 2)", True),
    ("vars.items.exists_one(i, i > 2)", True),
    ("vars.items.filter(i, i > 1)", [2, 3]),
    ("vars.items.map(i, i > 1, i * 2)", [4.0, 6.0]),
    ("vars.extra.filter(key, key != 'k')", ["list"]),
    ("[[1, 2], [3]].map(row, row.map(i, i + 1))", [[2, 3], [4]]),
    ("[1, 2].map(i, [10, 20].map(j, i + j))", [[11, 21], [12, 22]]),
    ("event.data.rows.filter(row, row.?v.orValue(0) > 1).map(row, row.k)", ["a"]),
    ("sum([1, 2])", 3),
    ("sum(event.data.list) / 4", 1.5),
    ("sum(event.data.rows.map(row, row.?v.orValue(0)))", 3),
    ("sort_by(event.data.rows, 'v').map(row, row.?v.orValue(9))", [1, 2, 9]),
    ("group_by(event.data.rows, 'k').map(key, key)", ["a", "b"]),
    ("size(group_by(event.data.rows, 'k').a)", 2),
    ("event", CONTEXT["event"]),
    # choice
    ("vars.flag ? 'y' : 'n'", "y"),
    ("!vars.flag || vars.n == 7", True),
]


@pytest.mark.parametrize(("source", "expected"), VALUES)
def test_expression_gives_its_value(source: str, expected: object) -> None:
    found = value(source)
    assert found == expected
    assert type(found) is type(expected)


ERRORS_DECIDED: list[tuple[str, bool]] = [
    ("(event.data.none == 1 || (vars.n < 0 && true)) || vars.flag", True),
    ("(event.data.none == 1 && (vars.n > 0 || false)) && !vars.flag", False),
    ("false && 1 / 0 > 1", False),
    ("1 / 0 > 1 && false", False),
    ("true || 1 / 0 > 1", True),
    ("1 / 0 > 1 || true", True),
    ("event.data.none > 1 || vars.flag", True),
    ("(event.data.none && false) == false", True),
    ("[1, 'a', 3].exists(i, i == 3 || i > 2)", True),
    ("['a', 3].exists(i, i > 2)", True),
    ("!['a', 1].all(i, i > 2)", True),
    ("vars.unset_flag || vars.flag", True),
]


@pytest.mark.parametrize(("source", "expected"), ERRORS_DECIDED)
def test_error_beside_a_decisive_value_does_not_matter(source: str, expected: bool) -> None:
    assert compile_condition(source, SCOPE).holds(CONTEXT) is expected


FAILURES: list[tuple[str, str, str]] = [
    ("1 / 0 > 1 && true", "division_by_zero", "divides by zero"),
    ("vars.n % 0", "division_by_zero", "divides by zero"),
    ("vars.d / 0", "division_by_zero", "divides by zero"),
    ("[dyn('a')].exists(i, i > 2)", "type_mismatch", "a text and a number"),
    ("vars.unset > 3", "type_mismatch", "null and a number (vars.unset is missing)"),
    ("vars.unset + 1", "type_mismatch", "null and a number"),
    ("vars.unset_flag && true", "type_mismatch", "true or false is needed, not null"),
    ("!event.data.text", "type_mismatch", "true or false is needed, not a text"),
    ("event.data.yes > 0", "type_mismatch", "true and a number"),
    ("0 < event.data.yes", "type_mismatch", "a number and true"),
    ("event.data.yes + 1", "type_mismatch", "true and a number"),
    ("event.data.text > 3", "type_mismatch", "a text and a number (event.data.text is a text)"),
    ("event.data.list > event.data.list", "type_mismatch", "a list and a list"),
    ("'a' in event.data.text", "type_mismatch", "a text and a text"),
    ("'a' in vars.unset_list", "type_mismatch", "null"),
    ("event.data.none", "no_such_key", 'there is no "none" (event.data.none is missing)'),
    ("event.data.text.x", "no_such_key", 'a text has no "x"'),
    ("event.data['none']", "no_such_key", 'there is no "none"'),
    ("event.data[vars.name]", "no_such_key", "no such key"),
    ("vars.items[3]", "no_such_key", "item 3"),
    ("vars.items[-1]", "no_such_key", "item -1"),
    ("event.data.list[event.data.ratio]", "type_mismatch", "a whole number is needed"),
    ("9223372036854775807 + 1", "overflow", "64 bits"),
    ("-9223372036854775807 - 2", "overflow", "64 bits"),
    ("9223372036854775807 * 2", "overflow", "64 bits"),
    ("-(-9223372036854775807 - 1)", "overflow", "64 bits"),
    ("(-9223372036854775807 - 1) / -1", "overflow", "64 bits"),
    ("int(1e30)", "overflow", "64 bits"),
    ("int('9223372036854775808')", "overflow", "64 bits"),
    ("1e308 * 10.0", "overflow", "finite"),
    ("event.data.ratio % 2", "type_mismatch", "whole numbers"),
    ("int('x')", "invalid_value", "not a whole number"),
    ("double('x')", "invalid_value", "not a number"),
    ("double(event.data.yes)", "type_mismatch", "true"),
    ("bool('x')", "invalid_value", "not true or false"),
    ("timestamp('x')", "invalid_value", "RFC 3339"),
    ("timestamp(999999999999999)", "out_of_range", "years"),
    ("now < timestamp('9998-01-01T00:00:00Z') + duration('1000000h')", "overflow", "range"),
    ("duration('x') > duration('1s')", "invalid_value", "not a duration"),
    ("plus(now, 'x')", "invalid_value", "ISO 8601"),
    ("now.getHours('Nowhere/Land')", "invalid_value", "time zone"),
    ("now.getHours('../../etc/passwd')", "invalid_value", "time zone"),
    ("'abc'.substring(4)", "out_of_range", "place 4"),
    ("'abc'.substring(2, 1)", "out_of_range", "place 2"),
    ("'abc'.charAt(-1)", "out_of_range", "place -1"),
    ("event.data.?none.value()", "type_mismatch", "optional"),
    ("dyn(duration('1h'))", "type_mismatch", "no value"),
    ("dyn(event.data.?text)", "type_mismatch", "no value"),
    ("sum(event.data.rows)", "type_mismatch", "a sum needs numbers, not an object"),
    ("sort_by([{'a': 1}, {'a': 'x'}], 'a')", "type_mismatch", "a number and a text"),
    ("group_by(event.data.rows, 'v')", "no_such_key", '"v"'),
    ("{'a': 1, vars.name.charAt(4) + 'a': 2}", "type_mismatch", "twice"),
    ("{event.data.one: 1}", "type_mismatch", "keys"),
    ("event.data.one.map(i, i)", "type_mismatch", "a number"),
    ("size(event.data.one)", "type_mismatch", "a number"),
    ("event.data.one.trim()", "type_mismatch", "a number"),
    ("event.data.one[?'a'].hasValue()", "type_mismatch", "a number"),
    ("event.data.one[0]", "type_mismatch", "a number"),
    ("event.data.one.hasValue()", "type_mismatch", "another type"),
    ("sort_by([1], 'a')", "type_mismatch", "a number and a text"),
    ("sort_by([{'a': []}], 'a')", "type_mismatch", "a list"),
    ("sort_by(event.data.rows, dyn(1))", "type_mismatch", "a number"),
    ("group_by(event.data.rows, dyn(1))", "type_mismatch", "a number"),
    ("group_by([{'a': []}], 'a')", "type_mismatch", "cannot become a text"),
    ("-event.data.text", "type_mismatch", "a text"),
    ("double(event.data.list)", "type_mismatch", "a list"),
    ("int(event.data.yes)", "type_mismatch", "true"),
    ("int(event.data.list)", "type_mismatch", "a list"),
    ("bool(event.data.one)", "type_mismatch", "a number"),
    ("timestamp(event.data.yes)", "type_mismatch", "true"),
    ("timestamp(event.data.list)", "type_mismatch", "a list"),
    ("duration(event.data.one) > duration('1s')", "type_mismatch", "a number"),
    ("plus(now, event.data.one)", "type_mismatch", "a number"),
    ("plus(event.data.one, 'P1D')", "type_mismatch", "a number"),
    ("now.getHours(event.data.one)", "type_mismatch", "a number"),
    ("sum(event.data.text)", "type_mismatch", "a text"),
]


@pytest.mark.parametrize(("source", "code", "part"), FAILURES)
def test_failure_says_what_went_wrong(source: str, code: str, part: str) -> None:
    error = failure(source)
    assert error.code == code
    assert part in error.message


def test_failure_tells_the_place_and_no_content() -> None:
    error = failure("vars.n == 7 && event.data.text > 3")
    assert error.offset == len("vars.n == 7 && event.data.text ")
    assert error.message == (
        "At character 32: it does not go with a text and a number "
        "(event.data.text is a text, vars.n is a number)."
    )


REFUSALS: list[tuple[str, str, str, int]] = [
    ("vars.nane == 'x'", "unknown_name", 'no field "nane" here; did you mean "name"?', 4),
    ("customer.address.town", "unknown_name", 'no field "town"', 16),
    ("custmer.tier", "unknown_name", 'did you mean "customer"?', 0),
    ("vars.n > 1 && custmer.tier.x == 1", "unknown_name", '"custmer"', 14),
    ("sise(vars.items)", "unknown_name", 'function "sise" here; did you mean "size"?', 0),
    ("vars.name.lower()", "unknown_name", '"lower"', 10),
    ("vars.name > 3", "type_mismatch", "write int(…) around the text or string(…)", 10),
    ("vars.name + 3", "type_mismatch", "string(…) around the number", 10),
    ("vars.name == vars.due", "type_mismatch", "timestamp(…) around the text", 10),
    ("vars.flag ? 1 : 2.0", "type_mismatch", "double(…) around the whole number", 10),
    ("vars.n ? 1 : 2", "type_mismatch", "must be true or false, not a whole number", 7),
    ("[1] == ['a']", "type_mismatch", "does not go with", 4),
    ("(vars.flag ? now : now) + 1", "type_mismatch", "a datetime and a whole number", 24),
    ("(vars.flag ? steps.ask : null).nope", "unknown_name", '"nope"', 30),
    ("'a'.split('b', 1, 2)", "type_mismatch", "write string.split(string) or string.split(string,int).", 4),
    ("size()", "type_mismatch", "size(string) or size(list<~A>)", 0),
    ("vars.n > null", "type_mismatch", "null", 7),
    ("vars['n']", "type_mismatch", "write a dot", 4),
    ("vars.n.x", "type_mismatch", "no fields", 6),
    ("vars.n && true", "type_mismatch", "true or false", 7),
    ("vars.n.contains('a')", "type_mismatch", "The function contains does not take", 15),
    ("vars.due == 3", "type_mismatch", "timestamp(…) around the number", 9),
    ("true ? vars.due : vars.n", "type_mismatch", "must be of one type", 5),
    ("duration('1h') != now", "type_mismatch", "a duration and a datetime", 15),
    ("1 +", "syntax_error", "too early", 3),
    ("1 2", "syntax_error", "not CEL", 2),
    ("vars.n >\n 1 2", "syntax_error", "not CEL", 12),
    ("'a", "syntax_error", "not CEL", 0),
    ("", "syntax_error", "too early", 0),
    ("a\0", "syntax_error", "no text", 0),
    ("'\ud800'", "syntax_error", "no text", 0),
    ("1u", "not_supported", "unsigned", 0),
    ("b'a'", "not_supported", "bytes", 0),
    ("int", "not_supported", "name of a type", 0),
    ("google.protobuf.Value{}", "not_supported", "Records", 0),
    ("{1: 2}", "not_supported", "keys of an object are texts", 1),
    ("optional.ofNonZeroValue(1).hasValue()", "not_supported", "optional.ofNonZeroValue", 23),
    ("duration('1h')", "not_a_value", "string(…)", 8),
    ("event.data.?x", "not_a_value", "orValue", 10),
    ("vars.name.matches(customer.tier)", "bad_pattern", "written out", 26),
    ("vars.name.matches('(')", "bad_pattern", "RE2", 18),
    ("vars.name.matches('(.{0,100}){0,9}z')", "bad_pattern", "repeats too much", 18),
]


@pytest.mark.parametrize(("source", "code", "part", "offset"), REFUSALS)
def test_refusal_names_the_place_and_what_to_write(source: str, code: str, part: str, offset: int) -> None:
    error = refusal(source)
    assert (error.code, error.offset) == (code, offset)
    assert part in error.message


def test_condition_must_be_a_bool() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_condition("vars.n", SCOPE)
    assert caught.value.code == "not_a_condition"


def test_untyped_condition_fails_when_it_is_no_bool() -> None:
    condition = compile_condition("event.data.amount", SCOPE)
    with pytest.raises(EvaluationError):
        condition.holds(CONTEXT)
    assert compile_condition("event.data.yes", SCOPE).holds(CONTEXT) is True


@pytest.mark.parametrize("context", [{}, {"vars": None}, {"vars": {}}, {"vars": {"n": None}}])
def test_records_without_values_read_null(context: Mapping[str, object]) -> None:
    assert value("vars.n", context) is None
    assert value("vars.n == null && !has(vars.n)", context) is True


class Lazy(Mapping[str, object]):
    """A root that builds its fields when they are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, key: str) -> object:
        self.asked.append(key)
        return {"tier": "gold"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["tier"])

    def __len__(self) -> int:
        return 1


def test_lazy_root_is_asked_only_for_what_is_read() -> None:
    customer = Lazy()
    assert value("vars.n == 1 && customer.tier == 'gold'", {"vars": {"n": 2}, "customer": customer}) is False
    assert customer.asked == []
    assert value("customer.tier == 'gold'", {"customer": customer}) is True
    assert customer.asked == ["tier"]


READS: list[tuple[str, set[str]]] = [
    ("vars.n > 1 && event.data.amount < 3", {"vars.n", "event.data.amount"}),
    ("has(event.data.a.b) && event.data['d'] == 1", {"event.data.a.b", "event.data.d"}),
    ("event.data.?c.orValue(1)", {"event.data.c"}),
    ("event.data.list[0]", {"event.data.list"}),
    ("event.data.list.exists(now, now == 1)", {"event.data.list"}),
    ("customer", {"customer"}),
    ("local(now)", {"now", "customer.timezone", "timezone"}),
    ("1", set()),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), READS)
def test_reads_are_the_static_paths(source: str, expected: set[str]) -> None:
    assert compile_expression(source, SCOPE).reads == expected


def test_values_read_leaves_missing_ones_out() -> None:
    compiled = compile_condition("vars.n > 1 && event.data.none == 2 && vars.unset == null", SCOPE)
    assert values_read(compiled, CONTEXT) == {"vars.n": 7}


def test_type_is_what_the_checker_knows() -> None:
    types = {
        source: compile_expression(source, SCOPE).type for source in ("vars.n", "vars", "event.data", "now")
    }
    assert types == {
        "vars.n": Type.INT, "vars": Type.OBJECT, "event.data": Type.DYN, "now": Type.TIMESTAMP,
    }  # fmt: skip


CHOICES = [
    ("vars.due", "now", Type.TIMESTAMP),
    ("vars.due", "null", Type.TIMESTAMP),
    ("null", "vars.n", Type.INT),
    ("vars.n", "1", Type.INT),
    ("'a'", "null", Type.STRING),
    ("null", "[1]", Type.LIST),
    ("null", "{'a': 1}", Type.OBJECT),
    ("vars", "null", Type.OBJECT),
    ("1", "event.data.one", Type.DYN),
    ("event.data.one", "null", Type.DYN),
]


@pytest.mark.parametrize(("yes", "no", "expected"), CHOICES)
def test_choice_has_the_type_of_its_sides(yes: str, no: str, expected: Type) -> None:
    assert compile_expression(f"vars.flag ? {yes} : {no}", SCOPE).type is expected


def test_scope_with_more_names_leaves_the_first_as_it_was() -> None:
    wider = SCOPE.with_(response={"status": Type.INT})
    assert compile_condition("response.status == 200", wider).holds({"response": {"status": 200}})
    assert "response" not in SCOPE.names


def test_name_that_cel_needs_itself_is_refused() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_condition("true", Scope({"list": Type.LIST}))
    assert caught.value.code == "reserved_name"


def test_field_names_may_be_anything() -> None:
    scope = Scope({"data": {"fooBar": Type.INT, "foo_bar": Type.INT, "a-b": Type.INT, "package": Type.INT}})
    condition = compile_condition("data.fooBar + data.foo_bar + data.package == 6", scope)
    assert condition.holds({"data": {"fooBar": 1, "foo_bar": 2, "package": 3}})


def test_zone_falls_back_from_the_customer_to_the_context_to_utc() -> None:
    expression = compile_expression("local(now).getHours()", SCOPE)
    assert expression.value({"now": NOW, "customer": {"timezone": None}, "timezone": "Asia/Tokyo"}) == 18
    assert expression.value({"now": NOW}) == 9


CLOCKS = [
    # zone, instant, what the customer's clock shows
    ("Europe/Berlin", "2026-03-29T00:59:59Z", (1, 59)),
    ("Europe/Berlin", "2026-03-29T01:00:00Z", (3, 0)),
    ("Europe/Berlin", "2026-10-25T00:30:00Z", (2, 30)),
    ("Europe/Berlin", "2026-10-25T01:30:00Z", (2, 30)),
    ("America/New_York", "2026-03-08T07:00:00Z", (3, 0)),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", (2, 30)),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", (1, 30)),
]


@pytest.mark.parametrize(("zone", "instant", "shown"), CLOCKS)
def test_local_reads_the_clock_also_where_it_jumps(zone: str, instant: str, shown: tuple[int, int]) -> None:
    context = {"now": datetime.fromisoformat(instant), "customer": {"timezone": zone}}
    assert value("[local(now).getHours(), local(now).getMinutes()]", context) == list(shown)


def test_plus_counts_days_and_months_on_the_customers_clock() -> None:
    def added(duration: str, zone: str, start: str) -> object:
        context = {"now": datetime.fromisoformat(start), "customer": {"timezone": zone}}
        return value(f"string(plus(now, '{duration}'))", context)

    assert added("P1D", "Europe/Berlin", "2026-03-28T11:00:00Z") == "2026-03-29T10:00:00Z"
    assert added("PT24H", "Europe/Berlin", "2026-03-28T11:00:00Z") == "2026-03-29T11:00:00Z"
    assert added("P1D", "Australia/Lord_Howe", "2026-10-02T15:45:00Z") == "2026-10-03T15:30:00Z"
    assert added("P1M", "Pacific/Auckland", "2028-01-30T20:00:00Z") == "2028-02-28T20:00:00Z"


def test_datetimes_of_any_zone_are_read_and_given_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert value("now.getHours()", {"now": there}) == 9
    given = value("now", {"now": there})
    assert isinstance(given, datetime)
    assert given.tzinfo is UTC


def test_result_shares_nothing_with_the_context() -> None:
    data = {"list": [1]}
    given = value("event.data", {"event": {"data": data}})
    assert given == data
    assert given is not data


# ── bounds ─────────────────────────────────────────────────────────────────────────────────────────────


def test_source_ends_at_its_limit() -> None:
    fits = "true" + " " * (limits.EXPRESSION_SOURCE_BYTES_MAX - 4)
    assert value(fits) is True
    assert refusal(fits + " ").code == "expression_too_long"
    assert refusal("'" + "é" * (limits.EXPRESSION_SOURCE_BYTES_MAX // 2) + "'").code == "expression_too_long"


NESTINGS = [
    "({})",
    "[{}]",
    "-({})",
    "!({})",
    "string({})",
    "{{'a': {}}}",
    "true ? ({}) : dyn(1)",
    "({}) != dyn(1)",
]


@pytest.mark.parametrize("level", NESTINGS)
def test_deep_nesting_compiles_or_is_refused_with_its_place(level: str) -> None:
    source = "dyn(1)"
    for _ in range(limits.EXPRESSION_DEPTH_MAX // 2 - 1):
        source = level.format(source)
    assert compile_expression(source, SCOPE).source == source
    for _ in range(limits.EXPRESSION_DEPTH_MAX):
        source = level.format(source)
    error = refusal(source)
    assert error.code == "expression_too_deep"
    assert error.offset is not None


def test_deepest_tree_is_evaluated_in_both_forms() -> None:
    # Each level is a comparison of untyped values, of which the generated code nests the most brackets.
    source = "event.data.none"
    while True:
        try:
            compiled = compile_expression(source, SCOPE)
        except ExpressionError:
            break
        with pytest.raises(EvaluationError):
            compiled.value(CONTEXT)
        source = f"1 < ({source} ? 1 : 2)" if source.startswith("event") else f"1 < (({source}) ? 1 : 2)"


def test_parentheses_end_at_the_depth_limit() -> None:
    depth = limits.EXPRESSION_DEPTH_MAX
    assert value("(" * depth + "1" + ")" * depth) == 1
    assert refusal("(" * (depth + 1) + "1" + ")" * (depth + 1)).code == "expression_too_deep"


def test_loops_end_at_their_nesting_limit() -> None:
    assert value("[1].map(a, [1].map(b, a + b))") == [[2]]
    error = refusal("[1].map(a, [1].map(b, [1].map(c, a + b + c)))")
    assert (error.code, error.offset) == ("expression_too_deep", 29)


def test_lists_end_at_their_limit() -> None:
    full = list(range(limits.EXPRESSION_LIST_ITEMS_MAX))
    context = {"event": {"data": {"full": full, "over": [*full, 0]}}}
    assert value("event.data.full.exists(i, i < 0)", context) is False
    for source in ("event.data.over.exists(i, i < 0)", "event.data.full + [1]", "sum(event.data.over)"):
        assert failure(source, context).code == "too_long"


def test_texts_end_at_their_limit() -> None:
    full = "x" * limits.EXPRESSION_STRING_CHARS_MAX
    context = {"event": {"data": {"full": full, "over": full + "x"}}}
    assert value("event.data.full + ''", context) == full
    sources = (
        "event.data.full + 'y'",
        "event.data.over.contains('z')",
        "event.data.full.replace('x', 'yy')",
        "[event.data.full, 'x'].join()",
        "event.data.over.matches('z')",
    )
    for source in sources:
        assert failure(source, context).code == "too_long"


def test_durations_end_at_their_limit() -> None:
    longest = f"{limits.EXPRESSION_DURATION_DAYS_MAX * 24}h"
    assert value(f"string(duration('{longest}') - duration('1s') + duration('1s'))") == "315576000000s"
    for source in ("'{0}1s'", "'-{0}1s'", "'{0}') + duration('1s'", "'-{0}') - duration('1s'"):
        assert failure(f"string(duration({source.format(longest)}))").code == "overflow"


def test_steps_end_at_their_limit() -> None:
    context = {"event": {"data": {"list": [1] * 100}}}
    fits = "event.data.list.all(i, event.data.list.all(j, j == 1))"
    assert failure(fits, context).code == "too_many_steps"
    context = {"event": {"data": {"list": [1] * 90}}}
    assert value(fits, context) is True


def test_pattern_ends_at_its_limits() -> None:
    fits = "a" * limits.EXPRESSION_PATTERN_CHARS_MAX
    assert value(f"'b'.matches('{fits}')") is False
    assert refusal(f"'b'.matches('{fits}a')").code == "bad_pattern"
    atoms = limits.EXPRESSION_PATTERN_ATOMS_MAX
    assert value(f"'b'.matches('a{{{atoms}}}')") is False
    assert refusal(f"'b'.matches('a{{{atoms + 1}}}')").code == "bad_pattern"


HOSTILE = [
    "event.data.list.all(a, event.data.list.all(b, event.data == event.data))",
    "event.data.list.map(a, event.data.list.map(b, event.data.text + event.data.text))",
    "event.data.list.map(a, event.data.list)",
    "event.data.list.map(a, event.data.text.replace('x', 'y')).exists(a, a == event.data.text)",
    "event.data.list.map(a, event.data.text.split('')).exists(a, a == [])",
    "event.data.list.all(a, event.data.text.matches('(x|xx)*y') || true)",
    "event.data.list.map(a, sort_by(event.data.rows, 'k'))",
    "[event.data.list, event.data.list].map(a, a + a + a)",
    "event.data.text + event.data.text",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_hostile_expression_ends_in_an_error(source: str) -> None:
    data = {"list": list(range(500)), "text": "x" * 8_000, "rows": [{"k": i} for i in range(500)]}
    error = failure(source, {"event": {"data": data}})
    assert error.code in ("too_many_steps", "too_long")


def test_doubling_by_reference_ends_when_the_value_leaves() -> None:
    eight = "[a, a, a, a, a, a, a, a]"
    source = f"optional.of([1]).optMap(a, {eight}).orValue([]).map(a, {eight.replace('a', eight)})"
    data = {"rows": [[1] * 100] * 100}
    assert failure("event.data.rows.map(a, [a, a])", {"event": {"data": data}}).code == "too_many_steps"
    assert (
        failure(source.replace("[1]", "event.data.rows"), {"event": {"data": data}}).code == "too_many_steps"
    )


@pytest.mark.parametrize(
    ("count", "code"), [(2, "expression_too_long"), (3, "expression_too_deep"), (5, "expression_too_deep")]
)
def test_maps_of_optionals_end_where_they_are_too_long_when_written_out(count: int, code: str) -> None:
    # Each of them writes down what stands before it twice.
    source = "optional.of(1)" + ".optMap(a, a + 1)" * count + ".orValue(0)"
    fits = source.ljust(limits.EXPRESSION_WRITTEN_OUT_BYTES_MAX // 2**count)
    assert value(fits) == 1 + count
    assert refusal(fits + " ").code == code


def test_value_that_nests_too_deeply_is_an_error() -> None:
    nested: object = 1
    for _ in range(limits.EXPRESSION_VALUE_DEPTH_MAX + 2):
        nested = [nested]
    context = {"event": {"data": nested}}
    assert failure("event.data", context).code == "too_long"
    assert failure("event.data == event.data", context).code == "too_long"


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_value_is_a_finite_number(number: float) -> None:
    assert failure("event.data", {"event": {"data": number}}).code == "overflow"


def test_many_terms_are_one_condition() -> None:
    source = " && ".join(["vars.n == 7"] * 100)
    assert compile_condition(source, SCOPE).holds(CONTEXT) is True
