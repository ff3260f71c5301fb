"""What tests of commands share: a way to run one here, with a folder of its own, and a server process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.cli import flowdeck as commands
from server.cli.client import Client

Run = Callable[..., Result]
STOP_S = 30
PROJECT = """\
# What our flows share.
fields:
    plan:   {type: string}   # what they pay for
segments:
    # who comes often
    loyal: {rule: 'events("order.paid", "P90D").count() >= 3'}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("keys", "list")`; without `--data` it is about a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWDECK_DATA", str(tmp_path / "data"))
    for name in ("FLOWDECK_SERVER", "FLOWDECK_KEY"):
        monkeypatch.delenv(name, raising=False)

    def call(*args: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(commands, args, input=stdin, catch_exceptions=False)

    return call


@dataclass
class Served:
    """A server process, and commands on its folder."""

    url: str
    folder: Path
    key: str
    process: subprocess.Popen[str]

    def status(self, path: str, key: str) -> int:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            with error:
                return error.code


def started(*args: str, folder: Path) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).with_name("flowdeck")), *args]
    env = {**os.environ, "FLOWDECK_DATA": str(folder / "data")}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=env
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=STOP_S)
    return process.returncode, out, err


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    code, key, err = ended(started("keys", "create", "--role", "admin", folder=folder))
    assert code == 0, err
    process = started("serve", "--port", "0", folder=folder)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.communicate(timeout=STOP_S)
        yield Served(url, folder / "data", key.strip(), process)
    finally:
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)
    assert code == 0, err


@pytest.fixture
def at(run: Run, served: Served, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands that find the server by their variables."""
    monkeypatch.setenv("FLOWDECK_SERVER", served.url)
    monkeypatch.setenv("FLOWDECK_KEY", served.key)
    monkeypatch.setenv("FLOWDECK_DATA", str(served.folder))
    return run


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.url, served.key) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of flows: `flows`, as seen from where commands run."""
    (tmp_path / "flows").mkdir()
    return tmp_path / "flows"


def flow(key: str, *, remark: str = "why it is so") -> str:
    """A small document, with much in it that only its text says."""
    return f"""\
# {remark}
flow:   {key}    # the key
triggers:
  shipped: {{type: event, event: parcel.shipped}}

start: 'done'
steps:
  done: {{type: end}}
"""


def changes(stdout: str) -> dict[str, str]:
    """What a command says with `--json`: what became of what."""
    listed: list[dict[str, Any]] = json.loads(stdout)["changes"]
    return {f"{each['kind']} {each['name']}": each["change"] for each in listed}
