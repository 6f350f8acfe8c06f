"""Looks up and creates topics for source tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from time import monotonic, sleep
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic as Wanted

from penstock.kafka.connection import answered
from penstock.kafka.errors import kafka_error
from penstock.kafka.retriable import error_of, passes
from penstock.runtime.ports import NewTopic

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 60.0
_PATIENCE_SECONDS = 2 * _TIMEOUT_SECONDS  # the client itself gives up earlier
_VISIBLE_SECONDS = 30.0
_FEW_BROKERS_SECONDS = 10.0  # for those of a starting cluster to come
_LOOK_AGAIN_SECONDS = 0.02
_ASK_AGAIN_SECONDS = 0.25
_NOT_FOUND = frozenset((KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC))
_NOT_ALLOWED = frozenset(
    (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.UNSUPPORTED_VERSION,
        KafkaError._UNSUPPORTED_FEATURE,
    )
)


class KafkaTopicAdmin:
    """A `TopicAdmin` with the connector's admin client, made when it is first needed."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = dict(settings)
        self._made: AdminClient | None = None
        self.refusal: Exception | None = None  # why the last topic could not be created

    @property
    def _client(self) -> Any:  # the client's own annotations are partial
        if self._made is None:
            # every call that fails raises: that brokers are away need not be told while it idles
            self._made = AdminClient({**self._settings, "log_level": 0})
        return self._made

    def close(self) -> None:
        self._made = None

    def existing(self, topics: Collection[str]) -> set[str]:
        return {topic for topic in topics if self._exists(topic)}

    def create(self, topic: NewTopic) -> bool:
        wanted = Wanted(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=topic.replication_factor,
            config=dict(topic.configs),
        )
        try:
            self._insist(
                lambda client: client.create_topics([wanted], request_timeout=_TIMEOUT_SECONDS)
            )
        except KafkaException as error:
            code = error.args[0].code()
            if code in _NOT_ALLOWED:
                self.refusal = error_of(error.args[0])
                log.warning("Topic %s may not be created: %s", topic.name, error.args[0].str())
                return False
            if code == KafkaError.INVALID_REPLICATION_FACTOR:  # no more brokers have come
                raise kafka_error(error.args[0]) from error
            if code != KafkaError.TOPIC_ALREADY_EXISTS:
                raise error_of(error.args[0]) from error
        self._wait_until_visible(topic.name)
        return True

    def _wait_until_visible(self, topic: str) -> None:
        """A client that asks for a topic too early may go on believing that it does not exist."""
        end = monotonic() + _VISIBLE_SECONDS
        while topic not in self.existing([topic]):
            if monotonic() > end:
                log.warning("Topic %s was created but cannot be seen yet.", topic)
                return
            sleep(_LOOK_AGAIN_SECONDS)

    def _exists(self, topic: str) -> bool:
        asked = TopicCollection([topic])
        try:
            self._insist(
                lambda client: client.describe_topics(asked, request_timeout=_TIMEOUT_SECONDS)
            )
        except KafkaException as error:
            if error.args[0].code() in _NOT_FOUND | _NOT_ALLOWED:
                return False
            raise error_of(error.args[0]) from error
        return True

    def _insist(self, ask: Callable[[Any], Mapping[str, Any]]) -> None:
        """Ask about one topic, and again when a broker goes away meanwhile.

        The client itself gives a request up that was sent to such a broker.
        """
        began = monotonic()
        end = began + _TIMEOUT_SECONDS
        while True:
            (answer,) = ask(self._client).values()
            try:
                answered(self._client, answer, _PATIENCE_SECONDS)
            except KafkaException as error:
                problem = error.args[0]
                if problem.code() == KafkaError.INVALID_REPLICATION_FACTOR:
                    end = min(end, began + _FEW_BROKERS_SECONDS)
                if problem.code() in _NOT_FOUND or not passes(problem) or monotonic() > end:
                    raise
                sleep(_ASK_AGAIN_SECONDS)
            else:
                return
