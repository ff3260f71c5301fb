"""The page of states is drawn from the tables, and current."""

from __future__ import annotations

from pathlib import Path

from rules import instance
from rules.cards import card as cards
from rules.diagrams import page

ROOT = Path(__file__).resolve().parents[2]


def test_page_of_states_is_current() -> None:
    assert (ROOT / "docs" / "states.md").read_text() == page()


def test_every_change_of_both_tables_is_drawn() -> None:
    drawn = page()
    for source, change in (*instance.TRANSITIONS, *cards.TRANSITIONS):
        assert f"    {source.value} --> " in drawn
        assert f": {change.value}\n" in drawn
