"""A real server on a disk that is full, or whose syncs fail or hang: what operators and clients see of that.

The full disk is a real, small file system (`small_disk.py`). The failing disk is that of `vfs.py` behind the
store of a real process.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.faults.small_disk import small_disk
from tests.kill.process import FLOWDECK, Server, new_server

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DISK_MIB = 6
EVENT_BYTES = 20_000
EVENTS_MAX = 2_000
PATIENCE_S = 20.0
ENDING_S_MAX = 2.0
"""From the end of the time to stop until the process is gone, on a busy machine."""
EXIT_BROKEN = 3


@pytest.fixture
def on_small_disk(tmp_path: Path) -> Iterator[Path]:
    """Its data folder is a file system of a few MiB."""
    with small_disk(tmp_path / "data", mib=DISK_MIB):
        yield tmp_path


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


async def test_full_disk_is_refused_and_the_same_process_goes_on_when_there_is_room(
    on_small_disk: Path,
) -> None:
    server = new_server(on_small_disk)
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
        tmp_path, command=(sys.executable, "-m", "tests.faults.failing", "fail", str(tmp_path / "fail"))
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


@asynccontextmanager
async def asked_to_stop_while_a_commit_hangs(
    folder: Path, *, stop_s: int
) -> AsyncIterator[tuple[Server, asyncio.Task[tuple[int, str]], Path]]:
    """The server, the call that waits for the commit, and the file that lets the disk hang."""
    sign = folder / "hang"
    command = (sys.executable, "-m", "tests.faults.failing", "hang", str(sign))
    server = new_server(folder, command=command, stop_s=stop_s)
    await server.start()
    try:
        async with client(server) as session:
            await insist(session, 0)
            sign.touch()
            waiting = asyncio.create_task(refusal(session, 1))
            await until_taken(session)
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            yield server, waiting, sign
    finally:
        await server.kill()


async def refusal(session: aiohttp.ClientSession, n: int) -> tuple[int, str]:
    """The status of posting event n, and the code of the problem if it is one."""
    event = {"id": f"e-{n}", "name": "tick", "customer": "ann", "data": {"n": n}}
    async with session.post("/v1/events", json=event) as response:
        return response.status, (await response.json()).get("code", "")


async def until_taken(session: aiohttp.ClientSession) -> None:
    """Until a call waits for its commit."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with session.get("/metrics") as response:
                if "flowdeck_engine_inputs 1.0" in (await response.text()).splitlines():
                    return


async def until_said(server: Server, text: str) -> None:
    """Until it is in the log."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if text in server.log_tail():
                return
            await asyncio.sleep(0.01)


async def test_process_asked_to_stop_ends_in_time_though_a_commit_hangs(tmp_path: Path) -> None:
    began = time.monotonic()
    async with asked_to_stop_while_a_commit_hangs(tmp_path, stop_s=2) as (server, waiting, sign):
        began = time.monotonic()
        assert await waiting == (503, "unknown_outcome")
        assert await server.ended() == EXIT_BROKEN
        assert time.monotonic() - began < 2 + ENDING_S_MAX
        assert "a commit hangs" in server.log_tail()
        sign.unlink()
        server.command = FLOWDECK
        await server.start()
        async with client(server) as session:
            assert await status_of(session, 0) == "conflict"
            await insist(session, 1)
        assert await server.stop() == 0


async def test_clients_that_do_nothing_at_all_are_no_reason_to_end_without_them(tmp_path: Path) -> None:
    """One does not send the rest of its request, one takes no answer."""
    server = new_server(tmp_path, stop_s=2)
    await server.start()
    head = f"Host: x\r\nAuthorization: Bearer {server.key}\r\n"
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as sender, socket.socket() as taker:
            sender.sendall(f"POST /v1/events HTTP/1.1\r\n{head}Content-Length: 99\r\n\r\n{{".encode())
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            taker.connect(("127.0.0.1", server.port))
            taker.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    taker.send(f"GET /openapi.json HTTP/1.1\r\n{head}\r\n".encode())
            await asyncio.get_running_loop().sock_recv(taker, 1)
            assert await server.stop() == 0
    finally:
        await server.kill()


async def test_commit_that_comes_through_in_time_lets_the_process_end_as_asked(tmp_path: Path) -> None:
    async with asked_to_stop_while_a_commit_hangs(tmp_path, stop_s=20) as (server, waiting, sign):
        await until_said(server, "stopping")
        sign.unlink()
        assert await waiting == (202, "")
        assert await server.ended() == 0
