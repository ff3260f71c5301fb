"""Whether a start becomes an instance: live ones, and those that were before (flow format §4).

Counted within (flow, customer), or within (flow, customer, key). A start that is refused changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .calendar.durations import shift
from .effects import Refusal
from .ledgers import Ledger
from .model import Entry, Flow, WhenLive


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """A running or failed instance of the same flow and customer, of the same kind (test or not)."""

    id: str
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """`key` is the instance's. `replaces`: live instances to be cancelled in the same commit, before the new
    one starts. `ledger`: what the flow remembers from now on; None where it counts nothing.
    """

    key: str | None
    replaces: tuple[str, ...] = ()
    ledger: Ledger | None = None


def admit(
    flow: Flow, key: str | None, living: Iterable[Living], ledger: Ledger, *, now: int, zone: str
) -> Admitted | Refusal:
    """`key` is the instance's own; `zone` that of the customer, for periods of days and months."""
    entry = flow.entry
    counted = (key or "") if entry.per_key else ""
    starts = ledger.starts.get(counted, ())
    if entry.once and starts:
        return Refusal(code="once", reason="The flow has started for this customer before, and does so once.")
    if entry.limit is not None and _is_reached(entry, starts, now, zone):
        limit = entry.limit
        reason = f"The flow has started {limit.max} times within {limit.per.text} already."
        return Refusal(code="limit", reason=reason)
    alike = tuple(one.id for one in living if not entry.per_key or one.key == key)
    if alike and entry.when_live is WhenLive.REFUSE:
        return Refusal(code="live", reason=f"The instance {alike[0]} is live.")
    written = None
    if entry.once or entry.limit is not None:
        kept = entry.limit.max if entry.limit is not None else 1
        written = ledger.with_start(counted, now, kept=kept)
    return Admitted(key=key, replaces=alike if entry.when_live is WhenLive.REPLACE else (), ledger=written)


def _is_reached(entry: Entry, starts: tuple[int, ...], now: int, zone: str) -> bool:
    """Whether the start that lies `max` starts back is less than the period ago."""
    assert entry.limit is not None, "there is a limit to reach"
    if len(starts) < entry.limit.max:
        return False
    return shift(starts[-entry.limit.max], entry.limit.per, zone) > now
