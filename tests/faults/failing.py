"""`python -m tests.faults.failing fail|hang FILE …`: the server on a disk that does so when FILE is there."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Final

import apsw

import server.app
from server.cli import main
from server.db.store import SqliteStore
from tests.faults.vfs import Disk

LOOK_S: Final = 0.02


class Failing(Disk):
    def __init__(self, sign: Path) -> None:
        super().__init__()
        self._sign = sign

    def before(self, code: int, *, grows: bool = False) -> None:
        if code == apsw.SQLITE_IOERR_FSYNC and self._sign.exists():
            raise apsw.exception_for(code)
        super().before(code, grows=grows)


class Hanging(Disk):
    def __init__(self, sign: Path) -> None:
        super().__init__()
        self._sign = sign

    def sync(self, name: str) -> None:
        while self._sign.exists():
            time.sleep(LOOK_S)  # as a disk's driver would: only the thread that syncs waits
        super().sync(name)


DISKS: Final = {"fail": Failing, "hang": Hanging}

if __name__ == "__main__":
    disk = DISKS[sys.argv.pop(1)](Path(sys.argv.pop(1)))
    setattr(server.app, "SqliteStore", partial(SqliteStore, open=disk.open))  # noqa: B010 - a build for one test
    main()
