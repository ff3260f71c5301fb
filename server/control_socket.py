"""Carries an operator's request to the server that holds a data folder, through a socket in that folder.

One connection, one request, one answer, both MessagePack. What requests mean is `control.py`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import structlog

from actors.ports import StoreError

from .control import Answer, Desk, Refusal, Request

SOCKET_FILE: Final = "control.sock"
MESSAGE_BYTES_MAX: Final = 1 << 20  # a list of a few thousand keys
BACKLOG: Final = 16
ANSWER_S_MAX: Final = 15.0
_CREDENTIALS: Final = struct.Struct("3i")

_log = structlog.get_logger(__name__)
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_request: Final[Callable[[bytes], Request]] = msgspec.msgpack.Decoder(Request).decode
_decode_answer: Final[Callable[[bytes], Answer]] = msgspec.msgpack.Decoder(Answer).decode


class Unreachable(Exception):
    """The folder is in use, and its holder does not answer; the text says how that showed."""


class ControlSocket:
    """Listens from `open` to `close`. Whoever opens it holds the folder's lock."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self._folder = folder
        self._desk = desk
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        assert self._server is None, "the control socket is open already"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            with _reached_from_here(self._folder) as path:
                path.unlink(missing_ok=True)  # of a process that was killed: the lock is ours, so it is gone
                listener.bind(str(path))
                path.chmod(0o600)
            listener.listen(BACKLOG)
            listener.setblocking(False)
            self._server = await asyncio.start_unix_server(self._serve, sock=listener)
        except BaseException:
            listener.close()
            raise

    async def close(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            (self._folder / SOCKET_FILE).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _is_owner(writer.get_extra_info("socket")):
                return
            async with asyncio.timeout(ANSWER_S_MAX):
                request = await _read_whole(reader)
            writer.write(_encode(await self._answer(request)))
            async with asyncio.timeout(ANSWER_S_MAX):
                await writer.drain()
        except (TimeoutError, ConnectionError) as error:
            _log.info("control_lost", error=str(error) or type(error).__name__)
        finally:
            writer.close()

    async def _answer(self, body: bytes) -> Answer:
        try:
            request = _decode_request(body)
        except msgspec.DecodeError:
            return Refusal(message="the running server does not know this request", hint="is it older?")
        _log.info("control", request=type(request).__name__)
        try:
            return await self._desk.perform(request)
        except StoreError as error:
            _log.warning("control_failed", request=type(request).__name__, error=str(error))
            return Refusal(message=f"the running server could not do it: {error}")
        except Exception:  # noqa: BLE001 - the boundary: whoever asks is told, and the log has the trace
            _log.exception("control_crashed", request=type(request).__name__)
            return Refusal(message="the running server failed; its log says why")


def ask(folder: Path, request: Request) -> Answer:
    """The answer of the server that holds the folder, or Unreachable."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, _reached_from_here(folder) as path:
            line.settimeout(ANSWER_S_MAX)
            line.connect(str(path))
            line.sendall(_encode(request))
            line.shutdown(socket.SHUT_WR)
            return _decode_answer(_read_all(line))
    except (OSError, msgspec.DecodeError) as error:
        raise Unreachable(str(error)) from error


async def _read_whole(reader: asyncio.StreamReader) -> bytes:
    """What was sent until its end, in however many pieces it comes."""
    received = bytearray()
    while chunk := await reader.read(65_536):
        received += chunk
        if len(received) > MESSAGE_BYTES_MAX:
            raise ConnectionError("the request is too long")
    return bytes(received)


def _read_all(line: socket.socket) -> bytes:
    received = bytearray()
    while chunk := line.recv(65_536):
        received += chunk
        if len(received) > MESSAGE_BYTES_MAX:
            raise OSError("the answer is too long")
    return bytes(received)


@contextlib.contextmanager
def _reached_from_here(folder: Path) -> Iterator[Path]:
    """The socket's path, short however deep the folder is: addresses of sockets have 107 bytes."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}") / SOCKET_FILE
    finally:
        os.close(descriptor)


def _is_owner(connection: socket.socket) -> bool:
    """The kernel says who is at the other end: the server's own user, or root."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return uid in (0, os.geteuid())
