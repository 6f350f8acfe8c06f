"""What a topic holds, read with a plain client."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

SECONDS = 60.0  # of each partition
NOT_YET = (
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
)


def read_messages(bootstrap: str, topic: str) -> list[Message]:
    """Every record of a topic, partition after partition, from the beginning to the present end."""
    quick = {"fetch.wait.max.ms": 10}  # else the next partition waits for the last one's fetch
    known = {"bootstrap.servers": bootstrap, "group.id": "reader", "enable.partition.eof": True}
    consumer = Consumer(known | quick)
    try:
        partitions = consumer.list_topics(topic, SECONDS).topics[topic].partitions
        found: list[Message] = []
        for partition in sorted(partitions):
            found += _read_partition(consumer, topic, partition)
        return found
    finally:
        consumer.close()


def _read_partition(consumer: Consumer, topic: str, partition: int) -> list[Message]:
    low, high = _watermarks(consumer, TopicPartition(topic, partition))
    consumer.assign([TopicPartition(topic, partition, low)])
    found: list[Message] = []
    position, limit = low, time.monotonic() + SECONDS
    while position < high:
        assert time.monotonic() < limit, f"{topic}-{partition} stopped at {position} of {high}"
        for message in consumer.consume(min(high - position, 1000), 0.5):
            if (error := message.error()) is None:
                found.append(message)
                position = (message.offset() or 0) + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                position = message.offset() or 0  # behind the ends of transactions, too
    return found


def _watermarks(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    """The first and the next offset; a leader that was just elected does not know them yet."""
    limit = time.monotonic() + SECONDS
    while True:
        try:
            return consumer.get_watermark_offsets(place, SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in NOT_YET or time.monotonic() > limit:
                raise
            time.sleep(0.1)


def read_values(bootstrap: str, topic: str) -> list[bytes]:
    """The values of a topic's records, without tombstones."""
    return [v for m in read_messages(bootstrap, topic) if (v := m.value()) is not None]
