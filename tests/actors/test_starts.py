import asyncio

from actors.commands import (
    ChangeFlow,
    CreateFlow,
    CustomerWrite,
    Idempotency,
    Refused,
    StartRequest,
    StartResult,
    Target,
)
from actors.testing import Stage, play


def request(*customers: str, flow: str = "greeting", **fields: object) -> StartRequest:
    targets = tuple(Target(customer=customer) for customer in customers)
    return StartRequest(flow=flow, targets=targets, client="test", **fields)  # type: ignore[arg-type]


def once(key: str = "k", digest: bytes = b"d" * 16) -> Idempotency:
    return Idempotency(client="test", key=key, digest=digest)


def test_each_target_is_started_or_refused_by_itself(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(asking)
            targets = (Target(customer="ann", variables={"color": "Red"}), Target(customer="bob"))
            result = await stage.engine.start_flow(
                StartRequest(flow="asking", targets=targets, client="test", invocation="i-1")
            )
            assert isinstance(result, StartResult)
            assert result.invocation == "i-1"
            assert [one.customer for one in result.started] == ["ann"]
            assert [one.customer for one in result.refused] == ["bob"]
            assert (await stage.instance(result.started[0].instance)).invocation == "i-1"

    play(script())


def test_unknown_unpublished_and_paused_flows_start_nothing(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            unknown = await stage.engine.start_flow(request("ann"))
            assert isinstance(unknown, Refused)
            assert unknown.code == "not_found"
            await stage.engine.write_flow(CreateFlow(key="greeting", text=greeting, type="yaml"))
            unpublished = await stage.engine.start_flow(request("ann"))
            assert isinstance(unpublished, Refused)
            assert unpublished.code == "conflict"
            await stage.publish(greeting)
            await stage.engine.write_flow(ChangeFlow(flow="greeting", paused=True))
            paused = await stage.engine.start_flow(request("ann"))
            assert isinstance(paused, StartResult)
            assert [one.reason for one in paused.refused] == ["flow_paused"]
            assert (await stage.post("joined", "ann")).started == ()

    play(script())


def test_same_idempotency_key_gives_the_same_answer_also_while_the_first_is_under_way(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            calls = [stage.engine.start_flow(request("ann", idempotency=once())) for _ in range(3)]
            first, *others = await asyncio.gather(*calls)
            assert isinstance(first, StartResult)
            assert others == [first, first]
            assert await stage.engine.start_flow(request("ann", idempotency=once())) == first
            other = await stage.engine.start_flow(request("bob", idempotency=once(digest=b"e" * 16)))
            assert isinstance(other, Refused)
            assert other.code == "key_reused"
            assert stage.engine.counts()["instances"] == 1

    play(script())


def test_kept_answer_is_forgotten_after_a_day(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            first = await stage.engine.start_flow(request("ann", idempotency=once()))
            stage.clock.set_forward(24 * 3_600 + 1)
            assert await stage.engine.start_flow(request("ann", idempotency=once())) != first

    play(script())


def test_test_starts_run_the_draft_for_test_customers_only(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            await stage.save("greeting", greeting.replace("late}", "draft}"))
            await stage.write("tess", test=True)
            await stage.write("ann")
            refused = await stage.engine.start_flow(request("tess", "ann", "nobody", test=True))
            assert isinstance(refused, Refused)
            assert [error["pointer"] for error in refused.errors] == [
                "/targets/1/customer",
                "/targets/2/customer",
            ]
            assert stage.engine.counts()["instances"] == 0
            result = await stage.engine.start_flow(request("tess", test=True))
            assert isinstance(result, StartResult)
            row = await stage.instance(result.started[0].instance)
            assert (row.version, row.test) == (-2, True)
            await stage.sleep(3_601)
            assert (await stage.instance(row.id)).outcome == "draft"

    play(script())


def test_five_hundred_targets_are_one_commit(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            result = await stage.engine.start_flow(request(*(f"c{n}" for n in range(500))))
            assert isinstance(result, StartResult)
            assert len(result.started) == 500
            too_many = await stage.engine.start_flow(request(*(f"c{n}" for n in range(501))))
            assert isinstance(too_many, Refused)

    play(script())


def test_customer_who_is_ensured_stays_as_written() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.write("ann", first_name="Ann")
            row = await stage.engine.write_customer(CustomerWrite(id="ann", mode="ensure"))
            assert not isinstance(row, Refused)
            assert b"Ann" in row.profile

    play(script())


EMITTING = """
flow: emitting
start: say
steps:
  say: {type: emit, event: joined, next: tell}
  tell: {type: emit, event: news, customer: ann}
"""


def test_what_a_test_raises_starts_and_wakes_no_instance_that_is_none(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            await stage.publish(EMITTING)
            await stage.write("tess", test=True)
            live = [(await stage.engine.start_flow(request(name))) for name in ("ann", "tess")]
            tested = await stage.engine.start_flow(request("tess", test=True))
            assert (await stage.engine.start_flow(request("tess", flow="emitting", test=True))) is not None
            await stage.sleep(1)
            for result, count in (*((each, 0) for each in live), (tested, 1)):
                assert isinstance(result, StartResult)
                assert (await stage.variables(result.started[0].instance)) == {"n": count}
            assert stage.engine.counts()["instances"] == 3
            await stage.engine.start_flow(request("tess", flow="emitting"))
            await stage.sleep(1)
            assert stage.engine.counts()["instances"] == 4

    play(script())


WRITING = """
flow: writing
start: write
steps:
  write: {type: update_customer, set: {tier: gold}}
"""
HEARING = """
flow: hearing
triggers: {updated: {type: event, event: customer.updated}}
variables: {n: {type: integer, default: 0}, test: {type: boolean, default: false}}
start: w
steps:
  w: {type: wait, until: [{id: x, type: event, event: customer.updated, next: count}]}
  count:
    type: set
    variables: {n: =vars.n + 1, test: =steps.w.event.data.?test.orValue(false)}
    next: w
"""


def test_profile_that_a_test_writes_is_news_to_tests_only() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.write("tess", test=True)
            for flow in (WRITING, HEARING):
                await stage.publish(flow)
            heard = []
            for test in (False, True):
                result = await stage.engine.start_flow(request("tess", flow="hearing", test=test))
                assert isinstance(result, StartResult)
                heard.append(result.started[0].instance)
            await stage.engine.start_flow(request("tess", flow="writing", test=True))
            await stage.sleep(1)
            assert [await stage.variables(id) for id in heard] == [
                {"n": 0, "test": False},
                {"n": 1, "test": True},
            ]
            assert stage.engine.counts()["instances"] == 2, "the trigger started none"
            await stage.write("tess", city="Oslo")
            await stage.sleep(1)
            assert [(await stage.variables(id))["n"] for id in heard] == [1, 2]
            assert stage.engine.counts()["instances"] == 3

    play(script())
