"""What the admin client asks a real cluster."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Message, Producer

from penstock.cluster.errors import GroupBusy
from penstock.kafka.admin import KafkaAdmin
from penstock.kafka.partitioner import partition_for
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.runtime.topic_creation import TopicToCreate
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import TopicPartition
from penstock.testing.kafka import SharedKafka
from tests.integration.workers import wait_until

pytestmark = pytest.mark.integration

TOPIC = "kafka-admin"
FIRST, SECOND = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


@pytest.fixture(scope="module")
def bootstrap(kafka: SharedKafka) -> str:
    """A broker with the topic that these tests share."""
    admin = KafkaAdmin({"bootstrap.servers": kafka.bootstrap_servers})
    wanted = TopicToCreate(TOPIC, 3, 1, {"cleanup.policy": "compact"})
    assert KafkaTopicAdmin(admin.translated.settings).create(wanted)
    return kafka.bootstrap_servers


def admin_of(bootstrap: str) -> KafkaAdmin:
    return KafkaAdmin({"bootstrap.servers": bootstrap})


def test_describes_the_cluster_and_its_topics(bootstrap: str) -> None:
    admin = admin_of(bootstrap)
    assert admin.cluster_id()
    assert admin.partitions([TOPIC, "nope"]) == {TOPIC: 3}
    assert admin.topic_setting(TOPIC, "cleanup.policy") == "compact"
    assert admin.topic_setting(TOPIC, "nope") is None


def test_a_cluster_that_cannot_be_reached_is_an_error_in_time() -> None:
    nobody = KafkaAdmin({"bootstrap.servers": "127.0.0.1:1"}, timeout_seconds=1)
    with pytest.raises(ConnectError, match="Failed to connect to and describe Kafka cluster"):
        nobody.cluster_id()


def test_keys_go_to_the_partitions_our_own_hash_says(bootstrap: str) -> None:
    found: dict[bytes, int] = {}

    def delivered(error: object, message: Message) -> None:
        found[message.key() or b""] = message.partition() or 0

    translated = to_librdkafka({"bootstrap.servers": bootstrap}, ClientKind.PRODUCER)
    producer = Producer(translated.settings)
    for key in [b"", *(b"key-%d" % i for i in range(50))]:
        producer.produce(TOPIC, b"", key, on_delivery=delivered)
    assert producer.flush(30) == 0
    assert found == {key: partition_for(key, 3) for key in found}
    ends = admin_of(bootstrap).ends([TopicPartition(TOPIC, i) for i in range(3)])
    assert sum(ends.values()) == len(found) == 51
    assert admin_of(bootstrap).beginnings([FIRST]) == {FIRST: 0}


def test_offsets_of_a_group_are_set_forgotten_and_deleted(bootstrap: str) -> None:
    admin = admin_of(bootstrap)
    assert admin.group_offsets("g") == {}
    admin.alter_group_offsets("g", {FIRST: 3, SECOND: 4})
    admin.delete_group_offsets("g", [FIRST])
    with pytest.raises(Exception, match=r"(?i)unknown|does not"):
        admin.delete_group_offsets("g", [TopicPartition(TOPIC, 99)])
    assert admin.group_offsets("g") == {SECOND: 4}
    admin.delete_group("g")
    assert admin.group_offsets("g") == {}
    admin.delete_group("g")
    admin.delete_group_offsets("g", [FIRST])


def test_offsets_of_a_group_with_members_stay_as_they_are(bootstrap: str) -> None:
    admin = admin_of(bootstrap)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "busy"})
    consumer.subscribe([TOPIC])
    try:
        wait_until(lambda: consumer.poll(0.2) or consumer.assignment(), what="a member")
        with pytest.raises(GroupBusy):
            admin.alter_group_offsets("busy", {FIRST: 1})
        with pytest.raises(GroupBusy):
            admin.delete_group_offsets("busy", [FIRST])
        with pytest.raises(GroupBusy):
            admin.delete_group("busy")
    finally:
        consumer.close()
