from rules.scripts.words import words

VIEW: dict[str, object] = {
    "title": "Parcel",
    "body": [
        {"type": "category", "id": "1", "text": "Orders", "icon": "box"},
        {
            "type": "text",
            "id": "2",
            "text": [
                {"type": "text", "text": "It is "},
                {"type": "strong", "children": [{"type": "text", "text": "here"}]},
                {"type": "break"},
                {
                    "type": "link",
                    "url": "https://example.org",
                    "children": [{"type": "text", "text": "Track"}],
                },
                {
                    "type": "list",
                    "items": [[{"type": "text", "text": "one"}], [{"type": "text", "text": "two"}]],
                },
                {"type": "runtime", "name": "balance"},
            ],
        },
        {"type": "fields", "id": "3", "items": [{"label": "Weight", "value": "2 kg"}]},
        {"type": "list", "id": "4", "items": ["a", [{"type": "text", "text": "b"}]]},
        {
            "type": "dropdown",
            "id": "5",
            "name": "place",
            "options": [{"value": "x1", "label": "At the door"}],
        },
        {"type": "image", "id": "6", "url": "https://example.org/p.png", "alt": "A parcel"},
    ],
    "subviews": {"more": {"title": "More", "body": [{"type": "text", "id": "7", "text": "Below"}]}},
}


def test_words_are_what_the_card_shows_in_its_order() -> None:
    assert words(VIEW).split("\n") == [
        "Parcel",
        "Orders",
        "It is here",
        "Track",
        "one",
        "two{balance}",
        "Weight",
        "2 kg",
        "a",
        "b",
        "At the door",
        "A parcel",
        "More",
        "Below",
    ]


def test_names_values_and_addresses_are_not_said() -> None:
    said = words(VIEW)
    assert not any(unsaid in said for unsaid in ("x1", "example.org", "place", "box", "dropdown"))
