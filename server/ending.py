"""How the process ends when it is asked to: orderly, or without what hangs when the time for that is over.

A thread that waits for a disk cannot be ended, and neither asyncio nor Python ends before its threads. So a
watch runs beside the loop from the moment of asking. What there is to end, and in which order, `app.py` says.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

import structlog

EXIT_BROKEN: Final = 3
"""What is on disk is unknown: only a fresh start may read it (architecture, "When a commit fails")."""

# Of the time to stop. Clients that do nothing at all take seven eighths; the last is for closing the store.
CLOSING_SHARE: Final = 1 / 8
"""For apps to close their connections."""
REQUESTS_SHARE: Final = 3 / 8
"""For clients to send the rest of a request; then, by aiohttp's order, as much to take their answer."""
ANSWERS_SHARE: Final = 5 / 8
"""From the start, until who waits for a commit hears that its outcome is unknown: while it can be heard."""

LAST_WORDS_S_MAX: Final = 1.0
"""For the line in the log, which may hang like the disk: on the same one, or on a reader that is gone."""

log = structlog.get_logger("flowdeck.server")


class Ending:
    """`begin` asks for the end. From then until this context is left, the process has `stop_s`."""

    def __init__(self, *, stop_s: float) -> None:
        self.code = 0
        self.is_committing: Callable[[], bool] = lambda: False
        self._stop_s = stop_s
        self._begun = asyncio.Event()
        self._watch: threading.Timer | None = None

    def begin(self, code: int) -> None:
        """Asked for more than once, it is one end, in the time of the first, with the worst of the codes."""
        self.code = max(self.code, code)
        if self._watch is None:
            self._watch = threading.Timer(self._stop_s, self._end_without)
            self._watch.daemon = True
            self._watch.start()
            self._begun.set()

    async def begun(self) -> None:
        await self._begun.wait()

    def __enter__(self) -> Ending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _end_without(self) -> None:
        """As a crash would: the next start relies on nothing that an orderly end does."""
        last_words = threading.Thread(target=self._say, daemon=True)
        last_words.start()
        last_words.join(LAST_WORDS_S_MAX)
        os._exit(EXIT_BROKEN)

    def _say(self) -> None:
        what = "a commit hangs: what is on disk is unknown" if self.is_committing() else "something hangs"
        log.critical("ended without stopping", reason=what, stop_s=self._stop_s)
