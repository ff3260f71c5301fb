"""The tests beside the example flows: all pass, and between them every step and trigger is run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from actors.simulation.playing import Playing
from rules.inputs import Started
from rules.scripts.loading import WrittenTest, load_test, read_test
from server.flow_tests.folder import beside
from tests.examples import FLOWS, TESTS


@cache
def played(test: Path) -> tuple[Playing, ...]:
    """Its cases after they were played."""
    read = read_test(test.read_bytes(), type="yaml")
    assert isinstance(read, WrittenTest), read
    loaded = load_test(read, beside(test, {}).flow)
    assert not loaded.problems
    playings = tuple(Playing(script) for script in loaded.scripts)
    for script, playing in zip(loaded.scripts, playings, strict=True):
        failure = playing.play()
        assert failure is None, (script.name, failure)
    return playings


def test_every_example_has_tests() -> None:
    assert [path.name.removesuffix(".test.yaml") for path in TESTS] == [path.stem for path in FLOWS]


@pytest.mark.parametrize("test", TESTS, ids=lambda path: path.stem)
def test_cases_of_an_example_pass_and_run_all_of_it(test: Path) -> None:
    turns = [turn for playing in played(test) for taken in playing.server.record for turn in taken.turns]
    server = played(test)[0].server
    flow = server.flow(next(iter(server.instances.values())))
    ran = {line.step for turn in turns for line in turn.turn.trace}
    pulled = {turn.input.trigger for turn in turns if isinstance(turn.input, Started)}
    assert flow.steps.keys() - ran == set()
    assert {trigger.name for trigger in flow.triggers} - pulled == set()
