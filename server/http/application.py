"""The aiohttp application of a server: every route of the API, the live socket, and nothing else."""

from __future__ import annotations

from aiohttp import web

from server.live import polling, socket
from server.live.live import LIVE, Live

from . import (
    app_events,
    card_actions,
    cards,
    copies,
    credentials,
    customers,
    differences,
    docs_page,
    events,
    flows,
    hooks,
    instances,
    jobs,
    metadata,
    migrations,
    oauth,
    openapi,
    project,
    repairs,
    segment_previews,
    segments,
    shares,
    simulations,
    sources,
    starts,
    system,
    versions,
)
from .parts import DOCS, OPENAPI, PARTS, Parts
from .routes import Route
from .serving import add_routes, problems

LIVE_ADDRESS = "/v1/live"

ROUTES: tuple[Route, ...] = (
    *oauth.ROUTES,
    *events.ROUTES,
    *starts.ROUTES,
    *jobs.ROUTES,
    *hooks.ROUTES,
    *sources.ROUTES,
    *credentials.ROUTES,
    *simulations.ROUTES,
    *flows.ROUTES,
    *metadata.ROUTES,
    *project.ROUTES,
    *versions.ROUTES,
    *differences.ROUTES,
    *copies.ROUTES,
    *shares.ROUTES,
    *instances.ROUTES,
    *migrations.ROUTES,
    *repairs.ROUTES,
    *cards.ROUTES,
    *card_actions.ROUTES,
    *customers.ROUTES,
    *segments.ROUTES,
    *segment_previews.ROUTES,
    *app_events.ROUTES,
    *polling.ROUTES,
    *system.ROUTES,
)


def application(parts: Parts, live: Live) -> web.Application:
    """All of it, on these parts."""
    app = web.Application(client_max_size=parts.config.api.batch_bytes_max, middlewares=[problems])
    app[PARTS] = parts
    app[LIVE] = live
    described = openapi.document(ROUTES, version=str(parts.version["version"]))
    app[OPENAPI] = described
    app[DOCS] = docs_page.page(described)
    add_routes(app, ROUTES, parts)
    app.router.add_get(LIVE_ADDRESS, socket.live, allow_head=False)
    app.on_shutdown.append(lambda _: live.stop())
    return app
