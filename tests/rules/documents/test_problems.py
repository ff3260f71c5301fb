import ast
import re
from pathlib import Path

import pytest

from rules.documents.problem_page import page
from rules.documents.problems import ERRORS, WARNINGS, Positions, Report, Severity, child, nearest
from rules.limits import PROBLEM_COUNT_MAX


def test_codes_decide_the_severity_and_say_what_to_do() -> None:
    assert not set(ERRORS) & set(WARNINGS)
    assert all(advice.endswith(".") for advice in (*ERRORS.values(), *WARNINGS.values()))


def test_a_warning_is_no_error() -> None:
    report = Report(Positions())
    report.add("missing_alt", "/cards/a", "No words.")
    assert not report.has_errors
    assert report.problems()[0].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("token", "pointer"), [("a/b", "/x/a~1b"), ("m~n", "/x/m~0n"), (3, "/x/3"), ("", "/x/")]
)
def test_pointers_escape_as_rfc_6901_says(token: str | int, pointer: str) -> None:
    assert child("/x", token) == pointer


def test_a_problem_without_a_place_of_its_own_stands_at_what_holds_it() -> None:
    report = Report(Positions(values={"": (1, 1), "/a": (2, 3)}))
    report.add("missing_key", "/a/b/c", "Missing.")
    assert (report.problems()[0].line, report.problems()[0].column) == (2, 3)


def test_offsets_move_the_column_in_a_text_that_is_written_as_it_is() -> None:
    report = Report(Positions(values={"/a": (2, 3)}, texts={"/a": (2, 4)}))
    report.add("unknown_name", "/a", "No.", offset=5)
    assert (report.problems()[0].line, report.problems()[0].column) == (2, 9)


def test_offsets_are_told_where_there_are_no_columns() -> None:
    report = Report(Positions())
    report.add("unknown_name", "/a", "No.", offset=5)
    assert report.problems()[0].message == "No. (At character 6.)"


def test_only_so_many_problems_are_kept_and_an_error_is_always_among_them() -> None:
    report = Report(Positions())
    for number in range(PROBLEM_COUNT_MAX + 5):
        report.add("missing_alt", f"/{number}", "No words.")
    report.add("bad_value", "/x", "Wrong.")
    report.add("bad_value", "/y", "Wrong.")
    assert len(report.problems()) == PROBLEM_COUNT_MAX + 1
    assert report.problems()[-1].code == "bad_value"


def test_problems_come_in_the_order_of_the_text() -> None:
    report = Report(Positions(values={"/a": (9, 1), "/b": (2, 7), "/c": (2, 3)}))
    for pointer in ("/a", "/b", "/c"):
        report.add("bad_value", pointer, "Wrong.")
    assert [problem.pointer for problem in report.problems()] == ["/c", "/b", "/a"]


def test_the_nearest_word_is_proposed_only_when_it_is_near() -> None:
    assert nearest("stpes", ["steps", "cards"]) == ' Did you mean "steps"?'
    assert nearest("xyz", ["steps", "cards"]) == ""


def test_the_page_of_problems_is_current() -> None:
    assert (Path(__file__).parents[3] / "docs" / "problems.md").read_text() == page()


RUNTIME = {
    "already_past",
    "bad_customer",
    "bad_event",
    "bad_metadata",
    "bad_tag",
    "bad_url",
    "bad_variable",
    "missing_variable",
    "push_too_large",
    "state_too_large",
    "too_many_cards",
    "too_many_children",
    "too_many_pushes",
    "unexpected_response",
}
"""Codes of what fails a start, a step or a request; no document is refused with one."""
EVALUATED_EARLY = {
    "calendar/durations.py",
    "calendar/moments.py",
    "calendar/times.py",
    "calendar/zones.py",
    "text/links.py",
    "text/marks.py",
    "text/texts.py",
}
"""Modules that work out already when a flow is compiled what no context can change."""


def codes_raised() -> set[str]:
    """Every code that the sources give a report or an error; of evaluating, where compiling does it too."""
    found = set()
    rules = Path(__file__).parents[3] / "rules"
    for path in rules.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", None) or getattr(call.func, "id", "")
            is_evaluated = name == "EvaluationError" and str(path.relative_to(rules)) in EVALUATED_EARLY
            if (
                name not in {"add", "RuleError", "ExpressionError", "_refuse", "_unknown"}
                and not is_evaluated
            ):
                continue
            given = [
                *call.args[:1],
                *call.args[2:3],
                *(each.value for each in call.keywords if each.arg == "code"),
            ]
            found |= {str(each.value) for each in given if isinstance(each, ast.Constant)}
    return {code for code in found if re.fullmatch("[a-z]+(_[a-z]+)+", code)}


def test_every_code_that_a_document_can_be_refused_with_is_in_the_table() -> None:
    codes = codes_raised()
    assert {"syntax_error", "expression_too_deep", "not_supported", "unknown_step"} <= codes
    assert codes - RUNTIME <= set(ERRORS) | set(WARNINGS)
    assert not RUNTIME & set(ERRORS)
