"""A real file system of a few MiB, in memory, to be filled up. Mounting one needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE_BYTES = 4_096
BALLAST = "ballast"


@contextmanager
def small_disk(folder: Path, *, mib: int) -> Iterator[Path]:
    """Mounted at `folder`, which is made."""
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder))
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT TESTED: a full disk. Mounting a small file system needs root and the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(("umount", str(folder)), check=True)


@contextmanager
def filled_up(disk: Path, *, but_pages: int) -> Iterator[None]:
    """For a while there is room for so many pages only."""
    room = os.statvfs(disk)
    (disk / BALLAST).write_bytes(bytes(room.f_bavail * room.f_bsize - but_pages * PAGE_BYTES))
    try:
        yield
    finally:
        (disk / BALLAST).unlink()
