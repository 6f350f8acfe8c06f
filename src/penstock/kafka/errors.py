"""A client's errors as exceptions that say what to do next and which Java exception they are."""

from __future__ import annotations

from confluent_kafka import KafkaError

from penstock.sdk.errors import ConnectError, RetriableError

_PACKAGE = "org.apache.kafka.common.errors."


class KafkaClientError(ConnectError):
    """Kafka, or the client, refused something for good."""

    java_class = "org.apache.kafka.common.KafkaException"


class KafkaRetriableError(RetriableError):
    """Kafka could not do something now."""

    java_class = _PACKAGE + "RetriableException"


_NAMES = {
    KafkaError.MSG_SIZE_TOO_LARGE: "RecordTooLargeException",
    KafkaError.INVALID_RECORD: "InvalidRecordException",
    KafkaError.TOPIC_EXCEPTION: "InvalidTopicException",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "TopicAuthorizationException",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "GroupAuthorizationException",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "ClusterAuthorizationException",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "TransactionalIdAuthorizationException",
    KafkaError.INVALID_REPLICATION_FACTOR: "InvalidReplicationFactorException",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "UnknownTopicOrPartitionException",
    KafkaError._UNKNOWN_TOPIC: "UnknownTopicOrPartitionException",
    KafkaError._UNKNOWN_PARTITION: "UnknownTopicOrPartitionException",
    KafkaError._AUTHENTICATION: "SaslAuthenticationException",
    KafkaError._TIMED_OUT: "TimeoutException",
    KafkaError._MSG_TIMED_OUT: "TimeoutException",
    KafkaError.INVALID_PRODUCER_EPOCH: "InvalidProducerEpochException",
    KafkaError._FENCED: "ProducerFencedException",
}


def kafka_error(error: KafkaError) -> Exception:
    """The exception for a client's error."""
    name = _NAMES.get(error.code())
    base = KafkaRetriableError if error.retriable() else KafkaClientError
    kind = base if name is None else type(name, (base,), {"java_class": _PACKAGE + name})
    return kind(f"{error.str()} ({error.name()})")


def client_error(name: str, sentence: str) -> KafkaClientError:
    """An error for good that we explain ourselves, as the Java exception of this name."""
    kind = type(name, (KafkaClientError,), {"java_class": _PACKAGE + name})
    return kind(sentence)
