"""T13: flow tests a second, where their time goes, and what a simulated year costs beside its turns.

The tests are those of `examples/`, each case many times over, in files of some fifty cases; they run in one
process and in as many as there are cores. The year is a timer that rings every hour: once on a simulated
server, once as nothing but calls of the turn function.
"""

import os
import re
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from actors.commands import StartRequest, Target
from actors.simulation.playing import Playing
from actors.simulation.server import SimulatedServer
from rules.compiling.flows import check
from rules.decide import decide, start
from rules.documents.syntax import parse
from rules.effects import Turn
from rules.inputs import Started, TimeCame
from rules.scripts.loading import WrittenTest, load_test, read_test
from rules.world import Identity, World
from server.flow_tests.folder import beside
from server.flow_tests.running import Setting, begin_process, run_files

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
ROUNDS, COPIES, FILES = 3, 5, 12
HOUR_MS, HOURS = 3_600_000, 365 * 24
NOW = 1_770_000_000_000
TICKING = """
flow: ticking
variables: {n: {type: integer, default: 0}}
start: w
steps:
  w: {type: wait, until: [{id: t, type: time, after: PT1H, next: add}]}
  add: {type: set, variables: {n: =vars.n + 1}, next: w}
"""


def main() -> None:
    begin_process()
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        files = write_tests(Path(folder))
        rates = {jobs: [rate(files, jobs) for _ in range(ROUNDS)] for jobs in sorted({1, cores})}
        for jobs, rounds in rates.items():
            print(f"{'cases a second, in ' + str(jobs):28} {statistics.median(rounds):10,.0f}")
        found = [shares(file) for file in files]
        for name in found[0]:
            print(f"{name:28} {statistics.median(each[name] for each in found):10.2f} ms of CPU a case")
    simulated = statistics.median(timed(simulated_year) for _ in range(ROUNDS))
    bare = statistics.median(timed(bare_year) for _ in range(ROUNDS))
    for name, seconds in (("a year of hours, simulated", simulated), ("its turns alone", bare)):
        print(f"{name:28} {seconds * 1_000:10,.0f} ms of CPU, {seconds / HOURS * 1e6:.0f} µs a turn")


def write_tests(folder: Path) -> list[Path]:
    """The examples' tests, each file with its cases several times."""
    files = []
    for number in range(FILES):
        source = sorted(EXAMPLES.glob("*.test.yaml"))[number % 3]
        flow = source.with_name(source.name.replace(".test", ""))
        head, cases = source.read_text().split("\ncases:\n", 1)
        copies = [re.sub(r"^  (\S.*):$", rf"  \1 {n}:", cases, flags=re.M) for n in range(COPIES)]
        name = f"{flow.stem}-{number}"
        (folder / f"{name}.yaml").write_text(flow.read_text())
        files.append(folder / f"{name}.test.yaml")
        files[-1].write_text(f"{head}\ncases:\n" + "\n".join(copies))
    return files


def rate(files: list[Path], jobs: int) -> float:
    began = perf_counter()
    results = list(run_files(files, Setting(), jobs=jobs))
    seconds = perf_counter() - began
    assert not any(result.failed or result.is_broken for result in results)
    return sum(result.passed for result in results) / seconds


def shares(file: Path) -> dict[str, float]:
    """The CPU time of a case, part by part."""
    text = file.read_text()
    began = process_time()
    parse(text, type="yaml")
    parsed = process_time()
    read = read_test(text, type="yaml")
    assert isinstance(read, WrittenTest), read
    readied = process_time()
    flows = beside(file, {})
    flows.flow(read.test.flow, {})
    compiled = process_time()
    loaded = load_test(read, flows.flow)
    ready = process_time()
    for script in loaded.scripts:
        assert Playing(script).play() is None
    ended = process_time()
    count = len(loaded.scripts)
    steps = {
        "YAML": parsed - began,
        "the rest of reading": (readied - parsed) - (parsed - began),
        "compiling the flow": compiled - readied,
        "compiling the cases": ready - compiled,
        "playing": ended - ready,
    }
    return {name: seconds * 1_000 / count for name, seconds in steps.items()}


def timed(work: Callable[[], None]) -> float:
    began = process_time()
    work()
    return process_time() - began


compiled = check(TICKING, type="yaml", version=1)
assert compiled.flow is not None
FLOW = compiled.flow


def simulated_year() -> None:
    server = SimulatedServer([FLOW], at=NOW, seed="bench")
    server.start(StartRequest(flow="ticking", targets=(Target(customer="c1"),), client="bench"))
    server.pass_time(NOW + HOURS * HOUR_MS)
    assert sum(len(taken.turns) for taken in server.record) == HOURS + 1


def bare_year() -> None:
    world, who = World(), Identity(id="0" * 36, customer="c1")
    first = Started(trigger="api", trigger_type="api")
    turn = start(FLOW, first, who, customer=None, now=NOW, seed="s", world=world)
    assert isinstance(turn, Turn)
    for hour in range(1, HOURS + 1):
        at = NOW + hour * HOUR_MS
        turn = decide(FLOW, turn.state, TimeCame(), customer=None, now=at, seed=f"s:{hour}", world=world)
    assert turn.state.variables == {"n": HOURS}


if __name__ == "__main__":
    main()
