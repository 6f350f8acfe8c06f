"""Asks the cluster about itself, and about committed offsets; every call blocks, with a limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
)
from confluent_kafka import TopicPartition as Place
from confluent_kafka import admin as confluent
from confluent_kafka.admin import AdminClient

from penstock.cluster.errors import GroupBusy as GroupBusy
from penstock.kafka.errors import kafka_error
from penstock.kafka.properties import ClientKind, Translated, to_librdkafka
from penstock.kafka.properties_python import to_kafka_python
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import TopicPartition

TIMEOUT_SECONDS = 60.0
_NO_GROUP = frozenset((KafkaError.GROUP_ID_NOT_FOUND,))
_BUSY_GROUP = frozenset(
    (
        KafkaError.NON_EMPTY_GROUP,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.GROUP_SUBSCRIBED_TO_TOPIC,
    )
)
_NO_TOPIC = frozenset((KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC))  # pyright: ignore
_CLUSTER = (
    "Failed to connect to and describe Kafka cluster. Check worker's broker connection and "
    "security properties."
)

Offsets = Mapping[TopicPartition, int]
_api: Any = confluent  # what it exports is not declared


class KafkaAdmin:
    """Calls come from any thread. The client is made when it is first needed."""

    def __init__(
        self, java_properties: Mapping[str, str], timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self.translated: Translated = to_librdkafka(java_properties, ClientKind.ADMIN)
        self._timeout = timeout_seconds
        self._made: AdminClient | None = None

    @property
    def _client(self) -> Any:  # the client's own annotations are partial
        if self._made is None:
            self._made = AdminClient(self.translated.settings)
        return self._made

    def cluster_id(self) -> str | None:
        """Raises ConnectError when the cluster cannot be reached or refuses us."""
        try:
            answer = self._client.describe_cluster(request_timeout=self._timeout)
            return answer.result(self._timeout).cluster_id
        except (KafkaException, TimeoutError) as error:
            raise ConnectError(_CLUSTER) from error

    def partitions(self, topics: Collection[str]) -> dict[str, int]:
        """How many partitions each topic has; a topic that does not exist is left out."""
        asked = self._client.describe_topics(
            TopicCollection(list(topics)), request_timeout=self._timeout
        )
        found = {topic: self._answer(answer, _NO_TOPIC) for topic, answer in asked.items()}
        return {topic: len(d.partitions) for topic, d in found.items() if d is not None}

    def topic_setting(self, topic: str, name: str) -> str | None:
        """A topic's setting, None if it has none of this name. May raise when not allowed."""
        asked = [_api.ConfigResource(_api.ResourceType.TOPIC, topic)]
        (answer,) = self._client.describe_configs(asked, request_timeout=self._timeout).values()
        entry = self._answer(answer).get(name)
        return None if entry is None else entry.value

    def ends(
        self, partitions: Iterable[TopicPartition], *, read_committed: bool = False
    ) -> dict[TopicPartition, int]:
        """Where each partition ends now."""
        return self._places(partitions, _api.OffsetSpec.latest(), read_committed)

    def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return self._places(partitions, _api.OffsetSpec.earliest(), read_committed=False)

    def _places(
        self, partitions: Iterable[TopicPartition], spec: Any, read_committed: bool
    ) -> dict[TopicPartition, int]:
        asked = {Place(p.topic, p.partition): spec for p in partitions}
        if not asked:
            return {}
        level = IsolationLevel.READ_COMMITTED if read_committed else IsolationLevel.READ_UNCOMMITTED
        answers = self._client.list_offsets(
            asked, isolation_level=level, request_timeout=self._timeout
        )
        return {
            TopicPartition(place.topic, place.partition): self._answer(answer).offset
            for place, answer in answers.items()
        }

    # Groups -------------------------------------------------------------------------------------

    def group_offsets(self, group: str) -> dict[TopicPartition, int]:
        """What a group has committed; nothing if it does not exist."""
        asked = [ConsumerGroupTopicPartitions(group)]
        (answer,) = self._client.list_consumer_group_offsets(
            asked, request_timeout=self._timeout
        ).values()
        found = self._answer(answer, _NO_GROUP)
        places = found.topic_partitions if found is not None else ()
        return {TopicPartition(p.topic, p.partition): p.offset for p in places if p.offset >= 0}

    def alter_group_offsets(self, group: str, offsets: Offsets) -> None:
        """Raises GroupBusy while the group has members."""
        if not offsets:
            return
        places = [Place(tp.topic, tp.partition, offset) for tp, offset in offsets.items()]
        asked = [ConsumerGroupTopicPartitions(group, places)]
        (answer,) = self._client.alter_consumer_group_offsets(
            asked, request_timeout=self._timeout
        ).values()
        for place in self._of_group(answer).topic_partitions:
            if place.error is not None:
                _refuse(place.error)

    def delete_group_offsets(self, group: str, partitions: Collection[TopicPartition]) -> None:
        """Forget some of a group's offsets. Raises GroupBusy while the group has members."""
        if partitions:
            _delete_offsets(self.translated, group, partitions)

    def delete_group(self, group: str) -> None:
        """Forget a group with all its offsets; a group that does not exist is fine."""
        (answer,) = self._client.delete_consumer_groups(
            [group], request_timeout=self._timeout
        ).values()
        self._of_group(answer, _NO_GROUP)

    def _of_group(self, answer: Any, fine: Collection[int] = ()) -> Any:
        try:
            return answer.result(self._timeout)
        except KafkaException as error:
            if error.args[0].code() in fine:
                return None
            return _refuse(error.args[0], error)

    def _answer(self, answer: Any, missing: Collection[int] = ()) -> Any:
        try:
            return answer.result(self._timeout)
        except KafkaException as error:
            if error.args[0].code() in missing:
                return None
            raise kafka_error(error.args[0]) from error


def _refuse(error: Any, cause: Exception | None = None) -> None:
    if error.code() in _BUSY_GROUP:
        raise GroupBusy(f"The group still has members ({error.str()}); try again later") from cause
    raise kafka_error(error) from cause


def _delete_offsets(
    translated: Translated, group: str, partitions: Collection[TopicPartition]
) -> None:
    """librdkafka can do this, but its Python client cannot."""
    from kafka import errors
    from kafka.admin import KafkaAdminClient
    from kafka.structs import TopicPartition as Theirs

    client: Any = KafkaAdminClient(**to_kafka_python(translated.settings))
    try:
        answers = client.delete_group_offsets(
            group, [Theirs(p.topic, p.partition) for p in partitions]
        )
        for answer in answers.values():
            if answer is not errors.NoError and answer is not errors.UnknownTopicOrPartitionError:
                raise answer()
    except errors.GroupIdNotFoundError:
        return  # nothing to forget
    except (errors.NonEmptyGroupError, errors.UnknownMemberIdError) as error:
        raise GroupBusy("The group still has members; try again later") from error
    except errors.GroupSubscribedToTopicError as error:
        raise GroupBusy("The group still has members; try again later") from error
    except errors.KafkaError as error:
        raise ConnectError(f"The offsets of {group} could not be deleted: {error}") from error
    finally:
        client.close()
