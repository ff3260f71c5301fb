import msgspec
import pytest
from msgspec.structs import replace

from actors.commands import CustomerWrite, Refused, StartRequest, StartResult, Target
from actors.customers import Customers, row_of
from actors.limits import CAUSES_MAX, EngineLimits
from actors.testing import Stage, play
from rules.customers.profile import Profile, new_profile


def profile(row: bytes) -> Profile:
    return msgspec.msgpack.decode(row, type=Profile)


def test_profile_is_replaced_and_merged() -> None:
    async def script() -> None:
        async with Stage() as stage:
            write = stage.engine.write_customer
            put = await write(CustomerWrite(id="ann", mode="put", body={"first_name": "Ann", "city": "Oslo"}))
            assert not isinstance(put, Refused)
            await stage.sleep(1)
            patched = await write(CustomerWrite(id="ann", mode="patch", body={"city": None, "tags": ["vip"]}))
            assert not isinstance(patched, Refused)
            ann = profile(patched.profile)
            assert (ann.first_name, ann.city, ann.tags) == ("Ann", None, ("vip",))
            assert (patched.tags, patched.created_at) == (("vip",), put.created_at)
            assert (await stage.store.profiles(["ann"]))["ann"] == patched

    play(script())


def test_customer_is_found_by_the_zone_and_the_segments_of_its_profile() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.write("ann", timezone="Asia/Tokyo")
            await stage.write("bob", city="Oslo")
            assert await stage.store.zones() == ["", "Asia/Tokyo"]
            await stage.write("ann", timezone="Europe/Oslo")
            assert await stage.store.zones() == ["", "Europe/Oslo"]

    play(script())
    assert row_of(replace(new_profile("ann", 1), segments=("big",))).segments == ("big",)


def test_wrong_write_is_located_and_changes_nothing() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.write("ann", city="Oslo")
            refused = await stage.engine.write_customer(
                CustomerWrite(id="ann", mode="patch", body={"city": 5, "nonsense": 1})
            )
            assert isinstance(refused, Refused)
            assert {error["pointer"] for error in refused.errors} == {"/city", "/nonsense"}
            assert profile((await stage.store.profiles(["ann"]))["ann"].profile).city == "Oslo"

    play(script())


def test_write_wakes_those_who_look_at_the_profile() -> None:
    flow = """
flow: gold
triggers: {joined: {type: event, event: joined}}
start: w
steps:
  w:
    type: wait
    until:
      - {id: gold, type: profile, when: customer.?tier.orValue("") == "gold", next: over}
      - {id: late, type: time, after: P1D}
  over: {type: end, outcome: gold}
"""

    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(flow)
            (id,) = (await stage.post("joined", "ann")).started
            await stage.write("ann", fields={"tier": "silver"})
            assert (await stage.instance(id)).status == "running"
            await stage.write("ann", fields={"tier": "gold"})
            assert (await stage.instance(id)).outcome == "gold"

    play(script())


UPDATES = """
flow: updates
triggers: {joined: {type: event, event: joined}}
variables: {n: {type: integer, default: 0}}
start: w
steps:
  w: {type: wait, until: [{id: x, type: event, event: customer.updated, next: count}]}
  count: {type: set, variables: {n: =vars.n + 1}, next: w}
"""


def test_write_that_says_nothing_new_tells_nobody() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(UPDATES)
            (id,) = (await stage.post("joined", "ann")).started
            for city in ("Oslo", "Oslo", "Bergen"):
                await stage.write("ann", city=city)
                await stage.sleep(1)
            assert await stage.variables(id) == {"n": 2}

    play(script())


WATCHING = """
flow: watching
triggers: {joined: {type: event, event: joined}}
start: w
steps:
  w:
    type: wait
    until:
      - {id: back, type: profile, when: customer.activity.last_seen_at > instance.started_at, next: over}
      - {id: late, type: time, after: P1D}
  over: {type: end, outcome: back}
"""


def test_app_that_is_seen_is_no_update_but_what_looks_at_it_looks_again() -> None:
    async def script() -> None:
        async with Stage() as stage:
            for flow in (UPDATES, WATCHING):
                await stage.publish(flow)
            updates, watching = (await stage.post("joined", "ann")).started
            await stage.sleep(1)
            first = await stage.engine.write_customer(
                CustomerWrite(id="ann", mode="ensure", seen_every_ms=60_000)
            )
            assert not isinstance(first, Refused)
            assert profile(first.profile).activity.last_seen_at == stage.clock.now()
            assert (await stage.instance(watching)).outcome == "back"
            journal = await stage.store.journal(after=0, limit=100)
            await stage.sleep(59)
            again = await stage.engine.write_customer(
                CustomerWrite(id="ann", mode="ensure", seen_every_ms=60_000)
            )
            assert again == first
            assert await stage.variables(updates) == {"n": 0}
            assert [entry.row.kind for entry in journal] == ["flow"] * 4 + ["event"]

    play(script())


def test_login_that_changes_the_profile_is_an_update_and_seen_in_one_write() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(UPDATES)
            (id,) = (await stage.post("joined", "ann")).started
            write = CustomerWrite(id="ann", mode="patch", body={"city": "Oslo"}, seen_every_ms=60_000)
            row = await stage.engine.write_customer(write)
            assert not isinstance(row, Refused)
            ann = profile(row.profile)
            assert (ann.city, ann.activity.first_seen_at) == ("Oslo", stage.clock.now())
            assert await stage.variables(id) == {"n": 1}

    play(script())


def test_profile_is_not_forgotten_before_its_commit() -> None:
    customers = Customers(1)
    customers.load_row("ann", None)
    customers.write(new_profile("ann", 1), group=1)
    customers.load_row("bob", row_of(new_profile("bob", 1)))
    customers.evict()
    assert (customers.is_loaded("ann"), customers.is_loaded("bob")) == (True, True)
    customers.committed(["ann"], group=1)
    customers.evict()
    assert (customers.is_loaded("ann"), customers.is_loaded("bob")) == (False, True)


def test_profile_that_an_input_will_ask_for_stays() -> None:
    customers = Customers(0)
    customers.pin("ann")
    customers.pin("ann")
    customers.load_row("ann", row_of(new_profile("ann", 1)))
    for is_kept in (True, True, False):
        customers.evict()
        assert customers.is_loaded("ann") is is_kept
        if is_kept:
            customers.unpin("ann")


def test_what_the_store_says_late_does_not_replace_a_newer_profile() -> None:
    customers = Customers(10)
    customers.load_row("ann", None)
    written = new_profile("ann", 5)
    customers.write(written, group=1)
    customers.load_row("ann", row_of(new_profile("ann", 1)))
    assert customers.get("ann") is written


def test_many_customers_pass_through_little_memory() -> None:
    async def script() -> None:
        async with Stage(limits=EngineLimits(profiles_max=3)) as stage:
            for number in range(50):
                await stage.write(f"c{number}", first_name=str(number))
            await stage.write("c0", last_name="Zero")
            ann = profile((await stage.store.profiles(["c0"]))["c0"].profile)
            assert (ann.first_name, ann.last_name) == ("0", "Zero")

    play(script())


SWITCHING = """
flow: switching
variables: {n: {type: integer, default: 0}}
start: w
steps:
  w: {type: wait, until: [{id: x, type: event, event: x, next: count}]}
  count: {type: set, variables: {n: =vars.n + 1}, next: b}
  b: {type: branch, cases: [{id: lit, when: customer.?lit.orValue(false) == true, next: off}], else: on}
  on: {type: update_customer, set: {lit: true}, next: w}
  off: {type: update_customer, set: {lit: false}, next: w}
"""
ANSWERING = """
flow: answering
start: dark
steps:
  dark: {type: wait, until: [{id: lit, type: profile, when: customer.?lit.orValue(false) == true, next: say}]}
  say: {type: emit, event: x, next: light}
  light: {type: wait, until: [{id: out, type: profile, when: customer.lit == false, next: again}]}
  again: {type: emit, event: x, next: dark}
"""
ECHOING = """
flow: echoing
variables: {n: {type: integer, default: 0}}
start: w
steps:
  w: {type: wait, until: [{id: x, type: event, event: customer.updated, next: count}]}
  count: {type: set, variables: {n: =vars.n + 1}, next: write}
  write: {type: update_customer, set: {n: =vars.n}, next: w}
"""


@pytest.mark.parametrize("flows", [(SWITCHING, ANSWERING), (ECHOING,)], ids=["two flows", "one flow"])
def test_writes_that_cause_each_other_come_to_an_end(flows: tuple[str, ...]) -> None:
    async def script() -> None:
        async with Stage() as stage:
            started = []
            for text in flows:
                await stage.publish(text)
                flow = text.split()[1]
                request = StartRequest(flow=flow, targets=(Target(customer="ann"),), client="test")
                started.append(await stage.engine.start_flow(request))
            await stage.post("x", "ann")
            await stage.write("ann", city="Oslo")
            await stage.sleep(1)
            assert isinstance(started[0], StartResult)
            count = (await stage.variables(started[0].started[0].instance))["n"]
            assert isinstance(count, int)
            assert 2 < count <= CAUSES_MAX + 1

    play(script())
