"""What hostile authors write ends in an error with its place, or in a value, within bounds of memory.

Time is bounded by steps, which other tests hold to their numbers; `bench/hostile.py` measures it. Nothing is
timed here, so that a busy machine fails no test.
"""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from rules.errors import EvaluationError, ExpressionError, RuleError
from tests.rules.attacks import EXPRESSIONS, TEMPLATES, TEXTS, Attack, documents

ROOT = Path(__file__).resolve().parents[2]
# What one evaluation or rendering may hold at once, bytes; most of the attacks need a tenth of it.
PEAK_BYTES_MAX = 8 * 1024 * 1024
# Address space in which all attacks must find room, bytes: the libraries alone map some 600 MiB.
ADDRESSES_MAX = 2 * 1024**3


def outcome(attack: Attack) -> tuple[str, RuleError | None]:
    try:
        attack.compile()()
    except RuleError as error:
        return error.code, error
    return "value", None


@pytest.mark.parametrize("attack", EXPRESSIONS, ids=lambda attack: attack.name)
def test_hostile_expression_ends_at_a_place(attack: Attack) -> None:
    code, error = outcome(attack)
    assert code == attack.ends
    if error is not None:
        assert isinstance(error, ExpressionError | EvaluationError)
        assert error.offset is not None


@pytest.mark.parametrize("attack", [*TEMPLATES, *TEXTS], ids=lambda attack: attack.name)
def test_hostile_text_ends(attack: Attack) -> None:
    assert outcome(attack)[0] == attack.ends


@pytest.mark.parametrize("attack", [*EXPRESSIONS, *TEMPLATES, *TEXTS], ids=lambda attack: attack.name)
def test_hostile_source_holds_little_memory(attack: Attack) -> None:
    outcome(attack)  # so that what stays, caches and tables, is there
    tracemalloc.start()
    try:
        outcome(attack)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < PEAK_BYTES_MAX


@pytest.mark.parametrize("attack", documents(16 * 1024), ids=lambda attack: attack.name)
def test_hostile_document_ends(attack: Attack) -> None:
    assert outcome(attack)[0] == attack.ends


PROGRAM = f"""
import resource
resource.setrlimit(resource.RLIMIT_AS, ({ADDRESSES_MAX}, {ADDRESSES_MAX}))
from tests.rules.test_attacks import EXPRESSIONS, TEMPLATES, TEXTS, outcome
for attack in [*EXPRESSIONS, *TEMPLATES, *TEXTS]:
    assert outcome(attack)[0] == attack.ends, attack.name
"""


@pytest.mark.slow
def test_hostile_sources_find_room_in_a_bounded_process() -> None:
    """The memory of the native library too, which is not traced above."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
