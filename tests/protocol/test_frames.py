"""The golden frames are what the server says, in both encodings."""

from __future__ import annotations

import pytest

from actors.testing import play
from server.errors import ERRORS
from server.live.messages import CLIENT_MESSAGES, SERVER_MESSAGES
from tests.server.live.setting import BOTH, LiveStage

from .frames import FOLDER, Exchange, Player, exchanges

EXCHANGES = exchanges()


@pytest.mark.parametrize("subprotocol", BOTH)
@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_exchange_is_as_written(exchange: Exchange, subprotocol: str) -> None:
    async def script() -> None:
        async with LiveStage(settings=exchange.settings) as stage:
            await Player(stage, subprotocol).play(exchange)

    play(script())


def test_files_are_named_by_what_is_in_them() -> None:
    assert {exchange.name for exchange in EXCHANGES} == {path.stem for path in FOLDER.glob("*.json")}


def test_every_message_and_close_code_has_its_golden_frame() -> None:
    steps = [step for exchange in EXCHANGES for step in exchange.steps]
    said = {step[kind].get("type") for kind in ("client", "server") for step in steps if kind in step}
    assert said >= {kind.__struct_config__.tag for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES)}
    closed = {step["closed"] for step in steps if "closed" in step}
    assert closed >= {4400, 4401, 4408, 4429, 1001}
    assert closed <= {kind.close_code for kind in ERRORS.values()}
