"""Results in words: a line a file, and for each failure where it is, what differs, and what led up to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from .finding import line_of
from .running import CaseResult, FileResult
from .story import Line


def problem_lines(result: FileResult) -> list[str]:
    return [line_of(Path(result.file), problem) for problem in result.problems]


def failure_lines(file: str, case: CaseResult) -> Iterator[Line]:
    """`path:line:col: failed CASE: message`, the differences, and the timeline up to there."""
    where = f" (at {case.pointer})" if case.line is None else ""
    place = f"{file}:{case.line or 1}:{case.column or 1}"
    yield Line("trouble", 0, f"{place}: failed {case.name}: {case.message}{where}")
    for each in case.differences:
        yield Line("read", 2, f"{each.path or 'it'}: expected {each.expected}, is {each.actual}")
    if case.story:
        yield Line("input", 1, "up to there:")
    for line in case.story:
        yield Line(line.kind, line.depth + 2, line.text)


def summary(results: Sequence[FileResult]) -> str:
    cases = sum(len(result.cases) for result in results)
    broken = sum(result.is_broken for result in results)
    counts = [
        f"{count} {what}"
        for count, what in (
            (sum(result.passed for result in results), "passed"),
            (sum(result.failed for result in results), "failed"),
            (broken, "file with errors" if broken == 1 else "files with errors"),
        )
        if count
    ]
    noun = "case" if cases == 1 else "cases"
    return f"{cases} {noun}: {', '.join(counts) or 'none ran'}"


def as_json(results: Sequence[FileResult]) -> dict[str, object]:
    """One document for programs."""
    return {
        "passed": sum(result.passed for result in results),
        "failed": sum(result.failed for result in results),
        "valid": not any(result.is_broken for result in results),
        "files": [_file(result) for result in results],
    }


def _file(result: FileResult) -> dict[str, object]:
    return {
        "file": result.file,
        "problems": [msgspec.to_builtins(problem) for problem in result.problems],
        "cases": [_case(case) for case in result.cases],
    }


def _case(case: CaseResult) -> dict[str, object]:
    if case.status == "passed":
        return {"name": case.name, "status": case.status}
    return {
        "name": case.name,
        "status": case.status,
        "line": case.line,
        "column": case.column,
        "pointer": case.pointer,
        "message": case.message,
        "differences": [
            {"path": each.path, "expected": each.expected, "actual": each.actual} for each in case.differences
        ],
        "timeline": [str(line) for line in case.story],
    }
