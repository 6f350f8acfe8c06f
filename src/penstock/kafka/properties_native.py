"""Settings of librdkafka without a Java counterpart that pass through as they are."""

from __future__ import annotations

from collections.abc import Mapping

_ANY = "producer consumer admin"
_BY_CLIENTS: Mapping[str, str] = {
    _ANY: """broker.address.family broker.address.ttl debug log_level log.connection.close
        socket.keepalive.enable socket.max.fails socket.nagle.disable socket.timeout.ms
        socket.send.buffer.bytes socket.receive.buffer.bytes
        statistics.interval.ms topic.metadata.propagation.max.ms topic.metadata.refresh.sparse
        topic.metadata.refresh.interval.ms topic.metadata.refresh.fast.interval.ms
        receive.message.max.bytes message.copy.max.bytes api.version.request.timeout.ms
        https.ca.location https.ca.pem ssl.ca.location ssl.ca.pem
        ssl.certificate.location ssl.certificate.pem ssl.key.location ssl.key.pem
        ssl.curves.list ssl.sigalgs.list ssl.providers sasl.username sasl.password
        sasl.oauthbearer.method sasl.oauthbearer.grant.type sasl.oauthbearer.extensions
        sasl.oauthbearer.config sasl.oauthbearer.metadata.authentication.type""",
    "producer": """batch.num.messages compression.level delivery.report.only.error
        enable.gapless.guarantee message.max.bytes partitioner queue.buffering.max.kbytes
        queue.buffering.max.messages queue.buffering.backpressure.threshold
        sticky.partitioning.linger.ms""",
    "consumer": """coordinator.query.interval.ms enable.auto.offset.store enable.partition.eof
        fetch.error.backoff.ms fetch.queue.backoff.ms fetch.message.max.bytes fetch.wait.max.ms
        message.max.bytes queued.max.messages.kbytes queued.min.messages topic.blacklist""",
}

NATIVE: Mapping[str, str] = {
    name: clients for clients, names in _BY_CLIENTS.items() for name in names.split()
} | {"message.max.bytes": "producer consumer"}
"""Setting -> kinds of client that take it."""
