"""What the product is compared with besides the skeleton: aiohttp with Redis, and Restate.

A measure asks first whether its peer is here; what is missing is said aloud.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rig import HERE, PYTHON, START_S, Process, call, folder, say

PACKAGES = HERE / "peers"
MODULES = PACKAGES / "node_modules"
INSTALL_S = 300.0
NPM_INSTALL = ("npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund")
REDIS_PORT, REDIS_FRONT_PORT = 18320, 18321
RESTATE_PORT, RESTATE_ADMIN_PORT, RESTATE_NODE_PORT = 18330, 18331, 18332
RESTATE_SERVICE_PORT, RESTATE_LIVE_PORT = 18333, 18334
RESTATE_LIVE = f"http://127.0.0.1:{RESTATE_LIVE_PORT}"
RESTATE_CALL = "/Customer/%c/event"
RESTATE_CARD = "/Customer/%c/card"
RESTATE_START = "/Nap/%c/run/send"
RESTATE_TIMER = "/Customer/%c/event/send?delay=720h"


def has_redis(measure: str) -> bool:
    if shutil.which("redis-server"):
        return True
    say(f"!! NOT INSTALLED: redis-server (Debian: apt-get install redis-server); {measure} runs without it")
    return False


def has_restate(measure: str) -> bool:
    """Fetches it from npm at the first time."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        say("!! NOT INSTALLED: node and npm, for Restate (Debian: apt-get install nodejs npm)")
        say(f"!! {measure} runs without Restate")
        return False
    wrong = "" if restate_is_installed() else install_restate()
    if wrong:
        say(f"!! CANNOT BE INSTALLED: Restate: {wrong}\n!! {measure} runs without Restate")
    return not wrong


def restate_is_installed() -> bool:
    return (
        bool(restate_binaries())
        and (MODULES / "@restatedev" / "restate-sdk").exists()
        and (MODULES / "ws").exists()
    )


def restate_binaries() -> list[Path]:
    """The server for this machine, once it is installed: npm takes the package of its kind only."""
    return sorted(MODULES.glob("@restatedev/restate-server-*/bin/restate-server"))


def install_restate() -> str:
    """What went wrong, "" if nothing did."""
    say("installing Restate with npm in bench/peers")
    try:
        run = subprocess.run(
            NPM_INSTALL, cwd=PACKAGES, capture_output=True, text=True, check=False, timeout=INSTALL_S
        )
    except subprocess.TimeoutExpired:
        return f"nothing within {INSTALL_S:g} s"
    if run.returncode:
        return run.stderr[-2000:]
    return "" if restate_is_installed() else "installed, but without a server for this kind of machine"


@contextmanager
def redis() -> Iterator[Process]:
    """`redis-server` that syncs each write, behind aiohttp."""
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
            behind=[store],
        )
        try:
            front.wait_ready()
            yield front
        finally:
            front.stop()
    finally:
        store.stop()


@contextmanager
def restate() -> Iterator[Process]:
    """Restate's server, new, with one service in Node; its log is synced as it comes configured.

    It is killed in the end: what it has not come to yet is of no use, and would be finished first.
    """
    at = folder("restate")
    service = Process(
        ["node", str(PACKAGES / "restate_service.js"), str(RESTATE_SERVICE_PORT), str(RESTATE_LIVE_PORT)],
        port=RESTATE_SERVICE_PORT,
        log=at / "service.log",
        env={"NODE_ENV": "production", "RESTATE_LOGGING": "ERROR"},
    )
    try:
        wait_for_port(RESTATE_SERVICE_PORT)
        wait_for_port(RESTATE_LIVE_PORT)
        command = [str(restate_binaries()[0]), "--node-name", "n1"]
        server = Process(command, port=RESTATE_PORT, log=at / "log", env=settings(at), behind=[service])
        try:
            wait_for_port(RESTATE_ADMIN_PORT)
            wait_for_port(RESTATE_PORT)
            deployment = {"uri": f"http://127.0.0.1:{RESTATE_SERVICE_PORT}"}
            call("POST", f"http://127.0.0.1:{RESTATE_ADMIN_PORT}/deployments", deployment)
            first = {"data": {"total": 120.5, "kind": "book"}}
            call("POST", server.url + RESTATE_CALL.replace("%c", "c0"), first)
            yield server
        finally:
            server.stop(signal.SIGKILL)
    finally:
        service.stop(signal.SIGKILL)


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
