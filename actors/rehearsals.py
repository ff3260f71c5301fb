"""What a migration would do: tried on instances as they are stored, as many as that is bearable for.

Where there are more, those that are tried are spread over the order of start. Nothing is changed or kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from rules.customers.profile import Profile
from rules.decide import decide
from rules.inputs import TimeCame
from rules.instance import State
from rules.migrating.moving import migrate
from rules.migrating.plan import Plan, Reason, Stuck
from rules.model import Flow
from rules.world import World

from .actor import next_due
from .customers import profile_of
from .definitions import Version
from .holdings import Memory, Surroundings
from .job_specs import MoveInstances, Moves
from .ledgers import ledger_of
from .limits import REHEARSAL_STRETCHES, REHEARSED_MAX, TIME_TURNS_MAX
from .pieces import count_of, of_version, versions_of
from .ports import InstanceFilter
from .records import InstanceRow

_decode = msgspec.msgpack.Decoder(State).decode

BATCH = 100
"""States in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Of the `running` instances of a version those that were tried: who would move, and who stays why."""

    version: int
    running: int
    moves: Moves

    @property
    def count(self) -> int:
        return self.moves.moved + self.moves.stayed_count


class Rehearsals:
    def __init__(self, around: Surroundings, memory: Memory, *, tried_max: int = REHEARSED_MAX) -> None:
        self._tried_max = tried_max
        self._store = around.store
        self._clock = around.clock
        self._world = around.world
        self._router = memory.router
        self._definitions = memory.definitions

    async def one(self, row: InstanceRow, version: Version, plan: Plan) -> Stuck | None:
        old = self._definitions.version(row.flow, row.version)
        moves = await self._of_ids(old, version, [row.id], plan)
        if not moves.listed:
            return None
        stayed = moves.listed[0]
        return Stuck(reason=Reason(stayed.reason), step=stayed.step, message=stayed.message)

    async def many(self, spec: MoveInstances, version: Version) -> list[Tried]:
        found = {number: of_version(spec.filter, number) for number in versions_of(spec)}
        counts = {number: await count_of(self._store, filter) for number, filter in found.items()}
        total = sum(counts.values())
        tried = []
        for number, running in counts.items():
            if running:
                share = self._share(running, total)
                ids = await self._some(found[number], share, all=share == running)
                old = self._definitions.version(spec.flow, number)
                moves = await self._of_ids(old, version, ids, spec.plan)
                tried.append(Tried(version=number, running=running, moves=moves))
        return tried

    def _share(self, running: int, total: int) -> int:
        """How many of a version's instances are tried."""
        return running if total <= self._tried_max else max(1, self._tried_max * running // total)

    async def _some(self, filter: InstanceFilter, count: int, *, all: bool) -> list[str]:
        """Ids of so many of those whom the filter finds."""
        last = await self._store.last_instance_number()
        stretches = 1 if all else min(REHEARSAL_STRETCHES, count)
        ids: list[str] = []
        after = 0
        for stretch in range(1, stretches + 1):
            wanted = count * stretch // stretches
            after = max(after, last * (stretch - 1) // stretches)
            while len(ids) < wanted:
                found = await self._store.instance_numbers(
                    filter, after=after, up_to=None, limit=min(BATCH, wanted - len(ids))
                )
                ids += [id for _, id in found.ids]
                if found.looked_to is None:
                    return ids
                after = found.looked_to
        return ids

    async def _of_ids(self, old: Version, new: Version, ids: Sequence[str], plan: Plan) -> Moves:
        await self._definitions.prepare([old])
        moves = Moves()
        if old.flow is None or new.flow is None:
            message = f"Version {old.number} cannot be read: {old.broken}."
            for id in ids:
                moves = moves.with_stayed(id, Stuck(reason=Reason.BROKEN, message=message))
            return moves
        attempt = Attempt(old.flow, new.flow, plan, self._clock.now())
        for first in range(0, len(ids), BATCH):
            packed = await self._store.states(ids[first : first + BATCH])
            states = [_decode(state) for state in packed.values()]
            profiles = await self._store.profiles(list(dict.fromkeys([state.customer for state in states])))
            worlds = await self._worlds((old, new), states)
            for state in states:
                row = profiles.get(state.customer)
                stuck = attempt.on(state, None if row is None else profile_of(row), worlds[state.id])
                moves = moves.with_moved() if stuck is None else moves.with_stayed(state.id, stuck)
                await asyncio.sleep(0)
        return moves

    async def _worlds(self, versions: Sequence[Version], states: Sequence[State]) -> dict[str, World]:
        """By instance: with what the flow remembers of its customer, and how many open cards they have."""
        keys = {
            (state.customer, state.flow, state.test)
            for state in states
            if any(version.needs_ledger for version in versions)
        }
        rows = await self._store.ledgers(list(keys)) if keys else {}
        return {
            state.id: replace(
                self._world,
                open_cards=self._router.open_cards(state.customer),
                ledger=ledger_of(rows.get((state.customer, state.flow, state.test))),
            )
            for state in states
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """A migration without anybody who commits it."""

    old: Flow
    new: Flow
    plan: Plan
    now: int

    def on(self, state: State, customer: Profile | None, world: World) -> Stuck | None:
        """What is due comes first, as it would."""
        try:
            for _ in range(TIME_TURNS_MAX):
                due = next_due(state)
                if due is None or due > max(self.now, state.now):
                    break
                seed = f"{state.id}:{state.turn}"
                turn = decide(
                    self.old, state, TimeCame(), customer=customer, now=self.now, seed=seed, world=world
                )
                state = turn.state
            moved = migrate(
                self.old,
                self.new,
                state,
                self.plan,
                customer=customer,
                now=self.now,
                seed=f"{state.id}:{state.turn}",
                world=world,
            )
        except Exception as error:  # noqa: BLE001 – as in an actor's loop; nothing depends on it
            return Stuck(reason=Reason.FAULT, message=f"The server failed: {type(error).__name__}.")
        return moved if isinstance(moved, Stuck) else None
