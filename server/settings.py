"""Every setting with its type, bounds and default, as one frozen tree. `config.toml` says what each is for.

A new setting is a line here and a line there; a test holds the two together. Limits that decide what a flow
means are no settings: they stand in `rules/limits.py`, so that a flow means the same on every server.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

Port: TypeAlias = Annotated[int, Meta(ge=0, le=65_535)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Bytes: TypeAlias = Annotated[int, Meta(ge=1_024, le=1 << 40)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=1, le=3_600_000)]
Seconds: TypeAlias = Annotated[int, Meta(ge=1, le=366 * 86_400)]
Days: TypeAlias = Annotated[int, Meta(ge=1, le=36_600)]
Leeway: TypeAlias = Annotated[int, Meta(ge=0, le=300)]
Id: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Locale: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections have in common: frozen, and no key that nobody reads."""


class Server(Settings, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 8080
    behind_proxy: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    stop_s: Seconds = 20


class Store(Settings, frozen=True):
    folder: str = "data"
    readers: Annotated[int, Meta(ge=1, le=64)] = 2
    cache_bytes: Bytes = 64 * 1024 * 1024
    checkpoint_pages: Count = 4_000
    commit_s_max: Seconds = 10
    dedupe_days: Days = 7
    journal_days: Days = 30
    timeline_days: Days = 90
    tombstone_days: Days = 30
    instance_days: Days = 90
    job_days: Days = 30
    undo_days: Days = 7


class Engine(Settings, frozen=True):
    inputs_max: Count = 20_000
    inputs_bytes_max: Bytes = 256 * 1024 * 1024
    class_inputs_max: Count = 12_000
    internal_max: Count = 4_000
    batch_max: Count = 500
    group_rows_max: Count = 4_000
    group_ms_max: Milliseconds = 250
    warm_bytes_max: Bytes = 384 * 1024 * 1024
    profiles_max: Count = 50_000
    ledgers_max: Count = 50_000
    histories_max: Count = 50_000
    calls_max: Count = 100
    timers_max: Count = 50_000
    timer_horizon_s: Seconds = 60
    upkeep_s: Seconds = 30


class Live(Settings, frozen=True):
    heartbeat_s: Seconds = 25
    hello_s: Seconds = 10
    renew_s: Seconds = 60
    seen_s: Seconds = 300
    frame_bytes_max: Bytes = 1024 * 1024
    actions_per_s: Count = 50
    containers_per_connection: Count = 32
    connections_per_customer: Count = 20
    hellos_per_address: Count = 1_000
    connections_max: Count = 100_000
    queue_frames_max: Count = 256
    queue_bytes_max: Bytes = 1024 * 1024
    page_cards: Annotated[int, Meta(ge=1, le=500)] = 100


class Api(Settings, frozen=True):
    event_bytes_max: Bytes = 1024 * 1024
    document_bytes_max: Bytes = 1024 * 1024
    batch_bytes_max: Bytes = 16 * 1024 * 1024
    batch_events_max: Count = 10_000
    targets_max: Count = 500
    table_rows_max: Count = 100_000
    page_items: Annotated[int, Meta(ge=1, le=500)] = 50
    page_items_max: Annotated[int, Meta(ge=1, le=500)] = 500
    poll_s_max: Annotated[int, Meta(ge=1, le=60)] = 60
    requests_per_s: Count = 20_000
    app_requests_per_s: Count = 50
    hook_requests_per_s: Count = 100
    unsigned_webhooks: bool = False
    simulations_max: Count = 2
    simulation_s: Seconds = 5
    simulation_turns_max: Count = 2_000
    simulation_bytes_max: Bytes = 2 * 1024 * 1024
    simulation_days_max: Days = 3_660
    app_origins: tuple[str, ...] = ("*",)


class Auth(Settings, frozen=True):
    leeway_s: Leeway = 10
    token_bytes_max: Bytes = 8 * 1024
    token_cache_max: Count = 20_000
    access_token_s: Seconds = 3_600
    access_tokens_max: Count = 10_000
    failures_per_min: Count = 60
    jwks_refresh_s: Seconds = 600
    jwks_retry_s: Seconds = 30
    jwks_stale_s_max: Seconds = 86_400
    jwks_timeout_s: Seconds = 5
    jwks_bytes_max: Bytes = 256 * 1024


class Log(Settings, frozen=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Events(Settings, frozen=True):
    app_events: tuple[str, ...] = ()


class Flows(Settings, frozen=True):
    timezone: str = "UTC"
    locale: Locale = "en"
    constants: dict[str, object] = {}


class Container(Settings, frozen=True):
    title: str = ""
    stream: Id = "all"
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    themes: dict[Id, dict[str, str]] = {}
    strings: dict[str, str] = {}


class Config(Settings, frozen=True):
    """The whole of it; `server/app.py` hands each part the values that it needs, never this."""

    server: Server = Server()
    store: Store = Store()
    engine: Engine = Engine()
    live: Live = Live()
    api: Api = Api()
    auth: Auth = Auth()
    log: Log = Log()
    events: Events = Events()
    flows: Flows = Flows()
    containers: dict[Id, Container] = msgspec.field(default_factory=lambda: {"home": Container(title="Home")})
