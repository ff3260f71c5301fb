"""CEL's public conformance cases: each gives what the standard says, or stands in a table with the reason.

`docs/cel-dialect.md` has the tables with their numbers, which is checked here. Where the standard has an
error a refusal agrees with it: what is sure to fail is refused when a version is saved.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rules.cel.tree import Kind
from rules.errors import ExpressionError
from rules.types import Scope, Type
from tests.rules.cel.cases import Case, Foreign, find_archive, read_cases
from tests.rules.cel.reference import NoValue, by_us, same

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "cel-dialect.md").read_text()

# What cases use that our dialect has not, by what stands in the expression (its texts emptied) or the
# refusal. Each such case must be refused. The first that fits counts.
NOT_OFFERED: Mapping[str, str] = {
    "messages and enumerations of protobuf": r"\w*Test\w*All\w+|TestRequired|\b[A-Z]\w+Value\b|GlobalEnum"
    r"|google\.protobuf|enum_value|of type cel\.",
    "`cel.bind`, `cel.block`": r"\bcel\s*\.",
    "`math.*`": r"\bmath\.",
    "`format`, `strings.quote`, `lastIndexOf`, `base64.*`": r"\b(format|lastIndexOf)\(|\b(strings|base64)\.",
    "macros with two variables": r"\b(all|exists|existsOne|transform\w+)\(\w+, \w+,",
    "unsigned numbers and bytes": r"\d[uU]\b|\b(uint|bytes)\(|\b[bB][rR]?''|UINT64|BYTES",
    "`optional.ofNonZeroValue`, `type`": r"\bofNonZeroValue\b|\btype\(",
    "types as values": "This is the name of a type",
    "functions that the case itself declares": "of type function",
    "keys of objects that are no texts": "The keys of an object are texts",
}

# Cases that mean something else here, or that our checker refuses where the standard gives a value.
_ZERO = "dividing a double by zero is an error, because JSON has neither infinity nor NaN"
_EXACT = "an int and a double are compared exactly, not as doubles"
_NANOS = "datetimes from text are to the millisecond, and not of the first and last day of the calendar"
_UNKNOWN = (
    "a name or function that nobody declared is refused when a version is saved, whatever stands beside it"
)
_SIDES = "sides that do not go together are refused when a version is saved, though nothing would come of it"
_NAMESPACE = "there are no namespaces"
DIFFERENT: Mapping[str, str] = {
    "comparisons/eq_literal/not_eq_double_nan": _ZERO,
    "comparisons/eq_literal/not_eq_int_double_nan": _ZERO,
    "comparisons/ne_literal/not_ne_double_nan": _ZERO,
    "comparisons/ne_literal/not_ne_int_double_nan": _ZERO,
    "comparisons/ne_literal/ne_double_nan": _ZERO,
    "fp_math/fp_math/divide_zero": _ZERO,
    "comparisons/lt_literal/not_lt_dyn_int_big_lossy_double": _EXACT,
    "comparisons/gt_literal/not_gt_dyn_big_double_int": _EXACT,
    "comparisons/lte_literal/lte_dyn_big_double_int": _EXACT,
    "comparisons/gte_literal/gte_dyn_int_big_lossy_double": _EXACT,
    "timestamps/timestamp_conversions/toString_timestamp_nanos": _NANOS,
    "timestamps/timestamp_arithmetic/add_time_to_duration_nanos_negative": _NANOS,
    "timestamps/timestamp_arithmetic/add_time_to_duration_nanos_positive": _NANOS,
    "basic/variables/unbound_is_runtime_error": _UNKNOWN,
    "basic/functions/unbound_is_runtime_error": _UNKNOWN,
    "comparisons/eq_literal/not_eq_list_length": _SIDES,
    "logic/conditional/mixed_type": _SIDES,
    "logic/AND/short_circuit_type_left": _SIDES,
    "logic/AND/short_circuit_type_right": _SIDES,
    "logic/OR/short_circuit_type_left": _SIDES,
    "logic/OR/short_circuit_type_right": _SIDES,
    "namespace/namespace/self_eval_container_lookup": _NAMESPACE,
    "namespace/namespace/self_eval_container_lookup_unchecked": _NAMESPACE,
}

_TEXT = re.compile(r"""[rR]?('''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""", re.DOTALL)
_TYPES = {kind: Type(kind.value) for kind in Kind if kind.value in set(Type)} | {
    Kind.MAP: Type.OBJECT,
    Kind.NULL: Type.DYN,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case: refused, or an answer with its static type."""

    case: Case
    refusal: ExpressionError | None = None
    answer: object = None
    kind: Kind | None = None

    def agrees(self) -> bool:
        if self.case.expected is NoValue.FAILED:
            return self.refusal is not None or self.answer is NoValue.FAILED
        if self.refusal or (self.case.kind is not None and self.case.kind is not self.kind):
            return False
        return self.case.expected is NoValue.UNTOLD or same(self.answer, self.case.expected)

    def strange(self) -> str | None:
        """What the case uses that is not offered."""
        text = _TEXT.sub("''", self.case.source) + f" {self.refusal or ''}"
        return next((title for title, pattern in NOT_OFFERED.items() if re.search(pattern, text)), None)


def outcome_of(case: Case) -> Outcome:
    names: dict[str, Type] = {}
    for name, kind in case.variables.items():
        if isinstance(kind, Foreign):
            return Outcome(case, ExpressionError("unknown_name", f"a variable of type {kind.name}", 0))
        names[name] = _TYPES[kind]
    try:
        answer, found = by_us(case.source, Scope(names), case.context)
    except ExpressionError as error:
        return Outcome(case, error)
    return Outcome(case, None, answer, found)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    archive = find_archive()
    if archive is None:
        reason = "CEL's public cases are not here: ./dev cases fetches them"
        if os.environ.get("FLOWDECK_REQUIRE_CASES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return [outcome_of(case) for case in read_cases(archive)]


def test_every_case_agrees_or_stands_in_a_table(outcomes: list[Outcome]) -> None:
    common = [found for found in outcomes if not found.strange() and found.case.place not in DIFFERENT]
    assert [found for found in common if not found.agrees()] == []


def test_what_is_not_offered_is_refused_with_its_place(outcomes: list[Outcome]) -> None:
    assert [found for found in outcomes if found.strange() and not found.refusal] == []
    for found in outcomes:
        if found.refusal:
            assert found.refusal.offset is not None
            assert 0 <= found.refusal.offset <= len(found.case.source)


def test_every_difference_is_one(outcomes: list[Outcome]) -> None:
    found = {found.case.place: found for found in outcomes if found.case.place in DIFFERENT}
    assert found.keys() == DIFFERENT.keys()
    assert [place for place, outcome in found.items() if outcome.agrees() or outcome.strange()] == []


def test_page_has_these_tables(outcomes: list[Outcome]) -> None:
    strange = Counter(title for found in outcomes if (title := found.strange()))
    agreeing = len(outcomes) - strange.total() - len(DIFFERENT)
    assert f"Of {len(outcomes):,} cases {agreeing:,} agree" in PAGE
    for table in (strange, Counter(DIFFERENT.values())):
        lines = [f"| {title} | {count} |" for title, count in table.most_common()]
        assert "\n".join(lines) in PAGE
