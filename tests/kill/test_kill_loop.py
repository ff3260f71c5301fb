"""A server killed at any moment keeps what it acknowledged, once; the checker sees one that does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from .audit import as_text
from .loop import kill_loop

pytestmark = [pytest.mark.kill, pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("KILLS", "25"))
SEED = int(os.environ.get("KILL_SEED", "1"))
KILLS_OF_BROKEN = 4
ROUNDS_OF_BROKEN = 6
SECONDS_MAX = 90.0


async def test_killed_server_keeps_every_acknowledged_input_once(tmp_path: Path) -> None:
    result = await kill_loop(tmp_path, kills=KILLS, seed=SEED)
    assert not result.violations, f"seed {SEED}: {as_text(result.violations)}"
    assert not result.complaints, f"seed {SEED}: {as_text(result.complaints)}"
    assert result.kills >= KILLS
    # A run in which little happened shows little.
    assert len(result.book.accepted) > 20 * KILLS
    assert result.book.resumed > KILLS
    assert result.book.answered


async def test_instances_move_whole_to_new_versions_while_the_server_is_killed(tmp_path: Path) -> None:
    result = await kill_loop(tmp_path, kills=KILLS // 2, seed=SEED, publishes=True, seconds_max=SECONDS_MAX)
    assert not result.violations, f"seed {SEED}: {as_text(result.violations)}"
    assert not result.complaints, f"seed {SEED}: {as_text(result.complaints)}"
    assert len(result.book.accepted) > 5 * KILLS
    assert sum(version - 1 for version in result.book.published.values()) > 1, "nobody had to move"


@pytest.mark.parametrize("order", ["answers-first", "repeats-apart"])
async def test_checker_sees_a_wrong_order_of_commits(tmp_path: Path, order: str) -> None:
    """Whether a kill falls between answer and commit is chance: it is given some rounds to do so."""
    command = (sys.executable, "-m", "tests.kill.broken", order)
    rounds: list[str] = []
    for number in range(ROUNDS_OF_BROKEN):
        folder = tmp_path / str(number)
        folder.mkdir()
        result = await kill_loop(folder, kills=KILLS_OF_BROKEN, seed=SEED + number, command=command)
        if result.violations:
            return
        rounds.append(result.summary())
    pytest.fail(f"a server with a wrong order of commits was not seen: {rounds}")
