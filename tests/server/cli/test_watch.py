"""`test --watch` as somebody has it beside an editor: it runs until Ctrl-C, and again after each change."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.flow_tests.conftest import FLOW, GOOD

pytestmark = pytest.mark.slow
COMMAND = "from server.cli import main; main()"
END_S = 20


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "parcel.yaml").write_text(FLOW)
    (tmp_path / "parcel.test.yaml").write_text(GOOD)
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "test", ".", "--watch", "--jobs", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        if process.poll() is None:
            process.kill()


def summary(process: subprocess.Popen[str]) -> str:
    """The next line that sums up a run."""
    assert process.stdout is not None
    return next(line for line in process.stdout if " cases: " in line).strip()


def test_changed_flow_is_tested_again_until_ctrl_c(watching: subprocess.Popen[str], tmp_path: Path) -> None:
    assert summary(watching) == "2 cases: 2 passed"
    (tmp_path / "parcel.yaml").write_text(FLOW.replace("P1D", "PT36H"))
    assert summary(watching) == "2 cases: 1 passed, 1 failed"
    (tmp_path / "parcel.yaml").write_text(FLOW)
    assert summary(watching) == "2 cases: 2 passed"
    watching.send_signal(signal.SIGINT)
    assert watching.wait(END_S) == 0
