"""Settings that producers, consumers and admin clients share."""

from __future__ import annotations

from penstock.kafka.properties_rules import (
    INT_MAX,
    Draft,
    Table,
    choice,
    flag,
    ignored,
    integer,
    neutral,
    number,
    ours,
    same,
)

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
REQUEST_TIMEOUT_MS = 30_000
IDLE_MS = 540_000


def _servers(draft: Draft, name: str, text: str) -> None:
    draft.settings[name] = ",".join(part.strip() for part in text.split(",") if part.strip())


def _metadata_age(draft: Draft, name: str, text: str) -> None:
    """Java fetches metadata anew at this age; librdkafka has an interval, and an age beside it."""
    interval = draft.clamped(name, integer(name, text), 10, _HOUR_MS)
    draft.settings["topic.metadata.refresh.interval.ms"] = interval
    draft.settings["metadata.max.age.ms"] = min(3 * interval, _DAY_MS)


def _buffer(draft: Draft, name: str, text: str) -> None:
    """-1 leaves the choice to the system, which librdkafka says with 0."""
    size = draft.clamped(name, max(integer(name, text), 0), 0, 100_000_000)
    draft.settings[f"socket.{name}"] = size


def _idle(draft: Draft, name: str, text: str) -> None:
    """Negative: never close; librdkafka says so with 0."""
    draft.settings[name] = min(max(integer(name, text), 0), INT_MAX)


_MEASURED = "Penstock measures in its own way"
RECONNECT_MS = 500
_JAVA_CLASS = "it names a Java class, and this client is not Java"

COMMON: Table = {
    "bootstrap.servers": _servers,
    "client.dns.lookup": choice("use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"),
    "client.id": same,
    "client.rack": same,
    "connections.max.idle.ms": _idle,
    "enable.metrics.push": flag(),
    "metadata.max.age.ms": _metadata_age,
    "metadata.recovery.strategy": choice("none", "rebootstrap"),
    "metadata.recovery.rebootstrap.trigger.ms": number(0, INT_MAX),
    "receive.buffer.bytes": _buffer,
    "send.buffer.bytes": _buffer,
    "reconnect.backoff.ms": number(0, _HOUR_MS),
    "reconnect.backoff.max.ms": number(0, _HOUR_MS),
    "request.timeout.ms": number(10, 300_000, to="socket.timeout.ms"),
    "retry.backoff.ms": number(1, 300_000),
    "retry.backoff.max.ms": number(1, 300_000),
    "socket.connection.setup.timeout.ms": number(1_000, INT_MAX),
    "socket.connection.setup.timeout.max.ms": ignored(
        "librdkafka waits equally long for every connection", "30000"
    ),
    "default.api.timeout.ms": ours,
    "interceptor.classes": ignored(_JAVA_CLASS),
    "config.providers": neutral,
    "metric.reporters": ignored(_MEASURED, "org.apache.kafka.common.metrics.jmxreporter"),
    "auto.include.jmx.reporter": neutral,
    "metrics.num.samples": neutral,
    "metrics.recording.level": neutral,
    "metrics.sample.window.ms": neutral,
}


def finish_common(draft: Draft) -> None:
    """Java's defaults where librdkafka's differ, and the order librdkafka insists on."""
    settings = draft.settings
    settings.setdefault("socket.timeout.ms", REQUEST_TIMEOUT_MS)
    settings.setdefault("connections.max.idle.ms", IDLE_MS)
    settings.setdefault("enable.metrics.push", False)  # its histograms cost 50 KB a connection
    # Java's first wait is 50 ms, and then longer ones; but when no broker is left, librdkafka asks
    # the bootstrap servers anew, and each time begins with the first wait again
    _backoff(draft, "reconnect.backoff.ms", RECONNECT_MS, "reconnect.backoff.max.ms", 1_000)
    _backoff(draft, "retry.backoff.ms", 100, "retry.backoff.max.ms", 1_000)


def _backoff(draft: Draft, name: str, first: int, maximum: str, most: int) -> None:
    """A first wait above a given maximum means the maximum; without one, no growth."""
    settings = draft.settings
    low = int(settings.setdefault(name, first))
    if maximum in settings:
        settings[name] = min(low, int(settings[maximum]))
    else:
        settings[maximum] = most if name not in draft.properties else low
