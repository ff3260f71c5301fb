"""One process owns a data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.db.lock import FolderInUse, FolderLock

HOLD = """
import sys
from pathlib import Path
from server.db.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_owner_is_told_who_is_first(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(FolderInUse) as refused:
        FolderLock(tmp_path).acquire()
    assert refused.value.pid == str(os.getpid())


def test_lock_is_free_after_its_end(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        pass
    with FolderLock(tmp_path):
        pass


def test_missing_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with FolderLock(folder):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.kill
def test_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(FolderInUse):
            FolderLock(tmp_path).acquire()
        other.kill()
        other.wait()
        with FolderLock(tmp_path):
            pass
