"""Settings of producers."""

from __future__ import annotations

from penstock.kafka.properties_rules import (
    INT_MAX,
    Draft,
    Rule,
    Table,
    choice,
    ignored,
    integer,
    neutral,
    number,
    ours,
    same,
)
from penstock.sdk.errors import ConfigError

_PARTITIONERS = "org.apache.kafka.clients.producer."
_LEVELS = {"gzip": (1, 9), "lz4": (1, 12), "zstd": (1, 12)}
_MOST_LINGER_MS = 900_000
_MOST_IN_FLIGHT_IDEMPOTENT = 5
_DEFAULT_TRANSACTION_MS = 60_000
_IDLE_CLOSE_MS = 30_000  # the threads of an idle client then have cost what a new one does
_IDLE_CLOSE_SASL_MS = 300_000  # brokers, or whoever gives out tokens, have work with each login
_BATCH_BYTES = 131_072  # few topics take less, while Java's 16384 would cost many more requests
_QUEUE_KB = 20_480  # full at full speed; Java's 32 MiB are a third of a host's memory
_JAVAS_QUEUE_KB = 32_768
_SERDES = tuple(
    f"org.apache.kafka.common.serialization.{kind}Serializer" for kind in ("ByteArray", "String")
)
_READY_BYTES = "records arrive as bytes that converters have made"
_BALANCED = "librdkafka spreads records without a key over all partitions evenly"


def _level(codec: str) -> Rule:
    """Levels count only for the codec in use; librdkafka has one setting for all of them."""
    low, high = _LEVELS[codec]

    def rule(draft: Draft, name: str, text: str) -> None:
        level = integer(name, text)
        if (draft.text("compression.type") or "none").lower() != codec:
            return
        if codec == "gzip" and level == -1:
            return
        draft.settings["compression.level"] = draft.clamped(name, level, low, high)

    return rule


def _kilobytes(draft: Draft, name: str, text: str) -> None:
    size = -(-integer(name, text) // 1024)
    draft.settings["queue.buffering.max.kbytes"] = draft.clamped(name, size, 1, INT_MAX)


def _delivery_timeout(draft: Draft, name: str, text: str) -> None:
    """Zero would mean for ever to librdkafka, and at once to Java."""
    draft.settings["message.timeout.ms"] = draft.clamped(name, integer(name, text), 1, INT_MAX)


def _acks(draft: Draft, name: str, text: str) -> None:
    if text not in ("all", "-1", "0", "1"):
        raise ConfigError.invalid(name, text, "String must be one of: all, -1, 0, 1")
    draft.settings[name] = "all" if text == "-1" else text


def _two_phase(draft: Draft, name: str, text: str) -> None:
    if text.lower() == "true":
        draft.remark(name, "librdkafka has no two-phase commit of transactions")


def _idle_close(draft: Draft, name: str, text: str) -> None:
    draft.ours[name] = integer(name, text)
    if draft.ours[name] < 0:
        raise ConfigError.invalid(name, text, "Value must be at least 0")


PRODUCER: Table = {
    "acks": _acks,
    "batch.size": number(1, INT_MAX),
    "buffer.memory": _kilobytes,
    "compression.type": choice("none", "gzip", "snappy", "lz4", "zstd"),
    "compression.gzip.level": _level("gzip"),
    "compression.lz4.level": _level("lz4"),
    "compression.zstd.level": _level("zstd"),
    "delivery.timeout.ms": _delivery_timeout,
    "enable.idempotence": neutral,  # see finish_producer
    "idle.close.ms": _idle_close,  # not a setting of Java's
    "key.serializer": ignored(_READY_BYTES, *_SERDES),
    "value.serializer": ignored(_READY_BYTES, *_SERDES),
    "linger.ms": number(0, _MOST_LINGER_MS),
    "max.block.ms": ours,
    "max.in.flight.requests.per.connection": number(1, 1_000_000),
    "max.request.size": number(1_000, 1_000_000_000, to="message.max.bytes"),
    "metadata.max.idle.ms": ignored("librdkafka forgets unused topics by itself", "300000"),
    "partitioner.adaptive.partitioning.enable": ignored(_BALANCED, "true", "false"),
    "partitioner.availability.timeout.ms": ignored(_BALANCED, "0"),
    "partitioner.class": neutral,  # see finish_producer
    "partitioner.ignore.keys": neutral,
    "partitioner.rack.aware": ignored(_BALANCED, "false"),
    "retries": number(0, INT_MAX),
    "transaction.timeout.ms": number(1_000, INT_MAX),
    "transaction.two.phase.commit.enable": _two_phase,
    "transactional.id": same,
}


def finish_producer(draft: Draft) -> None:
    settings = draft.settings
    _partitioner(draft)
    settings["enable.idempotence"] = _idempotent(draft)
    settings.setdefault("acks", "all")
    settings.setdefault("message.max.bytes", 1_048_576)
    settings.setdefault("batch.size", _BATCH_BYTES)
    settings.setdefault("queue.buffering.max.kbytes", _queue_kilobytes(draft))
    settings.setdefault("message.timeout.ms", 120_000)
    settings["request.timeout.ms"] = settings["socket.timeout.ms"]
    draft.ours.setdefault("max.block.ms", 60_000)
    logs_in = "SASL" in (draft.text("security.protocol") or "").upper()
    draft.ours.setdefault("idle.close.ms", _IDLE_CLOSE_SASL_MS if logs_in else _IDLE_CLOSE_MS)
    if "transactional.id" in settings:
        _within_transaction(draft)
    _linger_below_timeout(draft)


def _queue_kilobytes(draft: Draft) -> int:
    """Some of the largest records must find room."""
    most = str(draft.settings["message.max.bytes"])  # a text, if it was given by that name
    large = not most.isdecimal() or int(most) > _QUEUE_KB * 512
    return _JAVAS_QUEUE_KB if large else _QUEUE_KB


def _partitioner(draft: Draft) -> None:
    """Java's default hashes keys with murmur2 and lets records without one stick for a while."""
    settings = draft.settings
    named = draft.text("partitioner.class")
    known = (named or "").removeprefix(_PARTITIONERS)
    known = known.removeprefix("internals.")
    keys_count = not draft.flag("partitioner.ignore.keys", False)
    if "partitioner" in settings:
        return
    settings["partitioner"] = "murmur2_random"
    if known == "RoundRobinPartitioner":
        settings["partitioner"] = "random"
        settings["sticky.partitioning.linger.ms"] = 0
        draft.remark("partitioner.class", "records go to partitions at random, not in turn")
    elif known == "UniformStickyPartitioner" or (named is None and not keys_count):
        settings["partitioner"] = "random"
    elif named is not None and known != "DefaultPartitioner":
        reason = "it names a Java class; keys are hashed as Java's default does"
        draft.remark("partitioner.class", reason)


def _idempotent(draft: Draft) -> bool:
    """Java's default is yes, quietly given up when another setting forbids it."""
    hindrance = _hindrance(draft)
    asked = draft.flag("enable.idempotence", True)
    if "transactional.id" in draft.settings and not asked:
        detail = "A producer with transactional.id must be idempotent: set this to true."
        raise ConfigError.invalid("enable.idempotence", "false", detail)
    if asked and hindrance and draft.text("enable.idempotence") is not None:
        raise ConfigError(f"An idempotent producer needs {hindrance}")
    if asked and hindrance and "transactional.id" in draft.settings:
        raise ConfigError(f"A transactional producer needs {hindrance}")
    return asked and not hindrance


def _hindrance(draft: Draft) -> str | None:
    settings = draft.settings
    if settings.get("acks", "all") != "all":
        return f"acks=all, and acks is {settings['acks']}"
    if settings.get("retries") == 0:
        return "retries above 0"
    if int(settings.get("max.in.flight.requests.per.connection", 5)) > _MOST_IN_FLIGHT_IDEMPOTENT:
        return f"max.in.flight.requests.per.connection of at most {_MOST_IN_FLIGHT_IDEMPOTENT}"
    return None


def _within_transaction(draft: Draft) -> None:
    """librdkafka refuses time-outs above the transaction's, where Java lets that one strike."""
    settings = draft.settings
    limit = int(settings.setdefault("transaction.timeout.ms", _DEFAULT_TRANSACTION_MS))
    settings["message.timeout.ms"] = min(int(settings["message.timeout.ms"]), limit)
    settings["socket.timeout.ms"] = max(min(int(settings["socket.timeout.ms"]), limit - 100), 10)


def _linger_below_timeout(draft: Draft) -> None:
    settings = draft.settings
    timeout = int(settings["message.timeout.ms"])
    if int(settings.get("linger.ms", 5)) >= timeout:
        settings["linger.ms"] = timeout - 1
        draft.remark("linger.ms", "it must be below delivery.timeout.ms and is lowered to that")
