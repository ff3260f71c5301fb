"""A real server as a child process: set up, started, killed, stopped, and what it wrote to its log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jwt

START_S_MAX = 30.0
STOP_S_MAX = 30.0
APP = "phone"
APP_SECRET = "for tests of killed servers only, 32 bytes"
FLOWDECK = (sys.executable, "-m", "tests.kill.flowdeck")
ROOT = Path(__file__).parents[2]

CONFIG = """\
[server]
host = "127.0.0.1"
port = {port}
stop_s = {stop_s}
[store]
folder = "{folder}"
checkpoint_pages = 200
[engine]
timer_horizon_s = 2
upkeep_s = 1
[api]
app_requests_per_s = 1000
[live]
heartbeat_s = 5
[log]
format = "json"
{more}
"""


class DidNotStart(Exception):
    """The server ended before it took calls, or did not come to take them."""


@dataclass(slots=True)
class Server:
    """One data folder and whichever process serves it now. `command` may be a deliberately broken build."""

    folder: Path
    port: int
    command: Sequence[str]
    key: str
    process: asyncio.subprocess.Process | None = None
    exit_codes: list[int] = field(default_factory=list)
    start_s: float = 1.0
    """How long the last start took."""
    _spawned_s: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    async def spawn(self) -> asyncio.subprocess.Process:
        """A process that is about to start: it may be killed before it takes a call."""
        assert self.process is None, "one process at a time"
        self._spawned_s = time.monotonic()
        arguments = (*self.command, "serve", "--config", str(self.folder / "config.toml"))
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *arguments, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env=environment()
            )
        return self.process

    async def start(self) -> None:
        """Until it takes calls."""
        await self.spawn()
        await self.started()

    async def started(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(START_S_MAX):
                said = await self.process.stdout.readline()
        except TimeoutError:
            await self.kill()
            raise DidNotStart(f"nothing for {START_S_MAX} s; {self.log_tail()}") from None
        if not said:
            await self.ended()
            raise DidNotStart(f"exit code {self.exit_codes[-1]}; {self.log_tail()}")
        self.start_s = time.monotonic() - self._spawned_s

    async def kill(self) -> None:
        await self._signal(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end, as an operator does; its exit code."""
        await self._signal(signal.SIGTERM)
        return self.exit_codes[-1]

    async def pause(self, seconds: float) -> None:
        """Time goes on without it, as when a machine is suspended."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)

    async def ended(self) -> int:
        assert self.process is not None
        async with asyncio.timeout(STOP_S_MAX):
            code = await self.process.wait()
        self.process = None
        self.exit_codes.append(code)
        return code

    async def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
            await self.ended()

    def log_lines(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text("utf-8", "replace").splitlines() if path.exists() else []

    def log_tail(self) -> str:
        return " | ".join(self.log_lines()[-20:])

    def complaints(self) -> list[str]:
        """Lines in which the server says that something of its own went wrong."""
        return [line for line in self.log_lines() if is_complaint(line)]

    def token(self, customer: str, *, app: str = APP, secret: str = APP_SECRET, life_s: int = 3_600) -> str:
        now = int(time.time())  # noqa: TID251 - what an operator's own backend would sign
        claims = {"sub": customer, "iat": now, "exp": now + life_s}
        return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": app})


def is_complaint(line: str) -> bool:
    try:
        entry = json.loads(line)
    except ValueError:
        return bool(line.strip())  # a trace, or a warning of the interpreter
    return not isinstance(entry, dict) or entry.get("level") in {"error", "critical"}


def new_server(
    folder: Path, *, command: Sequence[str] = FLOWDECK, stop_s: int = 10, more: str = ""
) -> Server:
    """A data folder with an admin key and an app, and a port that is its own."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    data = folder / "data"
    (folder / "config.toml").write_text(CONFIG.format(port=port, folder=data, stop_s=stop_s, more=more))
    key = run("keys", "create", "--role", "admin", "--data", str(data))
    run("apps", "create", APP, "--hs256", APP_SECRET, "--data", str(data))
    return Server(folder=folder, port=port, command=command, key=key)


def run(*arguments: str) -> str:
    """The last line that a command prints."""
    done = subprocess.run(
        (*FLOWDECK, *arguments), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout.strip().splitlines()[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment() -> dict[str, str]:
    """Ours, without what would change the server's configuration; and without a terminal's buffering."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FLOWDECK_")}
    return {**plain, "PYTHONUNBUFFERED": "1"}
