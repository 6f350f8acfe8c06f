"""Java client properties become settings that librdkafka takes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from hypothesis import given
from hypothesis import strategies as st

from penstock.kafka.properties import TABLES, ClientKind, to_librdkafka
from penstock.kafka.properties_native import NATIVE
from penstock.runtime.client_settings import ClientSettings
from penstock.sdk.errors import ConfigError
from tests.unit.kafka import java_settings

PRODUCER, CONSUMER, ADMIN = ClientKind.PRODUCER, ClientKind.CONSUMER, ClientKind.ADMIN
ALL_NAMES = {
    PRODUCER: java_settings.ANY_CLIENT + java_settings.PRODUCER,
    CONSUMER: java_settings.ANY_CLIENT + java_settings.CONSUMER,
    ADMIN: java_settings.ANY_CLIENT + java_settings.ADMIN,
}
INT_MAX, LONG_MAX = "2147483647", "9223372036854775807"


def made(settings: dict[str, Any], kind: ClientKind) -> None:
    """Let librdkafka judge. There are no servers, so that nothing is connected to."""
    quiet = {"log_level": 0, "logger": _silent()}
    judged: dict[str, Any] = {k: v for k, v in settings.items() if k != "bootstrap.servers"} | quiet
    if kind is PRODUCER:
        Producer(judged)
    elif kind is CONSUMER:
        Consumer({"group.id": "g"} | judged).close()
    else:
        AdminClient(judged)


def _silent() -> logging.Logger:
    log = logging.getLogger("tests.silent")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return log


def settings_of(kind: ClientKind, **properties: str) -> dict[str, Any]:
    return dict(to_librdkafka(dotted(properties), kind).settings)


def remarks(kind: ClientKind, **properties: str) -> list[str]:
    return [name for name, _ in to_librdkafka(dotted(properties), kind).unsupported]


def dotted(properties: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "."): value for name, value in properties.items()}


@pytest.mark.parametrize("kind", list(ClientKind))
def test_knows_every_setting_of_a_java_client(kind: ClientKind) -> None:
    assert set(ALL_NAMES[kind]) <= set(TABLES[kind])


@pytest.mark.parametrize("kind", list(ClientKind))
def test_without_any_setting_a_client_can_be_made_and_nothing_is_remarked(
    kind: ClientKind,
) -> None:
    translated = to_librdkafka({}, kind)
    made(translated.settings, kind)
    assert (translated.unsupported, translated.unknown) == ([], [])


def numbers_of_java(kind: ClientKind) -> Iterator[str]:
    endings = (".ms", ".bytes", ".size", ".memory", "retries", ".records", ".connection")
    yield from (n for n in ALL_NAMES[kind] if n.endswith(endings) and not n.startswith("sasl"))


@pytest.mark.parametrize("kind", list(ClientKind))
@pytest.mark.parametrize("value", ["0", "1", "1000", INT_MAX])
def test_every_number_java_allows_is_one_librdkafka_takes(kind: ClientKind, value: str) -> None:
    for name in numbers_of_java(kind):
        properties = {name: value, "enable.idempotence": "false"}
        if name.startswith("max.in.flight") and value == "0":
            continue
        made(to_librdkafka(properties, kind).settings, kind)


@pytest.mark.parametrize("kind", list(ClientKind))
def test_all_numbers_at_their_largest_go_together(kind: ClientKind) -> None:
    properties = dict.fromkeys(numbers_of_java(kind), INT_MAX) | {"enable.idempotence": "false"}
    made(to_librdkafka(properties, kind).settings, kind)


@given(
    st.dictionaries(
        st.sampled_from(sorted(numbers_of_java(CONSUMER))), st.integers(0, 10**7).map(str)
    )
)
def test_any_numbers_of_a_consumer_go_together(properties: dict[str, str]) -> None:
    made(to_librdkafka(properties, CONSUMER).settings, CONSUMER)


def test_clients_of_connectors_are_accepted_as_they_are_derived() -> None:
    settings = ClientSettings({"group.id": "g", "bootstrap.servers": "h:1"}, "cluster")
    for properties, kind in (
        (settings.producer({}, "c"), PRODUCER),
        (settings.exactly_once_producer({}, "c", "tx"), PRODUCER),
        (settings.config_leader_producer(), PRODUCER),
        (settings.status_log().producer, PRODUCER),
        (settings.consumer("n", {}, "c"), CONSUMER),
        (settings.offsets_log().consumer, CONSUMER),
        (settings.admin({}, "c"), ADMIN),
    ):
        translated = to_librdkafka(properties, kind)
        made(translated.settings, kind)
        assert translated.unsupported == []


@pytest.mark.parametrize("kind", list(ClientKind))
def test_librdkafkas_own_settings_pass_through(kind: ClientKind) -> None:
    passing = {name for name, clients in NATIVE.items() if kind.value in clients}
    assert "statistics.interval.ms" in passing
    translated = to_librdkafka({"statistics.interval.ms": "5000"}, kind)
    assert translated.settings["statistics.interval.ms"] == "5000"
    made(translated.settings, kind)


def test_a_setting_nobody_knows_is_told_apart_from_one_that_is_not_honoured() -> None:
    translated = to_librdkafka({"acsk": "all", "interceptor.classes": "x.Y"}, PRODUCER)
    assert translated.unknown == ["acsk"]
    assert [name for name, _ in translated.unsupported] == ["interceptor.classes"]


def test_settings_of_another_kind_of_client_are_no_matter() -> None:
    translated = to_librdkafka({"acks": "all", "metrics.context.a": "b"}, CONSUMER)
    assert (translated.unknown, translated.unsupported) == ([], [])
    assert "acks" not in translated.settings


def test_what_is_not_honoured_is_reported_by_name(caplog: pytest.LogCaptureFixture) -> None:
    translated = to_librdkafka({"interceptor.classes": "x.Y"}, PRODUCER)
    translated.report(logging.getLogger("penstock.test"), "client-1")
    assert "client-1: interceptor.classes is not honoured" in caplog.text


def test_keys_are_partitioned_as_java_does() -> None:
    assert settings_of(PRODUCER)["partitioner"] == "murmur2_random"


@pytest.mark.parametrize(
    ("properties", "partitioner", "remarked"),
    [
        ({"partitioner.ignore.keys": "true"}, "random", []),
        (
            {"partitioner.class": "org.apache.kafka.clients.producer.RoundRobinPartitioner"},
            "random",
            ["partitioner.class"],
        ),
        (
            {"partitioner.class": "org.apache.kafka.clients.producer.UniformStickyPartitioner"},
            "random",
            [],
        ),
        ({"partitioner.class": "my.Own"}, "murmur2_random", ["partitioner.class"]),
    ],
)
def test_other_partitioners_are_mapped(
    properties: dict[str, str], partitioner: str, remarked: list[str]
) -> None:
    translated = to_librdkafka(properties, PRODUCER)
    assert translated.settings["partitioner"] == partitioner
    assert [name for name, _ in translated.unsupported] == remarked


@pytest.mark.parametrize(
    ("codec", "level", "expected", "remarked"),
    [
        ("gzip", "9", 9, []),
        ("gzip", "-1", None, []),
        ("lz4", "17", 12, ["compression.lz4.level"]),
        ("zstd", "-5", 1, ["compression.zstd.level"]),
    ],
)
def test_compression_levels_count_for_the_codec_in_use(
    codec: str, level: str, expected: int | None, remarked: list[str]
) -> None:
    properties = {"compression.type": codec, f"compression.{codec}.level": level}
    properties |= {"compression.snappy.level": "1"}
    translated = to_librdkafka(properties, PRODUCER)
    assert translated.settings.get("compression.level") == expected
    assert [name for name, _ in translated.unsupported] == remarked
    made(translated.settings, PRODUCER)


def test_batches_are_small_enough_for_most_topics_unless_said_otherwise() -> None:
    assert settings_of(PRODUCER)["batch.size"] == 131_072
    assert settings_of(PRODUCER, batch_size="500000")["batch.size"] == 500_000


@pytest.mark.parametrize(
    ("given", "kilobytes"),
    [
        ({}, 20_480),
        ({"max_request_size": str(10 << 20)}, 20_480),
        ({"max_request_size": str(11 << 20)}, 32_768),
        ({"message_max_bytes": str(10 << 20)}, 20_480),
        ({"message_max_bytes": str(11 << 20)}, 32_768),
        ({"max_request_size": str(11 << 20), "buffer_memory": "1048576"}, 1024),
        ({"buffer_memory": "33554432"}, 32_768),
    ],
)
def test_a_producer_queues_20_mib_unless_records_may_be_large_or_it_is_told(
    given: dict[str, str], kilobytes: int
) -> None:
    assert settings_of(PRODUCER, **given)["queue.buffering.max.kbytes"] == kilobytes


def test_sizes_and_times_change_their_units_and_names() -> None:
    found = settings_of(
        PRODUCER, buffer_memory="33554433", max_request_size="2000000", delivery_timeout_ms=INT_MAX
    )
    assert found["queue.buffering.max.kbytes"] == 32769
    assert found["message.max.bytes"] == 2_000_000
    assert found["message.timeout.ms"] == 2**31 - 1


def test_waiting_for_ever_is_left_to_our_own_client() -> None:
    assert to_librdkafka({"max.block.ms": LONG_MAX}, PRODUCER).ours["max.block.ms"] == 2**63 - 1


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, 30_000),
        ({"security.protocol": "SSL"}, 30_000),
        ({"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN"}, 300_000),
        ({"idle.close.ms": "1000"}, 1000),
        ({"idle.close.ms": "0"}, 0),
    ],
)
def test_idle_producers_are_closed_sooner_where_nobody_logs_in(
    given: dict[str, str], found: int
) -> None:
    login = {"sasl.jaas.config": 'a.PlainLoginModule required username="u" password="p";'}
    asked = given | login if "sasl.mechanism" in given else given
    assert to_librdkafka(asked, PRODUCER).ours["idle.close.ms"] == found


def test_an_idle_time_below_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 0"):
        to_librdkafka({"idle.close.ms": "-1"}, PRODUCER)


def test_a_value_beyond_librdkafkas_limit_is_brought_to_it_with_a_remark() -> None:
    translated = to_librdkafka({"fetch.max.wait.ms": "400000"}, CONSUMER)
    assert translated.settings["fetch.wait.max.ms"] == 300_000
    assert translated.unsupported[0].reason == "librdkafka takes 0 to 300000; 300000 is used"


def test_idempotence_is_given_up_only_when_nobody_asked_for_it() -> None:
    assert settings_of(PRODUCER)["enable.idempotence"] is True
    assert settings_of(PRODUCER, acks="1")["enable.idempotence"] is False
    with pytest.raises(ConfigError, match="An idempotent producer needs acks=all, and acks is 1"):
        settings_of(PRODUCER, acks="1", enable_idempotence="true")
    with pytest.raises(ConfigError, match="must be idempotent"):
        settings_of(PRODUCER, transactional_id="t", enable_idempotence="false")


def test_time_outs_of_a_transactional_producer_stay_within_the_transaction() -> None:
    found = settings_of(
        PRODUCER,
        transactional_id="t",
        transaction_timeout_ms="5000",
        delivery_timeout_ms=INT_MAX,
        request_timeout_ms="40000",
    )
    assert (found["message.timeout.ms"], found["socket.timeout.ms"]) == (5000, 4900)
    made(found, PRODUCER)


def test_consumers_read_what_java_consumers_would() -> None:
    found = settings_of(CONSUMER)
    assert found["isolation.level"] == "read_uncommitted"
    assert found["allow.auto.create.topics"] is True
    assert found["partition.assignment.strategy"] == "range"


def test_consumers_are_quick_unless_told_otherwise() -> None:
    assert settings_of(CONSUMER)["fetch.queue.backoff.ms"] == 2
    told = {"max.partition.fetch.bytes": "1048576", "queued.min.messages": "7"}
    found = to_librdkafka(told, CONSUMER).settings
    assert (found["fetch.message.max.bytes"], found["queued.min.messages"]) == (1048576, "7")


@pytest.mark.parametrize(
    ("given_text", "expected", "remarked"),
    [
        ("org.apache.kafka.clients.consumer.RoundRobinAssignor", "roundrobin", False),
        ("a.RangeAssignor, a.CooperativeStickyAssignor", "range", False),
        ("a.CooperativeStickyAssignor", "cooperative-sticky", False),
        ("org.apache.kafka.clients.consumer.StickyAssignor", "range", True),
    ],
)
def test_assignors_are_mapped_and_never_mixed(
    given_text: str, expected: str, remarked: bool
) -> None:
    found = to_librdkafka({"partition.assignment.strategy": given_text}, CONSUMER)
    assert found.settings["partition.assignment.strategy"] == expected
    assert bool(found.unsupported) is remarked


def test_the_session_ends_no_later_than_the_poll_interval() -> None:
    found = to_librdkafka({"max.poll.interval.ms": "10000"}, CONSUMER)
    assert found.settings["session.timeout.ms"] == 10000
    assert [name for name, _ in found.unsupported] == ["session.timeout.ms"]


def test_a_group_run_by_the_broker_takes_no_classic_settings() -> None:
    translated = to_librdkafka(
        {"group.protocol": "CONSUMER", "session.timeout.ms": "9000", "group.id": "g"}, CONSUMER
    )
    assert "session.timeout.ms" not in translated.settings
    assert [name for name, _ in translated.unsupported] == ["session.timeout.ms"]
    made(translated.settings, CONSUMER)


@pytest.mark.parametrize(
    ("text", "expected"), [("none", "error"), ("earliest", "earliest"), ("Latest", "latest")]
)
def test_offset_reset_is_mapped(text: str, expected: str) -> None:
    assert settings_of(CONSUMER, auto_offset_reset=text)["auto.offset.reset"] == expected


def test_a_start_at_a_point_in_time_becomes_the_earliest_so_that_nothing_is_lost() -> None:
    translated = to_librdkafka({"auto.offset.reset": "by_duration:PT1H"}, CONSUMER)
    assert translated.settings["auto.offset.reset"] == "earliest"
    assert translated.unsupported[0].name == "auto.offset.reset"


def test_the_first_back_off_is_also_the_last_when_only_it_is_given() -> None:
    found = settings_of(PRODUCER, reconnect_backoff_ms="5000")
    assert found["reconnect.backoff.max.ms"] == 5000
    assert settings_of(PRODUCER)["reconnect.backoff.max.ms"] == 1000


@pytest.mark.parametrize(
    ("name", "value"),
    [("linger.ms", "soon"), ("check.crcs", "perhaps"), ("compression.type", "zip")],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    kind = CONSUMER if name == "check.crcs" else PRODUCER
    with pytest.raises(ConfigError, match=f"Invalid value {value} for configuration {name}"):
        to_librdkafka({name: value}, kind)
