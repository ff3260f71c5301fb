"""`simulate`: the timeline of a script, for people and as JSON lines."""

import json
from pathlib import Path

import pytest

from tests.server.flow_tests.conftest import FLOW, GOOD

from .conftest import Run

SCRIPT = "customer: {id: ann}\nstart: {event: shipped, data: {n: 1}}\nscript: [{after: P1D}]\n"


@pytest.fixture(autouse=True)
def parcel(tmp_path: Path) -> None:
    (tmp_path / "parcel.yaml").write_text(FLOW)
    (tmp_path / "script.yaml").write_text(SCRIPT)


def test_timeline_is_told_for_people(run: Run) -> None:
    result = run("simulate", "parcel.yaml", "--script", "script.yaml")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        '2026-01-01 09:00:00 +00:00  event shipped of ann {"n":1}',
        "  parcel of ann, turn 1",
        "    w               waits",
        "2026-01-02 09:00:00 +00:00  time",
        "  parcel of ann, turn 2",
        "    w               outcome: late",
        "    over            end",
        "    ·               completed: late",
    ]


def test_json_lines_are_turns_and_then_instances(run: Run) -> None:
    result = run("simulate", "parcel.yaml", "--script", "script.yaml", "--json")
    *turns, instance = map(json.loads, result.stdout.splitlines())
    assert [(turn["type"], turn["seq"], turn["input"]["type"]) for turn in turns] == [
        ("turn", 1, "started"),
        ("turn", 2, "time"),
    ]
    assert (instance["type"], instance["status"], instance["outcome"]) == ("instance", "completed", "late")


def test_case_of_a_test_can_be_looked_at(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parcel.test.yaml").write_text(GOOD)
    result = run("simulate", "parcel.yaml", "--script", "parcel.test.yaml", "--case", "ends")
    assert (result.exit_code, "completed: late" in result.stdout) == (0, True)
    wrong = run("simulate", "parcel.yaml", "--script", "parcel.test.yaml", "--case", "end")
    assert (wrong.exit_code, "its cases are ends, waits" in wrong.stderr) == (2, True)


def test_script_that_goes_otherwise_is_the_answer_no_after_its_timeline(run: Run, tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text(SCRIPT.replace("P1D}]", "P1D, expect: {instances: 2}}]"))
    result = run("simulate", "parcel.yaml", "--script", "script.yaml")
    assert result.exit_code == 1
    assert "completed: late" in result.stdout
    assert "/script/0/expect/instances: Expected 2 such instances, found 1" in result.stderr


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("script.yaml", "scrip: []", "script.yaml:1:1: error unknown_key"),
        ("script.yaml", "script: [{act: {of: x, action: dismiss}}]", "script.yaml:1:21: error unknown_step"),
        ("parcel.yaml", "flow: [", "parcel.yaml:1:"),
    ],
)
def test_what_cannot_be_played_is_told_where_it_stands(
    run: Run, tmp_path: Path, file: str, text: str, words: str
) -> None:
    (tmp_path / file).write_text(text)
    result = run("simulate", "parcel.yaml", "--script", "script.yaml")
    assert result.exit_code == 1
    assert words in result.stderr


def test_missing_file_is_wrong_use(run: Run) -> None:
    assert run("simulate", "parcel.yaml", "--script", "nowhere.yaml").exit_code == 2
