"""Containers: what belongs, and what changes with their settings."""

from __future__ import annotations

import pytest

from server.live.containers import Containers, etag
from server.settings import Container as Settings

CONFIGURED = {"home": Settings(title="Home"), "promo": Settings(stream="promo", limit=1)}


@pytest.mark.parametrize(
    ("container", "streams", "holds"),
    [
        ("home", (), True),
        ("home", ("promo",), True),
        ("promo", (), False),
        ("promo", ("other", "promo"), True),
        ("promo", ("other",), False),
        ("*", (), True),
        ("*", ("other",), True),
    ],
)
def test_stream_says_what_belongs(container: str, streams: tuple[str, ...], holds: bool) -> None:
    found = Containers(CONFIGURED).find(container)
    assert found is not None
    assert found.holds(streams) is holds


def test_unknown_container_is_none_and_everything_has_no_settings() -> None:
    containers = Containers(CONFIGURED)
    assert containers.find("attic") is None
    assert containers.settings("attic") is None
    assert containers.settings("*") is None


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
