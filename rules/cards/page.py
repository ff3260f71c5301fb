"""Writes the page about cards, `docs/cards.md`: every element with its fields, rules, example and wire form.

All of it comes from the types, the examples and the renderer, so that the page cannot differ from them.
`python -m rules.cards.page > docs/cards.md` writes it; a test holds that it is current.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final, get_args

import msgspec
from msgspec import inspect

from ..calendar.times import parse_rfc3339, to_datetime
from ..compiling.flows import check
from ..documents.cards import Element
from ..documents.elements import ElementBase, Submit
from ..documents.inputs import InputBase
from ..documents.syntax import parse
from ..limits import EACH_COUNT_MAX, ELEMENT_COUNT_MAX, SHOWN_ELEMENTS_MAX, SUBVIEW_COUNT_MAX, VIEW_BYTES_MAX
from ..text.printing import Setting
from .page_examples import DUE, EACH, ELEMENTS, TRANSLATED, VALUES, VARIABLES
from .page_words import ASKED, COMMON, GIVES, MEANINGS
from .values import INPUTS
from .view import Rendered, render

_PAGE: Final = """# Cards

Every element of a card, how it is written and what apps get (flow format §7). Made from the types by
`python -m rules.cards.page > docs/cards.md`; `protocol/schema/flow.json` and `view.json` say the same to
programs.

A card has a `body` of elements and any number of `subviews`, which links open. Everything is rendered on
the server: an app draws what it gets, and skips an element of a type that it does not know. Values are
never markup.

A *template* is text with Liquid, or `=` and a CEL expression; a *text* may also hold runtime variables, and
in the element `text` Markdown. What is off or empty does not go over the wire.

## All elements

{common}

## To show

{display}

## To ask

All inputs, of the card and of its subviews, are one form. The app submits their values by `name`; the
server checks them against the rules that it rendered, and tells what is wrong as `errors` with the pointer
`/values/<name>` and the rule as `code`. What a submit button sends stands in `card.values` of the flow;
numbers are doubles there.

{asked}

{inputs}

## Buttons

{buttons}

## Repeats

`each` takes a list, or an expression that gives one. Within the element `item`, or what `as` says, is the
item, and `item_number` its place from 1. Ids and names get the number behind a dot. The first {each} items
are shown; one that cannot be is left out; an empty list and null show nothing.

```yaml
{repeated}
```

```json
{repeated_wire}
```

The app submits `count.1` and `count.2`; the flow reads one list, `card.values.count`, with null where there
is no value. A button that is repeated is `button: <name>` to the flow: its own `values` say which one it
was.

## Subviews

`subviews: {{terms: {{title: Terms, body: […]}}}}`, opened by a link with `subview: terms`, from the card or
from another subview. One that no link in sight leads to is not sent, and asks for nothing; a subview
without any link is a warning. Ids and names are unique over the whole card.

## Menu and snooze

{menu}

## Translations

The same structure by locale, with nothing but texts: `text`, `alt`, `label`, `placeholder`, `items`,
`options`, `messages`, the titles, and the defaults of runtime variables. An entry of a body is for the
element with its `id` or `name`, else for that at the same place; options go by `value`, else by place. Each
text falls back by itself: from `mi-NZ` to `mi` to the card's own.

```yaml
{translated}
```

A customer whose locale is `mi-NZ` sees:

```json
{translated_wire}
```

## Bounds

A body has at most {elements} elements, a card {subviews} subviews; rendered, it shows at most {shown}
elements and has at most {bytes} KiB.
"""

_TYPES: Final = {
    "Text with Liquid and runtime variables.": "text",
    "Text with Liquid, or = and a CEL expression.": "template",
    "A CEL condition or expression.": "condition",
    "An ISO 8601 duration such as PT30M or P7D.": "duration",
    "Lower case, digits, underscores.": "key",
    "A name that apps have a drawing for.": "name",
    "Such as image/png or image/*.": "media type",
    "The element is repeated for each item.": "list or =",
}
_PLAIN: Final[Mapping[type[inspect.Type], str]] = {
    inspect.AnyType: "anything",
    inspect.BoolType: "true or false",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.StrType: "text",
    inspect.DictType: "mapping",
}
_MENU: Final = {
    "menu.dismiss": "The customer may put the card away.",
    "menu.snooze": "The customer may snooze it.",
    "menu.vote": "The app asks whether it was useful.",
    "menu.feedback": "With a vote it asks for words: `reason`, and a `message` of 280 characters.",
    "snooze.presets": "Durations that the app offers.",
    "snooze.custom": "Any other time may be chosen.",
    "snooze.notify": "When time ends it, the push of the step that sent the card goes out again.",
}


def page() -> str:
    """The whole of `docs/cards.md`."""
    kinds: tuple[type[ElementBase], ...] = get_args(Element)
    inputs = [kind for kind in kinds if issubclass(kind, InputBase)]
    buttons = list(kinds[kinds.index(Submit) :])
    display = [kind for kind in kinds if kind not in inputs and kind not in buttons]
    return _PAGE.format(
        common=_table(ElementBase, COMMON),
        asked=_table(InputBase, ASKED, without=COMMON),
        display="\n\n".join(_section(kind) for kind in display),
        inputs="\n\n".join(_section(kind) for kind in inputs),
        buttons="\n\n".join(_section(kind) for kind in buttons),
        each=EACH_COUNT_MAX,
        repeated=EACH.strip(),
        repeated_wire=_json(_example(EACH)),
        menu="\n".join(f"- `{name}`: {words}" for name, words in _MENU.items()),
        translated=TRANSLATED.strip(),
        translated_wire=_json(_whole(_parsed(TRANSLATED), locale="mi-NZ").view.view),
        elements=ELEMENT_COUNT_MAX,
        subviews=SUBVIEW_COUNT_MAX,
        shown=SHOWN_ELEMENTS_MAX,
        bytes=VIEW_BYTES_MAX // 1024,
    )


def _section(kind: type[ElementBase]) -> str:
    tag = str(kind.__struct_config__.tag)
    parts = [f"### `{tag}`", " ".join((kind.__doc__ or "").split())]
    known = COMMON | (ASKED if issubclass(kind, InputBase) else {})
    meanings = {
        name: MEANINGS.get(f"{tag}.{name}") or MEANINGS[name] for name in _fields(kind) if name not in known
    }
    if meanings:
        parts.append(_table(kind, meanings, without=known))
    if tag in INPUTS:
        rules = " ".join(f"`{rule}`" for rule in ("required", *INPUTS[tag].rules))
        parts.append(f"Gives {GIVES[tag]}. Rules: {rules}.")
    (wire,) = _example(ELEMENTS[tag])
    parts += [f"```yaml\n{ELEMENTS[tag].strip()}\n```", f"```json\n{_json(wire)}\n```"]
    return "\n\n".join(parts)


# --- fields ----------------------------------------------------------------------------------------


def _table(kind: type[msgspec.Struct], meanings: Mapping[str, str], without: Mapping[str, str] = {}) -> str:
    rows = ["| field | takes | default | |", "| --- | --- | --- | --- |"]
    for name, info in _fields(kind).items():
        if name not in without:
            rows.append(f"| `{name}` | {_takes(info.type)} | {_default(info)} | {meanings[name]} |")
    return "\n".join(rows)


def _fields(kind: type[msgspec.Struct]) -> dict[str, inspect.Field]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: field for field in info.fields}


def _default(field: inspect.Field) -> str:
    if field.required:
        return "needed"
    return "" if field.default in ("", False, msgspec.NODEFAULT) else f"`{field.default}`"


def _takes(wanted: inspect.Type) -> str:
    match wanted:
        case inspect.Metadata(extra_json_schema=told, type=inner):
            return _TYPES.get(str((told or {}).get("description"))) or _takes(inner)
        case inspect.UnionType(types=choices):
            return " or ".join(dict.fromkeys(_takes(choice) for choice in choices))
        case inspect.LiteralType(values=values):
            return " ".join(f"`{value}`" for value in values)
        case inspect.ListType(item_type=item):
            return f"list of {_takes(item)}"
        case inspect.StructType():
            return "pairs"
        case _:
            return _PLAIN[type(wanted)]


# --- examples --------------------------------------------------------------------------------------


def _example(element: str) -> list[object]:
    """What an element that is written so is on the wire."""
    card = {
        "body": [_parsed(element)],
        "subviews": {"terms": {"title": "Terms"}},
        "runtime_variables": {"balance": {}},
    }
    body = _whole(card, locale="en").view.view["body"]
    assert isinstance(body, list)
    return body


def _whole(card: object, *, locale: str) -> Rendered:
    flow = {
        "flow": "page",
        "variables": _parsed(VARIABLES),
        "start": "show",
        "steps": {"show": {"type": "send_card", "card": "card"}},
        "cards": {"card": card},
    }
    compiled = check(msgspec.json.encode(flow), type="json")
    assert compiled.flow is not None, compiled.problems
    due = to_datetime(parse_rfc3339(DUE))
    context = {"vars": {**VALUES, "due": due}, "now": due}
    return render(compiled.flow.cards["card"], context, Setting(locale=locale, zone="Pacific/Auckland"))


def _parsed(text: str) -> object:
    data, report = parse(text, type="yaml")
    assert not report.has_errors, report.problems()
    return data


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


if __name__ == "__main__":
    sys.stdout.write(page())
