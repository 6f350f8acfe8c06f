"""Reads, changes and deletes the committed offsets of consumer groups.

With kafka-python: librdkafka's own call ends the whole process when a coordinator is moving
(librdkafka issue 5040), and its Python client cannot forget single offsets. These calls are rare,
so each has a connection of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from penstock.cluster.errors import GroupBusy
from penstock.kafka.connection import ensure_possible
from penstock.kafka.properties_python import to_kafka_python
from penstock.kafka.properties_rules import Setting
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import TopicPartition

TIMEOUT_SECONDS = 60.0
_ASK_AGAIN_SECONDS = 0.1
_BOOTSTRAP_SECONDS = 2.0
_BUSY = frozenset(("NonEmptyGroupError", "UnknownMemberIdError", "GroupSubscribedToTopicError"))
_MOVING = frozenset(
    (
        "CoordinatorLoadInProgressError",
        "CoordinatorNotAvailableError",
        "NotCoordinatorError",
    )
)
_NO_GROUP = "GroupIdNotFoundError"


class KafkaGroups:
    """Every call blocks, with a limit, and may come from any thread. Raises ConnectError."""

    def __init__(
        self, settings: Mapping[str, Setting], timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._settings = settings  # of an admin client, as translated for librdkafka
        self._timeout = timeout_seconds

    def group_offsets(self, group: str) -> dict[TopicPartition, int]:
        """What a group has committed; nothing if it does not exist."""
        found = self._asked(group, lambda client: client.list_group_offsets(group))
        committed: dict[Any, Any] = {} if found is None else found.get(group, {})
        return {
            TopicPartition(p.topic, p.partition): known.offset
            for p, known in committed.items()
            if known.offset >= 0
        }

    def alter_group_offsets(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Raises GroupBusy while the group has members."""
        if not offsets:
            return
        from kafka.structs import OffsetAndMetadata

        known = {_theirs(p): OffsetAndMetadata(at, "", -1) for p, at in offsets.items()}
        self._asked(group, lambda client: _checked(client.alter_group_offsets(group, known)))

    def delete_group_offsets(self, group: str, partitions: Collection[TopicPartition]) -> None:
        """Forget some of a group's offsets. Raises GroupBusy while the group has members."""
        if not partitions:
            return
        places = [_theirs(partition) for partition in partitions]
        self._asked(group, lambda client: _checked(client.delete_group_offsets(group, places)))

    def delete_group(self, group: str) -> None:
        """Forget a group with all its offsets; one that does not exist is fine.

        Raises GroupBusy while the group has members.
        """
        self._asked(group, lambda client: _deleted(client.delete_groups([group])[group]))

    def _asked(self, group: str, ask: Callable[[Any], Any]) -> Any:
        """The answer of the group's coordinator; None if there is no such group."""
        from kafka.errors import KafkaError

        end = monotonic() + self._timeout
        with self._client(group) as client:
            while True:
                try:
                    return ask(client)
                except KafkaError as error:
                    name = type(error).__name__
                    if name == _NO_GROUP:
                        return None
                    if name not in _MOVING or monotonic() > end:
                        raise _refusal(group, name, error) from error
                sleep(_ASK_AGAIN_SECONDS)

    @contextmanager
    def _client(self, group: str) -> Generator[Any]:
        from kafka.admin import KafkaAdminClient
        from kafka.errors import KafkaError

        arguments: dict[str, Any] = to_kafka_python(self._settings)
        arguments["bootstrap_timeout_ms"] = int(min(self._timeout, _BOOTSTRAP_SECONDS) * 1000)
        if self._settings.get("security.protocol", "plaintext") != "plaintext":
            ensure_possible(self._settings)  # kafka-python only sees that it gets no answer
        client: Any = None
        end = monotonic() + self._timeout
        while client is None:
            try:
                client = KafkaAdminClient(**arguments)
            except KafkaError as error:
                ensure_possible(self._settings)
                if monotonic() > end:
                    raise _refusal(group, type(error).__name__, error) from error
        try:
            yield client
        finally:
            client.close()


def _checked(answers: Mapping[Any, Any]) -> None:
    """Raise the first partition's error."""
    for kind in answers.values():
        if kind.__name__ != "NoError":
            raise kind()


def _deleted(answer: str) -> None:
    from kafka import errors

    if answer != "OK":
        raise getattr(errors, answer, errors.KafkaError)()


def _theirs(partition: TopicPartition) -> Any:
    from kafka.structs import TopicPartition as Theirs

    return Theirs(partition.topic, partition.partition)


def _refusal(group: str, name: str, error: Exception) -> ConnectError:
    if name in _BUSY:
        return GroupBusy(f"The consumer group {group} still has members; try again later")
    return ConnectError(
        f"The offsets of the consumer group {group} are out of reach ({error}); check the "
        "connection to Kafka and the permissions on the group"
    )
