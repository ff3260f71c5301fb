from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.db.connection import Cursor, Database, open_reader, open_writer


class Unusable:
    """An open file that no statement can work with."""

    in_transaction = False
    is_open = True

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        raise sqlite3.DatabaseError("file is not a database")

    def close(self) -> None:
        self.is_open = False


@pytest.mark.parametrize("opening", [open_writer, open_reader])
def test_file_that_cannot_be_used_is_closed_again(tmp_path: Path, opening: Callable[..., Database]) -> None:
    database = Unusable()

    def open(path: Path, *, read_only: bool) -> Database:
        return database

    with pytest.raises(sqlite3.DatabaseError):
        opening(open, tmp_path / "flowdeck.db", cache_bytes=1_024)
    assert not database.is_open
