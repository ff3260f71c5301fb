"""The template engine, restricted: which tags and filters there are, and how much one rendering may do.

Authors are not trusted with time or memory: every loop pass and every large value read is paid for in steps.
Nothing of the engine's own surroundings is visible: no loader, no clock, no attributes of objects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TextIO

from liquid import BoundTemplate, Environment, Node, RenderContext, TokenStream
from liquid.builtin.content import Literal
from liquid.builtin.expressions import LoopExpression
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.capture_tag import CaptureTag
from liquid.builtin.tags.case_tag import CaseNode, CaseTag, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import ForTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError, LocalNamespaceLimitError, OutputStreamLimitError
from liquid.expression import Expression
from liquid.output import LimitedStringIO
from liquid.token import TOKEN_CONTENT, Token
from liquid.utils import ReadOnlyChainMap

from ..errors import EvaluationError
from ..limits import RENDERED_BYTES_MAX, TEMPLATE_LOCALS_BYTES_MAX, TEMPLATE_NESTING_MAX, TEMPLATE_STEPS_MAX
from .filters import FILTERS, check_result
from .locale_filters import LOCALE_FILTERS
from .marks import CLOSE, Marks
from .paths import look_up
from .printing import Effort, Setting, count_items

# How much of a value costs as much as a step of its own.
_CHARS_PER_STEP = 256
_ITEMS_PER_STEP = 4
# What it takes to begin: the engine's own surroundings.
_RENDERING_STEPS = 20
# A filter that prints for people takes tens of microseconds.
_LOCALE_FILTER_STEPS = 40

_TAGS = (Literal, Illegal, IfTag, UnlessTag, AssignTag, CaptureTag)


class Rendering(RenderContext):
    """The names, the budget and the output of one rendering."""

    def __init__(
        self, template: BoundTemplate, names: Mapping[str, object], setting: Setting, effort: Effort
    ) -> None:
        super().__init__(template)
        # The engine takes names that are still to be built, an empty mapping, for none at all.
        self.globals = names
        # Its own chain also offers `now` and `today`, read from the machine's clock.
        self.scope = ReadOnlyChainMap(self.locals, self.globals)
        self.setting = setting
        self.effort = effort
        self.buffer = self.get_buffer()
        self.marks: Marks | None = None
        # Values are kept beside their weights, so that an id is not used again while it is remembered.
        self._weights: dict[int, tuple[object, int]] = {}

    def get_buffer(self, buf: TextIO | None = None) -> LimitedStringIO:
        """Where what is rendered goes; the engine's own would turn every end of a line into a newline."""
        used = buf.size if isinstance(buf, LimitedStringIO) else 0
        return LimitedStringIO(limit=RENDERED_BYTES_MAX - used, newline="")

    def get(self, path: list[object], *, token: Token | None, default: object = None) -> object:
        """The value at `path`; None if there is none."""
        if not all(isinstance(segment, str | int) for segment in path):
            return None
        value = look_up(self.scope, path)  # type: ignore[arg-type]  # just checked
        self.pay_for(value)
        return value

    def pay(self, steps: int) -> None:
        """Spend steps; EvaluationError `too_many_steps` when there are none left."""
        self.effort.spend(steps)

    def pay_for(self, value: object) -> None:
        """Spend what reading all of `value` costs: any filter or comparison may do so."""
        if isinstance(value, str):
            self.pay(len(value) // _CHARS_PER_STEP)
        elif isinstance(value, list | dict):
            self.pay(self._weigh(value) // _ITEMS_PER_STEP)

    def print(self, value: object, buffer: TextIO) -> str:
        """What an output writes: its text, or its mark where the text around it is still to be parsed."""
        text = self.effort.print(value)
        if self.marks is None or buffer is not self.buffer:
            return text
        return self.marks.add(text)

    def _weigh(self, value: object) -> int:
        known = self._weights.get(id(value))
        if known is None:
            known = self._weights[id(value)] = (value, count_items(value))
        return known[1]


def effort_of_template(setting: Setting) -> Effort:
    return Effort(TEMPLATE_STEPS_MAX, "The template takes", setting.effort)


def render(
    template: BoundTemplate,
    names: Mapping[str, object],
    setting: Setting,
    effort: Effort,
    marks: Marks | None = None,
) -> str:
    """The text of `template`; with `marks`, outputs leave marks in it and their texts there."""
    effort.spend(_RENDERING_STEPS)
    rendering = Rendering(template, names, setting, effort)
    rendering.marks = marks
    try:
        template.render_with_context(rendering, rendering.buffer)
    except OutputStreamLimitError as error:
        raise EvaluationError("too_long", f"The text has more than {RENDERED_BYTES_MAX} bytes.") from error
    except LocalNamespaceLimitError as error:
        raise EvaluationError("too_many_steps", "The template keeps too much in its variables.") from error
    except LiquidError as error:
        raise EvaluationError("type_mismatch", f"The template failed: {error.args[0]}.") from error
    except UnicodeEncodeError as error:
        raise EvaluationError("invalid_value", "The text holds half of a character.") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        # The engine leaves some of what authors compare and count with to Python.
        raise EvaluationError("type_mismatch", f"The template failed: {error}.") from error
    return rendering.buffer.getvalue()


class Print(OutputNode):
    """`{{ … }}`. A `runtime` name stands for a value that the app fills in when it shows the text."""

    __slots__ = ("runtime",)

    def __init__(self, token: Token, expression: Expression) -> None:
        super().__init__(token, expression)
        self.runtime: str | None = None

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, Rendering)
        if self.runtime is None:
            return buffer.write(context.print(self.expression.evaluate(context), buffer))
        assert context.marks is not None, "only texts that keep marks may name runtime variables"
        return buffer.write(context.marks.add_runtime(self.runtime))


class _Output(Output):
    node_class = Print


class Paid(Expression):
    """What a loop runs over; each pass costs as many steps as the loop's body has parts."""

    __slots__ = ("body_steps", "items")

    def __init__(self, items: Expression) -> None:
        super().__init__(items.token)
        self.items = items
        self.body_steps = 1

    def evaluate(self, context: RenderContext) -> object:
        assert isinstance(context, Rendering)
        items = self.items.evaluate(context)
        # len() of a range that is too large for it fails, hence the subtraction.
        count = items.stop - items.start if isinstance(items, range) else _length(items)
        context.pay(count * self.body_steps)
        return items

    def children(self) -> list[Expression]:
        if isinstance(self.items, RangeLiteral):
            return self.items.children()
        return [self.items]


class _Once(Expression):
    """The choices of a `when`; the engine would render its block once for each that matches."""

    __slots__ = ("choices",)

    def __init__(self, choices: Expression) -> None:
        super().__init__(choices.token)
        self.choices = choices

    def evaluate(self, context: RenderContext) -> object:
        matches = self.choices.evaluate(context)
        assert isinstance(matches, list)
        return [any(matches)]

    def children(self) -> list[Expression]:
        return [self.choices]


class _For(ForTag):
    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        expression: LoopExpression = node.expression  # type: ignore[attr-defined]  # a ForNode's
        expression.iterable = Paid(expression.iterable)
        return node


class _Case(CaseTag):
    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        assert isinstance(node, CaseNode)
        for block in node.blocks:
            if isinstance(block, MultiExpressionBlockNode):
                block.expression = _Once(block.expression)  # type: ignore[assignment]  # stands in for it
        return node


class _Environment(Environment):
    block_nesting_limit = TEMPLATE_NESTING_MAX
    local_namespace_limit = TEMPLATE_LOCALS_BYTES_MAX

    def tokenizer(self) -> Callable[[str], Iterator[Token]]:
        return partial(_tokens, super().tokenizer())

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in (*_TAGS, _Output, _For, _Case):
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, _bounded(function))
        for name, function in LOCALE_FILTERS.items():
            self.add_filter(name, _bounded_in_setting(function))


def _tokens(lex: Callable[[str], Iterator[Token]], source: str) -> Iterator[Token]:
    """The library takes a last newline for a text by itself, and trims it; not so what no source holds."""
    for token in lex(source + CLOSE):
        if token.kind != TOKEN_CONTENT or not token.value.endswith(CLOSE):
            yield token
        elif text := token.value.removesuffix(CLOSE):
            yield token._replace(value=text)


def _bounded(function: Callable[..., object]) -> Callable[..., object]:
    def call(value: object, *arguments: object, context: Rendering, **named: object) -> object:
        result = check_result(function(value, *arguments, **named))
        context.pay_for(result)
        return result

    call.with_context = True  # type: ignore[attr-defined]  # how the engine asks for it
    return call


def _bounded_in_setting(function: Callable[..., object]) -> Callable[..., object]:
    def call(value: object, *arguments: object, context: Rendering, **named: object) -> object:
        context.pay(_LOCALE_FILTER_STEPS)
        return check_result(function(context.setting, value, *arguments, **named))

    call.with_context = True  # type: ignore[attr-defined]  # how the engine asks for it
    return call


def _length(items: object) -> int:
    return len(items) if isinstance(items, Sequence | Mapping) else 0


ENGINE = _Environment()
