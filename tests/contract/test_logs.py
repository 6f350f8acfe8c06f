"""What every log promises; tests/integration has the one on Kafka inherit it."""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator

import pytest

from penstock.cluster.logs import Entry, Log, LogRecord
from penstock.stores.memory import MemoryLog

PATIENCE_MS = 30_000


class Reader:
    """Remembers what it was handed; refuses values of b"bad"."""

    def __init__(self) -> None:
        self.records: list[LogRecord] = []

    def __call__(self, record: LogRecord) -> None:
        self.records.append(record)
        if record.value == b"bad":
            raise ValueError("no good")

    @property
    def entries(self) -> list[Entry]:
        return [(record.key or b"", record.value) for record in self.records]


class LogContract(ABC):
    """Inherit it and say how a new log is made."""

    @pytest.fixture
    @abstractmethod
    def log(self) -> Log | Iterator[Log]:
        """A log that holds nothing and was not started."""
        ...

    def test_hands_over_what_is_written(self, log: Log) -> None:
        reader = Reader()
        log.start(reader)
        log.write([(b"a", b"1"), (b"a", None), (b"a", b"2")], PATIENCE_MS)
        log.read_to_end(PATIENCE_MS)
        assert reader.entries == [(b"a", b"1"), (b"a", None), (b"a", b"2")]
        assert [record.offset for record in reader.records] == [0, 1, 2]

    def test_an_empty_log_is_read_at_once(self, log: Log) -> None:
        log.start(Reader())
        log.read_to_end(PATIENCE_MS)
        log.write([], PATIENCE_MS)

    def test_the_end_comes_after_what_was_sent_without_waiting(self, log: Log) -> None:
        reader = Reader()
        log.start(reader)
        for i in range(100):
            log.send(b"key", b"%d" % i)
        log.read_to_end(PATIENCE_MS)
        assert reader.entries == [(b"key", b"%d" % i) for i in range(100)]

    def test_who_sends_hears_that_it_went_well(self, log: Log) -> None:
        log.start(Reader())
        heard: queue.Queue[Exception | None] = queue.Queue()
        log.send(b"a", b"1", heard.put)
        assert heard.get(timeout=PATIENCE_MS / 1000) is None

    def test_a_record_its_reader_refuses_does_not_stop_the_next(self, log: Log) -> None:
        reader = Reader()
        log.start(reader)
        log.write([(b"a", b"bad"), (b"a", b"good")], PATIENCE_MS)
        log.read_to_end(PATIENCE_MS)
        assert reader.entries[-1] == (b"a", b"good")

    def test_writers_on_many_threads_keep_their_own_order(self, log: Log) -> None:
        reader = Reader()
        log.start(reader)

        def write(name: bytes) -> None:
            for i in range(20):
                log.write([(name, b"%d" % i)], PATIENCE_MS)

        threads = [threading.Thread(target=write, args=(b"w%d" % i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.read_to_end(PATIENCE_MS)
        for i in range(4):
            mine = [value for key, value in reader.entries if key == b"w%d" % i]
            assert mine == [b"%d" % j for j in range(20)]

    def test_stopping_twice_is_fine(self, log: Log) -> None:
        log.start(Reader())
        log.stop()
        log.stop()


class TestMemoryLog(LogContract):
    @pytest.fixture
    def log(self) -> Log:
        return MemoryLog()
