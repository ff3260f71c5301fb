"""Where settings come from, which wins, and what is said about the ones that are wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from actors.limits import EngineLimits
from server.config import ConfigError, exposed_without_tls, load
from server.settings import Config, Container, Server

COMMITTED = Path(__file__).parents[2] / "config.toml"


def file_with(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return path


def problems_of(path: Path | None, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ=environ or {})
    return caught.value.problems


def test_committed_file_equals_the_defaults() -> None:
    assert load(COMMITTED, environ={}) == Config()


def test_committed_file_names_every_setting() -> None:
    written = tomllib.loads(COMMITTED.read_text("utf-8"))
    assert written == msgspec.json.decode(msgspec.json.encode(Config()))


def test_defaults_serve_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(environ={}) == Config()


def test_file_in_the_working_folder_is_read_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_with(tmp_path, "[server]\nport = 9000")
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).server.port == 9000


def test_environment_wins_over_the_file_and_flags_over_both(tmp_path: Path) -> None:
    path = file_with(tmp_path, '[server]\nport = 1\nhost = "a"\nbehind_proxy = true\n')
    config = load(
        path,
        environ={"FLOWDECK_SERVER_PORT": "2", "FLOWDECK_SERVER_HOST": "b"},
        overrides={"server.port": 3},
    )
    assert config.server == Server(port=3, host="b", behind_proxy=True)


def test_variables_are_read_as_the_type_of_their_setting() -> None:
    environ = {
        "FLOWDECK_SERVER_BEHIND_PROXY": "true",
        "FLOWDECK_EVENTS_APP_EVENTS": "page.seen, cart.filled",
        "FLOWDECK_LOG_LEVEL": "debug",
        "FLOWDECK_FLOWS_TIMEZONE": "Pacific/Auckland",
        "FLOWDECK_AUTH_LEEWAY_S": "0",
    }
    config = load(COMMITTED, environ=environ)
    assert config.server.behind_proxy is True
    assert config.events.app_events == ("page.seen", "cart.filled")
    assert config.log.level == "debug"
    assert config.flows.timezone == "Pacific/Auckland"
    assert config.auth.leeway_s == 0


def test_variables_of_others_are_left_alone() -> None:
    environ = {
        "FLOWDECK_SERVER": "http://127.0.0.1:8080",
        "FLOWDECK_KEY": "fd_x",
        "FLOWDECK_DATA": "x",
        "FLOWDECK_SERVICE_HOST": "10.0.0.1",
        "FLOWDECK_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "PATH": "/bin",
    }
    assert load(COMMITTED, environ=environ) == Config()


def test_containers_of_the_file_replace_the_default_one(tmp_path: Path) -> None:
    path = file_with(
        tmp_path, '[containers.inbox]\nstream = "news"\n[containers.inbox.themes.dark]\nink = "#fff"'
    )
    inbox = Container(stream="news", themes={"dark": {"ink": "#fff"}})
    assert load(path, environ={}).containers == {"inbox": inbox}


def test_constants_may_be_nested(tmp_path: Path) -> None:
    path = file_with(tmp_path, '[flows.constants]\nrates = {low = 0.1, on = true}\nnames = ["a", 2]')
    constants = load(path, environ={}).flows.constants
    assert constants == {"rates": {"low": 0.1, "on": True}, "names": ["a", 2]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[server]\nprot = 1", "server.prot: unknown key, did you mean server.port?"),
        ("[sever]\nport = 1", "sever: unknown key, did you mean server?"),
        (
            "[containers.home]\nlimt = 1",
            "containers.home.limt: unknown key, did you mean containers.home.limit?",
        ),
        ("[auth]\nzzzzzzzzzzzz = 1", "auth.zzzzzzzzzzzz: unknown key"),
        ("server = 1", "server: is a section; write [server]"),
        ('[server]\nport = "8080"', "server.port: expected int, got str"),
        ("[server]\nport = 70000", "server.port: expected int <= 65535"),
        ("[live]\nheartbeat_s = 0", "live.heartbeat_s: expected int >= 1"),
        ("[live]\nheartbeat_s = true", "live.heartbeat_s: expected int, got bool"),
        ('[log]\nlevel = "loud"', "log.level: use one of debug, info, warning, error"),
        ("[events]\napp_events = [1]", "events.app_events[0]: expected str, got int"),
        ('["containers"."No Id"]', "containers.No Id: expected str matching regex"),
        ("[containers]\nhome = 1", "containers.home: expected object, got int"),
        ("[containers.home]\nlimit = 0", "containers.home.limit: expected int >= 1"),
    ],
)
def test_wrong_file_is_told_with_place_and_nearest_key(tmp_path: Path, text: str, told: str) -> None:
    path = file_with(tmp_path, text)
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}: {told}")


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("FLOWDECK_SERVER_PROT", "1", "unknown key, did you mean FLOWDECK_SERVER_PORT?"),
        ("FLOWDECK_SERVER_PORT", "tcp://10.0.0.1:80", "expected int, got str"),
        ("FLOWDECK_SERVER_BEHIND_PROXY", "perhaps", "expected bool, got str"),
        ("FLOWDECK_FLOWS_CONSTANTS", "{}", "set tables in the file"),
    ],
)
def test_wrong_variable_is_named(variable: str, text: str, told: str) -> None:
    assert problems_of(COMMITTED, {variable: text}) == [f"environment: {variable}: {told}"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[server]\ntls_cert = "a.pem"', "server.tls_cert, server.tls_key: give both or neither"),
        ("[api]\npage_items = 10\npage_items_max = 5", "api.page_items: is more than"),
        ("[api]\nevent_bytes_max = 20_000_000", "api.event_bytes_max: is more than"),
        ("[auth]\njwks_retry_s = 601", "auth.jwks_retry_s: is more than"),
        ("[flows.constants]\ndays = [[2026-01-01]]", "flows.constants.days: only text"),
        ("[flows.constants]\ndeep = " + "[" * 20 + "]" * 20, "flows.constants.deep: only text"),
        ('[flows]\ntimezone = "Mars/Olympus"', "flows.timezone: "),
        ("[flows.constants]\nday = 2026-01-01", "flows.constants.day: only text"),
        ("[flows.constants]\nlarge = 9007199254740993", "flows.constants.large: only text"),
    ],
)
def test_settings_that_contradict_are_refused(tmp_path: Path, text: str, told: str) -> None:
    (problem,) = problems_of(file_with(tmp_path, text))
    assert problem.startswith(told)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    path = file_with(tmp_path, '[server]\nprot = 1\n[live]\nhello_s = "x"')
    assert len(problems_of(path, {"FLOWDECK_API_NAME": "x"})) == 3


@pytest.mark.parametrize("text", ["[server\n", "a = 1\na = 2", "a = " + "[" * 100_000])
def test_file_that_is_not_toml_says_so(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(file_with(tmp_path, text))
    assert "is not TOML" in problem


def test_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "other.toml")
    assert "cannot be read" in problem


@pytest.mark.parametrize(
    ("server", "exposed"),
    [
        (Server(), False),
        (Server(host="::1"), False),
        (Server(host="0.0.0.0"), True),
        (Server(host=""), True),
        (Server(host="0.0.0.0", behind_proxy=True), False),
        (Server(host="0.0.0.0", tls_cert="c", tls_key="k"), False),
    ],
)
def test_address_that_others_reach_needs_tls_or_a_proxy(server: Server, exposed: bool) -> None:
    assert exposed_without_tls(server) is exposed


def test_defaults_of_the_engine_stand_in_two_places_and_are_the_same() -> None:
    limits, settings = EngineLimits(), Config().engine
    shared = {field.name for field in fields(limits)} & set(settings.__struct_fields__)
    assert len(shared) >= 10
    assert {name: getattr(limits, name) for name in shared} == {
        name: getattr(settings, name) for name in shared
    }
