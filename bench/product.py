"""The product for the benchmarks, as it is installed: a server on its own folder, with a key and flows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rig import HERE, ROOT, Process, call, folder

FLOWDECK = Path(sys.executable).with_name("flowdeck")
PORT = 18310
QUIET = {"FLOWDECK_LOG_LEVEL": "warning"}


class Product:
    """`flowdeck serve` on loopback: `synchronous=FULL`, all features on, the limits as they come.

    `prepare` is called with the folder made and the server not started yet.
    """

    def __init__(
        self, name: str, *, port: int = PORT, prepare: Callable[[Product], None] = lambda _: None
    ) -> None:
        self.data = folder(name)
        self.port = port
        self.key = self.command("keys", "create", "--role", "admin", "--name", "bench").split()[-1]
        prepare(self)
        self.start()

    def command(self, *args: str) -> str:
        """One command of the CLI on this folder; its output."""
        run = subprocess.run(
            [FLOWDECK, *args, "--data", self.data], capture_output=True, text=True, check=False, cwd=ROOT
        )
        if run.returncode:
            raise SystemExit(f"flowdeck {' '.join(args)}: {run.stderr}")
        return run.stdout.strip()

    def start(self) -> float:
        """Seconds from exec to ready, recovery included."""
        self.process = Process(
            [str(FLOWDECK), "serve", "--data", str(self.data), "--port", str(self.port)],
            port=self.port,
            log=self.data / "server.log",
            env=QUIET,
        )
        self.url = self.process.url
        return self.process.wait_ready("/readyz")

    def publish(self, *names: str) -> None:
        """Create and publish flows of `bench/flows/`."""
        for name in names:
            text = (HERE / "flows" / f"{name}.yaml").read_text()
            call("POST", f"{self.url}/v1/flows", text, key=self.key, kind="application/yaml")
            call("POST", f"{self.url}/v1/flows/bench-{name}/publish", {"running": "keep"}, key=self.key)

    def post(self, events: list[dict[str, object]]) -> None:
        """One batch of at most 10,000 events."""
        call("POST", f"{self.url}/v1/events", events, key=self.key)

    def start_instances(self, event: str, count: int, *, first: int = 0, batch: int = 5000) -> None:
        """An event each for so many customers, from c{first} on."""
        for start in range(first, first + count, batch):
            stop = min(first + count, start + batch)
            self.post(
                [{"id": f"{event}-{i}", "name": event, "customer": f"c{i}"} for i in range(start, stop)]
            )

    def get(self, path: str) -> dict[str, object]:
        answer = call("GET", self.url + path, key=self.key)
        assert isinstance(answer, dict)
        return answer

    def stop(self) -> None:
        self.process.stop()
