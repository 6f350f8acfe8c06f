"""Builds the loop of a task from the properties of its connector and the worker's settings."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from penstock.cluster.catalog import Catalog, PluginKind
from penstock.cluster.messages import StartTask, TaskId
from penstock.hosting.ports import Confirm, MakeTransforms, OffsetStores, Properties, TaskClients
from penstock.hosting.settings import HostSettings, converter_key
from penstock.hosting.task_counts import check_task_count
from penstock.runtime.at_least_once import AtLeastOnce, SourceSettings
from penstock.runtime.boundaries import Boundary, EachPoll, Interval, Requested
from penstock.runtime.connector_config import ConnectorConfig
from penstock.runtime.contexts import SinkTaskContext, SourceTaskContext
from penstock.runtime.counters import ErrorCounters, SinkCounters, SourceCounters
from penstock.runtime.dead_letter_config import LetteredSourceConfig, source_settings
from penstock.runtime.dead_letters import DeadLetterReporter
from penstock.runtime.error_reports import EventReporter, LogReporter, Reporter, Reporters
from penstock.runtime.exactly_once import ExactlyOnce
from penstock.runtime.plugins import Converters, Transforms
from penstock.runtime.ports import Clock, Control, Loop, Producer, TaskEvents, TransactionalProducer
from penstock.runtime.rejects import Rejects
from penstock.runtime.sink_config import SinkConnectorConfig, check_sink, topic_list
from penstock.runtime.sink_decoding import SinkDecoder
from penstock.runtime.sink_loop import SinkLoop, SinkSettings
from penstock.runtime.source_config import SourceConnectorConfig
from penstock.runtime.source_encoding import SourceEncoder
from penstock.runtime.source_loop import SourceLoop
from penstock.runtime.source_notes import SourceNotes
from penstock.runtime.tolerance import Operator, Tolerance
from penstock.runtime.topic_creation import TopicCreator, topic_groups
from penstock.runtime.topics_used import TopicsSeen
from penstock.runtime.witness import Witness
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import config_class
from penstock.sdk.connector import Connector
from penstock.sdk.converter import Role
from penstock.sdk.errors import ConnectError
from penstock.sdk.sink import SinkConnector
from penstock.sdk.source import SourceConnector

log = logging.getLogger(__name__)

_KINDS = {
    Role.KEY: PluginKind.CONVERTER,
    Role.VALUE: PluginKind.CONVERTER,
    Role.HEADER: PluginKind.HEADER_CONVERTER,
}


def permitted(start: StartTask) -> None:
    """Where nobody else could run a task, it may always begin."""


class TaskBuilder:
    """Makes loops; everything they need comes from here."""

    def __init__(
        self,
        catalog: Catalog,
        settings: HostSettings,
        clients: TaskClients,
        offsets: OffsetStores,
        transforms: MakeTransforms,
        clock: Clock,
        confirm: Confirm = permitted,
    ) -> None:
        self._catalog = catalog
        self._settings = settings
        self._clients = clients
        self._offsets = offsets
        self._transforms = transforms
        self._clock = clock
        self._confirm = confirm

    def build(self, start: StartTask, control: Control, events: TaskEvents) -> Loop:
        """Raises what a wrong configuration or a plugin raises; then nothing is left open."""
        with finding_classes(self._catalog.find_class):
            return _Assembly(self, start, control, events).loop()

    def version(self, start: StartTask) -> str | None:
        return self._catalog.connector(start.connector_properties["connector.class"]).version

    # The parts, named for `_Assembly` -------------------------------------------------------------

    def connector_class(self, properties: Properties) -> type[Connector[Any]]:
        name = properties["connector.class"]
        return self._catalog.connector(name, properties.get("connector.plugin.version")).load()

    def transforms(self, properties: Properties) -> Transforms:
        return self._transforms(properties)

    def converter(self, properties: Properties, role: Role) -> tuple[Any, str]:
        """The connector's own converter with its own options, or else the worker's."""
        key = converter_key(role)
        own = properties.get(key)
        if own is None:
            worker = self._settings.converters[role]
            name, options = worker.class_name, worker.options
        else:
            name = own
            options = {
                option.removeprefix(key + "."): text
                for option, text in properties.items()
                if option.startswith(key + ".")
            }
        plugin = self._catalog.plugin(_KINDS[role], name.strip())
        kind = plugin.load()
        config = config_class(kind).parse({**options, "converter.type": role.value})
        return kind(config, role), plugin.name

    @property
    def settings(self) -> HostSettings:
        return self._settings

    @property
    def clients(self) -> TaskClients:
        return self._clients

    @property
    def offsets(self) -> OffsetStores:
        return self._offsets

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def confirm(self) -> Confirm:
        return self._confirm


class _Assembly:
    """One task being put together."""

    def __init__(
        self, builder: TaskBuilder, start: StartTask, control: Control, events: TaskEvents
    ) -> None:
        self._builder = builder
        self._start = start
        self._id: TaskId = start.id
        self._connector = start.connector_properties
        self._task = start.task_properties
        self._tasks = start.tasks
        self._control = control
        self._events = events
        self._counters = ErrorCounters()
        self._witness = Witness(start.id.connector, start.id.task, start.connector_properties)
        self._open = ExitStack()  # released if the rest cannot be made

    def loop(self) -> Loop:
        with self._open:
            self._check_number()
            kind = self._builder.connector_class(self._connector)
            if issubclass(kind, SourceConnector):
                loop = self._source(kind)
            elif issubclass(kind, SinkConnector):
                loop = self._sink(kind)
            else:
                raise ConnectError(f"{kind.__qualname__} is neither a source nor a sink connector.")
            self._open.pop_all()
            return loop

    def _check_number(self) -> None:
        allowed = int(self._connector.get("tasks.max", "1"))
        if self._tasks > allowed:
            check_task_count(self._id.connector, self._tasks, allowed, self._connector)

    def _source(self, kind: type[SourceConnector[Any]]) -> SourceLoop:
        own = config_class(kind).definition().keys
        config = source_settings(self._connector, own).parse(self._connector)
        settings, name = self._builder.settings, self._id.connector
        converters, transforms = self._converters(), self._chain()
        operator = self._operator(config)
        letters = isinstance(config, LetteredSourceConfig)
        given = self._dead_letters(config, converters) if letters else []
        reporters = self._reporters(config, given)
        groups = topic_groups(self._connector) if settings.topic_creation_enable else None
        creator = None
        if groups is not None:
            admin = self._builder.clients.topic_admin(name, self._id.task, self._connector)
            creator = TopicCreator(groups, admin)
        offsets = self._builder.offsets.of(name, self._connector)
        boundary = self._boundary(config) if self._start.exactly_once else None
        context = SourceTaskContext(
            name,
            self._id.task,
            self._task,
            self._control,
            offsets,
            boundary if isinstance(boundary, Requested) else None,
            fenced_first=boundary is not None,
        )
        task = kind.task(config_class(kind.task).parse(self._task), context)
        self._open.callback(task.close)
        topics, counters = TopicsSeen(self._events), SourceCounters(errors=self._counters)
        notes = SourceNotes(task)
        if boundary is None:
            commits = AtLeastOnce(
                notes,
                self._producer,
                offsets,
                operator,
                reporters,
                self._control,
                self._builder.clock,
                topics,
                counters,
                SourceSettings(settings.offset_flush_interval_ms, settings.offset_flush_timeout_ms),
            )
        else:
            commits = ExactlyOnce(
                str(self._id),
                notes,
                self._transactions(notes),
                offsets,
                boundary,
                lambda: self._builder.confirm(self._start),
                self._control,
                self._builder.clock,
                topics,
                counters,
                settings.offset_flush_timeout_ms,
                reporters,
            )
        loop = SourceLoop(
            task,
            SourceEncoder(transforms, converters, operator, reporters),
            commits,
            reporters,
            self._control,
            self._builder.clock,
            topics,
            counters,
            creator,
        )
        context.idle = loop
        return loop

    def _boundary(self, config: SourceConnectorConfig) -> Boundary:
        """Where the transactions of the task end."""
        match config.transaction_boundary.lower():
            case "interval":
                interval_ms = config.transaction_boundary_interval_ms
                if interval_ms is None:
                    interval_ms = self._builder.settings.offset_flush_interval_ms
                return Interval(interval_ms)
            case "connector":
                return Requested()
            case _:
                return EachPoll()

    def _transactions(self, notes: SourceNotes) -> TransactionalProducer:
        make, task = self._builder.clients.transactional_producer, self._id
        return make(task.connector, task.task, self._connector, tracked=notes.wants_records)

    def _producer(self, tracked: bool) -> Producer:
        clients, task = self._builder.clients, self._id
        return clients.producer(task.connector, task.task, self._connector, tracked=tracked)

    def _sink(self, kind: type[SinkConnector[Any]]) -> SinkLoop:
        config = SinkConnectorConfig.parse(self._connector)
        check_sink(self._connector)
        settings, name = self._builder.settings, self._id.connector
        converters, transforms = self._converters(), self._chain()
        operator = self._operator(config)
        reporters = self._reporters(config, self._dead_letters(config))
        consumer = self._builder.clients.consumer(name, self._id.task, self._connector)
        self._open.callback(consumer.close)
        context = SinkTaskContext(name, self._id.task, self._task, self._control)
        task = kind.task(config_class(kind.task).parse(self._task), context)
        loop = SinkLoop(
            task,
            SinkDecoder(transforms, converters, operator, reporters),
            consumer,
            Rejects(operator, reporters, converters),
            self._control,
            self._builder.clock,
            self._events,
            SinkSettings(
                topic_list(self._task),
                self._task.get("topics.regex", "").strip() or None,
                settings.offset_flush_interval_ms,
                settings.offset_flush_timeout_ms,
            ),
            SinkCounters(errors=self._counters),
        )
        context.bind(loop)
        return loop

    def _converters(self) -> Converters:
        make = self._builder.converter
        key, key_class = make(self._connector, Role.KEY)
        self._open.callback(key.close)
        value, value_class = make(self._connector, Role.VALUE)
        self._open.callback(value.close)
        header, header_class = make(self._connector, Role.HEADER)
        self._open.callback(header.close)
        return Converters(key, value, header, key_class, value_class, header_class)

    def _chain(self) -> Transforms:
        transforms = self._builder.transforms(self._connector)
        self._open.callback(transforms.close)
        return transforms

    def _operator(self, config: ConnectorConfig) -> Operator:
        return Operator(
            Tolerance(config.errors_tolerance),
            self._builder.clock,
            self._control,
            retry_timeout_ms=config.errors_retry_timeout,
            retry_delay_max_ms=config.errors_retry_delay_max_ms,
            counters=self._counters,
        )

    def _log_reporters(self, config: ConnectorConfig) -> list[Reporter]:
        if not config.errors_log_enable:
            return []
        with_record = config.errors_log_include_messages
        return [
            LogReporter(
                str(self._id), self._counters, with_record=with_record, witness=self._witness
            )
        ]

    def _reporters(self, config: ConnectorConfig, letters: Sequence[Reporter]) -> Reporters:
        events = EventReporter(self._witness, self._events, self._builder.clock)
        return Reporters([*self._log_reporters(config), *letters], events)

    def _dead_letters(
        self,
        config: SinkConnectorConfig | LetteredSourceConfig,
        converters: Converters | None = None,
    ) -> list[Reporter]:
        topic = config.errors_deadletterqueue_topic_name.strip()
        if not topic:
            return []
        letters = self._builder.clients.dead_letters(
            self._id.connector,
            self._id.task,
            self._connector,
            topic,
            config.errors_deadletterqueue_topic_replication_factor,
        )
        with_headers = config.errors_deadletterqueue_context_headers_enable
        reporter = DeadLetterReporter(
            letters,
            self._id.connector,
            self._id.task,
            self._counters,
            with_headers=with_headers,
            converters=converters,
        )
        self._open.callback(reporter.close)
        return [reporter]
