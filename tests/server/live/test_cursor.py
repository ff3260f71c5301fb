"""Cursors say what they said, to whom they said it, and nothing to anybody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.live.containers import Container, Containers
from server.live.cursor import Cursors, Position
from server.settings import Container as Settings

CURSORS = Cursors("epoch")
HOME = Containers({"home": Settings(limit=5)}).find("home")
assert HOME is not None

seqs = st.integers(min_value=0, max_value=2**48 - 1)


@given(customer=st.text(min_size=1), seq=seqs, whole_to=seqs)
def test_cursor_comes_back_as_the_position_it_was(customer: str, seq: int, whole_to: int) -> None:
    position = Position(seq, whole_to)
    assert HOME is not None
    text = CURSORS.write(customer, HOME, position)
    assert len(text) == 32
    assert CURSORS.read(text, customer, HOME) == position


@pytest.mark.parametrize(
    ("cursors", "customer", "container"),
    [
        (Cursors("restored"), "c-42", HOME),
        (CURSORS, "c-4", HOME),
        (CURSORS, "c-42", replace(HOME, membership=b"promo\0all")),
        (CURSORS, "c-42", replace(HOME, membership=b"home\0promo")),
    ],
)
def test_cursor_counts_nowhere_else(cursors: Cursors, customer: str, container: Container) -> None:
    assert HOME is not None
    text = CURSORS.write("c-42", HOME, Position(7))
    assert cursors.read(text, customer, container) is None


def test_settings_that_change_no_membership_keep_cursors() -> None:
    assert HOME is not None
    text = CURSORS.write("c-42", HOME, Position(7))
    renamed = Containers({"home": Settings(title="New", limit=9)}).find("home")
    assert renamed is not None
    assert CURSORS.read(text, "c-42", renamed) == Position(7)


@given(at=st.integers(min_value=0, max_value=31), other=st.characters())
def test_changed_character_makes_it_no_cursor(at: int, other: str) -> None:
    assert HOME is not None
    text = CURSORS.write("c-42", HOME, Position(7))
    changed = text[:at] + other + text[at + 1 :]
    expected = Position(7) if changed == text else None
    assert CURSORS.read(changed, "c-42", HOME) == expected


@given(st.none() | st.text() | st.text(alphabet="ABC-_=", min_size=32, max_size=32))
def test_any_other_text_is_no_cursor(text: str | None) -> None:
    assert HOME is not None
    assert CURSORS.read(text, "c-42", HOME) is None
