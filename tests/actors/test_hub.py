from actors.hub import FeedChange, Hub
from actors.records import FeedCard
from actors.testing import Screen
from rules.cards.card import Card, CardStatus


def card(id: str, customer: str = "ann", seq: int = 1) -> FeedCard:
    kept = Card(id=id, step="s", template="t", status=CardStatus.ACTIVE, created_at=0)
    return FeedCard(
        card=kept,
        customer=customer,
        instance="i",
        flow="f",
        version=1,
        test=False,
        seq=seq,
        view_seq=seq,
        view=b"",
    )


def test_sinks_hear_of_their_customer_only_and_once_a_commit() -> None:
    hub, ann, bob = Hub(), Screen(), Screen()
    hub.subscribe("ann", ann)
    hub.subscribe("bob", bob)
    hub.publish([card("1"), card("2", "bob"), card("3", seq=2)])
    assert [[one.card.id for one in change.cards] for change in ann.changes] == [["1", "3"]]
    assert [change.customer for change in bob.changes] == ["bob"]


def test_all_sinks_of_a_customer_get_the_same_value() -> None:
    hub, one, two = Hub(), Screen(), Screen()
    hub.subscribe("ann", one)
    hub.subscribe("ann", two)
    hub.publish([card("1")])
    assert one.changes[0] is two.changes[0]


def test_closed_subscription_hears_nothing_and_may_be_closed_again() -> None:
    hub, screen = Hub(), Screen()
    subscription = hub.subscribe("ann", screen)
    subscription.close()
    subscription.close()
    hub.publish([card("1")])
    assert screen.changes == []
    assert hub.subscriber_count() == 0


def test_sink_may_close_while_it_is_told() -> None:
    hub, heard = Hub(), Screen()

    class Leaving:
        def feed_changed(self, change: FeedChange) -> None:
            subscription.close()

        def feed_unsure(self) -> None:
            raise AssertionError("nothing was missed")

    subscription = hub.subscribe("ann", Leaving())
    hub.subscribe("ann", heard)
    hub.publish([card("1")])
    assert len(heard.changes) == 1
