"""A document that leaves the server says what the flow does, and neither for whom nor with which secrets."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from rules.compiling.flows import check
from rules.sharing import NOBODY, without_private

DOCUMENT: dict[str, Any] = {
    "flow": "calling",
    "triggers": {
        "daily": {
            "type": "schedule",
            "cron": "0 9 * * *",
            "audience": {"customers": ["ann", "bob"], "when": "customer.city == 'Ulm'"},
        },
        "many": {"type": "event", "event": "go", "audience": {"segment": "vip"}, "enabled": True},
        "one": {"type": "event", "event": "one"},
    },
    "start": "ask",
    "steps": {
        "ask": {
            "type": "request",
            "method": "POST",
            "url": "https://ann:pass@example.org/orders?api_key=k-1&page=2",
            "credential": "shop",
            "headers": {"Authorization": "Bearer t-1", "X-Author": "ann", "Accept": "application/json"},
            "query": {"access_token": "t-2", "lang": "de"},
            "json": {"login": {"user": "ann", "password": "p-1"}, "items": [{"secret": "s-1", "n": 1}]},
            "next": "end",
            "on_error": "end",
        },
        "end": {"type": "end"},
    },
}


def test_audiences_become_nobody_s_and_their_triggers_rest() -> None:
    triggers = without_private(DOCUMENT)["triggers"]
    for name in ("daily", "many"):
        assert (triggers[name]["audience"], triggers[name]["enabled"]) == (NOBODY, False)
    assert triggers["one"] == DOCUMENT["triggers"]["one"]


def test_secrets_in_calls_stay_behind_and_the_rest_goes() -> None:
    step = without_private(DOCUMENT)["steps"]["ask"]
    assert step["url"] == "https://example.org/orders?api_key=&page=2"
    assert step["headers"] == {"X-Author": "ann", "Accept": "application/json"}
    assert step["query"] == {"lang": "de"}
    assert step["json"] == {"login": {"user": "ann"}, "items": [{"n": 1}]}
    assert step["credential"] == "shop"


@pytest.mark.parametrize("secret", ["t-1", "t-2", "k-1", "p-1", "s-1", "pass@", "bob", "vip", "Ulm"])
def test_nothing_that_is_private_is_left_anywhere(secret: str) -> None:
    assert secret in json.dumps(DOCUMENT)
    assert secret not in json.dumps(without_private(DOCUMENT))


def test_what_is_left_is_a_flow_and_what_was_given_is_as_it_was() -> None:
    before = deepcopy(DOCUMENT)
    shared = without_private(DOCUMENT)
    assert before == DOCUMENT
    assert list(shared) == list(DOCUMENT)
    compiled = check(json.dumps(shared), type="json")
    assert compiled.flow is not None, compiled.problems
    assert [trigger.enabled for trigger in compiled.flow.triggers] == [False, False, True]
