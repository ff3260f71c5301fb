"""Instances and cards, and which of them filters find: for lists and for walks."""

from __future__ import annotations

from typing import Any

from actors.records import CardRow, InstanceRow
from rules.cards.card import CardStatus

from .rows import AT, card, instance

INSTANCES: list[InstanceRow] = [
    instance("i-1", step="ask"),
    instance("i-2", flow="other", customer="c-2", key="order"),
    instance("i-3", version=2, status="failed", invocation="v-2", step="pay", parent="i-1", error="timeout"),
    instance("i-4", test=True, customer="c-2", status="completed", ended_at=AT, live=False),
    instance("d-1", version=-1, test=True, customer="c-3"),
    instance("d-2", version=-2, test=True, customer="c-3", key="trial", status="failed"),
]


INSTANCE_FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["d-2", "d-1", "i-4", "i-3", "i-2", "i-1"]),
    ({"flow": "welcome"}, ["d-2", "d-1", "i-4", "i-3", "i-1"]),
    ({"flow": "welcome", "version": 2}, ["i-3"]),
    ({"version": 1}, ["i-4", "i-2", "i-1"]),
    ({"version": -2}, ["d-2"]),
    ({"version": "draft"}, ["d-2", "d-1"]),
    ({"version": "draft", "flow": "other"}, []),
    ({"version": "draft", "customer": "c-3", "status": "running"}, ["d-1"]),
    ({"version": "draft", "key": "trial"}, ["d-2"]),
    ({"customer": "c-2"}, ["i-4", "i-2"]),
    ({"customer": "c-2", "flow": "other"}, ["i-2"]),
    ({"status": "failed"}, ["d-2", "i-3"]),
    ({"status": "failed", "version": "draft"}, ["d-2"]),
    ({"status": "completed"}, ["i-4"]),
    ({"key": "order"}, ["i-2"]),
    ({"step": "ask"}, ["i-1"]),
    ({"invocation": "v-2"}, ["i-3"]),
    ({"parent": "i-1"}, ["i-3"]),
    ({"parent": "i-1", "status": "running"}, []),
    ({"test": True}, ["d-2", "d-1", "i-4"]),
    ({"test": False}, ["i-3", "i-2", "i-1"]),
    ({"unfinished": True, "flow": "welcome", "version": 1}, ["i-1"]),
    ({"unfinished": True, "flow": "welcome", "version": 2}, ["i-3"]),
    ({"unfinished": True, "test": True}, ["d-2", "d-1"]),
    ({"error": "timeout"}, ["i-3"]),
    ({"error": "timeout", "status": "running"}, []),
    ({"flow": "nobody"}, []),
]


CARDS: list[CardRow] = [
    card("k-1", streams=("home",)),
    card("k-2", customer="c-2", instance="i-2", streams=("home", "news")),
    card("k-3", flow="other", instance="i-3", status=CardStatus.EXPIRED, closed_at=AT),
]


CARD_FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["k-3", "k-2", "k-1"]),
    ({"customer": "c-1"}, ["k-3", "k-1"]),
    ({"flow": "other"}, ["k-3"]),
    ({"instance": "i-2"}, ["k-2"]),
    ({"status": "expired"}, ["k-3"]),
    ({"stream": "home"}, ["k-2", "k-1"]),
    ({"stream": "news", "customer": "c-2"}, ["k-2"]),
    ({"stream": "hom"}, []),
    ({"open": True}, ["k-2", "k-1"]),
    ({"open": True, "flow": "other"}, []),
]
