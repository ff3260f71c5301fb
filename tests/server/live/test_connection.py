"""Connections as apps see them, with a real engine behind and no network in between."""

from __future__ import annotations

from typing import Any

import pytest

from actors.testing import play
from rules.cards.card import CardStatus
from server.settings import Container

from .setting import BOTH, App, LiveStage


def feeds(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] == "feed"]


def shown(messages: list[dict[str, Any]]) -> list[tuple[list[str], list[str]]]:
    """Titles of the cards and ids that left, of each feed message."""
    return [([card["view"]["title"] for card in one["cards"]], one["removed"]) for one in feeds(messages)]


@pytest.mark.parametrize("subprotocol", BOTH)
def test_app_gets_its_feed_and_each_change(subprotocol: str) -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            first = await stage.offer("tea")
            app = stage.connect(subprotocol)
            app.say(type="hello", token="c-42")
            app.say(type="subscribe", id=1, container="home")
            await stage.settle()
            welcome, feed = app.hear()
            assert (welcome["type"], welcome["customer"]) == ("welcome", "c-42")
            assert (feed["id"], feed["reset"], feed["more"], feed["limit"]) == (1, True, False, 3)
            assert [card["id"] for card in feed["cards"]] == [first.card.id]
            await stage.offer("milk")
            await stage.act(first)
            assert shown(app.hear()) == [(["Offer milk"], []), (["Offer tea"], [first.card.id])]

    play(script())


def test_two_apps_of_a_customer_share_the_bytes_of_a_change() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            one, two = await stage.watching(), await stage.watching()
            other = await stage.watching("c-43")
            await stage.offer()
            assert one.pipe.frames[-1] is two.pipe.frames[-1]
            assert not other.hear(), "nothing of one customer reaches another"

    play(script())


def test_resuming_app_gets_what_it_missed_and_nothing_else() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            tea = await stage.offer("tea")
            await stage.settle()
            cursor = app.hear()[-1]["cursor"]
            await app.leave()
            await stage.offer("milk")
            await stage.act(tea)
            back = stage.connect()
            back.say(type="hello", token="c-42")
            back.say(type="subscribe", id=1, container="home", since=cursor)
            await stage.settle()
            (feed,) = feeds(back.hear())
            assert not feed["reset"]
            assert shown([feed]) == [(["Offer milk", "Offer tea"], [tea.card.id])]

    play(script())


@pytest.mark.parametrize(
    "whose", ["another customer's", "another container's", "another store's", "nobody's"]
)
def test_cursor_that_does_not_fit_is_a_reset(whose: str) -> None:
    async def script() -> None:
        async with LiveStage() as stage, LiveStage(epoch="restored") as restored:
            places = {
                "another customer's": (stage, "c-43", "home"),
                "another container's": (stage, "c-42", "*"),
                "another store's": (restored, "c-42", "home"),
            }
            cursor = "nonsense"
            if whose in places:
                where, customer, container = places[whose]
                await where.offer("tea", customer)
                app = where.connect()
                app.say(type="hello", token=customer)
                app.say(type="subscribe", id=1, container=container)
                await where.settle()
                cursor = app.hear()[-1]["cursor"]
            app = stage.connect()
            app.say(type="hello", token="c-42")
            app.say(type="subscribe", id=1, container="home", since=cursor)
            await stage.settle()
            (feed,) = feeds(app.hear())
            assert feed["reset"]
            assert {card["view"]["title"] for card in feed["cards"]} <= {"Offer tea"}

    play(script())


def test_subscribing_unsubscribing_and_their_bounds() -> None:
    async def script() -> None:
        async with LiveStage(settings={"containers_per_connection": 2}) as stage:
            app = await stage.watching()
            app.say(type="subscribe", id=2, container="attic")
            app.say(type="subscribe", id=3, container="promo")
            app.say(type="subscribe", id=4, container="*")
            app.say(type="subscribe", id=5, container="home")
            await stage.settle()
            heard = {message["id"]: message for message in app.hear()}
            assert (heard[2]["code"], heard[4]["code"]) == ("not_found", "too_many")
            assert heard[3]["type"] == heard[5]["type"] == "feed"
            app.say(type="unsubscribe", id=6, container="home")
            app.say(type="unsubscribe", id=7, container="home")
            app.say(type="subscribe", id=8, container="*")
            await stage.settle()
            assert [message["type"] for message in app.hear()] == ["ok", "ok", "feed"]
            await stage.offer("tea", stream="promo")
            assert [message["container"] for message in app.hear()] == ["promo", "*"]

    play(script())


def test_everything_has_no_limit_and_containers_only_what_belongs() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            await stage.offer("tea")
            await stage.offer("milk", stream="promo")
            app = stage.connect()
            app.say(type="hello", token="c-42")
            for id, container in enumerate(["home", "promo", "*"]):
                app.say(type="subscribe", id=id, container=container)
            await stage.settle()
            found = {feed["container"]: feed for feed in feeds(app.hear())}
            assert {name: feed["total"] for name, feed in found.items()} == {"home": 2, "promo": 1, "*": 2}
            assert "limit" not in found["*"]
            assert found["promo"]["cards"][0]["stream"] == "promo"

    play(script())


def test_embargoed_card_is_not_found() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer("tea", later=True)
            assert card.card.status is CardStatus.EMBARGOED
            app.say(type="act", id=2, key="k", card=card.card.id, action="dismiss")
            await stage.settle()
            (error,) = app.hear()
            assert (error["code"], "card" in error) == ("not_found", False)

    play(script())


def test_embargoed_card_comes_to_who_stays_connected() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = stage.connect()
            app.say(type="hello", token="c-42")
            app.say(type="subscribe", id=1, container="home")
            await stage.offer("tea", later=True)
            await stage.sleep(61)
            assert shown(app.hear()) == [([], []), (["Offer tea"], [])]

    play(script())


def test_card_that_moves_to_another_stream_comes_there() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching(container="promo")
            await stage.offer("tea")
            await stage.post("offer.promoted", key="tea")
            await stage.settle()
            assert shown(app.hear()) == [(["Offer tea"], [])]

    play(script())


# ── actions ────────────────────────────────────────────────────────────────────────────────────────────


def test_action_is_answered_after_its_change() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer()
            app.hear()
            app.say(
                type="act", id=7, key="k", card=card.card.id, action="submit", button="take", seq=card.seq
            )
            await stage.settle()
            feed, answer = app.hear()
            assert feed["removed"] == [card.card.id]
            assert (answer["type"], answer["id"], answer["card"]["status"]) == ("ok", 7, "completed")

    play(script())


def test_same_key_acts_once_and_another_request_under_it_is_refused() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer()
            app.hear()
            keep = {"type": "act", "key": "k", "card": card.card.id, "action": "submit", "button": "keep"}
            app.say(id=1, **keep, values={"note": "a"})
            app.say(id=2, **keep, values={"note": "a"})
            app.say(id=3, **keep, values={"note": "b"})
            await stage.settle()
            answers = {message["id"]: message for message in app.hear() if "id" in message}
            assert [answers[id].get("code", "ok") for id in (1, 2, 3)] == ["ok", "ok", "key_reused"]
            assert answers[2]["card"] == answers[1]["card"]

    play(script())


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        (
            {"action": "submit", "button": "take", "values": {"note": "x" * 11}},
            "invalid_values",
            "/values/note",
        ),
        ({"action": "submit", "button": "take", "seq": 1}, "card_changed", None),
        ({"action": "snooze"}, "invalid_values", "/until"),
        ({"action": "snooze", "for": "soon"}, "invalid_values", "/for"),
        ({"action": "snooze", "for": "-PT1H"}, "invalid_values", "/until"),
        ({"action": "snooze", "for": "P9999Y"}, "invalid_values", "/for"),
        ({"action": "snooze", "for": "P2Y"}, "invalid_values", "/until"),
        ({"action": "snooze", "until": "tomorrow"}, "invalid_values", "/until"),
        ({"action": "snooze", "until": "2023-11-15T00:00:00Z", "for": "PT1H"}, "invalid_values", "/for"),
        ({"action": "snooze", "for": "PT1H"}, None, None),
        ({"action": "snooze", "until": "2023-11-15T09:00:00+09:00"}, None, None),
        ({"action": "vote_up", "reason": "nice", "message": "so good"}, None, None),
        ({"action": "unsnooze"}, "not_allowed", None),
        ({"action": "link"}, None, None),
        ({"action": "link", "element": "take"}, "invalid_values", "/element"),
    ],
)
def test_action_ends_with_its_code(fields: dict[str, Any], code: str | None, pointer: str | None) -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer()
            await stage.post("offer.changed", key="tea")
            await stage.settle()
            app.hear()
            app.say(type="act", id=1, key="k", card=card.card.id, **fields)
            await stage.settle()
            answer = app.hear()[-1]
            assert answer.get("code") == code
            if pointer is not None:
                assert answer["errors"][0]["pointer"] == pointer

    play(script())


@pytest.mark.parametrize("customer", ["c-42", "c-43"])
def test_card_of_another_customer_is_not_found(customer: str) -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching("c-43")
            card = await stage.offer()
            id = card.card.id if customer == "c-42" else "no-such-card"
            app.say(type="act", id=1, key="k", card=id, action="dismiss")
            await stage.settle()
            (error,) = app.hear()
            assert (error["code"], "card" in error) == ("not_found", False)
            assert await stage.act(card) == "ok", "the card is as it was"

    play(script())


def test_closed_card_is_answered_with_how_it_is() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer()
            await stage.act(card)
            app.hear()
            app.say(type="act", id=1, key="k", card=card.card.id, action="dismiss")
            await stage.settle()
            (error,) = app.hear()
            assert (error["code"], error["card"]["status"]) == ("card_closed", "dismissed")

    play(script())


def test_reports_go_in_batches() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer()
            other = await stage.offer("milk", "c-43")
            app.hear()
            events = [
                {"card": card.card.id, "name": "displayed", "at": "2023-11-14T22:13:20Z"},
                {"card": other.card.id, "name": "displayed"},
                {"card": card.card.id, "name": "video", "data": {"seconds": 3}},
            ]
            app.say(type="track", id=1, key="k", events=events)
            await stage.settle()
            feed, answer = app.hear()
            assert (answer["type"], answer["id"]) == ("ok", 1)
            assert (feed["unseen"], feed["cards"][0]["seen"]) == (0, True)
            untouched = await stage.store.card(other.card.id)
            assert untouched is not None
            assert not untouched.card.seen

    play(script())


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        ({"name": "submit"}, "/events/0/name"),
        ({"name": "dismiss"}, "/events/0/name"),
        ({"name": "custom", "event": "not.allowed"}, "/events/0/event"),
        ({"name": "custom"}, "/events/0/event"),
        ({"name": "displayed", "at": "now"}, "/events/0/at"),
    ],
)
def test_report_that_is_none_is_refused(event: dict[str, str], pointer: str) -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer()
            app.hear()
            app.say(type="track", id=1, key="k", events=[{"card": card.card.id, **event}])
            await stage.settle()
            (error,) = app.hear()
            assert (error["code"], error["errors"][0]["pointer"]) == ("bad_request", pointer)

    play(script())


# ── slow clients ───────────────────────────────────────────────────────────────────────────────────────


async def stuck(stage: LiveStage, app: App) -> None:
    """The app stops to read, and what the transport takes ahead is full."""
    app.pipe.is_stuck = True
    while app.pipe.waiting_bytes() < 64 * 1024:
        app.connection._transport.write(b"\x81\x02{}" * 1_000)
    app.pipe.frames.clear()
    app._heard = 0
    await stage.settle()


def test_slow_client_gets_what_is_queued_in_order() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            await stuck(stage, app)
            for item in ("tea", "milk", "rice"):
                await stage.offer(item)
            assert not app.hear()
            app.pipe.unstick()
            await stage.settle()
            assert shown(app.hear()) == [(["Offer tea"], []), (["Offer milk"], []), (["Offer rice"], [])]
            await stage.offer("salt")
            assert shown(app.hear()) == [(["Offer salt"], [])]

    play(script())


def test_queue_that_runs_over_is_replaced_by_one_catch_up_and_answers_stay() -> None:
    async def script() -> None:
        async with LiveStage(settings={"queue_frames_max": 3}) as stage:
            app = await stage.watching()
            tea = await stage.offer("tea")
            app.hear()
            await stuck(stage, app)
            app.say(type="act", id=5, key="k", card=tea.card.id, action="vote_up")
            for item in ("milk", "rice", "salt", "oil", "corn"):
                await stage.offer(item)
            await stage.act(tea)
            app.say(type="act", id=6, key="l", card=tea.card.id, action="vote_up")
            await stage.settle()
            app.pipe.unstick()
            await stage.settle()
            heard = app.hear()
            assert [message.get("id") for message in heard] == [5, 6, None]
            (feed,) = feeds(heard)
            assert (feed["reset"], feed["more"]) == (False, False)
            titles = [card["view"]["title"] for card in feed["cards"]]
            assert titles == [f"Offer {item}" for item in ("milk", "rice", "salt", "oil", "corn", "tea")]
            assert feed["removed"] == [tea.card.id]
            await stage.offer("wine")
            assert shown(app.hear()) == [(["Offer wine"], [])]

    play(script())


def test_client_that_takes_nothing_at_all_is_cut_off() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            await stuck(stage, app)
            await stage.offer()
            await stage.sleep(25 * 1.5 + 1)
            assert app.pipe.aborted

    play(script())


def test_client_that_asks_and_does_not_read_is_not_read_either() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            await stuck(stage, app)
            for id in range(50):
                await app.connection.room()
                app.say(type="subscribe", id=id, container="attic")
            waiting = stage.spawn(app.connection.room())
            await stage.settle()
            assert not waiting.done()
            app.pipe.unstick()
            await stage.settle()
            assert waiting.done()
            assert len(app.hear()) == 50

    play(script())


# ── keeping out, ending ────────────────────────────────────────────────────────────────────────────────


def test_silent_connection_is_closed_after_its_time() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = stage.connect()
            await stage.sleep(9.9)
            assert app.close_code is None
            await stage.sleep(0.2)
            assert app.close_code == 4408

    play(script())


def test_token_is_asked_for_and_its_end_closes() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            await stage.sleep(3_541)
            assert [message["type"] for message in app.hear()] == ["renew"]
            app.say(type="token", token="c-42")
            await stage.sleep(60)
            assert [message["type"] for message in app.hear()] == ["ok"]
            await stage.sleep(3_600)
            assert app.close_code == 4401

    play(script())


def test_customer_has_so_many_places_and_gets_them_back() -> None:
    async def script() -> None:
        async with LiveStage(settings={"connections_per_customer": 2}) as stage:
            apps = [stage.connect(header_token="c-42") for _ in range(3)]
            for app in apps:
                app.say(type="hello")
            await stage.settle()
            assert [app.close_code for app in apps] == [None, None, 4429]
            await apps[0].leave()
            late = stage.connect(header_token="c-42")
            late.say(type="hello")
            assert late.hear()[0]["type"] == "welcome"

    play(script())


def test_address_has_so_many_connections_before_their_hello() -> None:
    async def script() -> None:
        async with LiveStage(settings={"hellos_per_address": 2}) as stage:
            first, second, third = (stage.connect() for _ in range(3))
            other = stage.connect(address="5.6.7.8")
            await stage.settle()
            closed = [app.close_code for app in (first, second, third, other)]
            assert closed == [None, None, 4429, None]
            first.say(type="hello", token="c-42")
            await third.leave()
            assert stage.connect().close_code is None

    play(script())


def test_full_server_says_so() -> None:
    async def script() -> None:
        async with LiveStage(settings={"connections_max": 1}) as stage:
            stage.connect()
            second = stage.connect()
            await stage.settle()
            assert second.close_code == 4503

    play(script())


def test_who_offers_wrong_tokens_all_the_time_has_to_wait_and_others_of_the_address_do_not() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            codes = []
            for _ in range(11):
                app = stage.connect()
                app.say(type="hello", token="no")
                await stage.settle()
                codes.append(app.close_code)
            assert codes == [4401] * 10 + [4429]
            app = stage.connect()
            app.say(type="hello", token="c-42")
            assert [message["type"] for message in app.hear()] == ["welcome"]

    play(script())


def test_stopping_server_closes_with_1001_and_takes_nobody_more() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            stopping = stage.spawn(stage.live.stop())
            await stage.settle()
            late = stage.connect()
            await stage.settle()
            assert (app.close_code, late.close_code) == (1001, 1001)
            await app.leave()
            await late.leave()
            await stopping

    play(script())


def test_ended_connection_leaves_nothing_behind() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            card = await stage.offer()
            app.say(type="act", id=1, key="k", card=card.card.id, action="dismiss")
            await app.leave()
            silent = stage.connect()
            await silent.leave()
            await stage.settle()
            assert stage.live.counts() == {"connections": 0, "feeds": 0}
            assert not app.connection._tasks
            left = await stage.store.card(card.card.id)
            assert left is not None

    play(script())


def test_login_creates_its_customer() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            await stage.watching("c-99")
            assert "c-99" in await stage.store.profiles(["c-99"])

    play(script())


def test_changed_containers_are_told_and_other_members_are_a_reset() -> None:
    async def script() -> None:
        async with LiveStage() as stage:
            app = await stage.watching()
            app.say(type="subscribe", id=2, container="promo")
            await stage.offer("tea")
            await stage.offer("milk", stream="promo")
            await stage.settle()
            app.hear()
            stage.live.reconfigure(
                {"home": Container(title="Start", limit=3), "promo": Container(stream="all")}
            )
            await stage.settle()
            home, promo, feed = app.hear()
            assert home == {"type": "container", "container": "home", "version": 2}
            assert promo == {"type": "container", "container": "promo", "version": 2}
            assert (feed["container"], feed["reset"], feed["total"]) == ("promo", True, 2)
            stage.live.reconfigure({"home": Container(title="Start", limit=3)})
            await stage.offer("rice")
            await stage.settle()
            gone, feed = app.hear()
            assert gone == {"type": "container", "container": "promo", "version": 3}
            assert feed["container"] == "home"

    play(script())
