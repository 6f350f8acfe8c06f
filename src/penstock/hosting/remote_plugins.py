"""Validation and descriptions of plugins, asked of a host process: the worker imports no plugin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

from penstock.cluster.catalog import Catalog
from penstock.cluster.errors import BadRequest
from penstock.cluster.plugin_specs import PluginSpec
from penstock.cluster.plugin_views import CatalogPlugins, without_secrets
from penstock.cluster.views import ConfigInfos, ConfigKeyInfo, PluginInfo
from penstock.hosting import questions
from penstock.hosting.fleet import AskedError, HostEnded
from penstock.sdk.errors import ConfigError, ConnectError, NotFoundError

log = logging.getLogger(__name__)

QUESTIONS_MAX = 64  # at once
QUESTION_SECONDS = 80.0  # less than clients of the REST interface wait
IMPORT_SECONDS = 30.0  # for importing all plugins of one place
PAUSE_SECONDS = 0.5  # before another host is asked
KINDS = (BadRequest, ConfigError, ConnectError, NotFoundError)
_KNOWN = {f"{kind.__module__}:{kind.__qualname__}": kind for kind in KINDS}


class Questions(Protocol):
    """Hosts that can be asked."""

    def ask(self, question: str, body: bytes) -> Future[bytes]: ...

    def end_questions(self, why: str) -> None:
        """End the host that is asked; the next question is for a new one."""
        ...


class PluginDesk:
    """Asks, a few questions at a time, and none for ever."""

    def __init__(self, hosts: Questions) -> None:
        self._hosts = hosts
        self._slots = asyncio.Semaphore(QUESTIONS_MAX)

    async def ask(
        self, question: str, body: bytes, seconds: float | None = QUESTION_SECONDS
    ) -> bytes:
        """Raises what the plugin raised, as one of our errors. Without seconds it may take long."""
        async with self._slots:
            answer = asyncio.wrap_future(self._hosts.ask(question, body))
            try:
                return await asyncio.wait_for(answer, seconds)
            except AskedError as error:
                raise raised_there(error) from error
            except TimeoutError as error:
                self._hosts.end_questions(f"a plugin did not answer within {seconds:g} s.")
                raise ConnectError(f"The plugin did not answer within {seconds:g} s.") from error


def raised_there(error: AskedError) -> Exception:
    """The error as it would be if it had been raised in this process."""
    known = _KNOWN.get(error.kind)
    if known is not None:
        return known(str(error))
    named = ConnectError.java_class if error.failure is None else error.failure.java_class
    return type("RaisedThere", (ConnectError,), {"java_class": named})(str(error))


async def cluster_id(desk: PluginDesk, pause_seconds: float = PAUSE_SECONDS) -> str | None:
    """Of the Kafka cluster, as soon as it answers; the worker itself needs no client for it.

    Raises ConfigError and ConnectError for settings that can never work.
    """
    while True:
        try:
            return questions.read_cluster(await desk.ask(questions.CLUSTER, b"", None))
        except HostEnded:  # with a plugin that it was asked about
            await asyncio.sleep(pause_seconds)


async def find_plugins(
    desk: PluginDesk, places: Sequence[str], seconds: float = IMPORT_SECONDS
) -> tuple[PluginSpec, ...]:
    """Those in folders, or on the `classpath`; without those that crash or hang when imported."""
    try:
        return await _found_in(desk, places, seconds * len(places))
    except ConnectError as error:
        log.error("Plugins could not be looked for together: %s", error)
    found: tuple[PluginSpec, ...] = ()
    for place in places:
        try:
            found += await _found_in(desk, [place], seconds)
        except ConnectError as error:
            log.error("The plugins of %s are left out. %s", place, error)
    return found


async def _found_in(
    desk: PluginDesk, places: Sequence[str], seconds: float
) -> tuple[PluginSpec, ...]:
    body = questions.encode(list(places))
    found = questions.read_found(await desk.ask(questions.PLUGINS, body, seconds))
    for problem in found.problems:
        text = "Plugin %s in %s is left out: %s"
        log.error(text, problem.name, problem.location, problem.reason)
    return found.plugins


class RemoteValidator:
    """The control plane's `Validator`."""

    def __init__(self, desk: PluginDesk, catalog: Catalog, found: asyncio.Event) -> None:
        self._desk = desk
        self._catalog = catalog
        self._found = found  # set when all plugins have been looked for

    async def validate(self, config: Mapping[str, str | None]) -> ConfigInfos:
        await self._found.wait()
        body = questions.encode(dict(config))
        try:
            return questions.read_infos(await self._desk.ask(questions.VALIDATE, body))
        except BadRequest as error:
            raise BadRequest(without_secrets(str(error), config)) from error

    def kind(self, config: Mapping[str, str | None]) -> str:
        name = config.get("connector.class")
        if name is None:
            return "unknown"
        try:
            version = config.get("connector.plugin.version")
            return self._catalog.connector(name, version).kind.value
        except Exception:  # a class that cannot be found may yet be shown
            return "unknown"


class RemotePlugins:
    """What `/connector-plugins` shows."""

    def __init__(self, desk: PluginDesk, catalog: Catalog, found: asyncio.Event) -> None:
        self._desk = desk
        self._catalog = catalog
        self._found = found

    async def listed(self, *, connectors_only: bool) -> list[PluginInfo]:
        await self._found.wait()
        return CatalogPlugins(self._catalog).listed(connectors_only=connectors_only)

    async def described(self, plugin: str, version: str | None) -> list[ConfigKeyInfo]:
        await self._found.wait()
        body = questions.encode(questions.Describe(plugin, version))
        return questions.read_keys(await self._desk.ask(questions.DESCRIBE, body))
