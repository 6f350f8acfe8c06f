"""What a topic holds, read with a plain client."""

from __future__ import annotations

from confluent_kafka import Consumer, Message, TopicPartition


def read_messages(bootstrap: str, topic: str) -> list[Message]:
    """Every record of a topic, partition after partition, from the beginning to the present end."""
    quick = {"fetch.wait.max.ms": 10}  # else the next partition waits for the last one's fetch
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", **quick})
    try:
        partitions = consumer.list_topics(topic, 10).topics[topic].partitions
        found: list[Message] = []
        for partition in sorted(partitions):
            found += _read_partition(consumer, topic, partition)
        return found
    finally:
        consumer.close()


def _read_partition(consumer: Consumer, topic: str, partition: int) -> list[Message]:
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)
    consumer.assign([TopicPartition(topic, partition, low)])
    found: list[Message] = []
    position = low
    while position < high:
        batch = [m for m in consumer.consume(min(high - position, 1000), 5.0) if m.error() is None]
        assert batch, f"{topic}-{partition} stopped at {position} of {high}"
        found += batch
        position = (batch[-1].offset() or 0) + 1
    return found


def read_values(bootstrap: str, topic: str) -> list[bytes]:
    """The values of a topic's records, without tombstones."""
    return [v for m in read_messages(bootstrap, topic) if (v := m.value()) is not None]
