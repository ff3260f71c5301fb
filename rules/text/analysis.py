"""What a parsed template reads and uses, checked against a scope before anything is rendered."""

import inspect
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

from liquid import BoundTemplate, Node, RenderContext
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.expression import Expression
from liquid.static_analysis import Segments

from ..documents.problems import nearest
from ..errors import ExpressionError
from ..limits import TEMPLATE_EXPRESSION_DEPTH_MAX
from ..types import Scope, Type
from .filters import FILTERS
from .locale_filters import LOCALE_FILTERS
from .paths import Segment, check_path
from .printing import Setting
from .rendering import Paid, Print

# The root of names that the app fills in: `{{ runtime.balance }}`.
RUNTIME = "runtime"


def check_template(template: BoundTemplate, scope: Scope, runtime: Set[str]) -> frozenset[str]:
    """The names that `template` reads; ExpressionError for names, filters and ranges it may not use.

    Outputs of `runtime` names are told so, and loops what a pass costs.
    """
    walk = _Walk(RenderContext(template), runtime)
    for node in template.nodes:
        walk.visit(node, in_capture=False)
    return frozenset(_reads(template, scope, walk.runtime_offsets))


@dataclass(slots=True)
class _Walk:
    """`surroundings` is what the engine asks for to name a node's children; our tags do not look at it."""

    surroundings: RenderContext
    runtime: Set[str]
    runtime_offsets: set[int] = field(default_factory=set)

    def visit(self, node: Node, *, in_capture: bool) -> int:
        """Checks `node` and all in it; gives the number of its parts, which is what rendering it costs."""
        parts = 1 + sum(_check_expression(expression) for expression in node.expressions())
        if isinstance(node, Print) and not in_capture:
            self._note_runtime(node)
        inside = in_capture or isinstance(node, CaptureNode)
        inner = sum(self.visit(child, in_capture=inside) for child in node.children(self.surroundings))
        if isinstance(node, ForNode):
            loop = node.expression.iterable
            assert isinstance(loop, Paid), "every loop of our engine is paid for"
            loop.body_steps = max(1, inner)
        return parts + inner

    def _note_runtime(self, node: Print) -> None:
        expression = node.expression
        if not isinstance(expression, FilteredExpression) or expression.filters:
            return
        left = expression.left
        if not isinstance(left, Path) or len(left.path) != 2 or left.path[0] != RUNTIME or not self.runtime:
            return
        name, offset = left.path[1], left.token.start_index
        check_path([RUNTIME, name if isinstance(name, str) else None], runtime_scope(self.runtime), offset)
        node.runtime = str(name)
        self.runtime_offsets.add(offset)


def runtime_scope(names: Iterable[str]) -> Scope:
    return Scope({RUNTIME: dict.fromkeys(names, Type.STRING)})


def check_filter(name: str, arguments: Iterable[str | None], offset: int) -> None:
    """ExpressionError unless there is such a filter and it takes arguments so named (None: by position)."""
    function = FILTERS.get(name) or LOCALE_FILTERS.get(name)
    if function is None:
        hint = nearest(name, [*FILTERS, *LOCALE_FILTERS])
        raise ExpressionError("unknown_name", f'There is no filter "{name[:64]}".{hint}', offset)
    given = list(arguments)
    positional: list[object] = [Setting()] if name in LOCALE_FILTERS else []
    positional += [None] * (1 + given.count(None))
    try:
        inspect.signature(function).bind(*positional, **{key: None for key in given if key is not None})
    except TypeError as error:
        raise ExpressionError(
            "syntax_error", f'"{name}" does not take these arguments: {error}.', offset
        ) from error


def _check_expression(expression: Expression, depth: int = 1) -> int:
    """Checks `expression` and all in it; gives the number of its parts."""
    if depth > TEMPLATE_EXPRESSION_DEPTH_MAX:
        raise ExpressionError(
            "syntax_error",
            f"A condition or name has more than {TEMPLATE_EXPRESSION_DEPTH_MAX} parts inside each other.",
            expression.token.start_index,
        )
    if isinstance(expression, RangeLiteral):
        raise ExpressionError(
            "syntax_error",
            "A range such as (1..3) can only be what a loop runs over.",
            expression.token.start_index,
        )
    for each in _filters(expression):
        names = [getattr(argument, "name", None) for argument in each.args]
        check_filter(each.name, names, each.token.start_index)
    inner = sum(_check_expression(child, depth + 1) for child in expression.children())
    return 1 + len(list(_filters(expression))) + inner


def _filters(expression: Expression) -> Iterator[Filter]:
    if isinstance(expression, FilteredExpression):
        yield from expression.filters or ()


def _reads(template: BoundTemplate, scope: Scope, runtime_offsets: Set[int]) -> Iterator[str]:
    for variables in template.analyze(include_partials=False).globals.values():
        for variable in variables:
            if variable.span.index not in runtime_offsets:
                yield check_path(_segments(variable.segments), scope, variable.span.index)


def _segments(segments: Segments) -> list[Segment]:
    return [None if isinstance(segment, list) else segment for segment in segments]
