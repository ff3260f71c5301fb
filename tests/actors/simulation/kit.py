"""Short words for playing scripts: the flows beside this file, a script as a text, and what came of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import dedent

from actors.simulation.bounds import Bounds
from actors.simulation.playing import Playing
from rules.compiling.flows import check
from rules.model import Flow
from rules.scripts.judging import Failure
from rules.scripts.loading import WrittenPlay, WrittenTest, load_play, load_test, read_play, read_test
from rules.scripts.model import Script
from rules.scripts.shared import NOTHING, Shared
from rules.world import World

FLOWS = Path(__file__).with_name("flows")


@cache
def flow_of(key: str) -> Flow:
    compiled = check((FLOWS / f"{key}.yaml").read_text(), type="yaml", version=1)
    assert compiled.flow is not None, compiled.problems
    return compiled.flow


def cases() -> dict[str, Script]:
    """Every case of the tests beside the flows."""
    found: dict[str, Script] = {}
    for path in sorted(FLOWS.glob("*.test.yaml")):
        read = read_test(path.read_text(), type="yaml")
        assert isinstance(read, WrittenTest), read
        loaded = load_test(read, lambda key, constants: flow_of(key))
        assert loaded.problems == (), loaded.problems
        found |= {f"{path.name}: {script.name}": script for script in loaded.scripts}
    return found


def playing(
    flow: str,
    script: str,
    *,
    bounds: Bounds | None = None,
    world: World | None = None,
    shared: Shared = NOTHING,
) -> Playing:
    """The script in the flow, not begun."""
    read = read_play(dedent(script), type="yaml")
    assert isinstance(read, WrittenPlay), read
    loaded = load_play(read, flow, lambda key, constants: flow_of(key), shared=shared)
    assert loaded.problems == (), loaded.problems
    return Playing(loaded.scripts[0], bounds=bounds, world=world)


def failure(flow: str, script: str, *, bounds: Bounds | None = None) -> Failure | None:
    return playing(flow, script, bounds=bounds).play()
