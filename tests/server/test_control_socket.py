"""The control socket: what a command asks is answered by whoever holds the folder."""

import asyncio
import socket
import stat
from pathlib import Path

import msgspec
import pytest

from server.auth.rows import AppKeyRow
from server.clock import SystemClock
from server.control import CreateApp, CreateKey, Desk, KeyCreated, KeyList, ListKeys, Refusal, RevokeKey
from server.control_socket import SOCKET_FILE, ControlSocket, Unreachable, ask
from server.db.store import SqliteStore

NO_APP = AppKeyRow(name="not a name", kind="HS256", material="x" * 32)
CREATE = CreateKey(name="shop", roles=("events",), seed=b"seed")


class Holder:
    """A server, as far as its control socket is concerned."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.folder = folder
        self.changes = 0
        self.store = SqliteStore(folder, now=clock.now)
        desk = Desk(self.store, now=clock.now, changed=self.changed)
        self.socket = ControlSocket(folder, desk)

    async def changed(self) -> None:
        self.changes += 1

    async def __aenter__(self) -> "Holder":
        self.folder.mkdir(parents=True)
        await self.store.open()
        await self.socket.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self.store.close()


async def test_new_and_revoked_keys_are_told_at_once(tmp_path: Path) -> None:
    async with Holder(tmp_path / "data") as holder:
        created = await asyncio.to_thread(ask, holder.folder, CREATE)
        assert isinstance(created, KeyCreated)
        assert holder.changes == 1
        await asyncio.to_thread(ask, holder.folder, RevokeKey(id=created.id))
        assert holder.changes == 2
        listed = await asyncio.to_thread(ask, holder.folder, ListKeys())
        assert isinstance(listed, KeyList)
        assert listed.items[0].revoked_at is not None


async def test_folder_may_be_deeper_than_a_sockets_address_is_long(tmp_path: Path) -> None:
    async with Holder(tmp_path.joinpath(*["deep" * 10] * 5)) as holder:
        assert isinstance(await asyncio.to_thread(ask, holder.folder, ListKeys()), KeyList)


async def test_socket_is_for_its_owner_and_goes_with_the_server(tmp_path: Path) -> None:
    async with Holder(tmp_path / "data") as holder:
        file = holder.folder / SOCKET_FILE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.exists()


async def test_what_is_left_of_a_killed_server_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with Holder(folder) as first:
        await first.socket.close()
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(folder / SOCKET_FILE))
        left.close()
        await first.socket.open()
        assert isinstance(await asyncio.to_thread(ask, folder, ListKeys()), KeyList)


async def test_failure_is_an_answer(tmp_path: Path) -> None:
    async with Holder(tmp_path / "data") as holder:
        await asyncio.to_thread(ask, holder.folder, CREATE)
        again = await asyncio.to_thread(ask, holder.folder, CreateApp(row=NO_APP))
        assert isinstance(again, Refusal)
        assert "name" in again.message


@pytest.mark.parametrize("sent", [b"", b"garbage", msgspec.msgpack.encode({"type": "Unknown"})])
async def test_what_is_no_request_is_refused(tmp_path: Path, sent: bytes) -> None:
    async with Holder(tmp_path / "data") as holder:
        reader, writer = await asyncio.open_unix_connection(str(holder.folder / SOCKET_FILE))
        writer.write(sent)
        writer.write_eof()
        answer = msgspec.msgpack.decode(await reader.read())
        writer.close()
        assert answer["type"] == "Refusal"


async def test_request_may_come_in_pieces(tmp_path: Path) -> None:
    request = msgspec.msgpack.encode(CREATE)
    async with Holder(tmp_path / "data") as holder:
        reader, writer = await asyncio.open_unix_connection(str(holder.folder / SOCKET_FILE))
        for piece in (request[:5], request[5:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.to_thread(ask, holder.folder, ListKeys())  # the server has had its turn
        writer.write_eof()
        answer = msgspec.msgpack.decode(await reader.read())
        writer.close()
        assert answer["type"] == "KeyCreated"


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        ask(tmp_path, ListKeys())
