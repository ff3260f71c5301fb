"""From bytes to checked values: content types, sizes, JSON and MessagePack; what is wrong, with its place."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar, get_args

import msgspec
from aiohttp import web
from multidict import MultiMapping

from rules.documents.problems import nearest
from server.errors import ApiError, FieldError

JSON: Final = "application/json"
MSGPACK: Final = "application/msgpack"
MSGPACK_TYPES: Final = frozenset({MSGPACK, "application/x-msgpack", "application/vnd.msgpack"})
DISCARD_BYTES_MAX: Final = 32 * 1024 * 1024
"""Read and thrown away of a body that is too large, so that its sender gets to read the refusal."""
BODY_S_MAX: Final = 60
"""How long a body may take to come."""
CLOSE: Final = {"Connection": "close"}
COMPRESSIONS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""Encodings of a body with their `wbits` of zlib."""
POINTER_NAME_CHARACTERS_MAX: Final = 64
"""Of a name in a pointer that the sender chose."""

T = TypeVar("T")

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>\$[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*)`$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<name>.*)`$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")


async def read(request: web.Request, *, bytes_max: int) -> bytes:
    """The whole body, or `too_large` once it has been read to its end (or far enough)."""
    if request.content.is_eof():
        # All of it came with the headers, which is the rule for an event: nothing to wait for.
        raw = await request.read()
    else:
        try:
            async with asyncio.timeout(BODY_S_MAX):
                raw = await read_to_end(request, bytes_max)
        except TimeoutError:
            detail = f"The body did not come within {BODY_S_MAX} seconds."
            raise ApiError("bad_request", detail, headers=CLOSE) from None
    within(raw, bytes_max)
    encoding = request.headers.get("Content-Encoding")
    return raw if encoding is None else within(expanded(raw, encoding.lower(), bytes_max), bytes_max)


def expanded(raw: bytes, encoding: str, bytes_max: int) -> bytes:
    """What a compressed body holds, or one byte more than it may: a bomb is not let go off."""
    if encoding == "identity":
        return raw
    if encoding not in COMPRESSIONS:
        known = ", ".join(COMPRESSIONS)
        detail = f"Send the body as it is, or in one of: {known}."
        raise ApiError("unsupported_type", detail, headers={"Accept-Encoding": known})
    stream = zlib.decompressobj(COMPRESSIONS[encoding])
    try:
        held = stream.decompress(raw, bytes_max + 1)
    except zlib.error:
        raise ApiError("bad_request", f"The body is not {encoding}.") from None
    if not stream.eof and len(held) <= bytes_max:
        raise ApiError("bad_request", f"The body is {encoding} that stops in the middle.")
    return held


async def read_to_end(request: web.Request, bytes_max: int) -> bytes:
    """The body; of one that is too large only as much as shows that it is."""
    kept = bytearray()
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > DISCARD_BYTES_MAX:
            break
        if len(kept) <= bytes_max:
            kept += piece
    return bytes(kept)


def within(raw: bytes, bytes_max: int) -> bytes:
    if len(raw) > bytes_max:
        raise ApiError("too_large", f"The body may have at most {bytes_max} bytes.", headers=CLOSE)
    return raw


def media_type(headers: Mapping[str, str]) -> str:
    """Of the body, without its parameters; what has none counts as JSON."""
    given = headers.get("Content-Type", JSON)
    return given if given == JSON else given.partition(";")[0].strip().lower()


def decode(raw: bytes, kind: Any, media_type: str) -> Any:
    """The body as `kind`: 415 for another type, 400 for what cannot be read, 422 for what does not fit."""
    if media_type == JSON or media_type.endswith("+json"):
        return _run(_json_decoder(kind), raw, kind)
    if media_type in MSGPACK_TYPES:
        return _run(_msgpack_decoder(kind), raw, kind)
    raise unsupported((JSON, MSGPACK))


def unsupported(known: tuple[str, ...]) -> ApiError:
    return ApiError(
        "unsupported_type", f"Send one of: {', '.join(known)}.", headers={"Accept": ", ".join(known)}
    )


def convert_query(query: MultiMapping[str], kind: type[T]) -> T:
    """Query parameters as a struct; a repeated one, an unknown one or a wrong one is a located 422."""
    given: dict[str, str] = {}
    for name, value in query.items():
        if name in given:
            raise _invalid("", "repeated", f"The parameter {name} is given more than once.", name)
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, kind, prefix="/query") from None


def invalid(error: msgspec.ValidationError, kind: Any, *, prefix: str = "") -> ApiError:
    """A msgspec message as a 422 with a pointer, and the nearest name for one that is unknown."""
    field = located(str(error), kind, prefix=prefix)
    return ApiError("invalid", f"{field.pointer or 'The body'}: {field.message}", errors=[field])


def located(message: str, kind: Any, *, prefix: str = "") -> FieldError:
    """One msgspec message, turned into where, which rule and what."""
    parts = _WHERE.match(message)
    assert parts is not None, "the pattern matches every text"
    what, pointer = parts["what"], prefix + _pointer(parts["path"] or "")
    if missing := _MISSING.search(what):
        return FieldError(pointer=f"{pointer}/{missing['name']}", code="missing", message="It is required.")
    if unknown := _UNKNOWN.search(what):
        name = unknown["name"][:POINTER_NAME_CHARACTERS_MAX]
        sentence = f"There is no field {name!r}.{nearest(name, _field_names(kind))}"
        return FieldError(pointer=f"{pointer}/{escape(name)}", code="unknown_field", message=sentence)
    return FieldError(pointer=pointer, code="wrong_value", message=what)


def _run(decoder: Any, raw: bytes, kind: Any) -> Any:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid(error, kind) from None
    except msgspec.DecodeError as error:
        raise ApiError("bad_request", f"The body cannot be read: {error}.") from None
    except RecursionError:
        raise ApiError("bad_request", "The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise ApiError("bad_request", "The body is not valid UTF-8.") from None


@lru_cache(maxsize=256)
def _json_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=256)
def _msgpack_decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)


def _pointer(path: str) -> str:
    """`$.a[0].b` of msgspec as an RFC 6901 pointer; `[...]` (some key or item) is left out."""
    steps = (step["name"] or step["index"] for step in _STEP.finditer(path))
    return "".join(f"/{escape(step)}" for step in steps if step != "...")


def escape(name: str) -> str:
    """A name as part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _field_names(kind: Any) -> list[str]:
    """Every field of the struct and of those inside it: the message does not say which one it was."""
    names: dict[str, None] = {}
    waiting, seen = [kind], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            for info in msgspec.structs.fields(one):
                names[info.encode_name] = None
                waiting.append(info.type)
        else:
            waiting.extend(get_args(one))
    return list(names)


def _invalid(pointer: str, code: str, message: str, name: str) -> ApiError:
    error = FieldError(pointer=f"{pointer}/query/{escape(name)}", code=code, message=message)
    return ApiError("invalid", message, errors=[error])
