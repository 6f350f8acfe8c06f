"""The internal topics of a worker group: created when missing, checked, opened as logs.

A worker names them before it answers; what Kafka's clients are is read when `make` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from penstock.cluster.late import LateLog
from penstock.cluster.logs import Writer
from penstock.runtime import client_ids
from penstock.runtime.client_settings import (
    ClientSettings,
    LogClients,
    source_transactional_id,
)
from penstock.runtime.distributed_config import DistributedConfig

if TYPE_CHECKING:
    from penstock.kafka.admin import KafkaAdmin
    from penstock.kafka.log import KafkaLog
    from penstock.kafka.topic_setup import InternalTopic

Properties = Mapping[str, str]
OWN_TOPIC = "offsets.storage.topic"


class InternalTopics:
    """Makes the logs of a distributed worker; each is to be started and stopped by its user.

    Wiring, in the order in which Java starts them:

        topics = InternalTopics(clients, config)
        offsets = OffsetTopics(topics.offsets(), topics.own_offsets, topic=…)
        statuses = StatusTopic(topics.statuses(), worker_id, driver.tell)
        configs = ConfigTopic(topics.configs(), driver.tell, claim=topics.config_writer())
    """

    def __init__(self, clients: ClientSettings, config: DistributedConfig) -> None:
        self._clients = clients
        self._config = config
        self._seconds = config.retry_backoff_ms / 1000
        self._logs: list[LateLog] = []

    def make(self) -> None:
        """Make the logs. Blocks; raises ConfigError and ConnectError for what can never work."""
        for log in self._logs:
            log.make()

    def offsets(self) -> LateLog:
        return self._late(self._offsets_log)

    def statuses(self) -> LateLog:
        return self._late(self._status_log)

    def configs(self) -> LateLog:
        return self._late(self._config_log)

    def _late(self, make: Callable[[], KafkaLog]) -> LateLog:
        log = LateLog(make)
        self._logs.append(log)
        return log

    def _offsets_log(self) -> KafkaLog:
        return self._log(
            self._clients.offsets_log(), self._offsets_topic(), past_open_transactions=True
        )

    def _status_log(self) -> KafkaLog:
        from penstock.kafka.topic_setup import InternalTopic, Purpose

        config = self._config
        topic = InternalTopic.of(
            Purpose.STATUSES,
            config.status_storage_topic,
            config.status_storage_partitions,
            config.status_storage_replication_factor,
            config.properties,
        )
        return self._log(self._clients.status_log(), topic)

    def _config_log(self) -> KafkaLog:
        from penstock.kafka.topic_setup import InternalTopic, Purpose

        config = self._config
        topic = InternalTopic.of(
            Purpose.CONFIGS,
            config.config_storage_topic,
            1,
            config.config_storage_replication_factor,
            config.properties,
        )
        return self._log(self._clients.config_log(), topic)

    def config_writer(self) -> Callable[[], Writer] | None:
        """What `ConfigTopic` claims leadership with; None without exactly-once support."""
        if self._config.exactly_once_mode == "disabled":
            return None
        properties = self._clients.config_leader_producer()
        return partial(_fencing_writer, properties, self._config.config_storage_topic)

    def own_offsets(self, connector: str, properties: Properties) -> KafkaLog | None:
        """The topic of `offsets.storage.topic`; None if it is not set, or is the worker's.

        A connector that is exactly-once has its offsets where its records are, perhaps under the
        worker's name in another cluster. Raises ConfigError and ConnectError for clients that can
        never work.
        """
        exactly_once = self._config.exactly_once_mode == "enabled"
        name = properties.get(OWN_TOPIC, "").strip()
        if not name and not exactly_once:
            return None
        name = name or self._config.offset_storage_topic
        producer = self._clients.producer(properties, client_ids.offset_producer(connector))
        if name == self._config.offset_storage_topic and self._at_home(producer):
            return None
        consumer = self._clients.offsets_consumer(
            connector, properties, client_ids.consumer(connector), exactly_once=exactly_once
        )
        from penstock.kafka.admin import KafkaAdmin
        from penstock.kafka.connection import ensure_possible
        from penstock.kafka.log import KafkaLog
        from penstock.kafka.topic_setup import TopicSetup

        admin = KafkaAdmin(self._clients.admin(properties, client_ids.admin(connector)))
        topic = self._offsets_topic(name)

        def prepare() -> None:
            ensure_possible(admin.translated.settings)
            TopicSetup(admin, self._seconds).ensure(topic)

        return KafkaLog(
            producer, consumer, name, admin, prepare=prepare, past_open_transactions=True
        )

    def offset_writer(self) -> Callable[[str, Properties], Writer] | None:
        """Changes offsets as the first task of a connector does; None unless exactly-once."""
        if self._clients.exactly_once != "enabled":
            return None

        def open_writer(connector: str, properties: Properties) -> Writer:
            first = source_transactional_id(self._config.group_id, connector, 0)
            client_id = client_ids.producer(connector, 0)
            settings = self._clients.exactly_once_producer(properties, client_id, first)
            topic = properties.get(OWN_TOPIC, "").strip() or self._config.offset_storage_topic
            return _fencing_writer(settings, topic)

        return open_writer

    def _offsets_topic(self, own: str | None = None) -> InternalTopic:
        from penstock.kafka.topic_setup import InternalTopic, Purpose

        config = self._config
        return InternalTopic.of(
            Purpose.OFFSETS,
            own or config.offset_storage_topic,
            config.offset_storage_partitions,
            config.offset_storage_replication_factor,
            config.properties,
            setting=None if own is None else OWN_TOPIC,
        )

    def _at_home(self, producer: Properties) -> bool:
        """Whether these settings lead to the worker's own cluster."""
        return _servers(producer["bootstrap.servers"]) == _servers(self._clients.bootstrap_servers)

    @cached_property
    def _admin(self) -> KafkaAdmin:
        from penstock.kafka.admin import KafkaAdmin

        return KafkaAdmin(self._clients.shared_admin())

    def _log(
        self, clients: LogClients, topic: InternalTopic, *, past_open_transactions: bool = False
    ) -> KafkaLog:
        from penstock.kafka.log import KafkaLog
        from penstock.kafka.topic_setup import TopicSetup

        prepare = partial(TopicSetup(self._admin, self._seconds).ensure, topic)
        return KafkaLog(
            clients.producer,
            clients.consumer,
            topic.name,
            self._admin,
            prepare=prepare,
            past_open_transactions=past_open_transactions,
        )


def _fencing_writer(properties: Properties, topic: str) -> Writer:
    from penstock.kafka.log_claim import FencingWriter

    return FencingWriter(properties, topic)


def _servers(listed: str) -> set[str]:
    return {server.strip() for server in listed.split(",") if server.strip()}
