"""What the demo has to show: sample customers, and for each example flow the events that make it move.

The flows themselves are documents in `examples/`; a text here may hold `{run}`, a number that is new with
each start, `{now+12d}` (d, h, m), a time, or `{origin}`, the page's own: filled in when the event is posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rules.compiling.flows import Document, load

from .session import Customer, FlowSample, SampleEvent, Step

FLOWS: Final = Path(__file__).parent / "flows"

CUSTOMERS: Final = (
    Customer(
        id="mere",
        name="Mere Kahu",
        about="Wellington, writes English, one policy, first order.",
        profile={
            "first_name": "Mere",
            "last_name": "Kahu",
            "email": "mere@example.org",
            "city": "Wellington",
            "country": "NZ",
            "locale": "en-NZ",
            "timezone": "Pacific/Auckland",
            "fields": {"orders": 1},
        },
    ),
    Customer(
        id="jonas",
        name="Jonas Weber",
        about="Berlin, numbers and dates in German, a regular customer with seven orders.",
        profile={
            "first_name": "Jonas",
            "last_name": "Weber",
            "email": "jonas@example.org",
            "city": "Berlin",
            "country": "DE",
            "locale": "de-DE",
            "timezone": "Europe/Berlin",
            "fields": {"orders": 7},
        },
    ),
    Customer(
        id="ines",
        name="Inês Duarte",
        about="Lisbon, new here: nothing is known but her name.",
        profile={"first_name": "Inês", "last_name": "Duarte", "locale": "pt-PT", "timezone": "Europe/Lisbon"},
    ),
)

EVENTS: Final[Mapping[str, tuple[SampleEvent, ...]]] = {
    "policy-renewal": (
        SampleEvent(
            label="Policy ends in 12 days",
            name="policy.expiring",
            starts=True,
            data={"policy": "P-{run}", "due": "{now+12d}", "days_left": 12, "premium": 312.5},
        ),
        SampleEvent(label="Premium paid at the bank", name="payment.received", data={"policy": "P-{run}"}),
        SampleEvent(
            label="Renewed by phone",
            name="policy.renewed",
            key="P-{run}",
            data={"policy": "P-{run}"},
        ),
    ),
    "order-delivery": (
        SampleEvent(
            label="Order leaves the warehouse",
            name="order.shipped",
            starts=True,
            key="A-{run}",
            data={"items": [{"name": "Lamp", "count": 1}, {"name": "Bulb", "count": 2}], "eta": "{now+2d}"},
        ),
        SampleEvent(
            label="Reaches the sorting centre",
            name="parcel.moved",
            key="A-{run}",
            data={"status": "sorting", "eta": "{now+1d}"},
        ),
        SampleEvent(
            label="Out for delivery",
            name="parcel.moved",
            key="A-{run}",
            data={"status": "out", "eta": "{now+3h}"},
        ),
        SampleEvent(label="Delivered", name="parcel.delivered", key="A-{run}"),
        SampleEvent(label="Order cancelled", name="order.cancelled", key="A-{run}"),
    ),
    "feedback": (
        SampleEvent(
            label="A visit ended",
            name="visit.ended",
            starts=True,
            data={"branch": "Harbour Street", "ask_after": "PT3S"},
        ),
        SampleEvent(label="Branch saw a bad answer", name="feedback.seen"),
    ),
    "gallery": (
        SampleEvent(
            label="Show every element",
            name="gallery.opened",
            starts=True,
            data={
                "site": "{origin}",
                "lines": [
                    {"name": "Tea", "count": 2},
                    {"name": "Milk", "count": 1},
                    {"name": "Rice", "count": 4},
                ],
            },
        ),
    ),
}


def flow_samples() -> tuple[FlowSample, ...]:
    """The example flows as the page shows them, in the order of `EVENTS`."""
    return tuple(_sample(key, events) for key, events in EVENTS.items())


def flow_files() -> tuple[Path, ...]:
    return tuple(FLOWS / f"{key}.yaml" for key in EVENTS)


def _sample(key: str, events: tuple[SampleEvent, ...]) -> FlowSample:
    document = load((FLOWS / f"{key}.yaml").read_bytes(), type="yaml")
    assert isinstance(document, Document), f"the example {key} is no document"
    flow = document.flow
    steps = tuple(
        Step(id=id, type=str(step.__struct_config__.tag), name=step.name) for id, step in flow.steps.items()
    )
    return FlowSample(key=key, name=flow.name, description=flow.description, events=events, steps=steps)
