"""What tests of commands share: a way to run one, in this process, with a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import flowdeck

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("keys", "list")`; without `--data` it is about a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWDECK_DATA", str(tmp_path / "data"))
    for name in ("FLOWDECK_SERVER", "FLOWDECK_KEY"):
        monkeypatch.delenv(name, raising=False)

    def call(*args: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(flowdeck, args, input=stdin, catch_exceptions=False)

    return call
