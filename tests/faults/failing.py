"""`python -m tests.faults.failing FILE …`: the server on a disk whose syncs fail as soon as FILE is there."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import apsw

import server.app
from server.cli import main
from server.db.store import SqliteStore
from tests.faults.vfs import Disk


class Failing(Disk):
    def __init__(self, sign: Path) -> None:
        super().__init__()
        self._sign = sign

    def before(self, code: int, *, grows: bool = False) -> None:
        if code == apsw.SQLITE_IOERR_FSYNC and self._sign.exists():
            raise apsw.exception_for(code)
        super().before(code, grows=grows)


if __name__ == "__main__":
    disk = Failing(Path(sys.argv.pop(1)))
    setattr(server.app, "SqliteStore", partial(SqliteStore, open=disk.open))  # noqa: B010 - a build for one test
    main()
