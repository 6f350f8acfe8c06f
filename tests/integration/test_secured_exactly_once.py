"""Exactly-once sources of a Kafka that wants TLS and a login: transactions and their fences."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.broker import LocalKafka
from penstock.kafka.properties import ClientKind, to_librdkafka
from tests.integration.group_files import SECONDS, started
from tests.integration.once_group import (
    Zombie,
    counted,
    counting,
    ends,
    numbers,
    put,
    quick_group,
    stop,
)
from tests.integration.workers import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("secured"),
]


def test_tasks_of_a_secured_kafka_are_fenced_off_and_write_each_record_once(
    tmp_path: Path, secured: LocalKafka
) -> None:
    properties = secured.client_properties()
    own = {name: value for name, value in properties.items() if name != "bootstrap.servers"}
    group = quick_group(properties["bootstrap.servers"], tmp_path)
    for role in ("", "producer.", "consumer.", "admin."):
        group.shared |= {role + name: value for name, value in own.items()}
    client = dict(to_librdkafka(properties, ClientKind.CONSUMER).settings)
    try:
        (worker,) = started(group.worker())
        put(worker, "count", counting(group, "count", 3))
        wait_until(lambda: worker.states("count") == ["RUNNING"] * 4, SECONDS, what="three tasks")
        wait_until(lambda: numbers(group, "count", client)[0] == 3, SECONDS, what="numbers")
        stop(worker, "count")
        login = to_librdkafka(properties, ClientKind.ADMIN).settings
        zombie = Zombie(group, "count", 2, **dict(login))
        put(worker, "count", counting(group, "count", 1))
        assert worker.ask("/connectors/count/resume", "PUT")[0] == 202
        wait_until(lambda: worker.states("count") == ["RUNNING"] * 2, SECONDS, what="one task")
        assert zombie.is_fenced()
        stop(worker, "count")
        assert numbers(group, "count", client) == counted(ends(worker, "count"))
    finally:
        group.end()
