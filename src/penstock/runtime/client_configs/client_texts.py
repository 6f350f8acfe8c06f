"""What the settings of Kafka's clients mean, for documentation and validation answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COMMON_TEXTS: Final[Mapping[str, str]] = {
    "bootstrap.servers": "Brokers to find the cluster by, as host:port; the worker's are used.",
    "bootstrap.controllers": "Controllers to talk to directly, in place of brokers.",
    "client.dns.lookup": "How host names of brokers are looked up.",
    "client.id": "Name of the client in the logs and quotas of the brokers.",
    "metadata.max.age.ms": "After what time topics and partitions are looked up again.",
    "metadata.recovery.strategy": "What to do when no known broker answers: start again from the "
    "bootstrap servers, or nothing.",
    "metadata.recovery.rebootstrap.trigger.ms": "Time without metadata after which to start from "
    "the bootstrap servers.",
    "send.buffer.bytes": "Send buffer of connections; -1: the system's.",
    "receive.buffer.bytes": "Receive buffer of connections; -1: the system's.",
    "reconnect.backoff.ms": "First wait before connecting again.",
    "reconnect.backoff.max.ms": "Longest wait before connecting again.",
    "retries": "How often a failed request is repeated, within its time limit.",
    "retry.backoff.ms": "First wait before a request is repeated.",
    "retry.backoff.max.ms": "Longest wait before a request is repeated.",
    "request.timeout.ms": "How long a broker may take to answer a request.",
    "default.api.timeout.ms": "How long a call may take that has no limit of its own.",
    "socket.connection.setup.timeout.ms": "First limit of the time to connect.",
    "socket.connection.setup.timeout.max.ms": "Last limit of the time to connect.",
    "connections.max.idle.ms": "After what time unused connections are closed.",
    "metrics.sample.window.ms": "Time over which a metric is sampled.",
    "metrics.num.samples": "How many samples of a metric are kept.",
    "metrics.recording.level": "Up to which level metrics are recorded.",
    "metric.reporters": "Java classes that are told of metrics.",
    "enable.metrics.push": "Whether metrics are sent to brokers that subscribe to them.",
    "security.providers": "Java security providers.",
    "interceptor.classes": "Java classes that see each record.",
    "config.providers": "Config providers of the client itself; those of the worker are used.",
}

PRODUCER_TEXTS: Final[Mapping[str, str]] = COMMON_TEXTS | {
    "buffer.memory": "Bytes of records that may wait to be sent.",
    "acks": "How many copies must be written before a record counts as stored: `all`, 1 or 0.",
    "compression.type": "How batches are compressed: none, gzip, snappy, lz4 or zstd.",
    "compression.gzip.level": "How hard gzip tries, 1 to 9; -1: as usual.",
    "compression.lz4.level": "How hard lz4 tries, 1 to 17.",
    "compression.zstd.level": "How hard zstd tries.",
    "batch.size": "Largest batch of records for one partition, in bytes.",
    "partitioner.class": "Java class that chooses partitions; unset: Kafka's own rules.",
    "partitioner.adaptive.partitioning.enable": "Whether faster brokers get more of the records "
    "without key.",
    "partitioner.availability.timeout.ms": "After what time a slow partition gets no records "
    "without key; 0: never.",
    "partitioner.ignore.keys": "Whether records with a key are spread like those without.",
    "linger.ms": "How long to wait for more records before a batch is sent.",
    "delivery.timeout.ms": "How long a record may take from sending until it is acknowledged.",
    "max.request.size": "Largest request, and thus record, in bytes.",
    "max.block.ms": "How long sending may wait for memory or metadata.",
    "metadata.max.idle.ms": "After what time an unused topic is forgotten.",
    "max.in.flight.requests.per.connection": "Requests that may wait for an answer at one time.",
    "key.serializer": "Java class that writes keys.",
    "value.serializer": "Java class that writes values.",
    "enable.idempotence": "Whether repeated requests store each record only once, in order.",
    "transactional.id": "Name of the transactions; set by the worker where it uses them.",
    "transaction.timeout.ms": "How long a transaction may stay open.",
    "transaction.two.phase.commit.enable": "Whether transactions are also decided from outside.",
}

CONSUMER_TEXTS: Final[Mapping[str, str]] = COMMON_TEXTS | {
    "group.id": "Consumer group; `connect-` and the connector's name unless overridden.",
    "group.instance.id": "Fixed name of a member, which may be away for a while.",
    "group.protocol": "Protocol of the group: classic or consumer.",
    "group.remote.assignor": "Which of the brokers' assignors to use with the consumer protocol.",
    "session.timeout.ms": "How long a silent member stays in the group.",
    "heartbeat.interval.ms": "How often a member tells the group that it lives.",
    "partition.assignment.strategy": "How partitions are shared out, best first.",
    "enable.auto.commit": "Whether the client commits offsets itself; the worker does it here.",
    "auto.commit.interval.ms": "How often the client commits offsets itself.",
    "client.rack": "Where the client stands; near copies of a partition are read first.",
    "max.partition.fetch.bytes": "Most bytes of one partition in one answer.",
    "fetch.min.bytes": "Bytes a broker waits for before it answers.",
    "fetch.max.bytes": "Most bytes in one answer.",
    "fetch.max.wait.ms": "How long a broker waits for these bytes.",
    "auto.offset.reset": "Where to begin without a committed offset: earliest, latest or none.",
    "check.crcs": "Whether checksums of batches are verified.",
    "key.deserializer": "Java class that reads keys.",
    "value.deserializer": "Java class that reads values.",
    "share.acknowledgement.mode": "How share groups acknowledge records.",
    "share.acquire.mode": "How share groups take records.",
    "max.poll.records": "Most records of one poll.",
    "max.poll.interval.ms": "How long a task may work on a batch and stay in the group.",
    "exclude.internal.topics": "Whether a pattern of topics leaves Kafka's own topics out.",
    "internal.throw.on.fetch.stable.offset.unsupported": "For Kafka's own use.",
    "isolation.level": "Whether records of open and aborted transactions are read.",
    "allow.auto.create.topics": "Whether reading a topic may create it, if the broker allows.",
}
