"""Which of a client's errors pass by themselves, so that trying again makes sense."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from penstock.kafka.errors import KafkaRetriableError, kafka_error
from penstock.sdk.errors import RetriableError

_PASSING = frozenset(
    (
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._DESTROY_BROKER,  # the client starts over with its bootstrap servers
        KafkaError._MSG_TIMED_OUT,
        KafkaError._NOENT,  # no leader is known
        KafkaError._QUEUE_FULL,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._TRANSPORT,
        KafkaError._WAIT_COORD,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.INVALID_REPLICATION_FACTOR,  # some brokers of a starting cluster are missing
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.NOT_CONTROLLER,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    )
)


def error_of(problem: KafkaError) -> Exception:
    """The exception for a client's error, a RetriableError for one that passes."""
    if problem.code() in _PASSING:
        return KafkaRetriableError(f"{problem.str()} ({problem.name()})")
    return kafka_error(problem)


def passes(problem: KafkaError) -> bool:
    return problem.code() in _PASSING


def is_retriable(error: BaseException) -> bool:
    """Also for what was raised from a client's error."""
    cause = error.__cause__
    if isinstance(cause, KafkaException):
        return bool(cause.args) and cause.args[0].code() in _PASSING
    return isinstance(error, RetriableError | TimeoutError)
