"""What the page about cards says in words: a sentence for every field of an element."""

from __future__ import annotations

from typing import Final

# By field, or by element and field where an element means its own.
MEANINGS: Final = {
    "text": "What it says.",
    "icon": "A drawing that the app knows by this name.",
    "url": "Where it is.",
    "media": "What is there.",
    "alt": "What is to be seen, for those who cannot; a missing one is a warning.",
    "height": "How much of the screen it takes; `original`: as its own size says.",
    "thumbnail": "The picture that stands for a video until it plays.",
    "items": "What it shows, one below the other.",
    "ordered": "Numbers instead of bullets.",
    "value": "How much is done.",
    "max": "The most.",
    "progress.max": "How much there is to do; 100 if it is left out.",
    "progress.label": "Words for it.",
    "rating.max": "So many there are, 2 to 10.",
    "min": "The least.",
    "step": "How far apart values are, counted from `min`.",
    "time_input.step": "Minutes between the times, counted from `min`, else from midnight.",
    "default": "What it has before the customer enters anything.",
    "min_length": "The least number of characters.",
    "max_length": "The greatest number of characters; 4,000 at most.",
    "pattern": "RE2 syntax, for the whole text.",
    "multiline": "Several lines.",
    "options": "The choices: `value` and `label`.",
    "min_checked": "The least number of choices.",
    "max_checked": "The greatest number of choices.",
    "accept": "Media types, such as `image/png` or `image/*`; any if it is left out.",
    "max_bytes": "The largest file.",
    "label": "What stands on it.",
    "style": "How it looks.",
    "name": "What outcomes call the button (`button`).",
    "values": "Added to what the customer entered; the app does not see them.",
    "submit.url": "Opened afterwards.",
    "submit.payload": "Handed to the app afterwards.",
    "link.url": "Opens this address.",
    "link.subview": "Opens this subview of the card.",
    "payload": "Handed to the app.",
    "keep_open": "The card stays active, and the values are merged into what it has.",
    "fresh": "A tap on an outdated view is refused with `card_changed`.",
    "for": "For how long; without it the app offers what `snooze` of the card says.",
}

COMMON: Final = {
    "id": "Its own name in the card; else its `name`, else one is made. Reports of links tell it.",
    "when": "A condition: it is shown only if it holds.",
    "each": "A list: it is repeated for every item.",
    "as": "What the item is called; `item` if it is left out.",
}
ASKED: Final = {
    "name": "The value's name: `card.values.<name>`.",
    "label": "What it asks for.",
    "placeholder": "What an empty one shows; where nothing can be empty, a line beside the label.",
    "required": "It must have a value; a switch must be on.",
    "messages": "What to say, by rule, instead of the server's own sentence.",
}
GIVES: Final = {
    "text_input": "a string",
    "number_input": "a number",
    "date_input": "a string such as `2026-03-01`",
    "time_input": "a string such as `09:30`",
    "dropdown": "the option's `value`",
    "radio": "the option's `value`",
    "checkboxes": "a list of the options' `value`s",
    "switch": "true or false",
    "stepper": "a number",
    "rating": "a number",
    "file_upload": "the id of an upload: until this server takes uploads every file is refused with `upload`",
}
