"""`test`: what passed and what failed, an exit code that says yes or no, and reports for programs."""

import json
from pathlib import Path

import pytest

from tests.server.flow_tests.conftest import BAD, FLOW, GOOD

from .conftest import Run


@pytest.fixture(autouse=True)
def parcel(tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(FLOW)
    (tmp_path / "parcel.test.yaml").write_text(GOOD)


def test_passed_tests_are_counted_by_file(run: Run) -> None:
    result = run("test", "parcel.test.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "parcel.test.yaml: 2 passed\n2 cases: 2 passed\n"


def test_failed_test_is_the_answer_no(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.test.yaml").write_text(BAD)
    result = run("test", ".", "--jobs", "1")
    assert result.exit_code == 1
    assert "bad.test.yaml:9:29: failed bad: No instance is like that." in result.stdout
    assert "variables.n: expected 2, is 1" in result.stdout
    assert "event shipped of c1" in result.stdout
    assert result.stdout.endswith("4 cases: 3 passed, 1 failed\n")


def test_test_with_an_error_is_the_answer_no(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.test.yaml").write_text(GOOD.replace("outcome: late", "outcom: late"))
    result = run("test", "parcel.test.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("parcel.test.yaml:5:47: error unknown_key: ")
    assert result.stdout.endswith("0 cases: 1 file with errors\n")


def test_json_answer_is_one_document(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.test.yaml").write_text(BAD)
    result = run("test", "parcel.test.yaml", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (answer["passed"], answer["failed"], answer["valid"]) == (1, 1, True)
    assert answer["files"][0]["cases"][1]["line"] == 9


def test_junit_is_written_beside_the_answer(run: Run, tmp_path: Path) -> None:
    assert run("test", "parcel.yaml", "--junit", "junit.xml").exit_code == 0
    assert 'tests="2"' in (tmp_path / "junit.xml").read_text()
    wrong = run("test", "parcel.yaml", "--junit", "no/where.xml")
    assert wrong.exit_code == 2
    assert "no/where.xml cannot be written" in wrong.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nowhere",), "nowhere does not exist"),
        (("empty",), "no tests are here"),
        ((".", "--watch", "--json"), "--watch tells people"),
    ],
)
def test_wrong_use_is_told(run: Run, tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    (tmp_path / "empty").mkdir()
    result = run("test", *args)
    assert result.exit_code == 2
    assert words in result.stderr


def test_constants_of_the_configuration_are_known(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(FLOW.replace("=event.data.n", "=constants.n"))
    assert run("test", "parcel.yaml").exit_code == 1
    (tmp_path / "config.toml").write_text("[flows.constants]\nn = 1\n")
    assert run("test", "parcel.yaml").exit_code == 0
