"""The composition root: the only place that builds the parts of a server and joins them.

Parts are started in the order of need and stopped in the reverse: no call is taken before memory is
recovered, and none is cut off before its commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import platform
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from aiohttp import web

from actors.engine import Engine
from actors.limits import EngineLimits
from actors.ports import Clock, Retention, Store
from actors.records import Meta
from actors.telemetry import Telemetry
from rules.world import World
from server.auth.limits import RateLimiter
from server.clock import SystemClock
from server.config import ConfigError
from server.control import Desk
from server.control_socket import ControlSocket
from server.credentials import Credentials
from server.db.lock import FolderLock
from server.db.store import SqliteStore, StoreLimits
from server.ending import ANSWERS_SHARE, EXIT_BROKEN, Ending
from server.http.application import application
from server.http.parts import Parts, Rates
from server.listening import listening
from server.live.live import Live
from server.observe import Meters, log_report
from server.outbound.unavailable import Unavailable
from server.settings import Config

MS_PER_S: Final = 1_000
MS_PER_DAY: Final = 86_400_000
S_PER_MIN: Final = 60

log = structlog.get_logger("flowdeck.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that takes calls."""

    url: str
    app: web.Application
    engine: Engine
    credentials: Credentials
    store: SqliteStore
    live: Live


class NoAdminKey(Exception):
    """The folder has no key that may do everything: nobody could operate the server."""


Extend = Callable[[web.Application], None]
Started = Callable[[Running], Awaitable[None]]
Reread = Callable[[], Config]


async def nothing_more(server: Running) -> None:
    """What follows on a start unless somebody asks for more."""


async def serve(
    config: Config,
    *,
    ending: Ending,
    extend: Extend = lambda _: None,
    started: Started = nothing_more,
    reread: Reread | None = None,
) -> int:
    """Run until SIGTERM or SIGINT, or until the store breaks; the process's exit code, or NoAdminKey.

    On SIGHUP the containers of `reread` are taken, and their apps told; other settings wait for a restart.
    """
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ending.begin, 0)
    on_broken = partial(ending.begin, EXIT_BROKEN)
    async with running(config, extend=extend, on_broken=on_broken, needs_admin=True) as server:
        ending.is_committing = lambda: server.engine.is_committing
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, take_containers, server.live, reread)
        await started(server)
        await ending.begun()
        log.info("stopping", reason="the store is broken" if ending.code else "asked to")
    return ending.code


def take_containers(live: Live, reread: Reread | None) -> None:
    """Containers as they are configured now; a configuration that cannot be used changes nothing."""
    try:
        config = reread() if reread is not None else None
    except ConfigError as error:
        log.error("configuration not taken", problems=error.problems)
        return
    if config is not None:
        live.reconfigure(config.containers)
        log.info("containers taken", containers=sorted(config.containers))


@contextlib.asynccontextmanager
async def running(
    config: Config,
    *,
    extend: Extend = lambda _: None,
    on_broken: Callable[[], None] = lambda: None,
    needs_admin: bool = False,
) -> AsyncIterator[Running]:
    """A whole server on its data folder, from lock to listening socket, and down again."""
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(config.store.folder)
        stack.enter_context(FolderLock(folder))
        store = sqlite_store(config, folder, clock)
        meta = await store.open()
        stack.push_async_callback(store.close)
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        credentials = Credentials(config.auth, clock=clock, session=session)
        await credentials.read(store)
        if needs_admin and not credentials.keys.has_admin:
            raise NoAdminKey
        stack.push_async_callback(cancelled, asyncio.create_task(credentials.fetcher.run(), name="jwks"))
        meters = Meters()
        engine = build_engine(config, store=store, clock=clock, meters=meters, on_broken=on_broken)
        await engine.start()
        stack.push_async_callback(engine.stop)
        parts = Parts(
            config=config,
            clock=clock,
            store=store,
            engine=engine,
            backends=credentials.backends,
            apps=credentials.verifier,
            rates=build_rates(config, clock),
            simulations=asyncio.Semaphore(config.api.simulations_max),
            meters=meters,
            version=versions(meta),
        )
        live = build_live(parts, epoch=meta.epoch)
        watch(meters, engine, live)
        app = application(parts, live)
        extend(app)
        # What recovery built stays: the collector need not look at it again and again.
        gc.freeze()
        url = await stack.enter_async_context(listening(app, config.server))
        stack.callback(engine.expect_stop)
        desk = Desk(store, now=clock.now, changed=lambda: credentials.read(store))
        control = ControlSocket(folder, desk)
        await control.open()
        stack.push_async_callback(control.close)
        log.info("listening", url=url, folder=str(folder), version=parts.version["version"])
        yield Running(url=url, app=app, engine=engine, credentials=credentials, store=store, live=live)


def sqlite_store(config: Config, folder: Path, clock: SystemClock) -> SqliteStore:
    settings = config.store
    return SqliteStore(
        folder,
        now=clock.now,
        limits=StoreLimits(
            readers=settings.readers,
            cache_bytes=settings.cache_bytes,
            checkpoint_pages=settings.checkpoint_pages,
        ),
        retention=Retention(
            dedupe_days=settings.dedupe_days,
            journal_ms=settings.journal_days * MS_PER_DAY,
            timeline_ms=settings.timeline_days * MS_PER_DAY,
            tombstones_ms=settings.tombstone_days * MS_PER_DAY,
            instances_ms=settings.instance_days * MS_PER_DAY,
            jobs_ms=settings.job_days * MS_PER_DAY,
            undos_ms=settings.undo_days * MS_PER_DAY,
        ),
    )


def build_engine(
    config: Config,
    *,
    store: Store,
    clock: Clock,
    meters: Meters,
    on_broken: Callable[[], None] = lambda: None,
) -> Engine:
    settings = config.engine
    return Engine(
        store=store,
        clock=clock,
        performer=Unavailable(),
        limits=EngineLimits(
            inputs_max=settings.inputs_max,
            inputs_bytes_max=settings.inputs_bytes_max,
            class_inputs_max=settings.class_inputs_max,
            internal_max=settings.internal_max,
            batch_max=settings.batch_max,
            group_rows_max=settings.group_rows_max,
            group_ms_max=settings.group_ms_max,
            warm_bytes_max=settings.warm_bytes_max,
            profiles_max=settings.profiles_max,
            ledgers_max=settings.ledgers_max,
            histories_max=settings.histories_max,
            calls_max=settings.calls_max,
            timers_max=settings.timers_max,
            horizon_ms=settings.timer_horizon_s * MS_PER_S,
            commit_s_max=config.store.commit_s_max,
            drain_s_max=config.server.stop_s * ANSWERS_SHARE,
            upkeep_s=settings.upkeep_s,
        ),
        world=World(constants=config.flows.constants, zone=config.flows.timezone, locale=config.flows.locale),
        telemetry=Telemetry(meters.take, log_report),
        on_broken=on_broken,
    )


def build_rates(config: Config, clock: Clock) -> Rates:
    def limiter(per_s: float, burst: int) -> RateLimiter:
        return RateLimiter(monotonic=clock.monotonic, per_s=per_s, burst=burst)

    api, failures_per_min = config.api, config.auth.failures_per_min
    return Rates(
        backends=limiter(api.requests_per_s, api.requests_per_s),
        apps=limiter(api.app_requests_per_s, api.app_requests_per_s),
        failures=limiter(failures_per_min / S_PER_MIN, failures_per_min),
        hooks=limiter(api.hook_requests_per_s, api.hook_requests_per_s),
    )


def build_live(parts: Parts, *, epoch: str) -> Live:
    return Live(
        config=parts.config,
        clock=parts.clock,
        store=parts.store,
        engine=parts.engine,
        apps=parts.apps,
        failures=parts.rates.failures,
        epoch=epoch,
    )


def watch(meters: Meters, engine: Engine, live: Live) -> None:
    """Let the metrics show how full the parts are."""
    for name in engine.counts():
        meters.gauge(f"engine_{name}", f"The engine's {name}", lambda name=name: engine.counts().get(name, 0))  # type: ignore[misc]
    for name in live.counts():
        meters.gauge(f"live_{name}", f"The live edge's {name}", lambda name=name: live.counts()[name])  # type: ignore[misc]


def versions(meta: Meta) -> dict[str, object]:
    """What runs here, for `/version` and for whoever answers a question about it."""
    return {
        "version": installed_version("flowdeck"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "schema": meta.schema,
    }


async def cancelled(task: asyncio.Task[None]) -> None:
    """End a task that this module started."""
    task.cancel()
    await asyncio.wait({task})
