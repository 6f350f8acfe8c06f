"""The settings of Kafka's producer, consumer and admin client."""

from __future__ import annotations

from penstock.runtime.client_configs.client_texts import (
    COMMON_TEXTS,
    CONSUMER_TEXTS,
    PRODUCER_TEXTS,
)
from penstock.runtime.client_configs.security import SASL, SECURITY_PROTOCOL, SSL
from penstock.runtime.client_configs.tables import definition, settings

_COMMON = settings(
    """
bootstrap.servers LIST HIGH -
client.dns.lookup STRING MEDIUM use_all_dns_ips
metadata.max.age.ms LONG LOW 300000
metadata.recovery.strategy STRING LOW rebootstrap
metadata.recovery.rebootstrap.trigger.ms LONG LOW 300000
send.buffer.bytes INT MEDIUM 131072
reconnect.backoff.ms LONG LOW 50
reconnect.backoff.max.ms LONG LOW 1000
retry.backoff.ms LONG LOW 100
retry.backoff.max.ms LONG LOW 1000
request.timeout.ms INT MEDIUM 30000
socket.connection.setup.timeout.ms LONG MEDIUM 10000
socket.connection.setup.timeout.max.ms LONG MEDIUM 30000
metrics.sample.window.ms LONG LOW 30000
metrics.num.samples INT LOW 2
metrics.recording.level STRING LOW INFO
metric.reporters LIST LOW org.apache.kafka.common.metrics.JmxReporter
security.providers STRING LOW null
""",
    texts=COMMON_TEXTS,
)

PRODUCER = definition(
    _COMMON,
    settings(
        """
client.id STRING MEDIUM
enable.metrics.push BOOLEAN LOW true
buffer.memory LONG HIGH 33554432
retries INT HIGH 2147483647
acks STRING LOW all
compression.type STRING HIGH none
compression.gzip.level INT MEDIUM -1
compression.lz4.level INT MEDIUM 9
compression.zstd.level INT MEDIUM 3
batch.size INT MEDIUM 16384
partitioner.adaptive.partitioning.enable BOOLEAN LOW true
partitioner.availability.timeout.ms LONG LOW 0
partitioner.ignore.keys BOOLEAN MEDIUM false
linger.ms LONG MEDIUM 5
delivery.timeout.ms INT MEDIUM 120000
receive.buffer.bytes INT MEDIUM 32768
max.request.size INT MEDIUM 1048576
max.block.ms LONG MEDIUM 60000
metadata.max.idle.ms LONG LOW 300000
max.in.flight.requests.per.connection INT LOW 5
key.serializer CLASS HIGH -
value.serializer CLASS HIGH -
connections.max.idle.ms LONG MEDIUM 540000
partitioner.class CLASS MEDIUM null
interceptor.classes LIST LOW
enable.idempotence BOOLEAN LOW true
transaction.timeout.ms INT LOW 60000
transactional.id STRING LOW null
transaction.two.phase.commit.enable BOOLEAN LOW false
config.providers LIST LOW
""",
        texts=PRODUCER_TEXTS,
    ),
    SECURITY_PROTOCOL,
    SSL,
    SASL,
)

CONSUMER = definition(
    _COMMON,
    settings(
        """
client.id STRING LOW
enable.metrics.push BOOLEAN LOW true
group.id STRING HIGH null
group.instance.id STRING MEDIUM null
group.protocol STRING HIGH classic
group.remote.assignor STRING MEDIUM null
session.timeout.ms INT HIGH 45000
heartbeat.interval.ms INT HIGH 3000
partition.assignment.strategy LIST MEDIUM class org.apache.kafka.clients.consumer.RangeAssignor,\
class org.apache.kafka.clients.consumer.CooperativeStickyAssignor
enable.auto.commit BOOLEAN MEDIUM true
auto.commit.interval.ms INT LOW 5000
client.rack STRING LOW
max.partition.fetch.bytes INT HIGH 1048576
receive.buffer.bytes INT MEDIUM 65536
fetch.min.bytes INT HIGH 1
fetch.max.bytes INT MEDIUM 52428800
fetch.max.wait.ms INT LOW 500
auto.offset.reset STRING MEDIUM latest
check.crcs BOOLEAN LOW true
key.deserializer CLASS HIGH -
value.deserializer CLASS HIGH -
share.acknowledgement.mode STRING MEDIUM implicit
share.acquire.mode STRING MEDIUM BATCH_OPTIMIZED
default.api.timeout.ms INT MEDIUM 60000
connections.max.idle.ms LONG MEDIUM 540000
interceptor.classes LIST LOW
max.poll.records INT MEDIUM 500
max.poll.interval.ms INT MEDIUM 300000
exclude.internal.topics BOOLEAN MEDIUM true
internal.throw.on.fetch.stable.offset.unsupported BOOLEAN LOW false
isolation.level STRING MEDIUM read_uncommitted
allow.auto.create.topics BOOLEAN MEDIUM true
config.providers LIST LOW
""",
        texts=CONSUMER_TEXTS,
    ),
    SECURITY_PROTOCOL,
    SSL,
    SASL,
)

ADMIN = definition(
    [key for key in _COMMON if key.name != "bootstrap.servers"],
    settings(
        """
bootstrap.servers LIST HIGH
bootstrap.controllers LIST HIGH
client.id STRING MEDIUM
enable.metrics.push BOOLEAN LOW false
receive.buffer.bytes INT MEDIUM 65536
connections.max.idle.ms LONG MEDIUM 300000
retries INT LOW 2147483647
default.api.timeout.ms INT MEDIUM 60000
config.providers LIST LOW
""",
        texts=COMMON_TEXTS,
    ),
    SECURITY_PROTOCOL,
    SSL,
    SASL,
)
