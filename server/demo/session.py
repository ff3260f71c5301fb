"""What the demo page is handed at `/demo/session`: sample customers and flows, and credentials for the API.

Whoever reaches the demo gets these credentials: that is what a demo is for, and why nothing else serves it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A sample customer; `about` is a line for people, `profile` what the demo writes at its start."""

    id: str
    name: str
    about: str
    profile: dict[str, object] = {}


class SampleEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to post for the chosen customer.

    `{run}` in a text stands for a number that is new with each event that `starts` an instance.
    """

    label: str
    name: str
    starts: bool = False
    key: str | None = None
    data: dict[str, object] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    name: str = ""


class FlowSample(msgspec.Struct, frozen=True, kw_only=True):
    """An example flow as the page shows it: its events, and its steps in the order of the document."""

    key: str
    name: str
    description: str
    events: tuple[SampleEvent, ...]
    steps: tuple[Step, ...]


class Token(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    expires_at: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's session: `token` opens the app's API, `key` may post events and look at instances."""

    customer: Customer
    customers: tuple[Customer, ...]
    flows: tuple[FlowSample, ...]
    token: Token
    key: str
    container: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What sessions are made of. `mint` signs a token for a customer's id."""

    customers: Sequence[Customer]
    flows: Sequence[FlowSample]
    key: str
    container: str
    title: str
    mint: Callable[[str], Token]

    def session(self, customer_id: str | None) -> Session | None:
        """A session of the customer (the first one unless named); None if the sample has no such customer."""
        known = {customer.id: customer for customer in self.customers}
        customer = known.get(customer_id) if customer_id else self.customers[0]
        if customer is None:
            return None
        return Session(
            customer=customer,
            customers=tuple(self.customers),
            flows=tuple(self.flows),
            token=self.mint(customer.id),
            key=self.key,
            container=self.container,
            title=self.title,
        )
