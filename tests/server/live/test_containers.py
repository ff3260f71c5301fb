"""Containers: what belongs, and what changes with their settings."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from server.live.containers import PLATFORMS, Containers, etag, known_platform
from server.settings import Container as Settings
from tests.contract.rows import card

CONFIGURED = {"home": Settings(title="Home"), "promo": Settings(stream="promo", limit=1)}


@pytest.mark.parametrize(
    ("container", "platform", "delivery", "holds"),
    [
        ("home", None, {}, True),
        ("home", None, {"streams": ("promo",)}, True),
        ("promo", None, {}, False),
        ("promo", None, {"streams": ("other", "promo")}, True),
        ("promo", None, {"streams": ("other",)}, False),
        ("*", None, {}, True),
        ("*", None, {"streams": ("other",)}, True),
        ("home", "ios", {"platforms": ("ios", "web")}, True),
        ("home", "android", {"platforms": ("ios", "web")}, False),
        ("home", None, {"platforms": ("ios", "web")}, False),
        ("home", "ios", {}, True),
        ("*", "ios", {"platforms": ("ios",)}, True),
        ("*", "web", {"platforms": ("ios",)}, False),
        ("home", None, {"containers": ("home", "promo")}, True),
        ("home", None, {"containers": ("promo",)}, False),
        ("promo", None, {"containers": ("promo",)}, False),
        ("promo", None, {"containers": ("promo",), "streams": ("promo",)}, True),
        ("*", None, {"containers": ("promo",)}, True),
        ("*", "web", {"containers": ("promo",), "platforms": ("ios",)}, False),
    ],
)
def test_streams_platforms_and_containers_say_what_belongs(
    container: str, platform: str | None, delivery: dict[str, tuple[str, ...]], holds: bool
) -> None:
    found = Containers(CONFIGURED).find(container, platform)
    assert found is not None
    assert found.holds(replace(card("k").card, **delivery)) is holds


def test_unknown_container_is_none_and_everything_has_no_settings() -> None:
    containers = Containers(CONFIGURED)
    assert containers.find("attic") is None
    assert containers.settings("attic") is None
    assert containers.settings("*") is None


def test_each_platform_has_a_membership_of_its_own() -> None:
    containers = Containers(CONFIGURED)
    seen = [containers.find(id, platform) for id in ("home", "*") for platform in (None, *PLATFORMS)]
    assert len({found.membership for found in seen if found is not None}) == len(seen)


@pytest.mark.parametrize(
    ("said", "known"), [("ios", "ios"), ("web", "web"), ("iOS", None), ("fridge", None), ("", None)]
)
def test_platform_that_cards_cannot_be_meant_for_is_none(said: str, known: str | None) -> None:
    assert known_platform(said) == known


def test_everything_stays_the_same_when_settings_change() -> None:
    before = Containers(CONFIGURED)
    after = Containers({}, before=before)
    assert after.find("*", "ios") is before.find("*", "ios")


def test_version_rises_with_a_change_and_what_is_unchanged_stays_the_same() -> None:
    before = Containers(CONFIGURED)
    after = Containers(CONFIGURED | {"home": Settings(title="Start")}, before=before)
    assert after.find("promo") is before.find("promo")
    old, new = before.find("home"), after.find("home")
    assert old is not None
    assert new is not None
    assert (old.version, new.version) == (1, 2)
    assert old.membership == new.membership


def test_other_stream_is_another_membership() -> None:
    before = Containers(CONFIGURED)
    after = Containers({"home": Settings(title="Home", stream="promo")}, before=before)
    old, new = before.find("home"), after.find("home")
    assert old is not None
    assert new is not None
    assert old.membership != new.membership


def test_etag_changes_with_the_settings_only() -> None:
    def tag(title: str) -> str:
        settings = Containers({"home": Settings(title=title)}).settings("home")
        assert settings is not None
        return etag(settings)

    assert tag("Home") == tag("Home")
    assert tag("Home") != tag("Start")
