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


PROJECT = """\
event_schemas:
  parcel.shipped: {type: object, additionalProperties: false, properties: {weight: {type: number}}}
constants: {shop: {heavy: 20.0}}
"""
READING = GOOD.replace(
    "event: parcel.shipped", "event: parcel.shipped, when: event.data.WHAT > constants.shop.heavy"
)


def test_a_flow_is_held_against_the_project_of_a_folder_above(run: Run, tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flowdeck.yaml").write_text(PROJECT)
    (tmp_path / "flows/good.yaml").write_text(READING.replace("WHAT", "weight"))
    (tmp_path / "flows/wrong.yaml").write_text(READING.replace("WHAT", "wieght"))
    assert run("validate", "flows/good.yaml").exit_code == 0
    wrong = run("validate", "flows/wrong.yaml")
    assert (wrong.exit_code, "error unknown_name" in wrong.stdout) == (1, True)


def test_a_project_outside_the_repository_is_somebody_elses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "flowdeck.yaml").write_text("nonsense: true")
    (tmp_path / "repository/good.yaml").write_text(GOOD)
    assert run("validate", "repository/good.yaml").exit_code == 0


def test_a_project_is_checked_itself(run: Run, tmp_path: Path) -> None:
    (tmp_path / "flowdeck.yaml").write_text(PROJECT + "fields: {email: {type: string}}\n")
    result = run("validate", "flowdeck.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("flowdeck.yaml:4:10: error reserved_name: ")


def test_a_project_with_errors_is_shown_before_any_flow_is_checked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "flowdeck.yaml").write_text("nonsense: true")
    (tmp_path / "good.yaml").write_text(GOOD)
    result = run("validate", "good.yaml")
    assert result.exit_code == 1
    assert "flowdeck.yaml:1:1: error unknown_key" in result.stderr


TEST = """\
flow: parcel
customer: {id: ann}
cases:
  is done at once:
    start: {event: parcel.shipped}
    script: [{expect: {ran: WHAT}}]
"""


def test_a_test_is_checked_without_being_played(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(GOOD)
    (tmp_path / "parcel.test.yaml").write_text(TEST.replace("WHAT", "done"))
    assert run("validate", "parcel.test.yaml").exit_code == 0
    (tmp_path / "parcel.test.yaml").write_text(TEST.replace("WHAT", "dome"))
    wrong = run("validate", "parcel.test.yaml")
    assert wrong.exit_code == 1
    assert wrong.stdout.startswith("parcel.test.yaml:6:")
    assert "error unknown_step" in wrong.stdout


def test_a_folder_stands_for_all_that_is_in_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/parcel.yaml").write_text(WRONG)
    (tmp_path / "flows/flowdeck.yaml").write_text(PROJECT)
    (tmp_path / "flows/parcel.test.yaml").write_text("flow: parcel\ncases: {}\n")
    found = json.loads(run("validate", "flows", "--json").stdout)["problems"]
    assert {Path(each["file"]).name for each in found} == {"parcel.yaml", "parcel.test.yaml"}
