import asyncio

from msgspec.structs import replace

from actors.commands import ChangeFlow, CreateFlow, Idempotency, Published, PublishFlow, Refused, SaveDraft
from actors.memory import MemoryStore
from actors.ports import InstanceFilter
from actors.records import FlowRow
from actors.testing import Stage, play


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def test_flow_is_created_saved_and_published(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            created = await stage.engine.write_flow(
                CreateFlow(key="greeting", text=greeting, type="yaml", name="Greeting")
            )
            assert isinstance(created, FlowRow)
            assert (created.revision, created.published) == (1, None)
            saved = await stage.save("greeting", greeting + "\n")
            assert saved.revision == 2
            published = await stage.engine.write_flow(PublishFlow(flow="greeting", note="first", by="me"))
            assert isinstance(published, Published)
            version = published.version
            assert (version.number, version.document, version.note) == (1, greeting + "\n", "first")
            assert await stage.store.version("greeting", 1) == version
            row = stage.engine.definitions.row("greeting")
            assert row is not None
            assert row.published == 1

    play(script())


def test_writes_that_do_not_fit_change_nothing(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            write = stage.engine.write_flow
            create = CreateFlow(key="greeting", text=greeting, type="yaml")
            await write(create)
            assert code(await write(create)) == "key_exists"
            assert code(await write(PublishFlow(flow="nowhere"))) == "not_found"
            outdated = SaveDraft(flow="greeting", text="x", type="yaml", revision=7)
            assert code(await write(outdated)) == "precondition_failed"
            assert code(await write(PublishFlow(flow="greeting", revision=7))) == "precondition_failed"
            row = await stage.store.flow("greeting")
            assert row is not None
            assert (row.draft, row.revision) == (greeting, 1)

    play(script())


def test_draft_with_errors_is_not_published(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            broken = greeting.replace("next: over", "next: nowhere")
            await stage.engine.write_flow(CreateFlow(key="greeting", text=broken, type="yaml"))
            refused = await stage.engine.write_flow(PublishFlow(flow="greeting"))
            assert isinstance(refused, Refused)
            assert refused.code == "invalid"
            assert refused.problems
            assert (await stage.post("joined", "ann")).started == ()

    play(script())


def test_two_editors_of_one_revision_cannot_overwrite_each_other(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.engine.write_flow(CreateFlow(key="greeting", text=greeting, type="yaml"))
            saves = [SaveDraft(flow="greeting", text=text, type="yaml", revision=1) for text in "ab"]
            first, second = await asyncio.gather(*map(stage.engine.write_flow, saves))
            assert isinstance(first, FlowRow)
            assert code(second) == "precondition_failed"

    play(script())


def test_same_key_publishes_once(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.engine.write_flow(CreateFlow(key="greeting", text=greeting, type="yaml"))
            once = Idempotency(client="test", key="k", digest=b"d" * 16)
            publish = PublishFlow(flow="greeting", idempotency=once)
            first = await stage.engine.write_flow(publish)
            assert isinstance(first, Published)
            assert await stage.engine.write_flow(publish) == first

    play(script())


def test_new_starts_take_the_new_version_and_running_instances_stay(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            (old,) = (await stage.post("joined", "ann")).started
            await stage.publish(greeting.replace("outcome: late", "outcome: later"))
            (new,) = (await stage.post("joined", "bob")).started
            await stage.sleep(3_601)
            assert [(await stage.instance(id)).outcome for id in (old, new)] == ["late", "later"]

    play(script())


def test_publish_that_cancels_ends_what_runs_on_older_versions_also_after_a_restart(greeting: str) -> None:
    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            await stage.publish(greeting)
            old = [(await stage.post("joined", f"c{n}")).started[0] for n in range(3)]
            await stage.publish(greeting + "\n", running="cancel")
            await stage.engine.kill()
        async with Stage(store, seed="next", clock=stage.clock) as later:
            (new,) = (await later.post("joined", "ann")).started
            await later.sleep(1)
            assert [(await later.instance(id)).status for id in old] == ["cancelled"] * 3
            assert (await later.instance(new)).status == "running"
            row = await store.flow("greeting")
            assert row is not None
            assert row.cancel_below is None

    play(script())


def test_version_that_newer_checks_refuse_runs_on_and_is_not_published_again(greeting: str) -> None:
    refused = greeting + "  lonely: {type: end}\n"

    async def script() -> None:
        store = MemoryStore()
        async with Stage(store) as stage:
            version = await stage.publish(greeting)
        # As a server whose checks did not know of steps that nothing leads to would have stored it.
        store.rows.versions["greeting", 1] = replace(version, document=refused)
        async with Stage(store, seed="next", clock=stage.clock) as newer:
            (id,) = (await newer.post("joined", "ann")).started
            await newer.post("ping", "ann")
            assert await newer.variables(id) == {"n": 1}
            await newer.save("greeting", refused)
            assert code(await newer.engine.write_flow(PublishFlow(flow="greeting"))) == "invalid"

    play(script())


def test_archived_flow_starts_nothing_and_what_runs_goes_on(greeting: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(greeting)
            (id,) = (await stage.post("joined", "ann")).started
            await stage.engine.write_flow(ChangeFlow(flow="greeting", archived=True))
            assert (await stage.post("joined", "bob")).started == ()
            assert (await stage.post("ping", "ann")).woken == 1
            assert await stage.variables(id) == {"n": 1}

    play(script())


LISTENING = """
flow: listening
triggers: {went_live: {type: event, event: flow.published, customer: ops, when: event.data.flow == "other"}}
start: w
steps:
  w: {type: wait, until: [{id: t, type: time, after: P30D}]}
"""


def test_publishing_a_flow_is_an_event_that_starts_others() -> None:
    async def script() -> None:
        async with Stage() as stage:
            await stage.publish(LISTENING)
            await stage.publish(LISTENING.replace("flow: listening", "flow: other"))
            await stage.sleep(1)
            found, _ = await stage.store.instances(InstanceFilter())
            # A flow is armed when it is published, and hears of itself.
            assert {(row.flow, row.customer) for row in found} == {("listening", "ops"), ("other", "ops")}

    play(script())
