"""One real server for all bad input: it must change nothing in its store, its log or its size."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # has no types of its own
import pytest

from tests.kill.process import ROOT, Server, environment, new_server

STORED = ("journal", "instances", "snapshots", "timeline", "cards", "inbox", "flows", "versions")
STOP_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server that runs, seen from outside."""

    server: Server
    process: psutil.Process

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def backend(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.server.key}"}

    def app(self, customer: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.server.token(customer)}"}

    def stored(self) -> dict[str, int]:
        """How much there is of everything that input may leave behind."""
        with closing(sqlite3.connect(f"file:{self.server.data}/flowdeck.db?mode=ro", uri=True)) as db:
            days = [
                name
                for (name,) in db.execute("select name from sqlite_schema where name glob 'dedupe_[0-9]*'")
            ]
            tables = (*STORED, *(name for name in days if name.removeprefix("dedupe_").isdigit()))
            return {table: db.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}

    def memory_bytes(self) -> int:
        size: int = self.process.memory_info().rss
        return size


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("badinput")
    server = new_server(folder)
    arguments = (*server.command, "serve", "--config", str(folder / "config.toml"))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env=environment(), text=True
        )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().startswith("http"), server.log_tail()
        yield Target(server, psutil.Process(process.pid))
        process.terminate()
        assert process.wait(STOP_S_MAX) == 0, server.log_tail()


@pytest.fixture
def target(running: Target) -> Iterator[Target]:
    """Afterwards nothing is stored that was not there before, and nothing of ours went wrong."""
    before = running.stored()
    complaints = len(running.server.complaints())
    yield running
    assert running.process.is_running()
    assert running.server.complaints()[complaints:] == []
    assert running.stored() == before
