"""Composition of what runs plugins for a worker: threads of its own, or processes.

With processes, the worker imports no connector, converter or transformation that is not ours: what
it has to know of plugins it asks a host. A config provider that is not ours has a process of its
own, as it is asked before there are hosts.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from penstock.cluster.catalog import Catalog, PluginKind
from penstock.cluster.growing_catalog import GrowingCatalog
from penstock.cluster.late import LateHosts, LateValidator
from penstock.cluster.messages import Report, TaskHosts, TaskId
from penstock.cluster.ports import Plugins, Validator
from penstock.cluster.threads import on_thread
from penstock.hosting.confirming import unrivalled
from penstock.hosting.policy import OUR_SETTINGS, HostingConfig
from penstock.hosting.ports import Confirming, OffsetStores
from penstock.observability.board import MetricsBoard
from penstock.plugins.registry import Registry
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.override_policies import OverridePolicy
from penstock.runtime.worker_config import WorkerConfig
from penstock.sdk.class_names import ClassFinder, ClassRef
from penstock.sdk.errors import ConfigError

if TYPE_CHECKING:
    from penstock.cluster.host_views import HostsView
    from penstock.cluster.plugin_specs import PluginSpec
    from penstock.cluster.validation import Validator as Checks
    from penstock.hosting.process import ProcessHosts
    from penstock.hosting.thread import ThreadHosts
    from penstock.kafka.cluster import ClusterLookup

OnReport = Callable[[Report], None]
Resolve = Callable[[Mapping[str, str | None]], dict[str, str | None]]


class WorkerParts(Struct, frozen=True):
    """What hosts need of a worker."""

    config: WorkerConfig
    properties: Mapping[str, str]
    policy: OverridePolicy
    clients: ClientSettings
    resolve: Resolve
    plugin_path: Sequence[str] = ()
    group_id: str | None = None
    exactly_once: bool = False
    measure_seconds: float = 5.0

    def converters(self) -> dict[str, str]:
        """The worker's converters, by setting."""
        return {
            "key.converter": self.config.key_converter.name,
            "value.converter": self.config.value_converter.name,
            "header.converter": self.config.header_converter.name,
        }


class Hosting(Protocol):
    """Where plugins run, and who knows them."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def validator(self) -> Validator: ...
    @property
    def plugins(self) -> Plugins: ...
    @property
    def views(self) -> HostsView: ...
    @property
    def board(self) -> MetricsBoard: ...

    def hosts(self, report: OnReport, confirm: Confirming = unrivalled) -> TaskHosts: ...

    async def find_plugins(self) -> Registry:
        """Look for plugins, if that is not done. Raises ConfigError if the worker lacks some."""
        ...

    async def cluster_id(self) -> str | None:
        """Of the Kafka cluster, as soon as it answers. Raises ConfigError and ConnectError."""
        ...

    def set_levels(self, levels: Mapping[str, int]) -> None:
        """The worker's loggers have new levels."""
        ...

    def renew(self, until: float) -> None:
        """Tasks may run until this monotonic time; without a call, for ever. Never blocks."""
        ...

    def when_out_of_time(self, call: Callable[[], None]) -> None:
        """`call` hears that tasks were ended because they were not allowed more time."""
        ...

    def close(self) -> None: ...


class ThreadHosting:
    """Everything in the worker's process."""

    def __init__(self, parts: WorkerParts, registry: Registry, offsets: OffsetStores) -> None:
        from penstock.cluster.plugin_views import ThreadedPlugins, ThreadedValidator
        from penstock.hosting.lease import Watch
        from penstock.hosting.thread_views import ThreadViews

        self._parts = parts
        self._offsets = offsets
        self._running: ThreadHosts | None = None
        self._told: Callable[[], None] = lambda: None
        self._watch = Watch(self._out_of_time)
        self.catalog = registry
        self.validator = ThreadedValidator(LateValidator(self._checks), registry)
        self.plugins = ThreadedPlugins(registry)
        self.board = MetricsBoard(registry, parts.converters())
        self.views = ThreadViews()

    def _checks(self) -> Checks:
        from penstock.cluster.validation import Validator, WorkerTraits

        parts, converters = self._parts, self._parts.converters()
        group, exactly_once = parts.group_id, parts.exactly_once
        traits = WorkerTraits(group, exactly_once, parts.policy, converters, OUR_SETTINGS)
        return Validator(self.catalog, traits, parts.resolve)

    def hosts(self, report: OnReport, confirm: Confirming = unrivalled) -> TaskHosts:
        def told(news: Report) -> None:
            self.board.reported(news)
            self.views.reported(news)
            report(news)

        hosts = LateHosts(lambda: self._make(told, confirm))
        return self.board.observing(hosts, self.views.commanded)

    def _make(self, report: OnReport, confirm: Confirming) -> TaskHosts:
        from penstock.hosting.chains import ChainPlugins
        from penstock.hosting.confirming import waiting
        from penstock.hosting.control import SystemClock
        from penstock.hosting.settings import HostSettings
        from penstock.hosting.tasks import TaskBuilder
        from penstock.hosting.thread import ThreadHosts
        from penstock.hosting.tuning import tune_process
        from penstock.kafka.task_clients import KafkaTaskClients

        builder = TaskBuilder(
            self.catalog,
            HostSettings.of(self._parts.config),
            KafkaTaskClients(self._parts.clients),
            self._offsets,
            ChainPlugins(self.catalog).chain,
            SystemClock(),
            waiting(confirm),
        )
        tune_process()
        hosts = self._running = ThreadHosts(builder, self.catalog, report)
        hosts.tell_measures(self._parts.measure_seconds, self.board.measured)
        return hosts

    async def find_plugins(self) -> Registry:
        return self.catalog

    async def cluster_id(self) -> str | None:
        return await cluster_id(self._parts.clients)

    def set_levels(self, levels: Mapping[str, int]) -> None:
        """Tasks log in this very process."""

    def renew(self, until: float) -> None:
        self._watch.renew(until)

    def when_out_of_time(self, call: Callable[[], None]) -> None:
        self._told = call

    def _out_of_time(self) -> None:
        if self._running is not None:
            self._running.cut_off()
        self._told()

    def close(self) -> None:
        """Threads end with the process."""


class ProcessHosting:
    """Everything in processes of its own."""

    def __init__(self, parts: WorkerParts, settings: HostingConfig, offsets: OffsetStores) -> None:
        from penstock.hosting.remote_plugins import PluginDesk, RemotePlugins, RemoteValidator

        self.parts = parts
        self.settings = settings
        self.offsets = offsets
        self.catalog = GrowingCatalog(Registry.builtin())
        self._found = asyncio.Event()
        self.board = MetricsBoard(self.catalog, self.parts.converters())
        self._report: OnReport | None = None
        self._confirm: Confirming | None = None
        self._hosts = self._make()
        self._desk = PluginDesk(self._hosts)
        self.validator = RemoteValidator(self._desk, self.catalog, self._found)
        self.plugins = RemotePlugins(self._desk, self.catalog, self._found)
        self.views = self._hosts
        self._hosts.set_first_plan(self._plan(()))
        self._hosts.warm_up()

    def _make(self) -> ProcessHosts:
        from penstock.hosting.fleet import HostingSettings
        from penstock.hosting.launch import ForkLauncher, SpawnLauncher, host_command
        from penstock.hosting.process import ProcessHosts

        linux = sys.platform.startswith("linux")  # elsewhere a fork may meet threads of the system
        forks = linux and self.settings.penstock_hosts_start == "fork"
        launcher = (ForkLauncher if forks else SpawnLauncher)(host_command())
        chosen = HostingSettings(
            self.settings.hosts_max,
            self.settings.penstock_hosts_processes_max,
            self.parts.properties,
            measure_seconds=self.parts.measure_seconds,
        )
        return ProcessHosts(
            launcher, self.offsets, self._told, chosen, self._may_begin, self.board.measured
        )

    def _told(self, report: Report) -> None:
        assert self._report is not None, "hosts report what they were told to do"
        self.board.reported(report)
        self._report(report)

    def _may_begin(self, task: TaskId, incarnation: int) -> Future[None]:
        assert self._confirm is not None, "tasks begin after they were told to"
        return self._confirm(task, incarnation)

    def hosts(self, report: OnReport, confirm: Confirming = unrivalled) -> TaskHosts:
        self._report, self._confirm = report, confirm
        return self.board.observing(self._hosts)

    async def find_plugins(self) -> Registry:
        from penstock.cluster.plugin_specs import CLASSPATH, described
        from penstock.hosting.remote_plugins import find_plugins

        found = await find_plugins(self._desk, [CLASSPATH, *self.parts.plugin_path])
        builtin = Registry.builtin()
        ours = [plugin for kind in PluginKind for plugin in builtin.plugins(kind)]
        registry = Registry([*ours, *described(found)])
        self._check_converters(registry)
        self.catalog.become(registry)
        self._hosts.set_plan(self._plan(found))
        self._found.set()
        return registry

    async def cluster_id(self) -> str | None:
        from penstock.hosting.remote_plugins import cluster_id

        return await cluster_id(self._desk)

    def _check_converters(self, registry: Registry) -> None:
        for setting, name in self.parts.converters().items():
            header = setting == "header.converter"
            kind = PluginKind.HEADER_CONVERTER if header else PluginKind.CONVERTER
            try:
                registry.plugin(kind, name.strip())
            except LookupError:
                text = f"Class {name} could not be found."
                raise ConfigError.invalid(setting, name, text) from None

    def _plan(self, plugins: tuple[PluginSpec, ...]) -> bytes:
        from penstock.hosting.plan import HostPlan, plan_bytes
        from penstock.hosting.settings import HostSettings

        parts = self.parts
        return plan_bytes(
            HostPlan(
                dict(parts.properties),
                HostSettings.of(parts.config),
                parts.config.connector_client_config_override_policy,
                tuple(parts.config.connector_client_config_override_allowlist),
                plugins,
                parts.clients.cluster_id,
                parts.group_id,
                parts.exactly_once,
                parts.converters(),
            )
        )

    def set_levels(self, levels: Mapping[str, int]) -> None:
        self._hosts.set_levels(levels)

    def renew(self, until: float) -> None:
        self._hosts.renew(until)

    def when_out_of_time(self, call: Callable[[], None]) -> None:
        self._hosts.when_out_of_time(call)

    def close(self) -> None:
        self._hosts.close()


async def cluster_id(clients: ClientSettings) -> str | None:
    """Asked by the worker itself; the code of Kafka's client is read on a thread."""

    def lookup() -> ClusterLookup:
        from penstock.kafka.cluster import ClusterLookup

        return ClusterLookup(clients.shared_admin())

    return await (await on_thread("kafka-clients", lookup)).answer()


def lenient(registry: Registry) -> ClassFinder:
    """Finds every class; those that are not ours are looked for later, by a host."""

    def find(name: str) -> ClassRef:
        return registry.find_class(name) or ClassRef(name)

    return find
