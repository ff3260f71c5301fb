"""The aiohttp application of a server: every route of the API, the live socket, and nothing else."""

from __future__ import annotations

from aiohttp import web

from server.live import polling, socket

from . import app_events, cards, customers, events, flows, instances, openapi, system
from .parts import OPENAPI, PARTS, Parts
from .routes import Route
from .serving import add_routes

ROUTES: tuple[Route, ...] = (
    *events.ROUTES,
    *flows.ROUTES,
    *instances.ROUTES,
    *cards.ROUTES,
    *customers.ROUTES,
    *app_events.ROUTES,
    *polling.ROUTES,
    *system.ROUTES,
)


def application(parts: Parts) -> web.Application:
    """All of it, on these parts."""
    app = web.Application(client_max_size=parts.config.api.batch_bytes_max)
    app[PARTS] = parts
    app[OPENAPI] = dict(openapi.document(ROUTES, version=str(parts.version["version"])))
    add_routes(app, ROUTES)
    socket.add_route(app)
    return app

