"""The demo's credentials, and how it says that it cannot start. What it shows is `tests/browser/`."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from server.cli.demo import make_credentials

from .conftest import Run


def test_every_start_makes_new_credentials_and_ends_the_old(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = make_credentials(folder)
    second = make_credentials(folder)
    assert first.app.material != second.app.material
    keys = json.loads(run("keys", "list", "--json").stdout)["items"]
    assert sorted(key["revoked_at"] is None for key in keys) == [False, False, True, True]
    assert [app["name"] for app in json.loads(run("apps", "list", "--json").stdout)["items"]] == ["demo"]


def test_key_of_the_page_is_limited(run: Run, tmp_path: Path) -> None:
    make_credentials(tmp_path / "data")
    keys = json.loads(run("keys", "list", "--json").stdout)["items"]
    assert sorted(key["roles"] for key in keys) == [["admin"], ["events", "operate"]]


@pytest.mark.slow
def test_taken_port_is_told(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("demo", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert "--port takes another" in result.stderr
