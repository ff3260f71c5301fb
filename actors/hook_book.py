"""Addresses of webhook triggers, by token and by trigger; what comes there is `hooks.py`."""

from __future__ import annotations

from collections.abc import Iterable

from .records import HookRow


class HookBook:
    """Every address, as the newest turn left it."""

    def __init__(self) -> None:
        self._by_token: dict[str, HookRow] = {}
        self._by_trigger: dict[tuple[str, str], HookRow] = {}

    def recover(self, rows: Iterable[HookRow]) -> None:
        for row in rows:
            self.keep(row)

    def find(self, token: str) -> HookRow | None:
        return self._by_token.get(token)

    def all(self) -> list[HookRow]:
        return list(self._by_token.values())

    def of(self, flow: str, trigger: str) -> HookRow | None:
        return self._by_trigger.get((flow, trigger))

    def keep(self, row: HookRow) -> None:
        """New, changed, or in place of the trigger's former address."""
        former = self.of(row.flow, row.trigger)
        if former is not None:
            self._by_token.pop(former.token, None)
        self._by_token[row.token] = self._by_trigger[row.flow, row.trigger] = row
