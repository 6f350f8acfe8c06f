"""The internal topics of a worker group: created when missing, checked, opened as logs."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.cluster.logs import Writer
from penstock.kafka.log import KafkaLog
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.distributed_config import DistributedConfig


class InternalTopics:
    """Makes the logs of a distributed worker; each is to be started and stopped by its user.

    Wiring, in the order in which Java starts them:

        topics = InternalTopics(clients, config)
        offsets = OffsetTopics(topics.offsets(), topics.own_offsets)
        statuses = StatusTopic(topics.statuses(), worker_id, driver.tell)
        configs = ConfigTopic(topics.configs(), driver.tell, claim=topics.config_writer())
    """

    def __init__(self, clients: ClientSettings, config: DistributedConfig) -> None:
        self._clients = clients
        self._config = config

    def offsets(self) -> KafkaLog:
        raise NotImplementedError

    def statuses(self) -> KafkaLog:
        raise NotImplementedError

    def configs(self) -> KafkaLog:
        raise NotImplementedError

    def config_writer(self) -> type[Writer] | None:
        """What `ConfigTopic` claims leadership with; None without exactly-once support."""
        raise NotImplementedError

    def own_offsets(self, connector: str, properties: Mapping[str, str]) -> KafkaLog | None:
        """The topic of `offsets.storage.topic`; None if it is not set, or is the worker's."""
        raise NotImplementedError
