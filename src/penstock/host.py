"""Composition root of a task-host process, and of the nursery that forks such processes.

nursery DESCRIPTOR         fork hosts as the worker at the other end of the socket asks for
host DESCRIPTOR PARENT     be a host that was started from nothing
provider DESCRIPTOR        be the config provider that the worker asks for
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from penstock.cluster.catalog import Plugin, PluginKind
from penstock.cluster.growing_catalog import GrowingCatalog
from penstock.cluster.plugin_specs import CLASSPATH, loadable, spec_of
from penstock.cluster.plugin_views import CatalogPlugins
from penstock.cluster.validation import Validator, WorkerTraits
from penstock.hosting import nursery, questions
from penstock.hosting.chains import ChainPlugins
from penstock.hosting.child import Compose, serve
from penstock.hosting.control import SystemClock
from penstock.hosting.plan import HostPlan, read_plan
from penstock.hosting.policy import OUR_SETTINGS
from penstock.hosting.ports import Confirm, OffsetStores
from penstock.hosting.provider_process import Make, serve_provider
from penstock.hosting.tasks import TaskBuilder
from penstock.kafka.task_clients import KafkaTaskClients
from penstock.plugins import discovery
from penstock.plugins.registry import Registry
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.config_providers import make_providers
from penstock.runtime.config_references import resolve
from penstock.runtime.override_policies import Policies
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import config_class
from penstock.sdk.errors import ConfigError
from penstock.sdk.provider import ConfigProvider
from penstock.sdk.redaction import learn_settings

# Used by nearly every connector, so that they are imported once and not by each host.
USUAL = (
    "penstock.connectors.file",
    "penstock.converters.json",
    "penstock.converters.simple_header",
    "penstock.converters.string",
    "penstock.runtime.witness",
    "penstock.transforms.insert_field",
    "penstock.transforms.regex_router",
)


def main(arguments: Sequence[str], compose: Compose | None = None) -> NoReturn:
    """Never returns."""
    role, descriptor = arguments[0], int(arguments[1])
    if role == "nursery":
        _import_usual()
    gc.freeze()  # hosts share what is never touched
    gc.enable()
    made = compose or HostComposition.of_plan

    def host(channel: socket.socket) -> None:
        serve(channel, made)

    if role == "provider":
        serve_provider(socket.socket(fileno=descriptor), make_provider)
    elif role == "nursery":
        nursery.serve(socket.socket(fileno=descriptor), host)
    else:
        nursery.become_host(int(arguments[2]))
        host(socket.socket(fileno=descriptor))
    sys.stdout.flush()
    os._exit(0)


def make_provider(wanted: Make) -> ConfigProvider[Any]:
    """Of a plugin that is installed or lies in one of the folders."""
    registry = Registry.discover(wanted.places)
    with finding_classes(registry.find_class):
        try:
            kind = registry.plugin(PluginKind.CONFIG_PROVIDER, wanted.plugin).load()
        except LookupError:
            text = f"Class {wanted.plugin} could not be found; it is no config provider."
            raise ConfigError(text) from None
        return kind(config_class(kind).parse(wanted.options))


def _import_usual() -> None:
    import importlib

    import confluent_kafka  # noqa: F401  # pyright: ignore[reportUnusedImport]

    for module in USUAL:
        importlib.import_module(module)


class HostComposition:
    """What a host of Penstock is put together from."""

    def __init__(self, plan: HostPlan) -> None:
        self._plan = plan
        learn_settings(plan.properties)
        self._found = loadable(plan.plugins)
        self.catalog = GrowingCatalog(_registry(self._found))
        self._policy = Policies.named(plan.override_policy, plan.override_allowlist)
        settings = ClientSettings(plan.properties, plan.cluster_id, self._policy)
        self._settings = settings
        self._clients = KafkaTaskClients(settings)
        self._validator: Validator | None = None

    @classmethod
    def of_plan(cls, data: bytes) -> HostComposition:
        return cls(read_plan(data))

    def builder(self, offsets: OffsetStores, confirm: Confirm) -> TaskBuilder:
        return TaskBuilder(
            self.catalog,
            self._plan.settings,
            self._clients,
            offsets,
            ChainPlugins(self.catalog).chain,
            SystemClock(),
            confirm,
        )

    # Questions ----------------------------------------------------------------------------------

    def answer(self, question: str, body: bytes) -> bytes:
        match question:
            case questions.PLUGINS:
                return questions.encode(self._look_for(questions.read_places(body)))
            case questions.DESCRIBE:
                wanted = questions.read_describe(body)
                shown = CatalogPlugins(self.catalog).described(wanted.plugin, wanted.version)
                return questions.encode(list(shown))
            case questions.VALIDATE:
                return questions.encode(self._validated(questions.read_config(body)))
            case questions.CLUSTER:
                return questions.encode(self._cluster_id())
            case _:
                raise ValueError(f"A host is not asked about {question}.")

    def _cluster_id(self) -> str | None:
        """Waits until Kafka answers."""
        from penstock.kafka.cluster import ClusterLookup

        return ClusterLookup(self._settings.shared_admin()).run()

    def _look_for(self, places: Sequence[str]) -> questions.FoundPlugins:
        """Imports what there is; from here on this host knows it."""
        folders = [place for place in places if place != CLASSPATH]
        found = [*(discovery.installed() if CLASSPATH in places else ())]
        found += discovery.in_folders(folders)
        plugins = [each for each in found if isinstance(each, Plugin)]
        self._found += plugins
        self.catalog.become(_registry(self._found))
        problems = tuple(
            questions.PluginProblem(each.name, each.location, each.reason)
            for each in found
            if not isinstance(each, Plugin)
        )
        return questions.FoundPlugins(tuple(map(spec_of, plugins)), problems)

    def _validated(self, config: Mapping[str, str | None]) -> Any:
        if self._validator is None:
            self._validator = self._make_validator()
        return self._validator.validate(config)

    def _make_validator(self) -> Validator:
        plan = self._plan
        providers = make_providers(plan.properties, self._provider)
        group, policy = plan.group_id, self._policy
        traits = WorkerTraits(group, plan.exactly_once, policy, plan.converters, OUR_SETTINGS)
        return Validator(self.catalog, traits, lambda config: resolve(config, providers).config)

    def _provider(self, name: str) -> type[Any]:
        try:
            return self.catalog.plugin(PluginKind.CONFIG_PROVIDER, name).load()
        except LookupError:
            text = f"Class {name} could not be found; it is no config provider."
            raise ConfigError(text) from None


def _registry(found: Sequence[Plugin]) -> Registry:
    builtin = Registry.builtin()
    return Registry([*(p for kind in PluginKind for p in builtin.plugins(kind)), *found])
