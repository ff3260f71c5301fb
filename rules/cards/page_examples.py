"""An example of every element, for the page about cards: `docs/cards.md` shows how it is written and sent."""

from __future__ import annotations

from typing import Final

VARIABLES: Final = """
name: {type: string, required: true}
due: {type: datetime, required: true}
done: {type: integer, required: true}
lines: {type: list, required: true}
"""
VALUES: Final = {
    "name": "Mere",
    "done": 3,
    "lines": [{"name": "Tea", "count": 2.0}, {"name": "Milk", "count": 1.0}],
}
DUE: Final = "2026-03-01T20:30:00Z"

ELEMENTS: Final = {
    "category": """
{type: category, text: Insurance, icon: shield}
""",
    "banner": """
{type: banner, url: "https://example.org/harbour.jpg", alt: The harbour at dawn, height: tall}
""",
    "headline": """
{type: headline, text: "Kia ora {{ vars.name }}"}
""",
    "text": """
{type: text, icon: bell, text: "It ends **{{ vars.due | date: 'long' }}**. Balance: {{ runtime.balance }}."}
""",
    "list": """
{type: list, ordered: true, items: [Choose a cover, Sign, "Done, {{ vars.name }}"]}
""",
    "image": """
{type: image, url: "https://example.org/people/{{ vars.name }}.png", alt: "{{ vars.name }}", height: short}
""",
    "video": """
type: video
url: https://example.org/how-it-works.mp4
thumbnail: https://example.org/how-it-works.jpg
alt: How a renewal works, in one minute
""",
    "divider": """
{type: divider}
""",
    "fields": """
type: fields
items:
  - {label: Ends, value: "{{ vars.due | date: 'short' }}"}
  - {label: Holder, value: "{{ vars.name }}"}
""",
    "progress": """
{type: progress, value: =vars.done, max: 5, label: "{{ vars.done }} of 5 steps"}
""",
    "text_input": """
type: text_input
name: note
label: A word to the driver
placeholder: Ring twice, please
multiline: true
max_length: 140
messages: {max_length: A short one.}
""",
    "number_input": """
{type: number_input, name: km, label: Kilometres, min: 0, max: 200000, required: true}
""",
    "date_input": """
{type: date_input, name: start, label: From, min: =now, default: =vars.due}
""",
    "time_input": """
{type: time_input, name: call_at, label: Call me at, min: "08:00", max: "18:00", step: 15, default: "09:30"}
""",
    "dropdown": """
type: dropdown
name: cover
label: Cover
placeholder: Please choose
options: [{value: full, label: Full}, {value: basic, label: Basic}]
required: true
""",
    "radio": """
type: radio
name: channel
label: How may we answer?
options: [{value: app, label: In the app}, {value: mail, label: By mail}]
default: app
""",
    "checkboxes": """
type: checkboxes
name: topics
label: What was it about?
options: [{value: advice, label: The advice}, {value: rooms, label: The rooms}]
max_checked: 1
messages: {max_checked: Only the main one.}
""",
    "switch": """
type: switch
name: agreed
label: I agree to the terms
required: true
messages: {required: Nothing goes without it.}
""",
    "stepper": """
{type: stepper, name: guests, label: Guests, min: 1, max: 8, default: 2}
""",
    "rating": """
{type: rating, name: stars, label: How was it?, icon: heart}
""",
    "file_upload": """
{type: file_upload, name: photo, label: A picture of the damage, accept: [image/*], max_bytes: 5000000}
""",
    "submit": """
{type: submit, name: renew, label: Renew, style: primary, fresh: true, values: {source: card}}
""",
    "link": """
{type: link, label: Read the terms, subview: terms}
""",
    "dismiss": """
{type: dismiss, label: Not now}
""",
    "snooze": """
{type: snooze, label: Tomorrow, for: P1D}
""",
}

EACH: Final = """
type: stepper
name: count
each: =vars.lines
as: line
when: line.name != ""
label: "{{ line_number }}. {{ line.name }}"
default: =line.count
"""

TRANSLATED: Final = """
title: Renewal
body:
  - {type: headline, text: "Hello {{ vars.name }}"}
  - type: radio
    name: cover
    label: Cover
    options: [{value: full, label: Full}, {value: basic, label: Basic}]
translations:
  mi:
    title: Whakahou
    body:
      - {text: "Kia ora {{ vars.name }}"}
      - {label: Whakamarumaru, options: [{value: full, label: Katoa}]}
  mi-NZ:
    body:
      - {name: cover, label: Te whakamarumaru}
"""
