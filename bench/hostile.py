"""What hostile authors can make the server do: CPU time and memory of every attack in tests/rules/attacks.py.

CPU time of the thread, the best of three rounds, because others on the machine only ever add to it. What runs
on the loop – evaluating, rendering, making the careful form of a condition – must stay below LOOP_MS; what is
compiled when a version is saved runs in a thread of its own, and a whole document must stay below DOCUMENT_S.
Exits with 1 if something does not.
"""

import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import thread_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rules.errors import RuleError
from tests.rules.attacks import EXPRESSIONS, TEMPLATES, TEXTS, Attack, documents

ROUNDS = 3
LOOP_MS = 50.0
DOCUMENT_S = 5.0
DOCUMENT_BYTES = 240 * 1024


def cpu_ms(run: Callable[[], object]) -> float:
    begin = thread_time()
    with suppress(RuleError):
        run()
    return (thread_time() - begin) * 1_000


def peak_kib(run: Callable[[], object]) -> float:
    tracemalloc.start()
    with suppress(RuleError):
        run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1024


def measure(attack: Attack) -> tuple[float, float, float]:
    """Compiling, ms; the first run of what came of it, ms; the peak of a run, KiB."""
    compiling, running = [], []
    run: Callable[[], object] = lambda: None  # noqa: E731 - what is refused has nothing to run
    for _ in range(ROUNDS):

        def compile() -> None:
            nonlocal run
            run = attack.compile()

        compiling.append(cpu_ms(compile))
        running.append(cpu_ms(run))
    return min(compiling), min(running), peak_kib(run)


def main() -> None:
    too_slow = []
    print(f"{'':40} {'compile':>8} {'run ms':>8} {'peak KiB':>8}")
    rows = [(*measure(attack), attack.name) for attack in [*EXPRESSIONS, *TEMPLATES, *TEXTS]]
    for compiling, running, peak, name in sorted(rows, key=lambda row: -row[1]):
        print(f"{name:40} {compiling:8.1f} {running:8.1f} {peak:8.0f}")
        too_slow += [name] if running > LOOP_MS else []
    print("\nwhole documents, in a thread of their own: s")
    for attack in documents(DOCUMENT_BYTES):
        seconds = min(cpu_ms(attack.compile()) for _ in range(ROUNDS)) / 1_000
        print(f"{attack.name:40} {seconds:8.2f}")
        too_slow += [attack.name] if seconds > DOCUMENT_S else []
    if too_slow:
        sys.exit(f"too slow: {', '.join(too_slow)}")


if __name__ == "__main__":
    main()
