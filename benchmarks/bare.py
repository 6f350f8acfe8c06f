"""The limit: the same work as a bare confluent-kafka loop, without a framework.

python -m benchmarks.bare source|transactions BOOTSTRAP FILE TOPIC BEFORE BEHIND
python -m benchmarks.bare sink|drain BOOTSTRAP TOPIC FILE GROUP
"""

from __future__ import annotations

import signal
import sys
import time
from itertools import islice
from pathlib import Path

from confluent_kafka import Consumer, Message, Producer

TRANSACTION_SECONDS = 1.0
COMMIT_SECONDS = 0.1


def source(bootstrap: str, file: str, topic: str, before: str, behind: str) -> None:
    """Every line of a file becomes a record; waits to be terminated, as a worker would."""
    start, end = before.encode(), behind.encode()
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "queue.buffering.max.messages": 100_000,
            "linger.ms": 5,
        }
    )
    produce = producer.produce
    with Path(file).open("rb") as lines:
        while batch := [line[:-1] for line in islice(lines, 2000)]:
            if start:
                batch = [start + line + end for line in batch]
            for line in batch:
                while True:
                    try:
                        produce(topic, line)
                        break
                    except BufferError:
                        producer.poll(0.01)
            producer.poll(0)
    producer.flush()
    signal.pause()


def transactions(bootstrap: str, file: str, topic: str, before: str, behind: str) -> None:
    """The same, a transaction a second."""
    own = {"transactional.id": topic, "queue.buffering.max.messages": 100_000, "linger.ms": 5}
    producer = Producer({"bootstrap.servers": bootstrap} | own)
    producer.init_transactions(30)
    producer.begin_transaction()
    ends = time.monotonic() + TRANSACTION_SECONDS
    with Path(file).open("rb") as lines:
        while batch := [line[:-1] for line in islice(lines, 2000)]:
            for line in batch:
                while True:
                    try:
                        producer.produce(topic, line)
                        break
                    except BufferError:
                        producer.poll(0.01)
            producer.poll(0)
            if time.monotonic() > ends:
                producer.commit_transaction(30)
                producer.begin_transaction()
                ends = time.monotonic() + TRANSACTION_SECONDS
    producer.commit_transaction(30)
    signal.pause()


def sink(bootstrap: str, topic: str, file: str, group: str) -> None:
    """Every record becomes a line; runs until it is terminated."""
    consumer = _consumer(bootstrap, topic, group)
    with Path(file).open("ab") as out:
        while True:
            messages = consumer.consume(500, 0.5)
            values = [v for v in map(Message.value, messages) if v is not None]
            if values:
                out.write(b"\n".join(values) + b"\n")
                out.flush()


def drain(bootstrap: str, topic: str, _file: str, group: str) -> None:
    """Every value is fetched and dropped; commits tell how far it is."""
    consumer = _consumer(bootstrap, topic, group)
    committed, commits_at = 0, 0.0
    taken = 0
    while True:
        taken += len(list(map(Message.value, consumer.consume(500, COMMIT_SECONDS))))
        if taken > committed and time.monotonic() > commits_at:
            consumer.commit(asynchronous=True)
            committed, commits_at = taken, time.monotonic() + COMMIT_SECONDS


def _consumer(bootstrap: str, topic: str, group: str) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 2,
            "queued.min.messages": 5000,
            "queued.max.messages.kbytes": 8192,
            "fetch.message.max.bytes": 524288,
        }
    )
    consumer.subscribe([topic])
    return consumer


KINDS = {"source": source, "transactions": transactions, "sink": sink, "drain": drain}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
