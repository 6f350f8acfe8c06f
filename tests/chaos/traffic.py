"""Numbered lines that go in, what comes out, and how the two compare."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

ASK_SECONDS = 60.0


class Appender(threading.Thread):
    """Appends numbered lines to a file, until it is told to end."""

    def __init__(self, path: Path, per_second: int) -> None:
        super().__init__(daemon=True)
        self.path, self.per_second = path, per_second
        self.written = 0
        self._end = threading.Event()
        path.touch()

    def run(self) -> None:
        with self.path.open("a") as out:
            while not self._end.wait(0.02):
                count = max(1, self.per_second // 50)
                numbers = range(self.written, self.written + count)
                out.write("".join(f"{number}\n" for number in numbers))
                out.flush()
                self.written += count

    def end(self) -> int:
        """How many lines there are."""
        self._end.set()
        self.join()
        return self.written


class Watcher(threading.Thread):
    """Reads a topic as its users do, and takes the time of the longest silence."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        super().__init__(daemon=True)
        self._settings = {
            "bootstrap.servers": bootstrap,
            "group.id": f"watcher-{topic}",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "log_level": 0,
            "reconnect.backoff.max.ms": 200,
            "fetch.wait.max.ms": 50,
        }
        self.topic = topic
        self._end = threading.Event()
        self.values: list[str] = []
        self.longest_stall = (0.0, 0.0)  # how long, and when it ended
        self._reached = 0  # the last end of the topic that it has come to

    @property
    def seen(self) -> list[int]:
        return [int(value) for value in self.values]

    def run(self) -> None:
        consumer = Consumer(self._settings)
        consumer.assign([TopicPartition(self.topic, 0, 0)])
        last: float | None = None
        with closing(consumer):
            while not self._end.is_set():
                batch = consumer.consume(1000, 0.1)
                values = [(m.value() or b"-1").decode() for m in batch if m.error() is None]
                if values:
                    now = time.monotonic()
                    if last is not None:
                        self.longest_stall = max(self.longest_stall, (now - last, now))
                    last = now
                    self.values += values
                self._reached = max([self._reached, *map(_end_of_topic, batch)])

    def has_all(self) -> bool:
        """Whether it has come to the present end, behind all transactions."""
        plain = Consumer(
            {"bootstrap.servers": self._settings["bootstrap.servers"], "group.id": "-"}
        )
        with closing(plain):
            _, end = plain.get_watermark_offsets(TopicPartition(self.topic, 0), ASK_SECONDS)
        return self._reached >= end

    def end(self) -> None:
        self._end.set()
        self.join()


def _end_of_topic(message: Message) -> int:
    """Where the topic ended when all of it had been read; 0 for a record."""
    error = message.error()
    at_end = error is not None and error.code() == KafkaError._PARTITION_EOF
    return (message.offset() or 0) if at_end else 0


@dataclass(frozen=True)
class Outcome:
    """What came out at one place of what went in."""

    name: str
    given: Sequence[int] = field(repr=False)
    seen: Sequence[int] = field(repr=False)
    exactly_once: bool  # and in order

    @property
    def lost(self) -> int:
        return sum((Counter(self.given) - Counter(self.seen)).values())

    @property
    def duplicates(self) -> int:
        return sum((Counter(self.seen) - Counter(self.given)).values())

    @property
    def in_order(self) -> bool:
        return list(self.seen) == list(self.given)

    @property
    def holds(self) -> bool:
        return self.in_order if self.exactly_once else not set(self.given) - set(self.seen)


def numbers_of_file(path: Path) -> list[int]:
    """The whole lines of a file; one that a killed sink wrote in halves is not a line."""
    if not path.exists():
        return []
    return [int(line) for line in path.read_text().splitlines() if line.isdigit()]


def numbers_of_table(database: Path) -> list[int]:
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        return [number for (number,) in connection.execute("SELECT n FROM lines ORDER BY rowid")]
