"""Listens: sockets for every listener, uvicorn above them, and the address others are told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.rest.settings import Listener, RestSettings
from penstock.sdk.errors import ConnectError

if TYPE_CHECKING:
    import ssl

    import uvicorn
    from starlette.types import ASGIApp

log = logging.getLogger(__name__)

BACKLOG = 1024
FILES_MIN = 8192  # of which connections are one half at most
KEEP_ALIVE_SECONDS = 30
CLOSE_SECONDS = 60
TICK_SECONDS = 1.0  # as often as the header Date changes
SWITCH_SECONDS = 0.0005  # how long the thread of a task may keep the interpreter to itself
Bound = list[tuple[Listener, socket.socket]]
DEFAULT_PORTS = {"http": 80, "https": 443}


class RestServer:
    """Binds its sockets when it is made, so that the worker knows its address before it starts."""

    def __init__(self, settings: RestSettings) -> None:
        """Raises ConfigError for TLS settings that cannot be used, ConnectError for sockets."""
        self._settings = settings
        self._main_tls = _tls(settings.listeners, settings.ssl)
        self._admin_tls = _tls(settings.admin_listeners or (), settings.admin_ssl)
        self._resources = contextlib.ExitStack()
        self._servers: list[uvicorn.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = asyncio.Event()
        with contextlib.ExitStack() as half_made:
            self.main = [(it, half_made.enter_context(_bound(it))) for it in settings.listeners]
            admin = settings.admin_listeners or ()
            self.admin = [(it, half_made.enter_context(_bound(it))) for it in admin]
            self._resources = half_made.pop_all()

    @property
    def scheme(self) -> str:
        """Of the advertised listener."""
        if self._settings.advertised_listener:
            return self._settings.advertised_listener
        schemes = [listener.scheme for listener in self._settings.listeners]
        return "http" if "http" in schemes or not schemes else "https"

    @property
    def worker_id(self) -> str:
        """`host:port`, as other workers and clients are told."""
        chosen = next((pair for pair in self.main if pair[0].scheme == self.scheme), None)
        host = self._settings.advertised_host or (chosen[0].host if chosen else "")
        port = self._settings.advertised_port
        if port is None:
            port = chosen[1].getsockname()[1] if chosen else DEFAULT_PORTS[self.scheme]
        shown = host or machine_address()
        return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.worker_id}/"

    @property
    def ports(self) -> list[int]:
        """The ports of the main listeners, in their order."""
        return [bound.getsockname()[1] for _, bound in self.main]

    async def start(self, app: ASGIApp, admin_app: ASGIApp | None = None) -> None:
        """Begin to answer; returns once requests are accepted.

        Threads of this process take turns faster from now on: an answer takes a few turns.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        _allow_files(FILES_MIN)
        await self._listen(app, self.main, self._main_tls)
        if admin_app is not None:
            await self._listen(admin_app, self.admin, self._admin_tls)
        for listener, sock in [*self.main, *self.admin]:
            port = sock.getsockname()[1]
            log.info("Listening on %s://%s:%d", listener.scheme, listener.host, port)

    async def _listen(self, app: ASGIApp, bound: Bound, tls: ssl.SSLContext | None) -> None:
        for scheme in DEFAULT_PORTS:
            sockets = [sock for listener, sock in bound if listener.scheme == scheme]
            if sockets:
                await self._serve(app, sockets, tls if scheme == "https" else None)

    async def _serve(
        self, app: ASGIApp, sockets: list[socket.socket], tls: ssl.SSLContext | None
    ) -> None:
        import uvicorn

        from penstock.rest.protocol import LimitedProtocol

        config = uvicorn.Config(
            app,
            http=LimitedProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=CLOSE_SECONDS,
        )
        config.load()
        config.ssl = tls
        server = uvicorn.Server(config)
        task = asyncio.create_task(_run(server, sockets, self._ending))
        self._servers.append(server)
        self._tasks.append(task)
        while not server.started:
            if task.done():
                task.result()
                raise ConnectError("The REST server ended before it accepted requests")
            await asyncio.sleep(0.001)

    async def stop(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Accept nothing more and let requests end, for a while."""
        for server in self._servers:
            server.should_exit = True
        self._ending.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout_seconds)
            for task in late:
                task.cancel()
        self.close()

    def close(self) -> None:
        self._resources.close()


async def _run(
    server: uvicorn.Server, sockets: Sequence[socket.socket], ending: asyncio.Event
) -> None:
    """Like `Server.serve`, without taking the process's signals, or waking ten times a second."""
    config = server.config
    if not config.loaded:
        config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=list(sockets))
    while not server.should_exit and not await server.on_tick(0):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(ending.wait(), TICK_SECONDS)
    await server.shutdown(sockets=list(sockets))


def _allow_files(count: int) -> None:
    """As Java does: more files than a shell allows by default, if the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= count:
        return
    wanted = count if hard == unlimited else min(count, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _tls(listeners: Sequence[Listener], settings: Mapping[str, str]) -> ssl.SSLContext | None:
    if all(listener.scheme != "https" for listener in listeners):
        return None
    from penstock.rest.tls import server_context

    return server_context(settings)


@contextlib.contextmanager
def _bound(listener: Listener) -> Any:
    host = listener.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named as TCP, asyncio turns off the delaying of small writes
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host or "0.0.0.0", listener.port))
        except OSError as error:
            where = f"{listener.scheme}://{host}:{listener.port}"
            raise ConnectError(f"Cannot listen on {where}: {error.strerror or error}") from error
        sock.setblocking(False)
        sock.set_inheritable(False)
        yield sock
    finally:
        sock.close()


def machine_address() -> str:
    """The address under which this machine is probably known; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address reserved for documentation
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
