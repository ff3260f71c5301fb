"""What a login writes: the customer whom it creates, with what the app's token says of them."""

from __future__ import annotations

from typing import Protocol

import msgspec
import structlog

from actors.commands import CustomerWrite, Refused
from actors.records import CustomerRow
from rules.customers.profile import claimed
from server.auth.claims import CustomerToken

log = structlog.get_logger("flowdeck.logins")


class Writing(Protocol):
    """What is needed of the engine."""

    async def write_customer(self, write: CustomerWrite) -> CustomerRow | Refused: ...


async def log_in(
    engine: Writing, token: CustomerToken, *, seen_every_ms: int | None = None
) -> CustomerRow | Refused:
    """The customer as committed. Claims that no profile takes keep nobody out: all of them are left out.

    `seen_every_ms`: the login also says that an app is there, which is written that often at the most.
    """
    body = claimed(token.claims)
    write = CustomerWrite(
        id=token.customer,
        mode="patch" if body else "ensure",
        body=body,
        client=f"app:{token.app}",
        seen_every_ms=seen_every_ms,
    )
    written = await engine.write_customer(write)
    if not isinstance(written, Refused) or not body:
        return written
    log.warning("claims refused", app=token.app, customer=token.customer, reason=written.reason)
    return await engine.write_customer(msgspec.structs.replace(write, mode="ensure", body={}))
