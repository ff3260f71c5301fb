"""A group while it is filled: the rows of one commit, and everything that must happen after it.

Unpacked states, subscriptions and profiles are written out once, when the group closes, however many turns
they had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rules.customers.profile import Profile
from rules.instance import InstanceStatus
from rules.ledgers import Ledger

from . import histories, ledgers
from .actor import Actor
from .customers import row_of
from .histories import Kept
from .ledgers import LedgerKey
from .records import Group, InstanceRow
from .telemetry import Tally
from .work import Ticket

RUNNING: Final = (InstanceStatus.RUNNING, InstanceStatus.FAILED)


class OpenGroup:
    """`number` rises by one from group to group. `inputs` counts those taken; `durable` names those that are
    in the store already and would come again if the commit failed. A sealed one takes nothing more.
    `packed_bytes`: by how much the packed states in memory grew."""

    __slots__ = (
        "actors",
        "answers",
        "durable",
        "histories",
        "inputs",
        "ledgers",
        "number",
        "packed_bytes",
        "profiles",
        "rows",
        "sealed",
        "tally",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.rows = Group()
        self.actors: dict[str, Actor] = {}
        self.profiles: dict[str, Profile] = {}
        self.ledgers: dict[LedgerKey, Ledger] = {}
        self.histories: dict[str, Kept] = {}
        self.answers: list[tuple[Ticket, int, object]] = []
        self.durable: list[tuple[str, str | int]] = []
        self.tally = Tally()
        self.inputs = 0
        self.packed_bytes = 0
        self.sealed = False

    @property
    def is_empty(self) -> bool:
        return self.inputs == 0

    def row_count(self) -> int:
        packed = len(self.actors) + len(self.profiles) + len(self.ledgers) + len(self.histories)
        return self.rows.row_count() + packed

    def touch(self, actor: Actor) -> None:
        """The actor had a turn; until the commit its state is nowhere else."""
        self.actors[actor.id] = actor
        actor.group = self.number
        actor.touched = True

    def write(self, profile: Profile) -> None:
        self.profiles[profile.id] = profile

    def close(self, *, now: int) -> Group:
        """The rows, complete; the group takes nothing more."""
        for actor in self.actors.values():
            before = len(actor.packed or b"")
            self.rows.instances[actor.id] = row = _instance_row(actor, now)
            self.packed_bytes += len(row.state) - before
        for profile in self.profiles.values():
            self.rows.customers[profile.id] = row_of(profile)
        for key, ledger in self.ledgers.items():
            self.rows.ledgers[key] = ledgers.row_of(key, ledger)
        for id, kept in self.histories.items():
            self.rows.histories[id] = histories.row_of(id, kept)
        return self.rows


def _instance_row(actor: Actor, now: int) -> InstanceRow:
    state = actor.state
    assert state is not None, f"{actor.id} had no turn"
    live = not state.is_over
    actor.filed_due = _due_to_file(actor, now) if live else None
    row = InstanceRow(
        id=state.id,
        flow=state.flow,
        version=state.version,
        customer=state.customer,
        key=state.key,
        invocation=state.invocation,
        test=state.test,
        status=state.status.value,
        outcome=state.outcome,
        error=error_code(state.error),
        started_at=state.started_at,
        ended_at=state.ended_at,
        due=actor.filed_due,
        open_cards=actor.open_cards,
        live=live,
        subscriptions=actor.subscriptions.packed,
        state=actor.pack(),
        new=actor.new,
        step=state.tokens[0].step if state.tokens else None,
        parent=state.parent.instance if state.parent else None,
    )
    actor.new = False
    return row


def _due_to_file(actor: Actor, now: int) -> int | None:
    """When the store is to name the instance: an earlier time that it has already may stand until it comes.

    Who waits again after each event moves a timer each time, and each move costs two pages of the index. So
    the timer is told too early, which changes nothing but this row (`Taking`).
    """
    filed, due = actor.filed_due, actor.due
    if filed is None or due is None or filed <= now or due < filed:
        return due
    return filed


def error_code(error: Mapping[str, object] | None) -> str | None:
    return None if error is None else str(error.get("code", "failed"))
