"""Whether the plan of a migration can be followed at all, before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterable

from rules.migrating.plan import Plan, check_plan
from rules.model import Flow

from .commands import Refused
from .definitions import Definitions
from .ports import Store

UNFINISHED = ("running", "failed")


async def refused(plan: Plan, to: Flow, versions: Iterable[int], definitions: Definitions) -> Refused | None:
    """What is wrong with it for moving to that flow from these versions, each error located in the map."""
    if plan == Plan():
        return None
    known: set[str] = set()
    for number in sorted(set(versions)):
        version = definitions.version(to.key, number)
        await definitions.prepare([version])
        if version.flow is not None:
            known.update(version.flow.steps)
    located = [
        {"pointer": f"/map{error.pointer}", "code": error.code, "message": error.message}
        for error in check_plan(plan, to, known)
    ]
    if not located:
        return None
    return Refused(code="invalid", reason="The map does not fit the versions.", errors=tuple(located))


async def versions_in_use(flow: str, store: Store, definitions: Definitions) -> list[int]:
    """Those that instances run on, and the one that new starts take; without tests of drafts."""
    counts = await store.instance_counts(flow)
    numbers = {number for (number, status), _ in counts.items() if status in UNFINISHED and number >= 1}
    row = definitions.row(flow)
    if row is not None and row.published is not None:
        numbers.add(row.published)
    return sorted(numbers)
