"""An author who publishes version after version, with other names for its steps, and moves what runs."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from .book import Book
from .load import CALL_S_MAX, RETRY_S, NoAnswer

FLOWS = Path(__file__).parent / "flows"
PAUSE_S_MAX = 0.6

STEPS: Final[Mapping[str, Mapping[str, str]]] = {
    "ledger": {"listen": "attend", "judge": "weigh"},
    "offer": {"show": "present", "answer": "reply"},
    "alarm": {"sleep": "doze"},
}
"""Names of steps in odd versions, and those in even ones."""


def names_in(flow: str, version: int) -> set[str]:
    steps = STEPS[flow]
    return {*steps} if version % 2 else {*steps.values()}


def text_of(flow: str, version: int) -> str:
    text = (FLOWS / f"{flow}.yaml").read_text()
    if version % 2 == 0:
        text = re.sub(rf"\b({'|'.join(STEPS[flow])})\b", lambda found: STEPS[flow][found[0]], text)
    return f"{text}\n# version {version}\n"


def map_of(flow: str, version: int) -> dict[str, str]:
    steps = STEPS[flow]
    return {after: before for before, after in steps.items()} if version % 2 else {**steps}


@dataclass(slots=True)
class Publisher:
    url: str
    key: str
    book: Book
    chance: random.Random

    async def run(self, stop: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        timeout = aiohttp.ClientTimeout(total=CALL_S_MAX)
        self.book.published.update(dict.fromkeys(STEPS, 1))
        async with aiohttp.ClientSession(self.url, headers=headers, timeout=timeout) as session:
            while not stop.is_set():
                await self._publish(session, self.chance.choice(sorted(STEPS)))
                await asyncio.sleep(PAUSE_S_MAX * self.chance.random())

    async def _publish(self, session: aiohttp.ClientSession, flow: str) -> None:
        """Until it is known to be the published version."""
        version = self.book.published[flow] + 1
        while (published := await self._tried(session, flow, version)) is None:
            self.book.unknown += 1
            await asyncio.sleep(RETRY_S)
        if published != version:
            self.book.complain(f"version {version} of {flow} was published as {published}")
        self.book.published[flow] = version

    async def _tried(self, session: aiohttp.ClientSession, flow: str, version: int) -> object:
        body = {"running": "migrate", "map": {"steps": map_of(flow, version)}}
        draft, once = text_of(flow, version), {"Idempotency-Key": f"{flow}-{version}"}
        try:
            await call(session, "PUT", f"/v1/flows/{flow}/draft", draft, {"If-Match": "*"})
            answer = await call(session, "POST", f"/v1/flows/{flow}/publish", json.dumps(body), once)
        except NoAnswer:
            return None
        return answer["version"]


async def call(
    session: aiohttp.ClientSession, method: str, path: str, body: str, headers: Mapping[str, str]
) -> Mapping[str, object]:
    kind = "application/yaml" if method == "PUT" else "application/json"
    try:
        async with session.request(
            method, path, data=body, headers={"Content-Type": kind, **headers}
        ) as response:
            if response.status in {429, 503}:
                raise NoAnswer
            answer: Mapping[str, object] = await response.json()
            if response.status >= 300:
                raise AssertionError(f"{path}: {response.status}: {answer}")
            return answer
    except (aiohttp.ClientError, TimeoutError, ConnectionError):
        raise NoAnswer from None
