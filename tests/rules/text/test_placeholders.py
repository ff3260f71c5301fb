"""Where texts, outputs and tags stand in a source."""

import pytest

from rules.errors import ExpressionError
from rules.text.placeholders import Piece, PieceKind, split

TEXT, OUTPUT, TAG = PieceKind.TEXT, PieceKind.OUTPUT, PieceKind.TAG


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("", []),
        ("plain { } % }}", [Piece(TEXT, "plain { } % }}", 0)]),
        ("{{a}}", [Piece(OUTPUT, "a", 2)]),
        ("x {{ a }} y", [Piece(TEXT, "x ", 0), Piece(OUTPUT, " a ", 4), Piece(TEXT, " y", 9)]),
        ("{% if a %}{{b}}", [Piece(TAG, " if a ", 2), Piece(OUTPUT, "b", 12)]),
        ("{% raw %}{{ a {% endraw %}b", [Piece(TAG, " raw ", 2), Piece(TEXT, "b", 26)]),
        ("{%- raw -%}{{{%- endraw -%}", [Piece(TAG, "- raw -", 2)]),
    ],
)
def test_pieces(source: str, pieces: list[Piece]) -> None:
    assert split(source) == pieces


@pytest.mark.parametrize(
    ("source", "offset"),
    [
        ("ab {{ a", 3),
        ("ab {{ a %}", 3),
        ("{% if a }}", 0),
        ("{{ a }} {{", 8),
        ("{{}}", 0),
        ("x{{ - }}", 1),
        ("{%  %}", 0),
        ("{% raw %}{{ a }}", 9),
    ],
)
def test_what_is_open_or_empty_is_refused_where_it_begins(source: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        split(source)
    assert (caught.value.code, caught.value.offset) == ("syntax_error", offset)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{{ a }}", ("a",)),
        ("{{a.b_1.c}}", ("a", "b_1", "c")),
        ("{{ true }}", None),
        ("{{ a[0] }}", None),
        ("{{ a | upcase }}", None),
        ("{{ a. }}", None),
        ("{{ a-b }}", None),
        ("{{ 5 }}", None),
        ("{{ ä }}", None),
        ("{% a %}", None),
    ],
)
def test_plain_names(source: str, name: tuple[str, ...] | None) -> None:
    assert split(source)[0].name() == name
