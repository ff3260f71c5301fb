"""Starts and stops what is measured, drives the load, and compares: shared by the benchmarks of this folder.

Every comparison runs the things in turn, round by round, and quotes medians and ratios: figures of one
machine drift, ratios within a run hold. Everything listens on loopback and is stopped by its process id.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ROUNDS = int(os.environ.get("FLOWDECK_BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("FLOWDECK_BENCH_SECONDS", "5"))
START_S = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Load:
    """What the load client saw. `rate` is requests, not events, a second."""

    rate: float
    p50_ms: float
    p99_ms: float
    client_cpu: float
    """Share of one core that the load client itself used: near 1 means that it was the limit."""
    server_cpu_us: float
    """CPU of all threads of the server for one request: it holds better than rates on a machine in use."""


class Process:
    """One server that this program started: ready when its port answers, stopped by its id."""

    def __init__(
        self, args: Sequence[str], *, port: int, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        if not port_is_free(port):
            raise SystemExit(f"port {port} is in use by something else: it would be measured instead")
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(args), stdout=output, stderr=output, env={**os.environ, **(env or {})}, cwd=ROOT
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self, path: str = "/healthz", *, timeout_s: float = START_S) -> float:
        """Seconds until `path` answered 200."""
        started = time.perf_counter()
        while time.perf_counter() - started < timeout_s:
            if self._process.poll() is not None:
                raise SystemExit(f"it ended at once:\n{self.log.read_text()[-2000:]}")
            try:
                with urllib.request.urlopen(self.url + path, timeout=1):
                    return time.perf_counter() - started
            except OSError:
                time.sleep(0.005)
        raise SystemExit(f"not ready after {timeout_s:g} s:\n{self.log.read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def rss_bytes(self) -> int:
        return _status(self.pid, "VmRSS") * 1024

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def place(name: str) -> Path:
    return Path(os.environ.get("FLOWDECK_BENCH_DIR", tempfile.gettempdir())) / "flowdeck-bench" / name


def folder(name: str) -> Path:
    """An empty folder for one run's data."""
    made = place(name)
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    return made


def wrk(
    server: Process, *, connections: int, seconds: int = SECONDS, script: str = "post.lua", **env: object
) -> Load:
    """Run wrk; keyword settings become FLOWDECK_… of the script. Any error ends the run."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    settings = {f"FLOWDECK_{key.upper()}": str(value) for key, value in env.items()}
    settings.setdefault("FLOWDECK_RUN", f"{time.time_ns():x}")
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        HERE / script,
        server.url,
    ]
    before, server_before = os.times(), server.cpu_s()
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **settings},
        check=False,
    )
    after, server_after = os.times(), server.cpu_s()
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise SystemExit(f"wrk failed: {run.stdout}{run.stderr}")
    seen = json.loads(lines[0].removeprefix("RESULT "))
    if not seen["requests"]:
        raise SystemExit(f"nothing was answered: {server.log.read_text()[-2000:]}")
    if seen["refused"] or seen["broken"]:
        raise SystemExit(f"{seen['refused']} requests were refused, {seen['broken']} broke")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Load(
        rate=seen["requests"] / seen["seconds"],
        p50_ms=seen["p50_ms"],
        p99_ms=seen["p99_ms"],
        client_cpu=cpu / seen["seconds"],
        server_cpu_us=(server_after - server_before) / seen["requests"] * 1e6,
    )


def call(
    method: str, url: str, body: object = None, *, key: str = "", kind: str = "application/json"
) -> object:
    """One HTTP call; the decoded answer. Raises SystemExit with the problem when it is refused."""
    data = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {url}: {error.code} {error.read().decode()[:2000]}") from error
    return json.loads(text) if text else None


def in_turn(things: Mapping[str, Callable[[], T]], *, rounds: int = ROUNDS) -> dict[str, list[T]]:
    """Run the measures in turn, `rounds` times; what they gave by name."""
    seen: dict[str, list[T]] = {name: [] for name in things}
    for number in range(rounds):
        for name, measure in things.items():
            seen[name].append(measure())
            say(f"  round {number + 1}: {name}: {seen[name][-1]}")
    return seen


def compare(title: str, figures: Mapping[str, Sequence[float]], *, baseline: str, unit: str) -> None:
    """Print medians, spreads and the ratio to the baseline, as a Markdown table."""
    base = statistics.median(figures[baseline])
    say(f"\n### {title}\n\n| | median {unit} | min – max | × {baseline} |\n| --- | --- | --- | --- |")
    for name, values in figures.items():
        middle = statistics.median(values)
        say(f"| {name} | {middle:,.1f} | {min(values):,.1f} – {max(values):,.1f} | {middle / base:.2f} |")


def say(line: str) -> None:
    print(line, flush=True)


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise SystemExit(f"no {field} of process {pid}")


PYTHON = sys.executable
