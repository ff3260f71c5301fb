"""Regular expressions, run by RE2 inside the reference library: linear time whatever the author wrote.

A pattern must stand in the expression, so that it is checked when a version is saved. Linear still means
the size of the pattern times the length of the text, and counts such as `{0,100}` make a pattern large:
that product is what a match costs.
"""

import re
from functools import lru_cache

from cel_expr_python import cel

from ..errors import EvaluationError, ExpressionError
from ..limits import EXPRESSION_PATTERN_ATOMS_MAX, EXPRESSION_PATTERN_CHARS_MAX
from .values import Budget, text_arg

# Patterns that stay compiled, over all expressions.
_PATTERNS_MAX = 1_024
# Atoms of a pattern times characters of a text at the price of one step: 2 µs where RE2 is slowest.
_STEP_PRODUCT = 64
# What compiling a pattern costs, as if the text were so much longer: the library does it for every match.
_COMPILE_CHARS = 224
# What the way into the library and back costs, steps.
_CALL_STEPS = 4

_ATOM = re.compile(
    r"(?P<property>\\[pP](?:\{[^}]*\}|.)?)|(?P<others>\\[WDS])|\\."
    r"|(?P<set>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])"
    r"|\{(?P<least>\d{1,5})(?P<most>,\d{0,5})?\}|.",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\.", re.DOTALL)
# A class of Unicode letters is hundreds of ranges of bytes, `.` and a set are a few.
_PROPERTY_ATOMS, _SET_ATOMS = 200, 4

_ENVIRONMENT = cel.NewEnv(variables={"text": cel.Type.STRING})


class Pattern:
    """One compiled pattern."""

    __slots__ = ("_atoms", "_program")

    def __init__(self, program: cel.Expression, atoms: int) -> None:
        self._program = program
        self._atoms = atoms

    def matches(self, budget: Budget, text: object) -> bool:
        """Whether some part of `text` matches."""
        value = text_arg(budget, text)
        budget.spend(_CALL_STEPS + self._atoms * (len(value) + _COMPILE_CHARS) // _STEP_PRODUCT)
        try:
            outcome = self._program.eval(data={"text": value}).value()
        except (RuntimeError, UnicodeError) as error:
            raise EvaluationError("invalid_value", "the text cannot be matched") from error
        if isinstance(outcome, bool):
            return outcome
        raise EvaluationError("invalid_value", "the pattern cannot be matched")


def compile_pattern(pattern: str, offset: int) -> Pattern:
    """ExpressionError if RE2 does not take `pattern`, which stands at `offset`."""
    if len(pattern) > EXPRESSION_PATTERN_CHARS_MAX:
        why = f"A pattern has at most {EXPRESSION_PATTERN_CHARS_MAX} characters."
        raise ExpressionError("bad_pattern", why, offset)
    atoms = _atom_count(pattern)
    if atoms > EXPRESSION_PATTERN_ATOMS_MAX or "\\Q" in pattern:
        raise ExpressionError("bad_pattern", "The pattern repeats too much; use smaller counts.", offset)
    found = _compile(pattern, atoms)
    if found is None:
        raise ExpressionError("bad_pattern", "This is not a regular expression that RE2 takes.", offset)
    return found


@lru_cache(maxsize=_PATTERNS_MAX)
def _compile(pattern: str, atoms: int) -> Pattern | None:
    # Every character is escaped, so that the pattern is a string to the library whatever it holds.
    literal = "".join(f"\\U{ord(character):08X}" for character in pattern)
    try:
        program = _ENVIRONMENT.compile(f'text.matches("{literal}")')
        outcome = program.eval(data={"text": ""})
    except RuntimeError:
        return None
    return Pattern(program, atoms) if outcome.type() == cel.Type.BOOL else None


def _atom_count(pattern: str) -> int:
    """How large the pattern is with its counts written out. `\\Q` would hide brackets, so it is refused."""
    groups, last = [0], 0
    for atom in _ATOM.finditer(pattern):
        if atom[0] == "(":
            groups.append(0)
        elif atom[0] == ")":
            last = groups.pop() if len(groups) > 1 else groups[0]
            groups[-1] += last
        elif atom["least"]:
            times = max(int(atom["least"]), int((atom["most"] or ",")[1:] or 0), 1)
            groups[-1] += last * (times - 1)
            last *= times
        else:
            last = _size_of(atom)
            groups[-1] += last
    return sum(groups)


def _size_of(atom: re.Match[str]) -> int:
    if atom["property"]:
        return _PROPERTY_ATOMS
    if atom["set"]:
        return _SET_ATOMS + _PROPERTY_ATOMS * sum(found[1] in "pP" for found in _ESCAPE.findall(atom["set"]))
    return _SET_ATOMS if atom["others"] or atom[0] == "." else 1
