from msgspec.structs import replace

from actors.commands import Action, StartRequest, StartResult, Target, TrackBatch, TrackEvent
from actors.testing import Screen, Stage, play
from rules.cards.card import CardStatus

DIGEST = b"d" * 16


async def ask(stage: Stage, asking: str, customer: str = "ann") -> str:
    """The id of the card that the flow has sent."""
    await stage.publish(asking)
    request = StartRequest(
        flow="asking", targets=(Target(customer=customer, variables={"color": "Red"}),), client="test"
    )
    started = await stage.engine.start_flow(request)
    assert isinstance(started, StartResult), started
    assert started.started, started
    _, (card,) = await stage.store.feed_open(customer)
    return card.card.id


def tap(card: str, **fields: object) -> Action:
    action = Action(customer="ann", card=card, action="submit", button="ok", key="k", digest=DIGEST)
    return replace(action, **fields)


def test_action_closes_the_card_and_ends_the_flow(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, asking)
            screen = Screen()
            stage.engine.hub.subscribe("ann", screen)
            done = await stage.engine.act(tap(card, values={"why": "so"}))
            assert done.code == "ok"
            assert done.card is not None
            assert (done.card.card.status, done.card.card.values) == (CardStatus.COMPLETED, {"why": "so"})
            assert screen.cards() == {card: done.card}
            assert (await stage.instance(done.card.instance)).outcome == "answered"

    play(script())


def test_same_key_acts_once_and_gets_the_same_code_with_the_card_as_it_is(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, asking)
            first = await stage.engine.act(tap(card))
            again = await stage.engine.act(tap(card))
            assert again == first
            other = await stage.engine.act(tap(card, digest=b"e" * 16))
            assert other.code == "key_reused"
            late = await stage.engine.act(tap(card, key="l", action="dismiss"))
            assert late.code == "card_closed"
            assert late.card == first.card

    play(script())


def test_cards_of_others_and_unknown_ones_are_not_found(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, asking)
            for action in (tap(card, customer="bob"), tap("nowhere", key="x")):
                found = await stage.engine.act(action)
                assert (found.code, found.card) == ("not_found", None)

    play(script())


def test_wrong_values_are_not_kept_so_that_the_key_may_try_again(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, asking)
            wrong = await stage.engine.act(tap(card, values={"why": "much too long"}))
            assert wrong.code == "invalid_values"
            assert [error["pointer"] for error in wrong.errors] == ["/values/why"]
            right = await stage.engine.act(tap(card, values={"why": "so"}, digest=b"e" * 16))
            assert right.code == "ok"

    play(script())


def test_operator_acts_on_anyones_card_and_withdraws_it(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, asking)
            withdrawn = await stage.engine.withdraw(card)
            assert withdrawn.card is not None
            assert (withdrawn.code, withdrawn.card.card.status) == ("ok", CardStatus.CANCELLED)
            late = await stage.engine.act(tap(card, customer=None, key="", by="operator"))
            assert late.code == "card_closed"
            assert (await stage.engine.withdraw("nowhere")).code == "not_found"

    play(script())


def test_tracked_reports_change_the_customers_own_cards_only(asking: str) -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, asking)
            seen = TrackEvent(card=card, name="displayed", at=stage.clock.now())
            for customer, key in (("bob", "k"), ("ann", "k"), ("ann", "k")):
                batch = TrackBatch(customer=customer, events=(seen,), key=key, digest=DIGEST)
                assert (await stage.engine.track(batch)).code == "ok"
                present = await stage.store.card(card)
                assert present is not None
                assert present.card.seen is (customer == "ann")

    play(script())


OPENING = """
flow: asking
variables: {color: {type: string}, opened: {type: integer, default: 0}}
start: send
steps:
  send: {type: send_card, card: linked, next: w}
  w: {type: wait, until: [{id: x, type: card, of: send, action: [subview, linked], next: count}]}
  count: {type: set, variables: {opened: =vars.opened + 1}, next: w}
cards:
  linked:
    body:
      - {type: link, id: terms, label: Terms, url: "https://example.org"}
      - {type: dismiss, label: No}
"""


def test_tracked_subview_counts_unless_it_names_no_link_of_the_card() -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, OPENING)
            named: list[dict[str, object]] = [{"element": "terms"}, {"element": "term"}, {"element": 5}, {}]
            opened = []
            for key, data in enumerate(named):
                report = TrackEvent(card=card, name="subview", at=stage.clock.now(), data=data)
                batch = TrackBatch(customer="ann", events=(report,), key=f"k{key}", digest=DIGEST)
                assert (await stage.engine.track(batch)).code == "ok"
                row = await stage.store.card(card)
                assert row is not None
                opened.append((await stage.variables(row.instance))["opened"])
            assert opened == [1, 1, 2, 3]

    play(script())


def test_opening_what_is_no_link_is_not_kept_so_that_the_key_may_try_again() -> None:
    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, OPENING)
            wrong = await stage.engine.act(tap(card, action="link", button=None, element="term"))
            assert (wrong.code, [error["pointer"] for error in wrong.errors]) == (
                "invalid_values",
                ["/element"],
            )
            right = await stage.engine.act(
                tap(card, action="link", button=None, element="terms", digest=b"e" * 16)
            )
            assert right.code == "ok"

    play(script())


def test_ended_instance_still_serves_its_open_cards(asking: str) -> None:
    head, _, end = asking.partition("  w: {type: wait")
    flow = head.replace("next: w}", "next: bye}") + end[end.index("\n") + 1 :]

    async def script() -> None:
        async with Stage() as stage:
            card = await ask(stage, flow)
            before = await stage.store.card(card)
            assert before is not None
            assert (await stage.instance(before.instance)).status == "completed"
            done = await stage.engine.act(tap(card))
            assert done.code == "ok"
            assert stage.engine.counts()["instances"] == 0

    play(script())
