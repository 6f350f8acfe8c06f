"""Asks the cluster about itself, and about committed offsets; every call blocks, with a limit."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
)
from confluent_kafka import TopicPartition as Place
from confluent_kafka import admin as confluent
from confluent_kafka.admin import AdminClient

from penstock.cluster.errors import GroupBusy as GroupBusy
from penstock.kafka.connection import answered, forget_errors, watched
from penstock.kafka.errors import kafka_error
from penstock.kafka.groups import KafkaGroups
from penstock.kafka.properties import ClientKind, Translated, to_librdkafka
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import TopicPartition

TIMEOUT_SECONDS = 60.0
_NO_TOPIC = frozenset((KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC))  # pyright: ignore
_CLUSTER = (
    "Failed to connect to and describe Kafka cluster. Check worker's broker connection and "
    "security properties."
)

_api: Any = confluent  # what it exports is not declared


class KafkaAdmin:
    """Calls come from any thread. The client is made when it is first needed."""

    def __init__(
        self, java_properties: Mapping[str, str], timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self.translated: Translated = to_librdkafka(java_properties, ClientKind.ADMIN)
        self._timeout = timeout_seconds
        self._groups = KafkaGroups(self.translated.settings, timeout_seconds)
        self._made: AdminClient | None = None

    @property
    def _client(self) -> Any:  # the client's own annotations are partial
        if self._made is None:
            self._made = AdminClient({"log_level": 0, **watched(self.translated.settings)})
        forget_errors(self._made)
        return self._made

    def cluster_id(self) -> str | None:
        """Raises ConnectError when the cluster cannot be reached or refuses us."""
        try:
            answer = self._client.describe_cluster(request_timeout=self._timeout)
            return answered(self._made, answer, self._timeout).cluster_id
        except (KafkaException, TimeoutError) as error:
            raise ConnectError(_CLUSTER) from error

    def partitions(
        self, topics: Collection[str], *, timeout_seconds: float | None = None
    ) -> dict[str, int]:
        """How many partitions each topic has; a topic that does not exist is left out."""
        asked = self._client.describe_topics(
            TopicCollection(list(topics)), request_timeout=self._within(timeout_seconds)
        )
        found = {topic: self._answer(answer, _NO_TOPIC) for topic, answer in asked.items()}
        return {topic: len(d.partitions) for topic, d in found.items() if d is not None}

    def look_anew(self, topic: str, timeout_seconds: float) -> None:
        """Forget which brokers led the topic's partitions. A client that is not told to goes on
        asking former leaders, or with former epochs, for minutes after a broker's restart."""
        with contextlib.suppress(KafkaException):
            self._client.list_topics(topic, timeout=self._within(timeout_seconds))

    def topic_setting(self, topic: str, name: str) -> str | None:
        """A topic's setting, None if it has none of this name. May raise when not allowed."""
        asked = [_api.ConfigResource(_api.ResourceType.TOPIC, topic)]
        (answer,) = self._client.describe_configs(asked, request_timeout=self._timeout).values()
        entry = self._answer(answer).get(name)
        return None if entry is None else entry.value

    def ends(
        self,
        partitions: Iterable[TopicPartition],
        *,
        read_committed: bool = False,
        timeout_seconds: float | None = None,
    ) -> dict[TopicPartition, int]:
        """Where each partition ends now."""
        latest = _api.OffsetSpec.latest()
        return self._places(partitions, latest, read_committed, timeout_seconds)

    def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return self._places(partitions, _api.OffsetSpec.earliest(), read_committed=False)

    def since(
        self, partitions: Iterable[TopicPartition], at_ms: int
    ) -> dict[TopicPartition, int | None]:
        """The first record of each partition that is not older; None if all are older."""
        spec = _api.OffsetSpec.for_timestamp(at_ms)
        found = self._places(partitions, spec, read_committed=False)
        return {place: offset if offset >= 0 else None for place, offset in found.items()}

    def _places(
        self,
        partitions: Iterable[TopicPartition],
        spec: Any,
        read_committed: bool,
        timeout_seconds: float | None = None,
    ) -> dict[TopicPartition, int]:
        asked = {Place(p.topic, p.partition): spec for p in partitions}
        if not asked:
            return {}
        level = IsolationLevel.READ_COMMITTED if read_committed else IsolationLevel.READ_UNCOMMITTED
        answers = self._client.list_offsets(
            asked, isolation_level=level, request_timeout=self._within(timeout_seconds)
        )
        return {
            TopicPartition(place.topic, place.partition): self._answer(answer).offset
            for place, answer in answers.items()
        }

    # Groups -------------------------------------------------------------------------------------

    def group_offsets(self, group: str) -> dict[TopicPartition, int]:
        """What a group has committed; nothing if it does not exist."""
        return self._groups.group_offsets(group)

    def alter_group_offsets(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Raises GroupBusy while the group has members."""
        self._groups.alter_group_offsets(group, offsets)

    def delete_group_offsets(self, group: str, partitions: Collection[TopicPartition]) -> None:
        """Forget some of a group's offsets. Raises GroupBusy while the group has members."""
        self._groups.delete_group_offsets(group, partitions)

    def delete_group(self, group: str) -> None:
        """Forget a group with all its offsets; a group that does not exist is fine."""
        self._groups.delete_group(group)

    def _within(self, timeout_seconds: float | None) -> float:
        """At least a millisecond, which librdkafka insists on."""
        if timeout_seconds is None:
            return self._timeout
        return max(min(timeout_seconds, self._timeout), 0.001)

    def _answer(self, answer: Any, missing: Collection[int] = ()) -> Any:
        try:
            return answered(self._made, answer, self._timeout)
        except KafkaException as error:
            if error.args[0].code() in missing:
                return None
            raise kafka_error(error.args[0]) from error
