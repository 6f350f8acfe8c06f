"""Composition root of a standalone worker: reads settings, builds everything, runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from penstock.cluster.catalog import PluginKind
from penstock.cluster.messages import TargetState
from penstock.cluster.ports import PeerAnswer
from penstock.cluster.service import HerderService
from penstock.cluster.standalone import build_standalone
from penstock.composition import (
    REST_STOP_SECONDS,
    ClientPlugins,
    StartError,
    Worker,
    content,
    leave,
    meanwhile,
    read_worker_properties,
)
from penstock.observability.levels import LoggerLevels
from penstock.rest.server import RestServer
from penstock.runtime.connector_files import ConnectorFile, parse_connector_file
from penstock.runtime.error_text import headline
from penstock.runtime.worker_config import StandaloneConfig
from penstock.sdk.errors import ConnectError
from penstock.stores.client_offsets import ClientOffsets
from penstock.stores.files import OffsetFile
from penstock.stores.offsets import ConnectorOffsets
from penstock.worker_hosting import Hosting

__all__ = [
    "GivenConnector",
    "StandaloneWorker",
    "StartError",
    "leave",
    "read_connector",
    "read_worker_properties",
]

log = logging.getLogger(__name__)

INITIAL = {
    "RUNNING": TargetState.STARTED,
    "PAUSED": TargetState.PAUSED,
    "STOPPED": TargetState.STOPPED,
}


class GivenConnector(Struct, frozen=True):
    """A connector of the command line."""

    path: Path
    file: ConnectorFile


def read_connector(path: Path) -> GivenConnector:
    """A connector file, JSON or properties. Raises StartError."""
    try:
        return GivenConnector(path, parse_connector_file(content(path), str(path)))
    except (ValueError, ConnectError) as error:
        raise StartError(str(error)) from error


class StandaloneWorker(Worker[StandaloneConfig]):
    """A worker on its own, with the connectors of its command line."""

    def __init__(
        self, properties: Mapping[str, str], connectors: Sequence[GivenConnector] = ()
    ) -> None:
        """Check what can be checked without Kafka. Raises StartError."""
        _check(connectors)
        super().__init__(properties, StandaloneConfig)
        self._connectors = connectors

    async def _serve(self, server: RestServer, stop: asyncio.Event) -> bool:
        offsets = self._offsets()
        hosting = self._make_hosting(offsets)
        offsets.plugins.catalog = hosting.catalog
        levels = LoggerLevels(told=hosting.set_levels)
        herder = build_standalone(
            self._settings(server),
            hosting.hosts,
            hosting.validator,
            offsets.for_clients,
            levels,
            self._looked_up,
        )
        await self._listen(server, herder, NoPeers(), hosting, levels)
        try:
            await self._until(stop, self._start_connectors(herder, hosting))
            await stop.wait()
            log.info("Stopping")
        finally:
            await server.stop(REST_STOP_SECONDS)
            stopped = await herder.driver.close(self._patience)
            hosting.close()
            offsets.close()
        return stopped

    async def _start_connectors(self, herder: HerderService, hosting: Hosting) -> None:
        """Create the command line's connectors, as soon as Kafka answers."""
        async with meanwhile(self._kafka(hosting.cluster_id())) as cluster_id:
            await self._find_plugins(hosting)
            for given in self._connectors:
                await self._check_connector(herder, given)
            herder.connected(await cluster_id)
        for given in self._connectors:
            await self._create(herder, given)
        herder.started()
        log.info("Kafka Connect started")

    async def _check_connector(self, herder: HerderService, given: GivenConnector) -> None:
        """A wrong configuration is told at once, with or without Kafka."""
        try:
            found = await herder.validate(given.file.config)
        except Exception as error:
            name = given.file.config.get("connector.class") or ""
            hint = self._registry.did_you_mean(name, (PluginKind.SOURCE, PluginKind.SINK))
            text = headline(error).split(", available connectors are")[0]
            raise StartError(f"{given.path}: {text}.{hint}") from error
        errors = [text for info in found.configs for text in info.value.errors]
        if errors:
            raise StartError(f"{given.path}: {' '.join(dict.fromkeys(errors))}")

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

    def _offsets(self) -> WorkerOffsets:
        return WorkerOffsets(
            self._config.offset_storage_file_filename,
            ClientPlugins(self._clients(), self._registry),
            self._resolved,
        )


class WorkerOffsets:
    """The offset file, for tasks and for clients."""

    def __init__(
        self,
        path: Path,
        plugins: ClientPlugins,
        resolved: Callable[[Mapping[str, str]], dict[str, str]],
    ) -> None:
        self.plugins = plugins
        self._file = OffsetFile(path)
        self.for_clients = ClientOffsets(self.of, plugins.groups, plugins.is_sink, resolved)
        try:
            self._file.start()
        except ConnectError as error:
            raise StartError(str(error)) from error

    def of(self, connector: str, properties: Mapping[str, str]) -> ConnectorOffsets:
        return ConnectorOffsets(connector, self._file)

    def close(self) -> None:
        self._file.stop()


class NoPeers:
    """A standalone worker has nobody to ask."""

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        raise ConnectionError("A standalone worker forwards nothing.")


def _check(connectors: Sequence[GivenConnector]) -> None:
    seen: dict[str, Path] = {}
    for given in connectors:
        other = seen.setdefault(given.file.name, given.path)
        if other is not given.path:
            raise StartError(
                f"{other} and {given.path} both configure a connector named {given.file.name}; "
                "give one of them another name."
            )
