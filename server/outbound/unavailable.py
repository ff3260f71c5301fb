"""Answers every call as failed, for this server reaches no third parties and no push services yet.

A flow that asks for one goes on at `on_error`, or its token is parked with a reason that says so.
"""

from __future__ import annotations

from typing import Final

from actors.outbox import failed
from actors.ports import Result
from rules.effects import CallRequest, SendPush

NOT_AVAILABLE: Final = "not_available"
_MESSAGES: Final = {
    CallRequest: "This server does not call third parties yet.",
    SendPush: "This server does not send notifications yet.",
}


class Unavailable:
    """`actors.ports.Performer`."""

    async def perform(self, effect: CallRequest | SendPush, *, customer: str, key: str) -> Result:
        return failed(effect, NOT_AVAILABLE, _MESSAGES[type(effect)])
