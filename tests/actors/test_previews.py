"""What a rule would say: of the newest customers, tests left out, and no more of them than are looked at."""

from actors.customers import row_of
from actors.memory import MemoryStore
from actors.previews import EXAMPLES_MAX, SAMPLE_CUSTOMERS, preview, sample
from actors.records import Group
from actors.testing import play
from rules.compiling.segments import compile_rule, rule_scope
from rules.customers.profile import merge, new_profile
from rules.world import World

SCOPE = rule_scope({})


async def customers(store: MemoryStore, count: int, **body: object) -> None:
    profiles = [merge(new_profile(f"c{number:03}", 1), body, 1) for number in range(count)]
    await store.apply(Group(customers={profile.id: row_of(profile) for profile in profiles}))


def test_so_many_customers_are_looked_at_the_newest_first() -> None:
    async def script() -> None:
        store = MemoryStore()
        await customers(store, SAMPLE_CUSTOMERS + 1)
        found = await sample(store, now=2)
        assert len(found) == SAMPLE_CUSTOMERS
        seen = preview(compile_rule('customer.id != "c000"', SCOPE), found, World())
        assert (seen.looked_at, seen.members, seen.failed) == (SAMPLE_CUSTOMERS, SAMPLE_CUSTOMERS, 0)
        assert seen.examples[0] == f"c{SAMPLE_CUSTOMERS:03}"

    play(script())


def test_so_many_members_and_errors_are_named() -> None:
    async def script() -> None:
        store = MemoryStore()
        await customers(store, EXAMPLES_MAX + 1)
        found = await sample(store, now=2)
        members = preview(compile_rule("true", SCOPE), found, World())
        assert (members.members, len(members.examples)) == (EXAMPLES_MAX + 1, EXAMPLES_MAX)
        failed = preview(compile_rule("customer.missing > 1", SCOPE), found, World())
        assert (failed.members, failed.failed, len(failed.errors)) == (0, EXAMPLES_MAX + 1, EXAMPLES_MAX)

    play(script())


def test_test_customers_are_left_out() -> None:
    async def script() -> None:
        store = MemoryStore()
        await customers(store, 3, test=True)
        assert await sample(store, now=2) == []

    play(script())
