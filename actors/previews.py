"""What a rule would say of the customers that there are: counted over the newest ones, changing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rules.customers.segments import Facts, Rule, holds
from rules.errors import EvaluationError
from rules.world import World

from .customers import profile_of
from .histories import NOTHING, kept_of
from .ports import CustomerFilter, Store

SAMPLE_CUSTOMERS: Final = 500
"""Looked at in one preview: some 10 ms of work."""

EXAMPLES_MAX: Final = 20
"""Customers that a preview names, of members and of errors: what somebody looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`errors` are (customer, sentence): rules that cannot be evaluated are false."""

    looked_at: int
    members: int
    examples: Sequence[str]
    failed: int
    errors: Sequence[tuple[str, str]]


async def sample(store: Store, *, now: int) -> list[Facts]:
    """The newest customers, tests left out, as committed."""
    rows, _ = await store.customers(CustomerFilter(test=False, limit=SAMPLE_CUSTOMERS))
    histories = await store.histories([row.id for row in rows])
    kept = {id: kept_of(row) for id, row in histories.items()}
    return [Facts(profile_of(row), kept.get(row.id, NOTHING).history, now) for row in rows]


def preview(rule: Rule, customers: Sequence[Facts], world: World) -> Preview:
    members: list[str] = []
    errors: list[tuple[str, str]] = []
    for facts in customers:
        assert facts.profile is not None, "they are customers"
        try:
            if holds(rule, facts, world):
                members.append(facts.profile.id)
        except EvaluationError as error:
            errors.append((facts.profile.id, error.message))
    return Preview(
        looked_at=len(customers),
        members=len(members),
        examples=members[:EXAMPLES_MAX],
        failed=len(errors),
        errors=errors[:EXAMPLES_MAX],
    )
