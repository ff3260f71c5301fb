"""Plays a golden exchange of `protocol/frames/` with a real session, feed and engine, in virtual time.

What is written as `<word-1>` in a server's message stands for any text, the same wherever it is repeated.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from server.settings import Container
from tests.server.live.setting import App, LiveStage

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
FOLDER: Final = Path(__file__).resolve().parents[2] / "protocol" / "frames"
PLACEHOLDER: Final = re.compile(r"<[a-z0-9-]+>")

Step: TypeAlias = dict[str, Any]


class Exchange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One file. `settings` are of the section `[live]`; `flow`, a document or an example, is there before."""

    name: str
    shows: str
    steps: list[Step]
    settings: dict[str, Any] = {}
    flow: dict[str, Any] | str | None = None

    @property
    def document(self) -> str | None:
        """The flow's own text."""
        if isinstance(self.flow, str):
            return (EXAMPLES / f"{self.flow}.yaml").read_text()
        return None if self.flow is None else msgspec.json.encode(self.flow).decode()


def exchanges() -> list[Exchange]:
    return [msgspec.json.decode(path.read_bytes(), type=Exchange) for path in sorted(FOLDER.glob("*.json"))]


class Player:
    """Takes the steps one by one; what the server said must be what is written."""

    def __init__(self, stage: LiveStage, subprotocol: str) -> None:
        self._stage = stage
        self._subprotocol = subprotocol
        self._app: App = stage.connect(subprotocol)
        self._heard: list[dict[str, Any]] = []
        self._bound: dict[str, str] = {}
        self._client_said: dict[str, Any] = {}

    async def play(self, exchange: Exchange) -> None:
        if exchange.document is not None:
            await self._stage.publish(exchange.document)
        for number, step in enumerate(exchange.steps):
            ((kind, value),) = step.items()
            await getattr(self, f"_{kind}")(value, f"{exchange.name}, step {number}")
        assert not self._listen(), f"{exchange.name}: the server said more than is written"

    async def _client(self, message: dict[str, Any], _: str) -> None:
        self._client_said = message.get("client", self._client_said)
        self._app.say(**self._filled(message))
        await self._stage.settle()

    async def _client_text(self, text: str, _: str) -> None:
        self._app.connection.receive(text.encode(), is_text=True)
        await self._stage.settle()

    async def _server(self, message: dict[str, Any], where: str) -> None:
        heard = self._listen()
        assert heard, f"{where}: the server said nothing"
        self._match(message, heard.pop(0), where)

    async def _closed(self, code: int, where: str) -> None:
        assert self._app.close_code == code, where

    async def _reconnect(self, customer: str, _: str) -> None:
        await self._app.leave()
        self._app = self._stage.connect(self._subprotocol)
        await self._client({"type": "hello", "token": customer, "client": self._client_said}, "")
        self._app.hear()

    async def _others(self, customer: str, _: str) -> None:
        other = self._stage.connect(self._subprotocol)
        other.say(type="hello", token=customer)

    async def _after_s(self, seconds: float, _: str) -> None:
        await self._stage.sleep(seconds)

    async def _event(self, event: dict[str, Any], _: str) -> None:
        data = {str(name): value for name, value in event.get("data", {}).items()}
        await self._stage.post(event["name"], event.get("customer"), key=event.get("key"), **data)
        await self._stage.settle()

    async def _containers(self, containers: dict[str, Any], _: str) -> None:
        self._stage.live.reconfigure(msgspec.convert(containers, dict[str, Container]))
        await self._stage.settle()

    async def _stop(self, _: bool, where: str) -> None:
        self._stage.spawn(self._stage.live.stop())
        await self._stage.settle()

    def _listen(self) -> list[dict[str, Any]]:
        self._heard += self._app.hear()
        return self._heard

    def _filled(self, value: Any) -> Any:
        match value:
            case str() if PLACEHOLDER.fullmatch(value):
                return self._bound[value]
            case dict():
                return {name: self._filled(item) for name, item in value.items()}
            case list():
                return [self._filled(item) for item in value]
            case _:
                return value

    def _match(self, written: Any, said: Any, where: str) -> None:
        match written:
            case str() if PLACEHOLDER.fullmatch(written):
                assert isinstance(said, str), f"{where}: {written} stands for text, not {said!r}"
                assert self._bound.setdefault(written, said) == said, f"{where}: another {written}"
            case dict():
                assert isinstance(said, dict), where
                assert written.keys() == said.keys(), f"{where}: {sorted(written)} is not {sorted(said)}"
                for name, item in written.items():
                    self._match(item, said[name], f"{where}/{name}")
            case list():
                assert isinstance(said, list), where
                assert len(written) == len(said), f"{where}: {len(said)} instead of {len(written)}"
                for number, item in enumerate(written):
                    self._match(item, said[number], f"{where}/{number}")
            case _:
                assert written == said, f"{where}: {written!r} is not {said!r}"
