"""Settings of consumers."""

from __future__ import annotations

from penstock.kafka.properties_rules import (
    INT_MAX,
    Draft,
    Table,
    choice,
    flag,
    ignored,
    neutral,
    number,
    our_flag,
    ours,
    same,
)
from penstock.sdk.errors import ConfigError

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
_MOST_FETCH_BYTES = INT_MAX - 512
_SERDES = tuple(
    f"org.apache.kafka.common.serialization.{kind}Deserializer" for kind in ("ByteArray", "String")
)
_RAW_BYTES = "records leave as bytes for converters to read"
_SHARE = "share groups are not used by connectors"

# Measured: librdkafka's own back-off caps a fast consumer at a quarter of its speed, and its
# queues hold more than 64 MB per task.
FAST = {
    "fetch.queue.backoff.ms": 2,
    "queued.min.messages": 5_000,
    "queued.max.messages.kbytes": 8_192,
    "fetch.message.max.bytes": 524_288,
}

_ASSIGNORS = {
    "RangeAssignor": "range",
    "RoundRobinAssignor": "roundrobin",
    "CooperativeStickyAssignor": "cooperative-sticky",
}
_COOPERATIVE = "cooperative-sticky"


def _offset_reset(draft: Draft, name: str, text: str) -> None:
    known = {"earliest": "earliest", "latest": "latest", "none": "error"}
    word = text.lower()
    if word.startswith("by_duration:"):
        draft.remark(name, "librdkafka cannot start at a point in time; earliest is used")
        word = "earliest"
    if word not in known:
        choices = "latest, earliest, none, by_duration:PnDTnHnMn.nS"
        raise ConfigError.invalid(name, text, f"String must be one of: {choices}")
    draft.settings[name] = known[word]


def _strategy(draft: Draft, name: str, text: str) -> None:
    """Class names to librdkafka's words; it will not mix eager and cooperative ones."""
    words: list[str] = []
    for given in filter(None, (part.strip() for part in text.split(","))):
        word = _ASSIGNORS.get(given.rsplit(".", 1)[-1], given if given in _WORDS else None)
        if word is None:
            draft.remark(name, f"librdkafka has no {given}")
        elif word not in words:
            words.append(word)
    eager = [word for word in words if word != _COOPERATIVE]
    draft.settings[name] = ",".join(eager or words or ["range"])


_WORDS = frozenset(_ASSIGNORS.values())


def _fetch_max(draft: Draft, name: str, text: str) -> None:
    """librdkafka wants it no smaller than the largest message, which only a producer sends."""
    number(1_000, _MOST_FETCH_BYTES)(draft, name, text)
    limit = int(draft.settings[name])
    if limit < 1_000_000:
        draft.settings["message.max.bytes"] = limit


CONSUMER: Table = {
    "allow.auto.create.topics": flag(),
    "auto.commit.interval.ms": number(0, _DAY_MS),
    "auto.offset.reset": _offset_reset,
    "check.crcs": flag(),
    "enable.auto.commit": flag(),
    "exclude.internal.topics": our_flag,
    "fetch.max.bytes": _fetch_max,
    "fetch.max.wait.ms": number(0, 300_000, to="fetch.wait.max.ms"),
    "fetch.min.bytes": number(1, 100_000_000),
    "group.id": same,
    "group.instance.id": same,
    "group.protocol": choice("classic", "consumer"),
    "group.remote.assignor": same,
    "heartbeat.interval.ms": number(1, _HOUR_MS),
    "internal.throw.on.fetch.stable.offset.unsupported": neutral,
    "isolation.level": choice("read_committed", "read_uncommitted"),
    "key.deserializer": ignored(_RAW_BYTES, *_SERDES),
    "value.deserializer": ignored(_RAW_BYTES, *_SERDES),
    "max.partition.fetch.bytes": number(1, 1_000_000_000, to="fetch.message.max.bytes"),
    "max.poll.interval.ms": number(1, _DAY_MS),
    "max.poll.records": ours,
    "partition.assignment.strategy": _strategy,
    "session.timeout.ms": number(1, _HOUR_MS),
    "share.acknowledgement.mode": ignored(_SHARE, "implicit"),
    "share.acquire.mode": ignored(_SHARE, "batch_optimized"),
}


def finish_consumer(draft: Draft) -> None:
    settings = draft.settings
    settings.setdefault("allow.auto.create.topics", True)
    settings.setdefault("auto.offset.reset", "latest")
    settings.setdefault("check.crcs", True)
    settings.setdefault("isolation.level", "read_uncommitted")
    draft.ours.setdefault("exclude.internal.topics", True)
    draft.ours.setdefault("max.poll.records", 500)
    draft.ours.setdefault("default.api.timeout.ms", 60_000)
    if settings.get("group.protocol") == "consumer":
        _without_classic(draft)
    else:
        settings.setdefault("partition.assignment.strategy", "range")
        _session_within_poll_interval(draft)
    for name, value in FAST.items():
        settings.setdefault(name, value)


def _without_classic(draft: Draft) -> None:
    """The broker decides these when it runs the group itself."""
    for name in ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"):
        if draft.settings.pop(name, None) is not None:
            draft.remark(name, "the broker decides it when group.protocol is consumer")


def _session_within_poll_interval(draft: Draft) -> None:
    settings = draft.settings
    most = int(settings.get("max.poll.interval.ms", 300_000))
    if int(settings.get("session.timeout.ms", 45_000)) > most:
        settings["session.timeout.ms"] = most
        draft.remark(
            "session.timeout.ms", f"librdkafka wants at most max.poll.interval.ms; {most} is used"
        )
