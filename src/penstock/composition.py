"""What the composition roots of workers have in common: settings, plugins, REST, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import os
import signal
import threading
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from penstock.cluster.catalog import Catalog, PluginKind
from penstock.cluster.ports import PeerWorkers
from penstock.cluster.restart_policy import RestartPolicy
from penstock.cluster.service import HerderService
from penstock.cluster.state import GroupSettings, Settings
from penstock.hosting.policy import HostingConfig, TaskPolicy
from penstock.hosting.ports import OffsetStores
from penstock.observability.levels import LoggerLevels
from penstock.observability.worker_metrics import WorkerViews
from penstock.plugins.registry import Registry
from penstock.rest.app import admin_app, rest_app
from penstock.rest.extensions import guards
from penstock.rest.server import RestServer
from penstock.rest.settings import rest_settings
from penstock.runtime import client_ids
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.config_providers import make_providers
from penstock.runtime.config_references import Resolved, resolve
from penstock.runtime.override_policies import Policies
from penstock.runtime.properties import load_properties
from penstock.runtime.worker_config import WorkerConfig
from penstock.sdk.class_names import finding_classes
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.redaction import hide, learn_settings
from penstock.stores.client_offsets import GroupOffsets
from penstock.worker_hosting import Hosting, ProcessHosting, ThreadHosting, WorkerParts, lenient

C = TypeVar("C", bound=WorkerConfig)
T = TypeVar("T")

log = logging.getLogger(__name__)

REST_STOP_SECONDS = 1.0


class StartError(Exception):
    """Why the worker does not start, or cannot go on: one sentence for the operator."""

    def __str__(self) -> str:
        return hide(super().__str__())


def read_worker_properties(path: Path) -> dict[str, str]:
    """A worker's properties file. Raises StartError."""
    try:
        return load_properties(content(path))
    except ValueError as error:
        raise StartError(f"{path} is no properties file: {error}") from error


def content(path: Path) -> bytes:
    """A file of the command line. Raises StartError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"{path} cannot be read: {error.strerror}.") from error


class Worker(Generic[C]):
    """One worker process: REST, the herder, and hosts for connectors and tasks."""

    def __init__(self, properties: Mapping[str, str], config: type[C]) -> None:
        """Check what can be checked without Kafka. Raises StartError."""
        if not properties.get("bootstrap.servers", "").strip():
            raise StartError(
                "bootstrap.servers is not set in the worker's properties; give the address of "
                "Kafka, for example bootstrap.servers=localhost:9092."
            )
        self._plugin_path = _plugin_path(properties)
        try:
            self._hosting = HostingConfig.parse(properties)
        except ConfigError as error:
            raise StartError(str(error)) from error
        threads = self._hosting.penstock_hosting == "thread"
        self._registry = Registry.discover(self._plugin_path) if threads else Registry.builtin()
        with finding_classes(self._registry.find_class if threads else lenient(self._registry)):
            try:
                self._providers = make_providers(properties, self._provider)
                self._properties = self._resolved(properties)
                learn_settings(self._properties)
                self._config: C = config.parse(self._properties)
                self._policy = Policies.named(
                    self._config.connector_client_config_override_policy,
                    self._config.connector_client_config_override_allowlist,
                )
                RestartPolicy.parse(self._properties)
                TaskPolicy.parse(self._properties)
                self._rest = rest_settings(self._properties)
                self._guards = guards(self._rest.extensions, os.environ)
            except ConfigError as error:
                raise StartError(str(error)) from error
        if unknown := self._config.unknown_settings():
            log.warning(
                "These settings were given but are not known to a worker: %s", ", ".join(unknown)
            )

    def _provider(self, name: str) -> type[Any]:
        """One of ours, or else one that runs in a process of its own."""
        with contextlib.suppress(LookupError):
            return self._registry.plugin(PluginKind.CONFIG_PROVIDER, name).load()
        if self._hosting.penstock_hosting == "thread":
            raise ConfigError(f"Class {name} could not be found; it is no config provider.")
        from penstock.hosting.launch import host_command
        from penstock.hosting.provider_process import RemoteProvider

        seconds = self._hosting.penstock_providers_timeout_ms / 1000
        return RemoteProvider.of(name, self._plugin_path, host_command(), seconds)

    def _looked_up(self, properties: Mapping[str, str]) -> Resolved:
        return resolve(properties, self._providers)

    def _resolved(self, properties: Mapping[str, str]) -> dict[str, str]:
        found = self._looked_up(properties).config
        return {name: text for name, text in found.items() if text is not None}

    async def run(self) -> bool:
        """Work until a signal says to stop. True if everything stopped in time.

        Raises StartError when REST or what the command line names cannot be started.
        """
        try:
            server = RestServer(self._rest)
        except (ConfigError, ConnectError) as error:
            raise StartError(str(error)) from error
        stop = stop_signal()
        try:
            return await self._serve(server, stop)
        finally:
            server.close()

    async def _serve(self, server: RestServer, stop: asyncio.Event) -> bool:
        """Work until `stop`; whether everything stopped in time."""
        raise NotImplementedError

    def _settings(self, server: RestServer, group: GroupSettings | None = None) -> Settings:
        """Of the herder; with those of a group it is one of many."""
        return Settings(
            server.worker_id,
            server.url,
            task_stop_timeout_ms=self._config.task_shutdown_graceful_timeout_ms,
            restarts=self._own_settings("errors.restart."),
            distributed=group is not None,
            group=group or GroupSettings(),
        )

    async def _listen(
        self,
        server: RestServer,
        herder: HerderService,
        peers: PeerWorkers,
        hosting: Hosting,
        levels: LoggerLevels,
    ) -> None:
        views = WorkerViews(hosting.board, lambda: herder.driver.state, hosting.views)
        main = rest_app(
            self._rest, herder, peers, hosting.plugins, levels, self._guards, views, views
        )
        await server.start(main, admin_app(self._rest, herder, peers, levels))
        look_for_garbage()
        if self._hosting.penstock_hosting == "thread":
            asyncio.get_running_loop().run_in_executor(None, warm_up)

    @property
    def _patience(self) -> float:
        """How long everything that runs may take to stop."""
        return self._config.task_shutdown_graceful_timeout_ms / 1000 + 1

    def _own_settings(self, prefix: str) -> dict[str, str]:
        return {k: v for k, v in self._properties.items() if k.startswith(prefix)}

    async def _until(self, stop: asyncio.Event, work: Any) -> None:
        """Do the work, but not longer than until the worker shall stop."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _find_plugins(self, hosting: Hosting) -> None:
        try:
            self._registry = await hosting.find_plugins()
        except (ConfigError, ConnectError) as error:
            raise StartError(str(error)) from error

    async def _kafka(self, asked: Awaitable[str | None]) -> str | None:
        """The cluster's id, from whoever was asked for it."""
        try:
            return await asked
        except (ConnectError, ConfigError) as error:
            raise StartError(str(error)) from error

    # Parts --------------------------------------------------------------------------------------

    def _resolved_or_null(self, config: Mapping[str, str | None]) -> dict[str, str | None]:
        return resolve(config, self._providers).config

    def _clients(self) -> ClientSettings:
        return ClientSettings(self._properties, policy=self._policy)

    def _make_hosting(self, offsets: OffsetStores) -> Hosting:
        parts = WorkerParts(
            self._config,
            self._properties,
            self._policy,
            self._clients(),
            self._resolved_or_null,
            self._plugin_path,
            self._clients().group_id,
            self._clients().exactly_once == "enabled",
            self._hosting.penstock_metrics_interval_ms / 1000,
        )
        if self._hosting.penstock_hosting == "process":
            return ProcessHosting(parts, self._hosting, offsets)
        return ThreadHosting(parts, self._registry, offsets)


class ClientPlugins:
    """What clients' questions about offsets need to know of connectors."""

    def __init__(self, clients: ClientSettings, catalog: Catalog) -> None:
        self._clients = clients
        self.catalog = catalog

    def is_sink(self, config: Mapping[str, str | None]) -> bool:
        name, version = config.get("connector.class"), config.get("connector.plugin.version")
        return self.catalog.connector(name or "", version).kind is PluginKind.SINK

    def groups(self, connector: str, properties: Mapping[str, str]) -> GroupOffsets:
        from penstock.kafka.admin import KafkaAdmin

        client_id = client_ids.worker_admin(connector)
        return KafkaAdmin(self._clients.admin(properties, client_id))


@contextlib.asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, T]) -> AsyncGenerator[asyncio.Task[T]]:
    """Work that goes on beside what stands inside, and ends with it."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def look_for_garbage() -> None:
    """From now on, if the command put it off; what has been imported is none."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def warm_up() -> None:
    """Read the code that the first connector will need, while REST answers already."""
    for name in ("cluster.validation", "hosting.tasks", "hosting.thread", "kafka.task_clients"):
        importlib.import_module(f"penstock.{name}")


def _plugin_path(properties: Mapping[str, str]) -> list[str]:
    """Read as given, as Java does: references to config providers are not resolved here."""
    return [part.strip() for part in properties.get("plugin.path", "").split(",") if part.strip()]


def stop_signal() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; a second one ends the process at once."""
    stop = asyncio.Event()

    def asked(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    return stop


def leave(status: int) -> None:
    """End the process although threads that were given up on still run."""
    logging.shutdown()
    others = [t for t in threading.enumerate() if t is not threading.main_thread()]
    if any(thread.name.startswith(("task-thread-", "connector-thread-")) for thread in others):
        os._exit(status)
