"""Which piece of a job is next: its members, read from where the job is, and where to go on after them."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from msgspec import structs

from .commands import Target
from .job_specs import (
    PAGE_TARGETS,
    Crowd,
    JudgeAll,
    MoveInstances,
    Place,
    PullTrigger,
    Spec,
    StartFlow,
    TargetList,
    TendCards,
    TendInstances,
    UndoMove,
    decode_cursor,
    decode_page,
)
from .ports import InstanceFilter, Store
from .records import JobRow
from .work import Chunk


class Pieces:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, row: JobRow, spec: Spec, *, size: int) -> Chunk:
        """At most `size` members; with the first of them, how many there are in all. Raises StoreError."""
        if not row.cursor and _walks(spec):
            # Whom turns before the job's own have made members is in the store once this piece is.
            return Chunk(row.id, spec, Place() if isinstance(spec, MoveInstances) else 0)
        chunk = await self._piece(row, spec, size)
        return replace(chunk, total=await self._count(spec)) if row.total is None else chunk

    async def _piece(self, row: JobRow, spec: Spec, size: int) -> Chunk:
        cursor = decode_cursor(row.cursor) if row.cursor else 0
        if isinstance(spec, MoveInstances):
            assert isinstance(cursor, Place), "a migration goes from place to place"
            return await self._of_versions(row.id, spec, cursor, size)
        assert isinstance(cursor, int), "other jobs count"
        match spec:
            case PullTrigger() | JudgeAll():
                members, reached = await self._of_crowd(spec.crowd, cursor, size)
                return Chunk(row.id, spec, reached, members=members)
            case StartFlow(listed=TargetList() as listed):
                some, reached = _of_pages(listed, cursor, size)
                return Chunk(row.id, spec, reached, targets=some)
            case StartFlow():
                members, reached = await self._of_crowd(spec.crowd, cursor, size)
                targets = [
                    Target(customer=member, variables=spec.variables, metadata=spec.metadata)
                    for member in members
                ]
                return Chunk(row.id, spec, reached, targets=tuple(targets))
            case TendInstances():
                stretch = await self._store.instance_numbers(
                    spec.filter, after=cursor, up_to=spec.up_to, limit=size
                )
                return Chunk(row.id, spec, stretch.looked_to, members=tuple([id for _, id in stretch.ids]))
            case TendCards():
                stretch = await self._store.card_numbers(
                    spec.filter, after=cursor, up_to=spec.up_to, limit=size
                )
                return Chunk(row.id, spec, stretch.looked_to, members=tuple([id for _, id in stretch.ids]))
            case UndoMove():
                rows = await self._store.undos(spec.job, after=cursor, limit=size)
                reached = rows[-1][0] if len(rows) == size else None
                return Chunk(row.id, spec, reached, undos=tuple([undo for _, undo in rows]))
            case _:
                assert_never(spec)

    async def _of_crowd(self, crowd: Crowd, at: int, size: int) -> tuple[tuple[str, ...], int | None]:
        """Members, and where to go on after them."""
        if crowd.customers is not None:
            some = crowd.customers[at : at + size]
            return some, at + size if at + size < len(crowd.customers) else None
        members = await self._store.audience(
            after=at, limit=size, segment=crowd.segment, tag=crowd.tag, zone=crowd.zone, test=crowd.test
        )
        reached = members[-1].number if len(members) == size else None
        return tuple([member.customer for member in members]), reached

    async def _of_versions(self, job: str, spec: MoveInstances, place: Place, size: int) -> Chunk:
        """Of a round over the versions, from its place on; empty ones cost a read."""
        for version in versions_of(spec):
            if version < place.version:
                continue
            after = place.after if version == place.version else 0
            found = of_version(spec.filter, version)
            stretch = await self._store.instance_numbers(found, after=after, up_to=None, limit=size)
            if stretch.ids or stretch.looked_to is not None:
                members = tuple([id for _, id in stretch.ids])
                reached = _behind(place, version, stretch.looked_to)
                return Chunk(job, spec, reached, members=members, place=place)
        return Chunk(job, spec, None, place=place)

    async def _count(self, spec: Spec) -> int:
        match spec:
            case TendInstances():
                return sum((await self._store.tally_instances(spec.filter, up_to=spec.up_to)).values())
            case TendCards():
                return sum((await self._store.tally_cards(spec.filter, up_to=spec.up_to)).values())
            case StartFlow(listed=TargetList() as listed):
                return listed.count
            case MoveInstances():
                found = [of_version(spec.filter, version) for version in versions_of(spec)]
                return sum([await count_of(self._store, filter) for filter in found])
            case UndoMove():
                return spec.moved
            case _:
                return await self._count_crowd(spec.crowd)

    async def _count_crowd(self, crowd: Crowd) -> int:
        if crowd.customers is not None:
            return len(crowd.customers)
        return await self._store.audience_count(
            segment=crowd.segment, tag=crowd.tag, zone=crowd.zone, test=crowd.test
        )


def versions_of(spec: MoveInstances) -> list[int]:
    """Those that the job moves instances from, oldest first."""
    wanted = spec.filter.version
    return [
        version for version in range(1, spec.latest + 1) if version != spec.to and wanted in (None, version)
    ]


def of_version(filter: InstanceFilter, version: int) -> InstanceFilter:
    """Those that live, of this version."""
    return replace(filter, version=version, unfinished=True)


async def count_of(store: Store, filter: InstanceFilter) -> int:
    return sum((await store.tally_instances(filter)).values())


def _walks(spec: Spec) -> bool:
    """Whether the store knows who its members are, and turns that are not stored yet may make more."""
    match spec:
        case TendInstances() | TendCards() | UndoMove() | StartFlow(listed=TargetList()):
            return False
        case MoveInstances():
            return True
        case _:
            return spec.crowd.customers is None


def _of_pages(listed: TargetList, at: int, size: int) -> tuple[tuple[Target, ...], int | None]:
    """Targets, and where to go on after them; they end with their page."""
    page, first = divmod(at, PAGE_TARGETS)
    some = decode_page(listed.pages[page])[first : first + size] if page < len(listed.pages) else ()
    reached = at + len(some)
    return some, reached if reached < listed.count else None


def _behind(place: Place, version: int, looked_to: int | None) -> Place:
    """After what was looked at, or with the next version."""
    if looked_to is None:
        return structs.replace(place, version=version + 1, after=0)
    return structs.replace(place, version=version, after=looked_to)
