"""Mistakes with topics, sizes, rights and groups, as Kafka tells them."""

from __future__ import annotations

from penstock.runtime.hints.model import Clues, Hint

_LETTERS = "Could not initialize dead letter queue with topic=|dead letter queue"


def _letters(clues: Clues) -> bool:
    return any("dead letter queue" in str(error) for error in clues.chain)


TOPICS: tuple[Hint, ...] = (
    Hint(
        "letters-replication",
        "The dead letter topic is to have more copies than there are brokers.",
        r"INVALID_REPLICATION_FACTOR|[Rr]eplication factor",
        "Set errors.deadletterqueue.topic.replication.factor to the number of brokers at most "
        "(1 for a single broker), or create the topic {letters} yourself.",
        test=_letters,
    ),
    Hint(
        "topic-replication",
        "A topic is to have more copies than there are brokers.",
        r"INVALID_REPLICATION_FACTOR|Replication factor: \d+ larger than|Unable to replicate",
        "Set topic.creation.default.replication.factor (or that of the topic's group) to the "
        "number of brokers at most, 1 for a single broker, or -1 for the brokers' default.",
    ),
    Hint(
        "letters-not-allowed",
        "The connector may not create or write its dead letter topic.",
        r"TOPIC_AUTHORIZATION_FAILED|CLUSTER_AUTHORIZATION_FAILED|not authorized",
        "Create the topic {letters} yourself, and allow the principal of this connector's "
        "producer (producer. in the worker's file, producer.override. here) Write and Describe "
        "on it; to create it, the principal of admin. needs Create.",
        test=_letters,
    ),
    Hint(
        "letter-too-large",
        "A record is too large for the dead letter topic.",
        "MSG_SIZE_TOO_LARGE",
        "The dead letter is larger than the producer's max.request.size (set "
        "producer.override.max.request.size) or the topic's max.message.bytes: raise what is too "
        "small for {letters}, with room for the headers that tell the reason.",
        test=_letters,
    ),
    Hint(
        "topic-not-created",
        "A source may not create the topic it writes to, and the topic does not exist.",
        r"Task failed to create new topic .*name=(?P<field>[^,)]+)",
        "Create the topic {field} yourself, or allow the principal of the connector's admin "
        "client (admin. in the worker's file, admin.override. here) Create on it.",
    ),
    Hint(
        "record-too-large",
        "A record is larger than producer or topic allow.",
        "MSG_SIZE_TOO_LARGE",
        "The record is larger than the producer's max.request.size (set "
        "producer.override.max.request.size) or the topic's max.message.bytes (change it with "
        "kafka-configs); both must allow it. If no record is that large, the batch is: set "
        "producer.override.batch.size below max.message.bytes. errors.tolerance=all passes over "
        "records that are too large by themselves.",
    ),
    Hint(
        "no-such-topic",
        "A source writes to a topic that does not exist and is not created.",
        r"\((?:_UNKNOWN_TOPIC|UNKNOWN_TOPIC_OR_PART)\)",
        "Create the topic, or let the connector create it: topic.creation.default.partitions and "
        "topic.creation.default.replication.factor, with topic.creation.enable=true in the "
        "worker's file. (Brokers create topics only with auto.create.topics.enable=true.)",
        classes=("UnknownTopicOrPartitionException", "KafkaException"),
    ),
    Hint(
        "no-such-partition",
        "A record names a partition that its topic does not have.",
        r"\(_UNKNOWN_PARTITION\)",
        "The record, or a transformation, names a partition the topic does not have: give the "
        "topic more partitions, or leave the choice to the key.",
    ),
    Hint(
        "timestamp-before-1970",
        "A source gives a record a timestamp below zero.",
        r"^Invalid record timestamp (?P<found>-\d+)$",
        "Kafka takes no timestamp before 1970, and errors.tolerance does not pass over it: let the "
        "connector give its records no timestamp, or one that is not {found}; milliseconds count.",
    ),
    Hint(
        "invalid-topic",
        "A topic's name is not allowed.",
        r"\(TOPIC_EXCEPTION\)",
        "Names of topics have letters, digits, dots, underscores and hyphens, 249 at most: "
        "correct the connector's setting for it, or the transformation that made the name.",
    ),
    Hint(
        "topic-not-allowed",
        "The connector may not read or write a topic.",
        r"\(TOPIC_AUTHORIZATION_FAILED\)",
        "Allow the connector's principal to use the topic: Read and Describe for a sink "
        "(consumer. in the worker's file, consumer.override. here), Write and Describe for a "
        "source (producer.).",
    ),
    Hint(
        "group-not-allowed",
        "A sink may not use its consumer group.",
        r"\(GROUP_AUTHORIZATION_FAILED\)",
        "Allow the principal of the sink's consumers Read on the group connect-<name of the "
        "connector>, or name another group with consumer.override.group.id.",
    ),
    Hint(
        "group-in-use",
        "Somebody else is in a sink's consumer group, who shares partitions out in another way.",
        r"\(INCONSISTENT_GROUP_PROTOCOL\)",
        "Other consumers use the group connect-<name of the connector>, perhaps a connector of "
        "this name in another cluster of workers: rename this connector, or name another group "
        "with consumer.override.group.id; if they are of the same connector, give all the same "
        "consumer.override.partition.assignment.strategy.",
    ),
    Hint(
        "instance-taken",
        "Two consumers have the same group.instance.id.",
        r"\(FENCED_INSTANCE_ID\)|[Ss]tatic consumer fenced",
        "Take group.instance.id out of consumer. in the worker's file and consumer.override. in "
        "the connector's: with it, each task fences off the others.",
    ),
    Hint(
        "transaction-not-allowed",
        "A source with exactly-once support may not use its transactional id.",
        r"\(TRANSACTIONAL_ID_AUTHORIZATION_FAILED\)",
        "Allow the principal of the connector's producer Write and Describe on the transactional "
        "id <group.id>-<connector>-<task>.",
    ),
    Hint(
        "fenced",
        "Another task of the same name writes, or the transaction took too long.",
        r"\((?:_FENCED|INVALID_PRODUCER_EPOCH|PRODUCER_FENCED)\)",
        "Another producer has taken over this transactional id, usually a newer start of the same "
        "task: let only one group of workers run connectors of this name with this group.id; if "
        "transactions just take long, raise producer.override.transaction.timeout.ms.",
    ),
    Hint(
        "transaction-timeout",
        "Transactions may take longer than the brokers allow.",
        r"\(INVALID_TRANSACTION_TIMEOUT\)",
        "Lower producer.override.transaction.timeout.ms (producer.transaction.timeout.ms in the "
        "worker's file) to the transaction.max.timeout.ms of the brokers, 15 minutes unless they "
        "say otherwise.",
    ),
    Hint(
        "poll-too-late",
        "A sink took longer for a batch than its group waits.",
        r"\(_MAX_POLL_EXCEEDED\)|Application maximum poll interval",
        "put took longer than max.poll.interval.ms: lower consumer.override.max.poll.records, "
        "raise consumer.override.max.poll.interval.ms, or make the sink faster.",
    ),
)
