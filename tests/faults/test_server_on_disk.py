"""A real server on a disk that is full, or whose syncs fail: what its operator and its clients see of that.

The full disk is a real, small file system in memory; mounting one needs root. The failing disk is that of
`vfs.py` behind the store of a real process.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.kill.process import FLOWDECK, Server, new_server

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DISK_MIB = 6
EVENT_BYTES = 20_000
EVENTS_MAX = 2_000
PATIENCE_S = 20.0
EXIT_BROKEN = 3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB at the place of the data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder))
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT TESTED: a full disk. Mounting a small file system needs root and the right to mount")
    yield tmp_path
    subprocess.run(("umount", str(folder)), check=True)


async def post(session: aiohttp.ClientSession, n: int, *, size: int = 10) -> int:
    """The status of posting event n; 0 if there is no answer."""
    event = {"id": f"e-{n}", "name": "tick", "customer": "ann", "data": {"n": n, "fill": "x" * size}}
    try:
        async with session.post("/v1/events", json=event) as response:
            await response.read()
            return response.status
    except aiohttp.ClientError:
        return 0


async def insist(session: aiohttp.ClientSession, n: int, *, size: int = 10) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (status := await post(session, n, size=size)) != 202:
        assert status in {0, 503}, status
        assert time.monotonic() < deadline, "it does not go on"
        await asyncio.sleep(0.1)


async def status_of(session: aiohttp.ClientSession, n: int) -> str:
    """What the server says of event n when it is sent again, with other content if it was never there."""
    event = {"id": f"e-{n}", "name": "tick", "customer": "ann", "data": {"other": True}}
    async with session.post("/v1/events", json=event) as response:
        answer = await response.json()
        status: str = answer["results"][0]["status"]
        return status


def client(server: Server) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {server.key}"})


async def test_full_disk_is_refused_and_the_same_process_goes_on_when_there_is_room(small_disk: Path) -> None:
    server = new_server(small_disk)
    await server.start()
    ballast = server.data / "ballast"
    try:
        async with client(server) as session:
            await insist(session, 0)
            acknowledged = [0]
            ballast.write_bytes(b"x" * (DISK_MIB - 4) * 1024 * 1024)
            for n in range(1, EVENTS_MAX):
                status = await post(session, n, size=EVENT_BYTES)
                if status != 202:
                    assert status == 503
                    break
                acknowledged.append(n)
            assert len(acknowledged) < EVENTS_MAX - 1, "the disk never was full"
            assert await post(session, n, size=EVENT_BYTES) == 503
            async with session.get("/healthz") as response:
                assert response.status == 200
            ballast.unlink()
            await insist(session, n, size=EVENT_BYTES)
            await insist(session, n + 1, size=EVENT_BYTES)
            assert {await status_of(session, n) for n in (*acknowledged, n, n + 1)} == {"conflict"}
        assert server.process is not None
        assert server.process.returncode is None
        assert await server.stop() == 0
        await server.start()
        async with client(server) as session:
            assert {await status_of(session, n) for n in acknowledged} == {"conflict"}
    finally:
        await server.kill()


async def test_failed_sync_ends_the_process_with_its_code_and_the_next_one_goes_on(tmp_path: Path) -> None:
    server = new_server(
        tmp_path, command=(sys.executable, "-m", "tests.faults.failing", str(tmp_path / "fail"))
    )
    await server.start()
    try:
        async with client(server) as session:
            for n in range(5):
                await insist(session, n)
            (tmp_path / "fail").touch()
            assert await post(session, 5) in {0, 503}
        assert await server.ended() == EXIT_BROKEN
        assert "store is broken" in server.log_tail()
        server.command = FLOWDECK
        await server.start()
        async with client(server) as session:
            assert {await status_of(session, n) for n in range(5)} == {"conflict"}
            await insist(session, 5)
        assert await server.stop() == 0
    finally:
        await server.kill()
