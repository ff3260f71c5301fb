"""A server for each test; a test overrides `config` to set it up differently."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.settings import Config, Events
from tests.server.http.kit import Server, serving


@pytest.fixture
def config() -> Config:
    return Config(events=Events(app_events=("app.opened",)))


@pytest.fixture
async def server(config: Config) -> AsyncIterator[Server]:
    async with serving(config) as server:
        yield server
