"""Reads the configuration, once: defaults, `config.toml`, `FLOWDECK_SECTION_NAME` variables, flags.

Nothing else reads the file or the environment. What the keys are is in `settings.py`; a key that is not
there, or a value that does not fit, stops the program with every such fault named, where it stands, and the
nearest known key.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from rules.calendar.zones import check_zone
from rules.errors import RuleError

from .addresses import is_loopback
from .settings import Config, Server

FILE_DEFAULT = Path("config.toml")
VARIABLE_PREFIX = "FLOWDECK_"
# Beyond this an integer is no longer exact in JavaScript or as a double (flow format §6).
INTEGER_MAX = 1 << 53
CONSTANT_DEPTH_MAX = 16


class ConfigError(Exception):
    """The configuration cannot be used. `problems` are whole sentences, each with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Given:
    """A value and where it was given: what an error has to name."""

    place: str
    value: object


# (section, key); in a table of tables, such as containers, the key is the id of a table.
_Layers = dict[tuple[str, str], _Given]


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Config:
    """The configuration, or ConfigError. Without a path `config.toml` is read if it is there.

    `overrides` come from flags: "server.port" to its value.
    """
    given: _Layers = {}
    problems: list[str] = []
    _take_file(path, given, problems)
    _take_environment(os.environ if environ is None else environ, given, problems)
    for name, value in (overrides or {}).items():
        section, _, key = name.partition(".")
        assert key in _keys(section), f"{name} is no setting"
        given[section, key] = _Given(f"flag: {name}", value)
    config = _build(given, problems)
    if problems:
        raise ConfigError(problems)
    return config


def exposed_without_tls(server: Server) -> bool:
    """Others could reach this address, and read what is said: credentials, cards, customers."""
    return not (is_loopback(server.host) or server.tls_cert or server.behind_proxy)


# ── the layers ─────────────────────────────────────────────────────────────────────────────────────────


def _take_file(path: Path | None, given: _Layers, problems: list[str]) -> None:
    if path is None and not FILE_DEFAULT.exists():
        return
    file = path or FILE_DEFAULT
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError([f"{file}: is not TOML: {error}"]) from error
    for section, table in document.items():
        if section not in _sections():
            problems.append(_unknown(str(file), section, _every_key()))
        elif not isinstance(table, dict):
            problems.append(f"{file}: {section}: is a section; write [{section}]")
        else:
            _take_section(str(file), section, table, given, problems)


def _take_section(
    file: str, section: str, table: dict[str, Any], given: _Layers, problems: list[str]
) -> None:
    for key, value in table.items():
        place = f"{section}.{key}"
        if _is_table_of_tables(section):
            given[section, key] = _Given(f"{file}: {place}", _known_part(file, section, key, value, problems))
        elif key in _keys(section):
            given[section, key] = _Given(f"{file}: {place}", value)
        else:
            problems.append(_unknown(file, place, _every_key()))


def _known_part(file: str, section: str, id: str, table: object, problems: list[str]) -> object:
    """The table without keys that we do not know, which are told by name."""
    if not isinstance(table, dict):
        return table
    known = _keys(section)
    for key in table.keys() - known.keys():
        problems.append(_unknown(file, f"{section}.{id}.{key}", [f"{section}.{id}.{name}" for name in known]))
    return {key: value for key, value in table.items() if key in known}


def _take_environment(environ: Mapping[str, str], given: _Layers, problems: list[str]) -> None:
    """Variables of no section of ours are others': container platforms set some by a service's name."""
    for variable, text in sorted(environ.items()):
        if not variable.startswith(VARIABLE_PREFIX):
            continue
        section, _, key = variable.removeprefix(VARIABLE_PREFIX).lower().partition("_")
        if not key or section not in _sections():
            continue
        place = f"environment: {variable}"
        if _is_table_of_tables(section) or key not in _keys(section):
            problems.append(_unknown("environment", variable, [_variable(name) for name in _every_key()]))
            continue
        try:
            given[section, key] = _Given(place, _from_text(text, _keys(section)[key]))
        except msgspec.ValidationError as error:
            problems.append(f"{place}: {_complaint(error, _keys(section)[key])}")


def _from_text(text: str, wanted: Any) -> object:
    if get_origin(wanted) is tuple:
        return [item.strip() for item in text.split(",") if item.strip()]
    if get_origin(wanted) is dict:
        raise msgspec.ValidationError("Set tables in the file")
    value: object = msgspec.convert(text, wanted, strict=False)
    return value


# ── building and checking ──────────────────────────────────────────────────────────────────────────────


def _build(given: _Layers, problems: list[str]) -> Config:
    values: dict[str, dict[str, Any]] = {}
    for (section, key), item in given.items():
        try:
            value = _converted(section, key, item.value)
        except msgspec.ValidationError as error:
            problems.append(f"{item.place}{_complaint_at(error, _keys(section).get(key))}")
            continue
        values.setdefault(section, {})[key] = value
    sections: dict[str, Any] = {
        section: fields if _is_table_of_tables(section) else _sections()[section](**fields)
        for section, fields in values.items()
    }
    config = Config(**sections)
    problems.extend(_contradictions(config))
    return config


def _converted(section: str, key: str, value: object) -> Any:
    if not _is_table_of_tables(section):
        return msgspec.convert(value, _keys(section)[key])
    id_type, table_type = get_args(_sections()[section])
    msgspec.convert(key, id_type)
    return msgspec.convert(value, table_type)


def _contradictions(config: Config) -> Iterator[str]:
    """What is wrong although each value by itself would do."""
    if bool(config.server.tls_cert) != bool(config.server.tls_key):
        yield "server.tls_cert, server.tls_key: give both or neither"
    if config.api.page_items > config.api.page_items_max:
        yield "api.page_items: is more than api.page_items_max"
    if config.api.event_bytes_max > config.api.batch_bytes_max:
        yield "api.event_bytes_max: is more than api.batch_bytes_max"
    if config.auth.jwks_retry_s > config.auth.jwks_refresh_s:
        yield "auth.jwks_retry_s: is more than auth.jwks_refresh_s"
    try:
        check_zone(config.flows.timezone)
    except RuleError as error:
        yield f"flows.timezone: {error}"
    for name, value in config.flows.constants.items():
        if not _is_json(value, CONSTANT_DEPTH_MAX):
            yield f"flows.constants.{name}: only text, numbers up to 2^53, booleans, lists and tables of them"


def _is_json(value: object, depth: int) -> bool:
    match value:
        case str() | bool() | float():
            return True
        case int():
            return abs(value) <= INTEGER_MAX
        case list():
            return depth > 0 and all(_is_json(item, depth - 1) for item in value)
        case dict():
            return depth > 0 and all(_is_json(item, depth - 1) for item in value.values())
        case _:
            return False


# ── what the tree of settings says about itself ────────────────────────────────────────────────────────


def _sections() -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(Config)}


def _is_table_of_tables(section: str) -> bool:
    return get_origin(_sections()[section]) is dict


def _keys(section: str) -> dict[str, Any]:
    """The keys of a section with their types; of a table of tables, those of each table."""
    wanted = _sections()[section]
    struct = get_args(wanted)[1] if _is_table_of_tables(section) else wanted
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def _every_key() -> list[str]:
    """Every name that may stand in the file, sections included."""
    names = list(_sections())
    for section in _sections():
        middle = ".<id>" if _is_table_of_tables(section) else ""
        names += [f"{section}{middle}.{key}" for key in _keys(section)]
    return names


def _variable(name: str) -> str:
    return VARIABLE_PREFIX + name.replace(".", "_").upper()


# ── sentences ──────────────────────────────────────────────────────────────────────────────────────────


def _unknown(source: str, name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{source}: {name}: unknown key" + (f", did you mean {nearest[0]}?" if nearest else "")


def _complaint_at(error: msgspec.ValidationError, wanted: Any) -> str:
    """`.home.limit: expected int, got str`: the path within the value, then what is wrong."""
    _, _, path = str(error).partition(" - at ")
    inner = re.sub(r"^`\$|`$", "", path)
    return f"{inner}: {_complaint(error, wanted)}"


def _complaint(error: msgspec.ValidationError, wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return "use one of " + ", ".join(get_args(wanted))
    what = str(error).partition(" - at ")[0].replace("`", "")
    return what[:1].lower() + what[1:]
