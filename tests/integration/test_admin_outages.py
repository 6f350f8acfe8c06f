"""A broker goes away while a task looks up or creates its topics: it is asked again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from penstock.broker import LocalKafka
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.runtime.topic_creation import TopicToCreate
from tests.integration import relay as kinds
from tests.integration.relay import Relay
from tests.integration.workers import free_port

pytestmark = pytest.mark.integration

AWAY_SECONDS = 1.0


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Relay, str]]:
    port, advertised = free_port(), free_port()
    settings = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{advertised}"}
    folder = tmp_path_factory.mktemp("relayed")
    with (
        Relay(("127.0.0.1", port), advertised) as relay,
        LocalKafka(folder, port, settings=settings),
    ):
        yield relay, f"127.0.0.1:{advertised}"


@pytest.mark.parametrize("kind", ["METADATA", "CREATE_TOPICS"])
def test_topics_are_created_although_the_broker_goes_away_meanwhile(
    relay: tuple[Relay, str], kind: str
) -> None:
    between, address = relay
    topic, cuts = f"wanted-{kind}", between.cuts
    admin = KafkaTopicAdmin({"bootstrap.servers": address})
    try:
        assert admin.existing([f"another-{kind}"]) == set()  # it is connected
        between.cut(getattr(kinds, kind), topic, AWAY_SECONDS)
        assert admin.existing([topic]) == set()
        assert admin.create(TopicToCreate(topic, 1, 1, {}))
        assert admin.existing([topic]) == {topic}
    finally:
        admin.close()
    assert between.cuts == cuts + 1
