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
from typing import Protocol, TypeVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ROUNDS = int(os.environ.get("FLOWDECK_BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("FLOWDECK_BENCH_SECONDS", "5"))
PATIENCE_S = float(os.environ.get("FLOWDECK_BENCH_PATIENCE", "0"))
"""How long a comparison may wait for others to leave the cores alone; then it takes things as they are."""
OTHERS_MAX = 0.3
"""Cores that others may use and still count as quiet."""
QUIET_S = 2.0
START_S = 60.0
PRODUCT = "flowdeck"
TICKS_A_S = os.sysconf("SC_CLK_TCK")


class Metered(Protocol):
    """What a measure gives: its figures, and who used the cores meanwhile."""

    @property
    def cpu(self) -> Cpu: ...


T = TypeVar("T", bound=Metered)


@dataclass(frozen=True, slots=True)
class Cpu:
    """Cores that were busy on average while something was measured."""

    seconds: float
    client: float
    """The load client's own: near 1 means that it was the limit."""
    server: float
    """The server's, all threads, with what works behind it."""
    others: float
    """Everybody else's, the host's neighbours with them: much of it means that the figures are not ours."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the load client saw. `rate` is events a second, however many a request has."""

    rate: float
    p50_ms: float
    p99_ms: float
    server_cpu_us: float
    """CPU of the server for one event: it holds better than rates on a machine in use."""
    cpu: Cpu


class Process:
    """One server that this program started: ready when its port answers, stopped by its id.

    The CPU of the processes `behind` it, without which it would answer nothing, counts as its own.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        behind: Sequence[Process] = (),
    ) -> None:
        if not port_is_free(port):
            raise SystemExit(f"port {port} is in use by something else: it would be measured instead")
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self.behind = behind
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
        own = (int(fields[11]) + int(fields[12])) / TICKS_A_S
        return own + sum(process.cpu_s() for process in self.behind)


class Meter:
    """Who used the cores since it was made."""

    def __init__(self, server: Process) -> None:
        self._server = server
        self._began = self._seconds()

    def cpu(self) -> Cpu:
        wall, client, server, all_of_them = (
            now - before for now, before in zip(self._seconds(), self._began, strict=True)
        )
        others = max(0.0, all_of_them - client - server)  # the kernel counts these by ticks, not to the end
        return Cpu(wall, client / wall, server / wall, others / wall)

    def _seconds(self) -> tuple[float, float, float, float]:
        return time.perf_counter(), sum(os.times()[:4]), self._server.cpu_s(), _busy_s()


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


def wrk(server: Process, *, connections: int, seconds: int = SECONDS, batch: int = 1, **env: object) -> Load:
    """Run wrk with post.lua; keyword settings become FLOWDECK_… of the script. Any error ends the run."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    settings = {f"FLOWDECK_{key.upper()}": str(value) for key, value in env.items()}
    settings["FLOWDECK_BATCH"] = str(batch)
    settings["FLOWDECK_RUN"] = f"{time.time_ns():x}"
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(HERE / "post.lua"),
        server.url,
    ]
    meter = Meter(server)
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **settings},
        check=False,
    )
    cpu = meter.cpu()
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise SystemExit(f"wrk failed: {run.stdout}{run.stderr}")
    seen = json.loads(lines[0].removeprefix("RESULT "))
    if not seen["requests"]:
        raise SystemExit(f"nothing was answered: {server.log.read_text()[-2000:]}")
    if seen["refused"] or seen["broken"]:
        raise SystemExit(f"{seen['refused']} requests were refused, {seen['broken']} broke")
    events = seen["requests"] * batch
    return Load(
        rate=events / seen["seconds"],
        p50_ms=seen["p50_ms"],
        p99_ms=seen["p99_ms"],
        server_cpu_us=cpu.server * cpu.seconds / events * 1e6,
        cpu=cpu,
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


def in_turn(things: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Run the measures in turn, `ROUNDS` times; what they gave by name."""
    patience_ends = time.perf_counter() + PATIENCE_S
    seen: dict[str, list[T]] = {name: [] for name in things}
    for number in range(ROUNDS):
        for name, measure in things.items():
            seen[name].append(undisturbed(measure, patience_ends=patience_ends))
            say(f"  round {number + 1}: {name}: {seen[name][-1]}")
    return seen


def undisturbed(measure: Callable[[], T], *, patience_ends: float) -> T:
    """Measure while others are quiet, and again if they did not stay so, whatever came out."""
    while True:
        while time.perf_counter() < patience_ends and others_are_loud():
            pass
        seen = measure()
        if seen.cpu.others <= OTHERS_MAX or time.perf_counter() >= patience_ends:
            return seen
        say(f"  others used {seen.cpu.others:.2f} cores: again")


def others_are_loud() -> bool:
    """Looks for `QUIET_S`, in which what this program started has nothing to do."""
    before = _busy_s()
    time.sleep(QUIET_S)
    return (_busy_s() - before) / QUIET_S > OTHERS_MAX


def compare(title: str, figures: Mapping[str, Sequence[float]], *, unit: str) -> None:
    """Print medians, spreads and the ratios to all that the product is compared with, as a Markdown table."""
    bases = {name: statistics.median(of) for name, of in figures.items() if name != PRODUCT}
    heads = "".join(f" × {name} |" for name in bases)
    say(
        f"\n### {title}\n\n| | median {unit} | min – max |{heads}\n| --- | --- | --- |{' --- |' * len(bases)}"
    )
    for name, values in figures.items():
        middle = statistics.median(values)
        ratios = "".join(f" {middle / base:.2f} |" for base in bases.values())
        say(f"| {name} | {middle:,.1f} | {min(values):,.1f} – {max(values):,.1f} |{ratios}")


def tell_cpu(name: str, of: Sequence[Cpu]) -> None:
    """Print who used the cores, in the worst of the rounds."""
    client, server, others = (max(getattr(cpu, who) for cpu in of) for who in ("client", "server", "others"))
    say(f"{name}: cores used at most: load client {client:.2f}, server {server:.2f}, others {others:.2f}")


def say(line: str) -> None:
    print(line, flush=True)


def _busy_s() -> float:
    """CPU seconds of the whole machine that were not idle, those that the host took away with them."""
    user, nice, system, _idle, _waiting, *rest = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    return sum(map(int, (user, nice, system, *rest))) / TICKS_A_S


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise SystemExit(f"no {field} of process {pid}")


PYTHON = sys.executable
