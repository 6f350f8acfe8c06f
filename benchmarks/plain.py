"""The plain client call alone, in a process that does nothing else and tunes nothing.

    python -m benchmarks.plain produce|consume BOOTSTRAP TOPIC RECORDS

Prints the CPU time of the process, in microseconds per record: `produce()` of ready bytes, or
`consume(1000)` with the client's own settings.
"""

from __future__ import annotations

import subprocess
import sys
import time
import uuid

from confluent_kafka import Consumer, Producer

CONSUMED_AT_ONCE = 1000
PRODUCED_AT_ONCE = 500


def produce(bootstrap: str, topic: str, records: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    payload = b"x" * 100
    for start in range(0, records, PRODUCED_AT_ONCE):
        for _ in range(min(PRODUCED_AT_ONCE, records - start)):
            while True:
                try:
                    producer.produce(topic, payload)
                    break
                except BufferError:
                    producer.poll(0.05)
        producer.poll(0)
    producer.flush()


def consume(bootstrap: str, topic: str, records: int) -> None:
    group = {"group.id": f"plain-{uuid.uuid4().hex}", "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": bootstrap, "enable.auto.commit": False, **group})
    consumer.subscribe([topic])
    left = records
    while left > 0:
        left -= len(consumer.consume(CONSUMED_AT_ONCE, 0.2))
    consumer.close()


def cost(kind: str, bootstrap: str, topic: str, records: int) -> float:
    """Microseconds per record, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.plain", kind, bootstrap, topic, str(records)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(kind: str, bootstrap: str, topic: str, records: int) -> None:
    work = {"produce": produce, "consume": consume}[kind]
    started = time.process_time()
    work(bootstrap, topic, records)
    print((time.process_time() - started) / records * 1e6)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
