"""Whatever is written, the compiler gives an expression or a located error, and evaluation ends."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.conditions import compile_expression
from rules.errors import EvaluationError, ExpressionError
from rules.types import Scope, Type

SCOPE = Scope({"n": Type.INT, "s": Type.STRING, "x": Type.DYN, "r": {"f": Type.LIST, "t": Type.TIMESTAMP}})
_TEXT = """
n s x r r.f r.t .f .? [ ] ( ) { } [? ? : , . + - * / % ! == != < <= > >= && || in null true false 0 1 1.5 1u
'a' b'a' "" 'é' \\ ' " @ $ # has( size( map(i, filter(i, all(i, exists(i, optMap(i, i matches( 'a+' '(' sum(
sort_by( group_by( local( plus( timestamp( duration( int( string( dyn( optional.of( optional.none() .orValue(
.value() .hasValue() .substring( .split( .getHours() int list type google.protobuf.Value{} for in as
"""
TOKENS = _TEXT.split()
KEYS = st.text(max_size=2)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(TOKENS), max_size=10).map(" ".join)), JSON)
def test_any_text_gives_an_expression_or_a_located_error(source: str, data: object) -> None:
    try:
        expression = compile_expression(source, SCOPE)
    except ExpressionError as error:
        assert error.offset is not None  # noqa: PT017 - either outcome is fine
        assert 0 <= error.offset <= len(source)  # noqa: PT017 - likewise
        return
    for context in ({}, {"n": 1, "s": "a", "x": data, "r": {"f": [1, data]}}):
        try:
            expression.value(context)
        except EvaluationError as error:
            assert error.message  # noqa: PT017 - likewise
