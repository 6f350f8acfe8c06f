"""The ASGI applications: Starlette, with Jetty's ways where clients can see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penstock.cluster.host_views import HostsView, MetricsView
from penstock.cluster.ports import Herder, Levels, PeerWorkers, Plugins
from penstock.rest.answers import Answer
from penstock.rest.connectors import Connectors
from penstock.rest.endpoint import Call, Endpoint, Guard, Methods, bare
from penstock.rest.errors import HttpError
from penstock.rest.middleware import AccessLog, HeaderRules, Origins
from penstock.rest.own import own_routes
from penstock.rest.paths import Paths, Unreadable, page
from penstock.rest.requests import Requests
from penstock.rest.resources import Internal, Loggers, PluginResources, Server
from penstock.rest.routes import admin_routes, main_routes
from penstock.rest.settings import RestSettings

DESCRIPTION = "/openapi.json"


def rest_app(
    settings: RestSettings,
    herder: Herder,
    peers: PeerWorkers,
    plugins: Plugins,
    levels: Levels,
    guards: Sequence[Guard] = (),
    hosts: HostsView | None = None,
    measures: MetricsView | None = None,
) -> Starlette:
    """What the main listeners serve."""
    requests = Requests(herder, peers, settings.request_timeout_seconds)
    routes = main_routes(
        Server(requests, settings.version, settings.commit, settings.health_timeout_seconds),
        Connectors(
            requests,
            topic_tracking=settings.topic_tracking,
            topic_tracking_reset=settings.topic_tracking_reset,
        ),
        PluginResources(requests, plugins),
        Internal(requests),
    )
    if settings.admin_listeners is None:
        routes |= admin_routes(Loggers(requests, levels))
    routes |= own_routes(hosts, measures)
    routes |= _described(routes)
    middleware = [Middleware(AccessLog), Middleware(Paths)]
    if settings.response_headers:
        middleware.append(Middleware(HeaderRules, settings.response_headers))
    if settings.allowed_origins:
        told = (settings.allowed_origins, settings.allowed_methods)
        middleware.append(Middleware(Origins, *told))
    return _starlette(routes, guards, settings.body_bytes_max, middleware)


def admin_app(
    settings: RestSettings, herder: Herder, peers: PeerWorkers, levels: Levels
) -> Starlette:
    """What the admin listeners serve, if there are any of their own."""
    requests = Requests(herder, peers, settings.request_timeout_seconds)
    routes = admin_routes(Loggers(requests, levels))
    middleware = [Middleware(AccessLog), Middleware(Paths)]
    return _starlette(routes, (), settings.body_bytes_max, middleware)


def _described(routes: Mapping[str, Methods]) -> dict[str, Methods]:
    served = [(method, path) for path, methods in routes.items() for method in methods]

    async def description(call: Call) -> Answer:
        from penstock.rest.openapi import description

        return description([*served, ("GET", DESCRIPTION)])

    return {DESCRIPTION: {"GET": description}}


def _starlette(
    routes: Mapping[str, Methods],
    guards: Sequence[Guard],
    body_bytes_max: int,
    middleware: Sequence[Middleware],
) -> Starlette:
    app = Starlette(
        routes=[
            Route(path, Endpoint(methods, guards, body_bytes_max))
            for path, methods in routes.items()
        ],
        middleware=middleware,
        exception_handlers={HTTPException: _unrouted, HttpError: _refused, Unreadable: _unread},
    )
    app.router.redirect_slashes = False
    return app


async def _unrouted(request: Request, error: Exception) -> Response:
    """No route has this path."""
    assert isinstance(error, HTTPException)
    return bare(error.status_code, request.method)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)
    return bare(error.status, request.method)


async def _unread(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unreadable)
    return page(error, request.method)
