"""The end of a process comes in its time, whatever hangs: shown on processes, since it ends them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from server.ending import EXIT_BROKEN, Ending

WAIT_S_MAX = 20.0
HANGING = """
import os, threading
from server.ending import Ending
from server.observe import set_up_logging

set_up_logging("info", "json")
{before}
with Ending(stop_s=0.1) as ending:
    ending.is_committing = lambda: {is_committing}
    threading.Thread(target=threading.Event().wait).start()
    ending.begin(0)
    threading.Event().wait()
"""
FULL_LOG = """
os.set_blocking(2, False)
try:
    while True:
        os.write(2, b"x" * 4096)
except BlockingIOError:
    os.set_blocking(2, True)
"""


def started(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen((sys.executable, "-c", script), stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("is_committing", "reason"), [(True, b"a commit hangs"), (False, b"something hangs")]
)
def test_process_that_does_not_stop_is_ended_and_says_why(is_committing: bool, reason: bytes) -> None:
    with started(HANGING.format(before="", is_committing=is_committing)) as process:
        _, log = process.communicate(timeout=WAIT_S_MAX)
    assert process.returncode == EXIT_BROKEN
    assert reason in log


@pytest.mark.slow
def test_log_that_nobody_reads_does_not_keep_the_process() -> None:
    with started(HANGING.format(before=FULL_LOG, is_committing=True)) as process:
        assert process.wait(WAIT_S_MAX) == EXIT_BROKEN


async def test_end_that_is_asked_for_twice_has_the_worse_code() -> None:
    with Ending(stop_s=60) as ending:
        ending.begin(0)
        await ending.begun()
        ending.begin(EXIT_BROKEN)
        ending.begin(0)
    assert ending.code == EXIT_BROKEN
