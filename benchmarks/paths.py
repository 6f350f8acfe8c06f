"""The worker's paths as multiples of the plain client call, on one real broker in one run.

    python -m benchmarks.paths [RECORDS]

F is the CPU time per record of the plain client as it comes, in a process of its own that does
nothing else (`benchmarks.plain`): `produce()` of ready bytes, `consume(1000)`. "F, tuned" is the
same in a process tuned as hosts are, with the settings of our clients. A path is all a task's
thread does between connector and client, with every record made and read. Medians of interleaved
rounds; the ratios are what counts.
"""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any

from confluent_kafka import Consumer, Producer
from rich.console import Console
from rich.table import Table

from benchmarks.plain import cost
from benchmarks.scenarios import make_topic
from benchmarks.transforms import CHAINS, ORDER, Stock
from penstock.broker import LocalKafka
from penstock.converters.json import JsonConverter, JsonConverterConfig
from penstock.converters.simple_header import SimpleHeaderConverter
from penstock.hosting.control import SystemClock, ThreadControl
from penstock.hosting.tuning import tune_process
from penstock.kafka.consumer import DEFAULTS, KafkaConsumer
from penstock.kafka.producer import KafkaProducer
from penstock.runtime.error_reports import Reporters
from penstock.runtime.plugins import Converters
from penstock.runtime.ports import Assigned
from penstock.runtime.sink_decoding import SinkDecoder
from penstock.runtime.source_encoding import SourceEncoder
from penstock.runtime.stages import TransformChain
from penstock.runtime.tolerance import Operator, Tolerance
from penstock.sdk.config import Config
from penstock.sdk.converter import Role
from penstock.sdk.record import SourceRecord, TopicPartition
from penstock.sdk.schema import Schema

ROUNDS = 7
BATCH = 500
THREE = CHAINS["InsertField, MaskField, RegexRouter"]
GROUPS = count()


def converters(*, schemas: bool) -> Converters:
    def json(role: Role) -> JsonConverter:
        options = {"schemas.enable": str(schemas).lower(), "converter.type": role.value}
        return JsonConverter(JsonConverterConfig.parse(options), role)

    header = SimpleHeaderConverter(Config.parse({}))
    return Converters(json(Role.KEY), json(Role.VALUE), header, "key", "value", "header")


def operator() -> Operator:
    return Operator(Tolerance.NONE, SystemClock(), ThreadControl())


def chain(properties: Mapping[str, str]) -> TransformChain:
    return TransformChain.build(properties, Stock())


def values(records: int) -> list[dict[str, Any]]:
    return [
        {"id": i, "customer": f"customer {i % 97}", "total": i / 7, "note": "x" * 20, "items": 3}
        for i in range(records)
    ]


class Sources:
    """From values to Kafka."""

    def __init__(self, bootstrap: str, topic: str, records: int) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._values = values(records)
        self._ready = [b"x" * 100] * records

    def bare(self) -> None:
        producer = Producer({"bootstrap.servers": self._bootstrap, "linger.ms": 5})
        for start in range(0, len(self._ready), BATCH):
            for payload in self._ready[start : start + BATCH]:
                while True:
                    try:
                        producer.produce(self._topic, payload)
                        break
                    except BufferError:
                        producer.poll(0.05)
            producer.poll(0)
        producer.flush()

    def path(self, *, schemas: bool, transforms: Mapping[str, str]) -> Callable[[], None]:
        schema: Schema | None = ORDER if schemas else None
        encoder = SourceEncoder(
            chain(transforms), converters(schemas=schemas), operator(), Reporters([])
        )

        def run() -> None:
            settings = {"bootstrap.servers": self._bootstrap, "linger.ms": 5}
            producer = KafkaProducer(settings, tracked=False)
            for start in range(0, len(self._values), BATCH):
                batch = [
                    SourceRecord(
                        self._topic,
                        value,
                        schema,
                        source_partition={"f": 1},
                        source_offset={"p": i},
                    )
                    for i, value in enumerate(self._values[start : start + BATCH])
                ]
                for outgoing in encoder.whole(batch):
                    self._send(producer, outgoing.outgoing)
            producer.flush(60)
            producer.close()

        return run

    def _send(self, producer: KafkaProducer, parts: Sequence[Any]) -> None:
        for part in parts:
            done = 0
            while done < len(part):
                done += producer.send(part, done)
                producer.poll(0.0 if done == len(part) else 0.05)


class Everything:
    """A listener that takes what it is given."""

    def assigned(self, positions: Mapping[TopicPartition, int]) -> Assigned:
        return Assigned()

    def revoked(self, partitions: Collection[TopicPartition]) -> None: ...
    def lost(self, partitions: Collection[TopicPartition]) -> None: ...


class Sinks:
    """From Kafka to records that were looked at."""

    def __init__(self, bootstrap: str, records: int) -> None:
        self._bootstrap, self._records = bootstrap, records

    def _settings(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self._bootstrap,
            "group.id": f"paths-{next(GROUPS)}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }

    def bare(self, topic: str) -> None:
        consumer = Consumer({**DEFAULTS, **self._settings()})
        consumer.subscribe([topic])
        left = self._records
        while left > 0:
            left -= len(consumer.consume(BATCH, 0.2))
        consumer.close()

    def path(
        self, topic: str, *, schemas: bool, transforms: Mapping[str, str]
    ) -> Callable[[], None]:
        decoder = SinkDecoder(
            chain(transforms), converters(schemas=schemas), operator(), Reporters([])
        )

        def run() -> None:
            consumer = KafkaConsumer(self._settings(), records_max=BATCH)
            consumer.subscribe([topic], None, Everything())
            left = self._records
            while left > 0:
                batch = consumer.consume(0.2)
                if len(batch):
                    for record in decoder.whole(batch):
                        assert record.value is not None
                left -= len(batch)
            consumer.close()

        return run


def here(run: Callable[[], None], records: int) -> Callable[[], float]:
    """Microseconds of CPU per record, in this process."""

    def measured() -> float:
        started = time.process_time()
        run()
        return (time.process_time() - started) / records * 1e6

    return measured


def medians(work: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Of interleaved rounds."""
    samples: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, measure in work.items():
            samples[name].append(measure())
    return {name: statistics.median(found) for name, found in samples.items()}


def show(
    console: Console, title: str, found: Mapping[str, float], targets: Mapping[str, str]
) -> None:
    table = Table("path", "µs CPU a record", "× F", "target", "× F, tuned", title=title)
    for name, took in found.items():
        plain, tuned = (f"{took / found[limit]:.2f}" for limit in ("F", "F, tuned"))
        table.add_row(name, f"{took:.2f}", plain, targets.get(name, ""), tuned)
    console.print(table)


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    tune_process()
    console = Console()
    run = uuid.uuid4().hex[:8]
    with LocalKafka(jvm_options=()) as kafka:
        bootstrap = kafka.bootstrap_servers
        for topic in (f"plain-{run}", f"envelope-{run}", f"sent-{run}"):
            make_topic(bootstrap, topic)
        Sources(bootstrap, f"plain-{run}", records).path(schemas=False, transforms={})()
        Sources(bootstrap, f"envelope-{run}", records).path(schemas=True, transforms={})()
        sources, sinks = Sources(bootstrap, f"sent-{run}", records), Sinks(bootstrap, records)
        plain, envelope, sent = f"plain-{run}", f"envelope-{run}", f"sent-{run}"

        def source(*, schemas: bool, transforms: Mapping[str, str]) -> Callable[[], float]:
            return here(sources.path(schemas=schemas, transforms=transforms), records)

        def sink(topic: str, *, transforms: Mapping[str, str]) -> Callable[[], float]:
            schemas = topic == envelope
            return here(sinks.path(topic, schemas=schemas, transforms=transforms), records)

        work = {
            "F": lambda: cost("produce", bootstrap, sent, records),
            "F, tuned": here(sources.bare, records),
            "JSON": source(schemas=False, transforms={}),
            "JSON, 3 transforms": source(schemas=False, transforms=THREE),
            "envelope": source(schemas=True, transforms={}),
        }
        targets = {"JSON": "2.6", "JSON, 3 transforms": "3.3", "envelope": "3.5"}
        show(console, "source", medians(work), targets)
        work = {
            "F": lambda: cost("consume", bootstrap, plain, records),
            "F, tuned": here(lambda: sinks.bare(plain), records),
            "JSON": sink(plain, transforms={}),
            "JSON, 3 transforms": sink(plain, transforms=THREE),
            "envelope": sink(envelope, transforms={}),
        }
        targets = {"JSON": "2.2", "JSON, 3 transforms": "3.0", "envelope": "3.3"}
        show(console, "sink, full records", medians(work), targets)


if __name__ == "__main__":
    main()
