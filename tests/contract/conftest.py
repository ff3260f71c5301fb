"""Every test of this folder runs on every store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.memory import MemoryStore
from actors.ports import Store


@pytest.fixture(params=["memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An open store with nothing in it."""
    made = MemoryStore()
    await made.open()
    yield made
    await made.close()
