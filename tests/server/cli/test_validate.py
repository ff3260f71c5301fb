"""`validate`: one line a problem that editors can follow, and an exit code that says yes or no."""

import json
from pathlib import Path

from .conftest import Run

GOOD = """\
flow: parcel
triggers: {shipped: {type: event, event: parcel.shipped}}
start: done
steps:
  done: {type: end}
"""
WRONG = GOOD.replace("start: done", "start: don")


def test_good_document_says_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(GOOD)
    result = run("validate", "parcel.yaml")
    assert (result.exit_code, result.stdout) == (0, "")


def test_problem_has_path_line_column_code_and_message(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(WRONG)
    result = run("validate", "parcel.yaml")
    assert result.exit_code == 1
    assert any(line.startswith("parcel.yaml:3:8: error ") for line in result.stdout.splitlines())


def test_json_document_is_located_by_pointer(run: Run, tmp_path: Path) -> None:
    document = {"flow": "parcel", "start": "don", "steps": {"done": {"type": "end"}}}
    (tmp_path / "parcel.json").write_text(json.dumps(document))
    result = run("validate", "parcel.json")
    assert result.exit_code == 1
    assert "(at /start)" in result.stdout


def test_json_answer_lists_problems_of_all_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(WRONG)
    answer = json.loads(run("validate", "a.yaml", "b.yaml", "--json").stdout)
    assert answer["valid"] is False
    assert {problem["file"] for problem in answer["problems"]} == {"b.yaml"}


def test_missing_file_is_wrong_use(run: Run) -> None:
    result = run("validate", "nowhere.yaml")
    assert result.exit_code == 2
    assert "nowhere.yaml cannot be read" in result.stderr


def test_constants_of_the_configuration_are_known(run: Run, tmp_path: Path) -> None:
    branch = "steps:\n  look: {type: branch, cases: [{id: a, when: constants.limit > 3, next: done}]}"
    (tmp_path / "parcel.yaml").write_text(
        GOOD.replace("start: done", "start: look").replace("steps:", branch)
    )
    (tmp_path / "config.toml").write_text("[flows.constants]\nlimit = 5\n")
    assert run("validate", "parcel.yaml").exit_code == 0
