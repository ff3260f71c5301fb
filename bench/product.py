"""The product as it is installed: a server process on a folder of its own, with a key and flows, for the benchmarks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from rig import HERE, ROOT, Process, call, folder

FLOWDECK = Path(sys.executable).with_name("flowdeck")
PORT = 18310
OPEN_LIMITS = {
    "FLOWDECK_LOG_LEVEL": "warning",
}


class Product:
    """`flowdeck serve` on loopback with `synchronous=FULL` and all features on; rate limits raised, not removed."""

    def __init__(self, name: str, *, port: int = PORT, keep: Path | None = None) -> None:
        self.data = keep or folder(name)
        self.port = port
        self.key = os.environ.get("FLOWDECK_BENCH_KEY") or self._key()
        self.start()

    def _key(self) -> str:
        kept = self.data / "bench.key"
        if not kept.exists():
            kept.write_text(self.command("keys", "create", "--role", "admin", "--name", "bench"))
        return kept.read_text().split()[-1]

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
            env=OPEN_LIMITS,
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

    def start_instances(self, event: str, count: int, *, batch: int = 5000) -> None:
        """An event each for customers c0 … c(count - 1)."""
        for start in range(0, count, batch):
            stop = min(count, start + batch)
            self.post(
                [{"id": f"{event}-{i}", "name": event, "customer": f"c{i}"} for i in range(start, stop)]
            )

    def get(self, path: str) -> dict[str, object]:
        answer = call("GET", self.url + path, key=self.key)
        assert isinstance(answer, dict)
        return answer

    def stop(self) -> None:
        self.process.stop()


def describe(product: Product) -> str:
    return json.dumps(product.get("/version"))
