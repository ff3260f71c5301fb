"""Profiles: how they are written, and how expressions see them (HTTP API, "Customers")."""

from __future__ import annotations

import msgspec
import pytest

from rules.customers.profile import (
    Activity,
    Profile,
    ProfileError,
    change,
    context,
    merge,
    new_profile,
    replace,
    seen,
)
from rules.effects import ChangeCustomer
from rules.limits import (
    PROFILE_FIELDS_MAX,
    PROFILE_TAGS_MAX,
    PROFILE_TEXT_CHARS_MAX,
    TOPICS_MAX,
    WINDOWS_PER_DAY_MAX,
)

NOW = 1_770_000_000_000
MERE = merge(
    new_profile("c-1", NOW),
    {
        "first_name": "Mere",
        "timezone": "Pacific/Auckland",
        "fields": {"tier": "gold", "n": 3},
        "tags": ["vip"],
        "preferences": {"windows": {"default": [["09:00", "17:00"]], "sat": []}, "topics": {"news": False}},
    },
    NOW,
)


def wrong(body: dict[str, object]) -> list[tuple[str, str]]:
    with pytest.raises(ProfileError) as caught:
        merge(MERE, body, NOW)
    return [(error["pointer"], error["code"]) for error in caught.value.errors]


def test_profile_survives_packing() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(MERE), type=Profile) == MERE
    assert len(msgspec.msgpack.encode(new_profile("c-1", NOW))) < 64


def test_custom_fields_stand_beside_the_standard_ones_in_expressions() -> None:
    read = context(MERE)
    assert (read["first_name"], read["tier"], read["last_name"]) == ("Mere", "gold", None)
    assert read["tags"] == ["vip"]
    assert str(read["created_at"]) == "2026-02-02 02:40:00+00:00"
    assert read["preferences"] == {
        "notifications_enabled": True,
        "windows": {"default": [["09:00", "17:00"]], "sat": []},
        "topics": {"news": False},
    }


def test_patch_merges_and_null_removes() -> None:
    merged = merge(MERE, {"first_name": None, "city": "Napier", "fields": {"n": None, "m": 1}}, NOW + 1)
    assert (merged.first_name, merged.city, merged.timezone) == (None, "Napier", "Pacific/Auckland")
    assert merged.fields == {"tier": "gold", "m": 1}
    assert (merged.created_at, merged.updated_at) == (NOW, NOW + 1)
    assert MERE.fields == {"tier": "gold", "n": 3}


def test_write_that_says_nothing_new_is_no_update() -> None:
    same = {"first_name": "Mere", "fields": {"n": 3, "gone": None}, "tags": ["vip"]}
    whole = {"first_name": "Mere", "timezone": "Pacific/Auckland", "fields": {"tier": "gold", "n": 3}}
    whole |= {
        "tags": ["vip"],
        "preferences": msgspec.json.decode(msgspec.json.encode(MERE.preferences)),
    }
    assert merge(MERE, same, NOW + 1) is MERE
    assert replace(MERE, whole, NOW + 1) is MERE
    assert change(MERE, ChangeCustomer(set={"tier": "gold"}, add_tags=("vip",)), NOW + 1) is MERE


@pytest.mark.parametrize("value", [True, 1.0])
def test_value_of_another_type_is_an_update(value: object) -> None:
    one = merge(MERE, {"fields": {"n": 1}}, NOW)
    assert type(merge(one, {"fields": {"n": value}}, NOW).fields["n"]) is type(value)


def test_patch_of_preferences_merges_days_and_topics() -> None:
    merged = merge(
        MERE,
        {
            "preferences": {
                "notifications_enabled": False,
                "windows": {"sat": None},
                "topics": {"offers": True},
            }
        },
        NOW,
    ).preferences
    assert not merged.notifications_enabled
    assert list(merged.windows) == ["default"]
    assert merged.topics == {"news": False, "offers": True}
    assert merge(MERE, {"preferences": None}, NOW).preferences.windows == {}


def test_put_replaces_all_but_what_the_server_keeps() -> None:
    replaced = replace(
        MERE, {"id": "c-1", "email": "m@example.org", "created_at": "x", "segments": ["s"]}, NOW + 1
    )
    assert replaced == Profile(id="c-1", email="m@example.org", created_at=NOW, updated_at=NOW + 1)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"first_name": 3}, [("/first_name", "bad_value")]),
        ({"first_name": "x" * (PROFILE_TEXT_CHARS_MAX + 1)}, [("/first_name", "bad_value")]),
        ({"timezone": "Mars/Olympus"}, [("/timezone", "unknown_zone")]),
        ({"test": 1}, [("/test", "bad_value")]),
        ({"id": "c-2"}, [("/id", "read_only")]),
        ({"segments": []}, [("/segments", "read_only")]),
        ({"created_at": 1}, [("/created_at", "read_only")]),
        ({"tier": "gold"}, [("/tier", "unknown_field")]),
        ({"tags": "vip"}, [("/tags", "bad_value")]),
        ({"tags": [""]}, [("/tags", "bad_value")]),
        ({"tags": [f"t{n}" for n in range(PROFILE_TAGS_MAX + 1)]}, [("/tags", "too_many")]),
        ({"fields": []}, [("/fields", "bad_value")]),
        ({"fields": {"email": "x"}}, [("/fields/email", "standard_name")]),
        ({"fields": {"a b": "x"}}, [("/fields/a b", "bad_name")]),
        ({"fields": {"a": {"b": 1}}}, [("/fields/a", "bad_value")]),
        ({"fields": {"a": [[1]]}}, [("/fields/a", "bad_value")]),
        ({"fields": {f"f{n}": 1 for n in range(PROFILE_FIELDS_MAX)}}, [("/fields", "too_many")]),
        ({"fields": {f"f{n}": "x" * 10_000 for n in range(7)}}, [("", "too_large")]),
        ({"preferences": 1}, [("/preferences", "bad_value")]),
        ({"preferences": {"mode": 1}}, [("/preferences/mode", "unknown_field")]),
        (
            {"preferences": {"notifications_enabled": "yes"}},
            [("/preferences/notifications_enabled", "bad_value")],
        ),
        ({"preferences": {"windows": []}}, [("/preferences/windows", "bad_value")]),
        ({"preferences": {"windows": {"monday": []}}}, [("/preferences/windows/monday", "unknown_field")]),
        (
            {"preferences": {"windows": {"mon": [["9:00", "17:00"]]}}},
            [("/preferences/windows/mon", "bad_value")],
        ),
        (
            {"preferences": {"windows": {"mon": [["17:00", "09:00"]]}}},
            [("/preferences/windows/mon", "bad_value")],
        ),
        (
            {"preferences": {"windows": {"mon": [["09:00", "10:00"]] * (WINDOWS_PER_DAY_MAX + 1)}}},
            [("/preferences/windows/mon", "bad_value")],
        ),
        ({"preferences": {"topics": []}}, [("/preferences/topics", "bad_value")]),
        ({"preferences": {"topics": {"": True}}}, [("/preferences/topics", "bad_name")]),
        ({"preferences": {"topics": {"x": 1}}}, [("/preferences/topics/x", "bad_value")]),
        (
            {"preferences": {"topics": {f"t{n}": True for n in range(TOPICS_MAX + 1)}}},
            [("/preferences/topics", "too_many")],
        ),
    ],
)
def test_wrong_write_is_located(body: dict[str, object], errors: list[tuple[str, str]]) -> None:
    assert wrong(body) == errors


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert wrong({"first_name": 1, "x/y": 2, "fields": {"id": "z"}}) == [
        ("/first_name", "bad_value"),
        ("/x~1y", "unknown_field"),
        ("/fields/id", "standard_name"),
    ]


# --- activity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("later", "last"), [(0, 0), (299_999, 0), (300_000, 300_000), (-5, 0)])
def test_app_is_seen_again_only_after_a_while(later: int, last: int) -> None:
    first = seen(MERE, NOW, every_ms=300_000)
    assert first.activity == Activity(first_seen_at=NOW, last_seen_at=NOW)
    again = seen(first, NOW + later, every_ms=300_000)
    assert again.activity == Activity(first_seen_at=NOW, last_seen_at=NOW + last)
    assert (again is first) is (last == 0)
    assert again.updated_at == MERE.updated_at


# --- writes of flows -------------------------------------------------------------------------------------


def test_flow_writes_standard_and_custom_fields_and_tags() -> None:
    write = ChangeCustomer(
        set={"email": "m@example.org", "tier": None, "since": "2026"},
        add_tags=("vip", "new"),
        remove_tags=("vip",),
    )
    changed = change(MERE, write, NOW + 5)
    assert changed.email == "m@example.org"
    assert changed.fields == {"n": 3, "since": "2026"}
    assert changed.tags == ("new",)
    assert changed.updated_at == NOW + 5


@pytest.mark.parametrize("name", ["id", "tags", "segments", "test", "created_at", "preferences"])
def test_flow_cannot_write_what_is_not_a_text_of_the_profile(name: str) -> None:
    with pytest.raises(ProfileError):
        change(MERE, ChangeCustomer(set={name: "x"}), NOW)


def test_profile_that_was_taken_may_be_written_again_whatever_the_server_adds_to_it() -> None:
    large = {f"f{n}": "x" * 1_000 for n in range(64)}
    profile = merge(new_profile("ann", 1), {"fields": large}, 1)
    member = msgspec.structs.replace(profile, segments=tuple(f"segment_{n}" for n in range(200)))
    assert merge(member, {"city": "Oslo"}, 2).city == "Oslo"
