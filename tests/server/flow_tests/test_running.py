"""Files of tests, run: what passed, what failed and where, and what could not be run at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from server.flow_tests.running import FileResult, Setting, run_file, run_files
from server.flow_tests.telling import as_json, failure_lines, problem_lines, summary
from tests.server.flow_tests.conftest import BAD, FLOW, GOOD


def run(folder: Path, test: str = GOOD, **setting: object) -> FileResult:
    file = folder / "parcel.test.yaml"
    file.write_text(test)
    return run_file(file, Setting(**setting))  # type: ignore[arg-type]  # its fields


def test_cases_pass_in_their_order(folder: Path) -> None:
    result = run(folder)
    assert [(case.name, case.status) for case in result.cases] == [("ends", "passed"), ("waits", "passed")]
    assert (result.passed, result.failed, result.is_broken) == (2, 0, False)
    assert [file for file, _ in result.files] == [
        str(folder / "parcel.test.yaml"),
        str(folder / "parcel.yaml"),
    ]


def test_failure_says_where_it_is_what_differs_and_what_led_up_to_it(folder: Path) -> None:
    result = run(folder, BAD)
    good, bad = result.cases
    assert (good.status, bad.status) == ("passed", "failed")
    assert (bad.line, bad.column) == (9, 29)
    assert bad.message == "No instance is like that. The running instance of parcel differs:"
    assert [(each.path, each.expected, each.actual) for each in bad.differences] == [
        ("outcome", '"late"', "null"),
        ("variables.n", "2", "1"),
    ]
    assert [str(line) for line in failure_lines("p.test.yaml", bad)] == [
        "p.test.yaml:9:29: failed bad: No instance is like that. The running instance of parcel differs:",
        '    outcome: expected "late", is null',
        "    variables.n: expected 2, is 1",
        "  up to there:",
        '    2026-01-01 09:00:00 +00:00  event shipped of c1 {"n":1}',
        "      parcel of c1, turn 1",
        "        w               waits",
    ]


def test_file_with_an_error_runs_nothing_and_tells_it_like_validate(folder: Path) -> None:
    result = run(folder, GOOD.replace("outcome: late", "outcom: late"))
    assert result.cases == ()
    assert result.is_broken
    (line,) = problem_lines(result)
    assert line.startswith(f"{folder / 'parcel.test.yaml'}:5:47: error unknown_key: ")


def test_text_that_is_no_test_and_file_that_cannot_be_read_are_told(folder: Path) -> None:
    assert [each.code for each in run(folder, "flow: [").problems] == ["bad_yaml"]
    gone = run_file(folder / "gone.test.yaml", Setting())
    assert [each.code for each in gone.problems] == ["unreadable"]


def test_flow_with_errors_is_a_problem_of_its_test(folder: Path) -> None:
    (folder / "parcel.yaml").write_text(FLOW.replace("start: w", "start: v"))
    assert [(each.code, each.pointer) for each in run(folder).problems] == [("unknown_flow", "/flow")]


def test_constants_and_zone_of_the_server_count(folder: Path) -> None:
    (folder / "parcel.yaml").write_text(FLOW.replace("=event.data.n", "=constants.n"))
    test = GOOD.replace("n: 1}}}}]", 'n: 7}}}}, {at: {local: "00:00"}}, {expect: {quiet: PT10H}}]')
    assert run(folder, test, constants={"n": 7}, zone="Asia/Tokyo").failed == 0
    assert run(folder, test.replace("cases:", "constants: {n: 7}\ncases:")).failed == 1


def test_files_run_in_as_many_processes_as_there_are_jobs_in_their_order(folder: Path) -> None:
    files = [folder / "parcel.test.yaml"]
    for number in range(5):
        files.append(folder / f"p{number}.test.yaml")
        files[-1].write_text(GOOD)
    alone = list(run_files(files, Setting(), jobs=1))
    together = list(run_files(files, Setting(), jobs=2))
    assert [result.file for result in together] == list(map(str, files))
    assert [result.passed for result in together] == [result.passed for result in alone] == [2] * 6


def test_sums_are_told_in_one_line(folder: Path) -> None:
    good, bad = run(folder), run(folder, BAD)
    broken = run(folder, "flow: [")
    assert summary([good, bad, broken]) == "4 cases: 3 passed, 1 failed, 1 file with errors"
    assert summary([]) == "0 cases: none ran"


def test_programs_get_one_document(folder: Path) -> None:
    told = as_json([run(folder, BAD)])
    assert (told["passed"], told["failed"], told["valid"]) == (1, 1, True)
    files: list[dict[str, Any]] = told["files"]  # type: ignore[assignment]  # as it is made
    (file,) = files
    assert file["cases"][0] == {"name": "good", "status": "passed"}
    assert file["cases"][1]["differences"][0] == {"path": "outcome", "expected": '"late"', "actual": "null"}
