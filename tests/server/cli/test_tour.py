"""The tour of the README, run as it stands there: whoever follows it must see what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

README = Path(__file__).parents[3] / "README.md"
RUN_S = 60
START_S = 30
pytestmark = pytest.mark.slow


class Shell:
    """A terminal: blocks of the README run in it one after another, and what they print is kept."""

    def __init__(self, folder: Path, port: int) -> None:
        # The tour's port is the default one; here it may be taken.
        path, server = f"{Path(sys.executable).parent}:{os.environ['PATH']}", f"http://127.0.0.1:{port}"
        self.env = {**os.environ, "PATH": path, "FLOWDECK_SERVER": server}
        self.folder = folder
        self.port = port
        self.before = ""

    def script(self, block: str) -> str:
        moved = block.replace("/tmp/tour", str(self.folder)).replace("8080", str(self.port))
        return moved.replace('export PATH="$PWD/.venv/bin:$PATH" ', "export ")

    def run(self, block: str) -> str:
        """What the block prints; blocks before it are run again only for their variables."""
        exports = "\n".join(
            line for line in self.before.splitlines() if re.match(r"export |cd |TOKEN=", line)
        )
        script = f"set -euo pipefail\n{exports}\necho {'-' * 8}\n{self.script(block)}"
        self.before += "\n" + self.script(block)
        done = subprocess.run(
            ["bash", "-c", script],
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self.folder,
            timeout=RUN_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.partition("-" * 8)[2].strip()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    if shutil.which("curl") is None:
        pytest.skip("no curl on PATH (Debian: apt-get install curl)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Shell(tmp_path, probe.getsockname()[1])


def start_server(shell: Shell, script: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        ["bash", "-c", script.replace("flowdeck serve", "exec flowdeck serve")],
        env=shell.env,
        cwd=shell.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", shell.port)) == 0:
                return process
        assert process.poll() is None, "the server ended"
        time.sleep(0.05)
    raise AssertionError("the server does not listen")


def test_tour_is_true(shell: Shell) -> None:
    tour = README.read_text().partition("## A tour")[2].partition("\n## ")[0]
    first, second, third, fourth = re.findall(r"```sh\n(.*?)```", tour, re.DOTALL)
    server = start_server(shell, shell.script(first))
    try:
        assert "parcel: created, version 1 is published" in shell.run(second)

        posted = shell.run(third)
        answer, feed = (json.loads(text) for text in re.findall(r"\{.*?\}(?=\{|$)", posted, re.DOTALL))
        (result,) = answer["results"]
        assert result["status"] == "accepted"
        (card,) = feed["cards"]
        assert card["view"]["body"][0]["text"] == "Parcel P-77 is on its way"

        assert '"duplicate"' in shell.run(third)
        server.kill()
        server.wait()
        server = start_server(shell, shell.script(first.replace("flowdeck keys create", "true")))
        filled = fourth.replace("<card id>", card["id"]).replace("<instance id>", result["started"][0])
        printed = shell.run(filled)
        assert '"code":"ok"' in printed
        assert '"status":"completed"' in printed
        assert '"place":"door"' in printed
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(RUN_S)
