"""The peers of T1, as far as they are installed: aiohttp with Redis, and Restate. What is missing is said."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rig import HERE, PYTHON, START_S, Process, call, folder, say

MODULES = HERE / "peers" / "node_modules"
REDIS_PORT, REDIS_FRONT_PORT = 18320, 18321
RESTATE_PORT, RESTATE_ADMIN_PORT, RESTATE_NODE_PORT, RESTATE_SERVICE_PORT = 18330, 18331, 18332, 18333
RESTATE_PATH = "/Customer/%c/event"


@contextmanager
def redis() -> Iterator[Process | None]:
    """`redis-server` that syncs each write, behind aiohttp."""
    if shutil.which("redis-server") is None:
        say("!! NOT INSTALLED: redis-server (Debian: apt-get install redis-server); T1 runs without it")
        yield None
        return
    at = folder("redis")
    command = [
        "redis-server",
        "--port",
        str(REDIS_PORT),
        "--bind",
        "127.0.0.1",
        "--dir",
        str(at),
        "--save",
        "",
    ]
    store = Process(
        [*command, "--appendonly", "yes", "--appendfsync", "always"], port=REDIS_PORT, log=at / "log"
    )
    try:
        wait_for_port(REDIS_PORT)
        front = Process(
            [PYTHON, str(HERE / "redis_front.py"), str(REDIS_FRONT_PORT), str(REDIS_PORT)],
            port=REDIS_FRONT_PORT,
            log=at / "front.log",
        )
        try:
            front.wait_ready()
            yield front
        finally:
            front.stop()
    finally:
        store.stop()


@contextmanager
def restate() -> Iterator[Process | None]:
    """Restate's server with one service in Node; its log is synced as it comes configured."""
    binaries = sorted(MODULES.glob("@restatedev/restate-server-*/bin/restate-server"))
    if not binaries or shutil.which("node") is None:
        say("!! NOT INSTALLED: Restate (`npm install` in bench/peers); T1 runs without it")
        yield None
        return
    at = folder("restate")
    service = Process(
        ["node", str(HERE / "peers" / "restate_service.js"), str(RESTATE_SERVICE_PORT)],
        port=RESTATE_SERVICE_PORT,
        log=at / "service.log",
        env={"NODE_ENV": "production", "RESTATE_LOGGING": "ERROR"},
    )
    try:
        wait_for_port(RESTATE_SERVICE_PORT)
        server = Process(
            [str(binaries[0]), "--node-name", "n1"], port=RESTATE_PORT, log=at / "log", env=settings(at)
        )
        try:
            wait_for_port(RESTATE_ADMIN_PORT)
            wait_for_port(RESTATE_PORT)
            call(
                "POST",
                f"http://127.0.0.1:{RESTATE_ADMIN_PORT}/deployments",
                {"uri": f"http://127.0.0.1:{RESTATE_SERVICE_PORT}"},
            )
            first = {"data": {"total": 120.5, "kind": "book"}}
            call("POST", server.url + RESTATE_PATH.replace("%c", "c0"), first)
            yield server
        finally:
            server.stop()
    finally:
        service.stop()


def settings(at: object) -> dict[str, str]:
    return {
        "RESTATE_BASE_DIR": str(at),
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{RESTATE_PORT}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{RESTATE_ADMIN_PORT}",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{RESTATE_NODE_PORT}",
        "RESTATE_ADVERTISED_ADDRESS": f"http://127.0.0.1:{RESTATE_NODE_PORT}",
        "RESTATE_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "RUST_LOG": "warn",
    }


def wait_for_port(port: int) -> None:
    ends = time.perf_counter() + START_S
    while time.perf_counter() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")
