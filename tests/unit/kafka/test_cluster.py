"""The cluster's id is asked for quickly at first, and patiently then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from penstock.kafka.cluster import QUICK_MS, ClusterLookup
from penstock.kafka.properties_common import RECONNECT_MS

BACKOFF = "reconnect.backoff.ms"


class Away:
    """A client that does not reach anybody at first."""

    def __init__(self, times: int) -> None:
        self.times = times

    def list_topics(self, timeout: float) -> Any:
        self.times -= 1
        if self.times >= 0:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return SimpleNamespace(cluster_id="kafka-1")

    def poll(self, timeout: float) -> None:
        pass


class Lookup(ClusterLookup):
    """Notes how its clients are made; never waits."""

    def __init__(self, answers: list[Away], **properties: str) -> None:
        named = {name.replace("_", "."): text for name, text in properties.items()}
        super().__init__({"bootstrap.servers": "localhost:1", **named})
        self.answers = iter(answers)
        self.backoffs: list[int] = []
        self._stopped.wait = lambda timeout=None: False

    def _client(self, settings: dict[str, Any]) -> AdminClient:
        self.backoffs.append(settings[BACKOFF])
        return cast(AdminClient, next(self.answers))


def test_who_is_there_is_asked_at_once() -> None:
    lookup = Lookup([Away(0)])
    assert lookup.run() == "kafka-1"
    assert lookup.backoffs == [QUICK_MS]


def test_who_is_away_is_not_asked_so_often() -> None:
    lookup = Lookup([Away(1), Away(2)])
    assert lookup.run() == "kafka-1"
    assert lookup.backoffs == [QUICK_MS, RECONNECT_MS]


@pytest.mark.parametrize("away", [0, 2])
def test_a_given_pause_is_kept(away: int) -> None:
    lookup = Lookup([Away(away)], reconnect_backoff_ms="300")
    assert lookup.run() == "kafka-1"
    assert lookup.backoffs == [300]
