"""Composition root of a worker: reads settings, builds everything, runs."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.cluster.catalog import Catalog, PluginKind
from penstock.cluster.messages import TargetState
from penstock.cluster.ports import PeerAnswer
from penstock.cluster.restart_policy import RestartPolicy
from penstock.cluster.service import HerderService
from penstock.cluster.standalone import build_standalone
from penstock.cluster.state import Settings
from penstock.hosting.policy import HostingConfig, TaskPolicy
from penstock.observability.levels import LoggerLevels
from penstock.plugins.registry import Registry
from penstock.rest.app import admin_app, rest_app
from penstock.rest.extensions import guards
from penstock.rest.server import RestServer
from penstock.rest.settings import rest_settings
from penstock.runtime import client_ids
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.config_providers import make_providers
from penstock.runtime.config_references import resolve
from penstock.runtime.connector_files import ConnectorFile, parse_connector_file
from penstock.runtime.override_policies import Policies
from penstock.runtime.properties import load_properties
from penstock.runtime.worker_config import StandaloneConfig
from penstock.sdk.class_names import finding_classes
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.stores.client_offsets import ClientOffsets, GroupOffsets
from penstock.stores.files import OffsetFile
from penstock.stores.offsets import ConnectorOffsets
from penstock.worker_hosting import Hosting, ProcessHosting, ThreadHosting, WorkerParts, lenient

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)

REST_STOP_SECONDS = 1.0
INITIAL = {
    "RUNNING": TargetState.STARTED,
    "PAUSED": TargetState.PAUSED,
    "STOPPED": TargetState.STOPPED,
}


class StartError(Exception):
    """Why the worker does not start: one sentence for the operator."""


@dataclass(frozen=True)
class GivenConnector:
    """A connector of the command line."""

    path: Path
    file: ConnectorFile


def read_worker_properties(path: Path) -> dict[str, str]:
    """A worker's properties file. Raises StartError."""
    try:
        return load_properties(_content(path))
    except ValueError as error:
        raise StartError(f"{path} is no properties file: {error}") from error


def read_connector(path: Path) -> GivenConnector:
    """A connector file, JSON or properties. Raises StartError."""
    try:
        return GivenConnector(path, parse_connector_file(_content(path), str(path)))
    except (ValueError, ConnectError) as error:
        raise StartError(str(error)) from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"{path} cannot be read: {error.strerror}.") from error


class StandaloneWorker:
    """One worker process: REST, the herder, and hosts for connectors and tasks."""

    def __init__(
        self, properties: Mapping[str, str], connectors: Sequence[GivenConnector] = ()
    ) -> None:
        """Check what can be checked without Kafka. Raises StartError."""
        _check(properties, connectors)
        self._connectors = connectors
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
                self._config = StandaloneConfig.parse(self._properties)
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
        """One of ours, or else one for which plugins are imported after all."""
        for known in (lambda: self._registry, lambda: Registry.discover(self._plugin_path)):
            with contextlib.suppress(LookupError):
                return known().plugin(PluginKind.CONFIG_PROVIDER, name).load()
        raise ConfigError(f"Class {name} could not be found; it is no config provider.")

    def _resolved(self, properties: Mapping[str, str]) -> dict[str, str]:
        found = resolve(properties, self._providers).config
        return {name: text for name, text in found.items() if text is not None}

    async def run(self) -> bool:
        """Work until a signal says to stop. True if everything stopped in time.

        Raises StartError when REST or a connector of the command line cannot be started.
        """
        try:
            server = RestServer(self._rest)
        except (ConfigError, ConnectError) as error:
            raise StartError(str(error)) from error
        stop = _stop_signal()
        try:
            return await self._serve(server, stop)
        finally:
            server.close()

    async def _serve(self, server: RestServer, stop: asyncio.Event) -> bool:
        offsets = self._offsets()
        hosting = self._make_hosting(offsets)
        offsets.catalog = hosting.catalog
        levels = LoggerLevels(told=hosting.set_levels)
        herder = build_standalone(
            Settings(
                server.worker_id,
                server.url,
                task_stop_timeout_ms=self._config.task_shutdown_graceful_timeout_ms,
                restarts=self._own_settings("errors.restart."),
            ),
            hosting.hosts,
            hosting.validator,
            offsets.for_clients,
            levels,
            self._resolved,
        )
        main = rest_app(self._rest, herder, NoPeers(), hosting.plugins, levels, self._guards, hosting.views)
        await server.start(main, admin_app(self._rest, herder, NoPeers(), levels))
        try:
            if self._hosting.penstock_hosting == "thread":
                asyncio.get_running_loop().run_in_executor(None, warm_up)
            await self._until(stop, self._start_connectors(herder, hosting))
            await stop.wait()
            log.info("Stopping")
        finally:
            await server.stop(REST_STOP_SECONDS)
            patience = self._config.task_shutdown_graceful_timeout_ms / 1000 + 1
            stopped = await herder.driver.close(patience)
            hosting.close()
            offsets.close()
        return stopped

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

    async def _start_connectors(self, herder: HerderService, hosting: Hosting) -> None:
        """Create the command line's connectors, as soon as Kafka answers."""
        try:
            self._registry = await hosting.find_plugins()
        except (ConfigError, ConnectError) as error:
            raise StartError(str(error)) from error
        for given in self._connectors:
            await self._check_connector(herder, given)
        cluster_id = await self._kafka()
        herder.connected(cluster_id)
        for given in self._connectors:
            await self._create(herder, given)
        herder.started()
        log.info("Kafka Connect started")

    async def _check_connector(self, herder: HerderService, given: GivenConnector) -> None:
        """A wrong configuration is told at once, with or without Kafka."""
        try:
            found = await herder.validate(given.file.config)
        except ConnectError as error:
            name = given.file.config.get("connector.class") or ""
            hint = self._registry.did_you_mean(name, (PluginKind.SOURCE, PluginKind.SINK))
            text = str(error).split(", available connectors are")[0]
            raise StartError(f"{given.path}: {text}.{hint}") from error
        errors = [text for info in found.configs for text in info.value.errors]
        if errors:
            raise StartError(f"{given.path}: {' '.join(dict.fromkeys(errors))}")

    async def _kafka(self) -> str | None:
        from penstock.kafka.cluster import ClusterLookup

        try:
            return await ClusterLookup(self._clients().shared_admin()).answer()
        except (ConnectError, ConfigError) as error:
            raise StartError(str(error)) from error

    async def _create(self, herder: HerderService, given: GivenConnector) -> None:
        file = given.file
        initial = None if file.initial_state is None else INITIAL[file.initial_state]
        try:
            await herder.put_connector_config(
                file.name, file.config, replace=False, initial=initial
            )
        except ConnectError as error:
            raise StartError(f"{given.path}: {error}") from error
        log.info("Created connector %s", file.name)

    # Parts --------------------------------------------------------------------------------------

    def _resolved_or_null(self, config: Mapping[str, str | None]) -> dict[str, str | None]:
        return resolve(config, self._providers).config

    def _clients(self) -> ClientSettings:
        return ClientSettings(self._properties, policy=self._policy)

    def _offsets(self) -> WorkerOffsets:
        return WorkerOffsets(
            self._config.offset_storage_file_filename,
            self._clients(),
            self._registry,
            self._resolved,
        )

    def _make_hosting(self, offsets: WorkerOffsets) -> Hosting:
        parts = WorkerParts(
            self._config,
            self._properties,
            self._policy,
            self._clients(),
            self._resolved_or_null,
            self._plugin_path,
        )
        if self._hosting.penstock_hosting == "process":
            return ProcessHosting(parts, self._hosting, offsets)
        return ThreadHosting(parts, self._registry, offsets)


class WorkerOffsets:
    """The offset file, for tasks and for clients."""

    def __init__(
        self,
        path: Path,
        clients: ClientSettings,
        catalog: Catalog,
        resolved: Callable[[Mapping[str, str]], dict[str, str]],
    ) -> None:
        self._clients = clients
        self.catalog = catalog
        self._file = OffsetFile(path)
        self.for_clients = ClientOffsets(self.of, self._groups, self._is_sink, resolved)
        try:
            self._file.start()
        except ConnectError as error:
            raise StartError(str(error)) from error

    def of(self, connector: str, properties: Mapping[str, str]) -> ConnectorOffsets:
        return ConnectorOffsets(connector, self._file)

    def close(self) -> None:
        self._file.stop()

    def _is_sink(self, config: Mapping[str, str | None]) -> bool:
        name, version = config.get("connector.class"), config.get("connector.plugin.version")
        return self.catalog.connector(name or "", version).kind is PluginKind.SINK

    def _groups(self, connector: str, properties: Mapping[str, str]) -> GroupOffsets:
        from penstock.kafka.admin import KafkaAdmin

        client_id = client_ids.worker_admin(connector)
        return KafkaAdmin(self._clients.admin(properties, client_id))


def warm_up() -> None:
    """Read the code that the first connector will need, while REST answers already."""
    for name in ("cluster.validation", "hosting.tasks", "hosting.thread", "kafka.task_clients"):
        importlib.import_module(f"penstock.{name}")


class NoPeers:
    """A standalone worker has nobody to ask."""

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        raise ConnectionError("A standalone worker forwards nothing.")


def _check(properties: Mapping[str, str], connectors: Sequence[GivenConnector]) -> None:
    if not properties.get("bootstrap.servers", "").strip():
        raise StartError(
            "bootstrap.servers is not set in the worker's properties; give the address of Kafka, "
            "for example bootstrap.servers=localhost:9092."
        )
    seen: dict[str, Path] = {}
    for given in connectors:
        other = seen.setdefault(given.file.name, given.path)
        if other is not given.path:
            raise StartError(
                f"{other} and {given.path} both configure a connector named {given.file.name}; "
                "give one of them another name."
            )


def _plugin_path(properties: Mapping[str, str]) -> list[str]:
    """Read as given, as Java does: references to config providers are not resolved here."""
    return [part.strip() for part in properties.get("plugin.path", "").split(",") if part.strip()]


def _stop_signal() -> asyncio.Event:
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
